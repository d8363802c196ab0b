"""Pages on which asset managers tell signs something, agree to what others wrote, and take it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard import message_wording
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.announcements import Announcements, Audience, Condition, Draft
from domain.availability import Availability
from domain.errors import MessageRefusedError, UnknownMessageError
from domain.ids import SignId, SiteId
from domain.live import Clock, Live
from domain.local_time import LONDON
from domain.message_templates import TEMPLATES
from domain.messages import MessageKind

_OVER = 30
_USUALLY = {
    MessageKind.PLANNED: timedelta(days=1),
    MessageKind.EMERGENCY: timedelta(hours=1),
    MessageKind.ALTERNATIVE: timedelta(days=90),
}
_FREE = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePages:
    """Messages for those who have logged in; every page is complete without JavaScript."""

    announcements: Announcements
    live: Live
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/messages", self.listed, methods=["GET"])
        router.add_api_route("/manage/messages/new", self.ask, methods=["GET"])
        router.add_api_route("/manage/messages/new", self.make, methods=["POST"])
        router.add_api_route("/manage/messages/approve", self.approve, methods=["POST"])
        router.add_api_route("/manage/messages/withdraw", self.withdraw, methods=["POST"])
        return router

    async def listed(self) -> HTMLResponse:
        """What signs are told, will be, and were."""
        return await self._list()

    async def ask(self, kind: str = MessageKind.PLANNED, template: str = "") -> HTMLResponse:
        """The form for one kind: first which words, then what is to be filled in."""
        if kind not in set(MessageKind):
            return self.templates.problem(404, "There is no such message", "Choose one from the list of messages.")
        # Free spaces beside "do not enter" send people in.
        given = {"replaces_lines": "yes"} if kind == MessageKind.EMERGENCY else {}
        return self._form(MessageKind(kind), template, given, ())

    async def make(self, request: Request) -> Response:
        """Tell signs, or say with every reason why not, with what was typed."""
        form = await request.form()
        kind_text, template = str(form.get("kind", "")), str(form.get("template", ""))
        if kind_text not in set(MessageKind):
            return self.templates.problem(404, "There is no such message", "Choose one from the list of messages.")
        kind = MessageKind(kind_text)
        given = {name: str(value) for name, value in form.items()}
        try:
            await self.announcements.make(self._draft(kind, template, form), by=self.login.username)
        except MessageRefusedError as error:
            return self._form(kind, template, given, tuple(error.problems), form)
        return RedirectResponse("/manage/messages", status_code=303)

    async def approve(self, message_id: Annotated[UUID, Form()]) -> Response:
        """Agree to what somebody else wrote."""
        try:
            await self.announcements.approve(message_id, by=self.login.username)
        except UnknownMessageError:
            return self._unknown()
        except MessageRefusedError as error:
            return await self._list(tuple(error.problems))
        return RedirectResponse("/manage/messages", status_code=303)

    async def withdraw(self, message_id: Annotated[UUID, Form()]) -> Response:
        """Take one back."""
        try:
            await self.announcements.withdraw(message_id, by=self.login.username)
        except UnknownMessageError:
            return self._unknown()
        return RedirectResponse("/manage/messages", status_code=303)

    def _draft(self, kind: MessageKind, template: str, form: FormData) -> Draft:
        """What the form says; raises MessageRefusedError where it cannot be read."""
        problems: list[str] = []
        begins_at = _moment(form, "begins_at", problems) or self.now()
        ends_at = _moment(form, "ends_at", problems)
        if ends_at is None and not problems:
            problems.append("ends_at: say when it ends")
        if ends_at is None or problems:
            raise MessageRefusedError(problems)
        fields = TEMPLATES[template].fields if template in TEMPLATES else {}
        parameters = {name: str(form.get(f"field-{name}", "")) for name in fields}
        texts = {name.removeprefix("text-"): str(form[name]) for name in form if name.startswith("text-")}
        return Draft(
            kind=kind,
            audience=_audience(form),
            begins_at=begins_at,
            ends_at=ends_at,
            text=texts.pop("en", ""),
            texts={language: text for language, text in texts.items() if text.strip()},
            template=None if template == _FREE else template,
            parameters=parameters,
            replaces_lines=bool(form.get("replaces_lines")),
            conditions=_conditions(parameters, form) if kind is MessageKind.ALTERNATIVE else (),
        )

    async def _list(self, problems: tuple[str, ...] = ()) -> HTMLResponse:
        now = self.now()
        messages = await self.announcements.listed(over=_OVER)
        return self.templates.page(
            "messages.html",
            status_code=422 if problems else 200,
            now=now,
            snapshot=self.live.snapshot,
            me=self.login.username,
            kinds=list(MessageKind),
            messages=[(one, one.standing(now)) for one in messages],
            problems=problems,
            words=message_wording,
        )

    def _form(
        self,
        kind: MessageKind,
        template: str,
        given: Mapping[str, str],
        problems: tuple[str, ...],
        form: FormData | None = None,
    ) -> HTMLResponse:
        snapshot = self.live.snapshot
        found = TEMPLATES.get(template)
        return self.templates.page(
            "message_new.html",
            status_code=422 if problems else 200,
            kind=kind,
            template_id=template if found or (template == _FREE and kind is not MessageKind.ALTERNATIVE) else "",
            found=found,
            choices={key: one for key, one in TEMPLATES.items() if one.kind is kind},
            given={"ends_at": _local(self.now() + _USUALLY[kind])} | dict(given),
            chosen={name: set(map(str, form.getlist(name))) if form else set() for name in ("site", "sign")},
            snapshot=snapshot,
            languages=sorted({one for sign in snapshot.signs.values() for one in sign.board.languages} - {"en"}),
            problems=problems,
            words=message_wording,
        )

    def _unknown(self) -> HTMLResponse:
        return self.templates.problem(404, "There is no such message", "It may be one of another database.")


def _audience(form: FormData) -> Audience:
    to = form.get("to")
    return Audience(
        everywhere=to == "everywhere",
        site_ids=tuple(SiteId(str(one)) for one in form.getlist("site")) if to == "sites" else (),
        sign_ids=tuple(SignId(str(one)) for one in form.getlist("sign")) if to == "signs" else (),
    )


def _conditions(parameters: Mapping[str, str], form: FormData) -> tuple[Condition, ...]:
    """The place is full, or closed if that was asked for; and the other one, unless it was not, has spaces."""
    states = {Availability.FULL, *([Availability.CLOSED] if form.get("also_closed") else [])}
    full = Condition(site_id=SiteId(parameters.get("site", "")), states=frozenset(states))
    if "other" not in parameters or form.get("whatever_other"):
        return (full,)
    room = frozenset({Availability.SPACES, Availability.ALMOST_FULL})
    return full, Condition(site_id=SiteId(parameters["other"]), states=room)


def _moment(form: FormData, name: str, problems: list[str]) -> datetime | None:
    """A local time as browsers send it; None where none was given."""
    text = str(form.get(name, "")).strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text[:16]).replace(tzinfo=LONDON)
    except ValueError:
        problems.append(f"{name}: such as 2026-06-03T18:00")
        return None


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(LONDON):%Y-%m-%dT%H:%M}"
