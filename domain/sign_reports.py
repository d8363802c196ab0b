"""What screens say of themselves: that they live, what they show, and what they showed from when until when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol

from domain.ids import SignId
from domain.local_time import LONDON

LONGEST_PLAY = timedelta(hours=1)
OLDEST_PLAY = timedelta(days=31)
"""What is handed in later is refused: the day is over in every report by then."""
CLOCKS_APART = timedelta(minutes=1)
SILENT_AFTER = 6
"""Heartbeats that a screen may miss."""
DIFFERS_AFTER = 2
"""Heartbeats for which a screen may show something else than it is served."""


class Refusal(StrEnum):
    """Why a screen shows nothing of what it was sent. The values are part of what the API says."""

    MALFORMED = "malformed"
    FOREIGN = "foreign"
    REPLAYED = "replayed"
    EXPIRED = "expired"


class Agreement(StrEnum):
    """Whether a screen shows what it is served."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_KNOWN = "not_known"
    """Nobody here knows what it was served lately."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a screen says of itself now; None where it does not say.

    `frame_id` None is a blank board. `rendered_hash` is of the words on the screen (`signage.served.rendered_hash`).
    `refused` counts since the player began. The next heartbeat is due after `interval`.
    """

    sign_id: SignId
    received_at: datetime
    interval: timedelta
    frame_id: str | None
    shown_since: datetime | None = None
    rendered_hash: str | None = None
    uptime: timedelta | None = None
    screen_on: bool | None = None
    battery_percent: float | None = None
    battery_volts: float | None = None
    rssi_dbm: float | None = None
    player: str = ""
    refused: Mapping[Refusal, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The newest heartbeat of a sign, and what came of comparing.

    `served_frame_id` is what it was served then. `differs_since` is when it began to show something else, None while
    it does not; `refused_at` when it last refused anything.
    """

    heartbeat: Heartbeat
    agreement: Agreement
    served_frame_id: str
    differs_since: datetime | None
    refused_at: datetime | None

    def is_silent(self, now: datetime, *, listening_since: datetime) -> bool:
        """Whether a screen that was listened for missed too many heartbeats."""
        heard = max(self.heartbeat.received_at, listening_since)
        return now - heard > SILENT_AFTER * self.heartbeat.interval

    def has_differed(self, now: datetime) -> bool:
        """Whether it has shown something else for too long."""
        return self.differs_since is not None and now - self.differs_since >= DIFFERS_AFTER * self.heartbeat.interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A time in which one frame stood on a screen, within one hour; `frame_id` None is a blank board."""

    frame_id: str | None
    begins_at: datetime
    ends_at: datetime

    def problem(self, now: datetime) -> str | None:
        """Why it cannot be kept."""
        if self.ends_at <= self.begins_at:
            return "it ends before it begins"
        if self.ends_at - self.begins_at > LONGEST_PLAY or _hour(self.begins_at) != _hour(_just_before(self.ends_at)):
            return "it goes on over the hour: split it there"
        if self.ends_at > now + CLOCKS_APART:
            return "it is in the future"
        if self.begins_at < now - OLDEST_PLAY:
            return f"it is older than {OLDEST_PLAY.days} days"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfPlay:
    """What became of one local day: the four sum up to `length`, which is 23 or 25 hours when the clocks change.

    `right` is a frame on the screen that nobody saw differ, `wrong` one that differed from what was served, `blank`
    an honest blank, `silent` a time of which the screen said nothing. A day that goes on ends now.
    """

    day: date
    length: timedelta
    right: timedelta
    wrong: timedelta
    blank: timedelta

    @property
    def silent(self) -> timedelta:
        """The rest."""
        return self.length - self.right - self.wrong - self.blank


Span = tuple[datetime, datetime]


def day_span(day: date, *, now: datetime) -> Span:
    """When a day in the United Kingdom begins, and when it ends or has got to."""
    begins, ends = (datetime.combine(one, time(), LONDON).astimezone(UTC) for one in (day, day + timedelta(days=1)))
    return begins, max(begins, min(ends, now))


def day_of_play(day: date, plays: Iterable[Play], differed: Iterable[Span], *, now: datetime) -> DayOfPlay:
    """The account of a day. Where plays overlap, wrong counts before right, and right before blank."""
    span = day_span(day, now=now)
    plays = list(plays)
    shown = _joined((play.begins_at, play.ends_at) for play in plays if play.frame_id is not None)
    blank = _joined((play.begins_at, play.ends_at) for play in plays if play.frame_id is None)
    wrong = _common(shown, _joined(differed))
    right_s = _length(_clipped(shown, span)) - _length(_clipped(wrong, span))
    blank_s = _length(_clipped(_joined([*blank, *shown]), span)) - _length(_clipped(shown, span))
    return DayOfPlay(
        day=day,
        length=span[1] - span[0],
        right=right_s,
        wrong=_length(_clipped(wrong, span)),
        blank=blank_s,
    )


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for begins, ends in sorted(spans):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        else:
            joined.append((begins, ends))
    return joined


def _common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    return [(max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) < min(b, d)]


def _clipped(spans: Iterable[Span], within: Span) -> list[Span]:
    clipped = [(max(begins, within[0]), min(ends, within[1])) for begins, ends in spans]
    return [(begins, ends) for begins, ends in clipped if begins < ends]


def _length(spans: Iterable[Span]) -> timedelta:
    return sum((ends - begins for begins, ends in spans), timedelta())


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _just_before(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=1)


class SignReports(Protocol):
    """The window through which signs report and others read it. Every method may raise StoreUnavailableError."""

    async def heard(self, heartbeat: Heartbeat, agreement: Agreement, *, served_frame_id: str) -> None:
        """Keep the newest heartbeat of a sign; an older one that comes late changes nothing."""
        ...

    async def played(self, sign_id: SignId, plays: Sequence[Play], *, key: str) -> bool:
        """Keep a batch once, however often it is handed in under its key; False where it was there already.

        Raises StoreRefusedError where the key stands for another batch.
        """
        ...

    async def shown(self, sign_id: SignId, frame_id: str, content: Mapping[str, object]) -> None:
        """Keep what a frame says, the first time that it is met, so that plays can be read."""
        ...

    async def latest(self) -> Mapping[SignId, Report]:
        """The newest report of every sign that ever reported."""
        ...

    async def days(self, sign_id: SignId, *, last: int) -> list[DayOfPlay]:
        """The account of the last days, today first."""
        ...
