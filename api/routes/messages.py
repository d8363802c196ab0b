"""Messages on signs for programs: made, agreed to by a second person, withdrawn."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field

from api.keys import holder_of
from api.schemas import Time
from domain.announcements import Announcement, Announcements, Audience, Condition, Draft, Standing
from domain.api_keys import Scope, ScopesOf
from domain.availability import Availability
from domain.categories import Category
from domain.ids import parse_sign_id, parse_site_id
from domain.live import Clock
from domain.message_templates import TEMPLATES, FieldKind
from domain.messages import MessageKind

_MOST = 500


class AudienceBody(BaseModel):
    """Which signs: all, those that stand at these sites, and these."""

    everywhere: bool = False
    sites: list[str] = Field(default_factory=list, max_length=500)
    signs: list[str] = Field(default_factory=list, max_length=500)


class ConditionBody(BaseModel):
    """A place, or the bays of one category there, stands at one of these words."""

    site: str
    category: Category | None = None
    states: list[Availability] = Field(min_length=1, max_length=5)


class MessageIn(BaseModel):
    """What signs are to say: free text, or a template with its parameters. It always ends."""

    kind: MessageKind = MessageKind.PLANNED
    text: str = Field(default="", max_length=1000, description="In English; one line, plain characters.")
    texts: dict[str, Annotated[str, Field(max_length=1000)]] = Field(
        default_factory=dict, max_length=8, description="Translations by language tag.", examples=[{"cy": "..."}]
    )
    template: str | None = Field(default=None, max_length=64, description="Instead of texts.")
    parameters: dict[str, Annotated[str, Field(max_length=100)]] = Field(default_factory=dict, max_length=8)
    audience: AudienceBody
    begins_at: AwareDatetime | None = Field(default=None, description="Null: now.")
    ends_at: AwareDatetime = Field(description="From then on no sign shows it.")
    replaces_lines: bool = Field(default=False, description="Show it alone, without the numbers.")
    conditions: list[ConditionBody] = Field(
        default_factory=list, max_length=8, description="Of an alternative: shown while all of them hold."
    )

    def draft(self, now: datetime) -> Draft:
        """In words of the domain; raises InvalidIdError."""
        return Draft(
            kind=self.kind,
            audience=Audience(
                everywhere=self.audience.everywhere,
                site_ids=tuple(map(parse_site_id, self.audience.sites)),
                sign_ids=tuple(map(parse_sign_id, self.audience.signs)),
            ),
            begins_at=self.begins_at or now,
            ends_at=self.ends_at,
            text=self.text,
            texts=self.texts,
            template=self.template,
            parameters=self.parameters,
            replaces_lines=self.replaces_lines,
            conditions=tuple(
                Condition(site_id=parse_site_id(one.site), category=one.category, states=frozenset(one.states))
                for one in self.conditions
            ),
        )


class MessageOut(BaseModel):
    """A message with its story."""

    id: UUID
    kind: MessageKind
    standing: Standing = Field(description="`waiting` is for a second person, `over` and `withdrawn` are final.")
    text: str
    texts: dict[str, str]
    template: str | None
    audience: AudienceBody
    begins_at: Time
    ends_at: Time
    replaces_lines: bool
    conditions: list[ConditionBody]
    made_by: str
    made_at: Time
    approved_by: str | None
    approved_at: Time | None
    withdrawn_by: str | None
    withdrawn_at: Time | None

    @classmethod
    def of(cls, made: Announcement, now: datetime) -> "MessageOut":
        """The wire form."""
        return cls(
            id=made.message_id,
            kind=made.kind,
            standing=made.standing(now),
            text=made.text,
            texts=dict(made.texts),
            template=made.template,
            audience=AudienceBody(
                everywhere=made.audience.everywhere,
                sites=list(made.audience.site_ids),
                signs=list(made.audience.sign_ids),
            ),
            begins_at=made.begins_at,
            ends_at=made.ends_at,
            replaces_lines=made.replaces_lines,
            conditions=[
                ConditionBody(site=one.site_id, category=one.category, states=sorted(one.states))
                for one in made.conditions
            ],
            made_by=made.made_by,
            made_at=made.made_at,
            approved_by=made.approved_by,
            approved_at=made.approved_at,
            withdrawn_by=made.withdrawn_by,
            withdrawn_at=made.withdrawn_at,
        )


class MessageList(BaseModel):
    """Those that are not over, newest first, then those that are."""

    messages: list[MessageOut]


class TemplateOut(BaseModel):
    """A message whose words are given."""

    id: str
    name: str
    kind: MessageKind
    texts: dict[str, str] = Field(description="By language tag, fields in braces.")
    fields: dict[str, FieldKind]


class TemplateList(BaseModel):
    """Every template."""

    templates: list[TemplateOut]


def create_router(messages: Announcements, scopes_of: ScopesOf, now: Clock) -> APIRouter:
    """Routes under /v1/messages, for keys with the scope `messages`."""
    holder: Callable[..., object] = holder_of(Scope.MESSAGES, scopes_of)
    router = APIRouter(prefix="/v1/messages", tags=["Messages"])

    @router.get("", summary="Messages on signs", dependencies=[Depends(holder)])
    async def listed(
        over: Annotated[int, Query(ge=0, le=_MOST, description="How many of those that are over.")] = 0,
    ) -> MessageList:
        return MessageList(messages=[MessageOut.of(one, now()) for one in await messages.listed(over=over)])

    @router.get("/templates", summary="Messages whose words are given")
    async def templates() -> TemplateList:
        return TemplateList(
            templates=[
                TemplateOut(
                    id=template_id,
                    name=template.name,
                    kind=template.kind,
                    texts=dict(template.texts),
                    fields=dict(template.fields),
                )
                for template_id, template in TEMPLATES.items()
            ]
        )

    @router.post(
        "",
        summary="Tell signs something",
        status_code=201,
        responses={422: {"description": "Every reason why signs will not be told."}},
    )
    async def make(wanted: MessageIn, by: Annotated[str, Depends(holder)]) -> MessageOut:
        return MessageOut.of(await messages.make(wanted.draft(now()), by=by), now())

    @router.post("/{message_id}/approval", summary="Agree to a message as a second person")
    async def approve(message_id: UUID, by: Annotated[str, Depends(holder)]) -> MessageOut:
        return MessageOut.of(await messages.approve(message_id, by=by), now())

    @router.post("/{message_id}/withdrawal", summary="Take a message back")
    async def withdraw(message_id: UUID, by: Annotated[str, Depends(holder)]) -> MessageOut:
        return MessageOut.of(await messages.withdraw(message_id, by=by), now())

    return router
