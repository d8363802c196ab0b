"""What a sign shows at one moment: a pure function of the sign, the snapshot and the clock."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from domain.availability import Availability, availability
from domain.places import Arrow, BoardLine, Sign
from domain.snapshot import SiteStatus, Snapshot
from domain.states import Counts

EXPIRED_MESSAGE = "No current information"
DASHES = "--"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a frame.

    `count` is the known free bays; None where closed or unknown. `observed_at` is the newest word from any
    sensor of the site. `stale` tells that the platform, rather than some sensors, fell silent.
    """

    key: str
    label: str
    state: Availability
    count: int | None
    display: str
    arrow: Arrow | None
    observed_at: datetime | None
    coverage: float
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """All that a sign shows, and until when it may; `frame_id` names what is seen, whatever the time."""

    sign_id: str
    frame_id: str
    revision: int
    generated_at: datetime
    as_of: datetime
    valid_until: datetime
    valid_for_s: float
    title: str
    lines: tuple[Line, ...]
    message: str | None


def render(sign: Sign, snapshot: Snapshot, *, now: datetime, validity: timedelta) -> Frame:
    """The frame of a sign; blank (dashes and a message) from `snapshot.as_of + validity` on."""
    valid_until = snapshot.as_of + validity
    expired = now >= valid_until
    lines = tuple(_line(line, snapshot.sites.get(line.site_id), expired=expired) for line in sign.lines)
    message = EXPIRED_MESSAGE if expired else None
    return Frame(
        sign_id=sign.sign_id,
        frame_id=_frame_id(sign.name, lines, message),
        revision=snapshot.revision,
        generated_at=now,
        as_of=snapshot.as_of,
        valid_until=valid_until,
        valid_for_s=max(timedelta(), min(valid_until - now, validity)).total_seconds(),
        title=sign.name,
        lines=lines,
        message=message,
    )


def neutral(sign_id: str, *, title: str, snapshot: Snapshot, now: datetime) -> Frame:
    """A frame that says nothing, for a sign that nobody knows (yet)."""
    return Frame(
        sign_id=sign_id,
        frame_id="",
        revision=snapshot.revision,
        generated_at=now,
        as_of=snapshot.as_of,
        valid_until=now,
        valid_for_s=0.0,
        title=title,
        lines=(),
        message=None,
    )


def _line(line: BoardLine, site: SiteStatus | None, *, expired: bool) -> Line:
    counts = _counts(line, site)
    state = Availability.UNKNOWN if expired else availability(counts)
    counted = state not in {Availability.UNKNOWN, Availability.CLOSED}
    return Line(
        key=line.key,
        label=line.label,
        state=state,
        count=counts.free if counted else None,
        display=_display(state, counts.free),
        arrow=line.arrow,
        observed_at=site.heard_at if site else None,
        coverage=counts.coverage if counts.capacity else 0.0,
        stale=expired,
    )


def _counts(line: BoardLine, site: SiteStatus | None) -> Counts:
    if site is None:
        return Counts()
    return site.bays if line.category is None else site.categories.get(line.category, Counts())


def _display(state: Availability, free: int) -> str:
    words = {Availability.FULL: "FULL", Availability.CLOSED: "CLOSED", Availability.UNKNOWN: DASHES}
    return words.get(state, str(free))


def _frame_id(title: str, lines: tuple[Line, ...], message: str | None) -> str:
    seen = [[line.key, line.label, line.state, line.count, line.display, line.arrow] for line in lines]
    return blake2b(json.dumps([title, seen, message]).encode(), digest_size=16).hexdigest()
