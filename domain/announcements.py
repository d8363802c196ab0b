"""Messages as people make them: to whom, from when until when, on what condition, and who did what with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.availability import Availability
from domain.boards import Texts
from domain.categories import Category
from domain.ids import SignId, SiteId
from domain.messages import Message, MessageKind
from domain.places import Sign

Place = tuple[SiteId, Category | None]
"""A site, or the bays of one category there."""

PRIORITY = {MessageKind.EMERGENCY: 100, MessageKind.ALTERNATIVE: 20, MessageKind.PLANNED: 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Which signs: all, those that stand at these sites, and these."""

    everywhere: bool = False
    site_ids: tuple[SiteId, ...] = ()
    sign_ids: tuple[SignId, ...] = ()

    def includes(self, sign: Sign) -> bool:
        """Whether a sign is one of them."""
        return self.everywhere or sign.site_id in self.site_ids or sign.sign_id in self.sign_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A place, or the bays of one category there, stands at one of these words."""

    site_id: SiteId
    category: Category | None = None
    states: frozenset[Availability]

    @property
    def place(self) -> Place:
        """What stands at them."""
        return self.site_id, self.category


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants signs to say. With a `template` its texts are made from the `parameters`, else `text` counts.

    An alternative is shown while every condition holds; the other kinds have none.
    """

    kind: MessageKind
    audience: Audience
    begins_at: datetime
    ends_at: datetime
    text: str = ""
    texts: Texts = field(default_factory=dict)
    template: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    replaces_lines: bool = False
    conditions: tuple[Condition, ...] = ()


class Standing(StrEnum):
    """What became of a message by now."""

    WAITING = "waiting"
    """A second person has to agree."""
    PLANNED = "planned"
    CURRENT = "current"
    OVER = "over"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A message with its story. What it says never changes: who wants other words withdraws it and makes another."""

    message_id: UUID
    kind: MessageKind
    audience: Audience
    begins_at: datetime
    ends_at: datetime
    text: str
    texts: Texts
    template: str | None
    replaces_lines: bool
    conditions: tuple[Condition, ...]
    needs_second: bool
    made_by: str
    made_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None

    def standing(self, now: datetime) -> Standing:
        """What became of it."""
        if self.withdrawn_at is not None:
            return Standing.WITHDRAWN
        if now >= self.ends_at:
            return Standing.OVER
        if self.needs_second and self.approved_at is None:
            return Standing.WAITING
        return Standing.CURRENT if now >= self.begins_at else Standing.PLANNED

    @property
    def message(self) -> Message:
        """What signs say."""
        return Message(
            message_id=str(self.message_id),
            text=self.text,
            texts=self.texts,
            kind=self.kind,
            begins_at=self.begins_at,
            ends_at=self.ends_at,
            replaces_lines=self.replaces_lines,
            priority=PRIORITY[self.kind],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an installation allows. With `second_person` free text is shown when somebody else has agreed to it."""

    second_person: bool = False
    longest: Mapping[MessageKind, timedelta] = field(
        default_factory=lambda: {
            MessageKind.PLANNED: timedelta(days=31),
            MessageKind.EMERGENCY: timedelta(hours=24),
            MessageKind.ALTERNATIVE: timedelta(days=366),
        }
    )


class Announcements(Protocol):
    """The window through which messages are made. Every method may raise StoreUnavailableError."""

    async def listed(self, *, over: int) -> list[Announcement]:
        """Those that are not over, and so many of those that are: the newest first."""
        ...

    async def make(self, draft: Draft, *, by: str) -> Announcement:
        """Raises MessageRefusedError with every reason."""
        ...

    async def approve(self, message_id: UUID, *, by: str) -> Announcement:
        """Agree to one as a second person; raises UnknownMessageError, MessageRefusedError."""
        ...

    async def withdraw(self, message_id: UUID, *, by: str) -> Announcement:
        """Take one back now; one that is over stays as it is. Raises UnknownMessageError."""
        ...
