"""What each sign was served lately, and whether what a screen says that it shows is that."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.sign_reports import DIFFERS_AFTER, Agreement, Heartbeat
from signage.frame import Frame

_KEPT = timedelta(minutes=10)
_MOST_KEPT = 60
# A stream that is open says something every nine seconds.
_STREAM_PAUSE = timedelta(seconds=15)


@dataclass(slots=True)
class _Recent:
    """The frames of a sign that reports, by id, with when each was served last, in the order of that."""

    heard_at: datetime
    frames: dict[str, tuple[datetime, Frame]] = field(default_factory=dict)
    streamed_since: datetime | None = None
    streamed_at: datetime | None = None
    compared: deque[str] = field(default_factory=lambda: deque(maxlen=2))


class ServedFrames:
    """One for each process, of the signs that report to it; nothing is remembered of others.

    `frame_of` is what a sign would be served now, None for a sign that nobody knows.
    """

    def __init__(self, frame_of: Callable[[str], Frame | None]) -> None:
        self._frame_of = frame_of
        self._signs: dict[str, _Recent] = {}

    def note(self, frame: Frame, *, streamed: bool = False) -> None:
        """A sign was served this."""
        recent = self._signs.get(frame.sign_id)
        if recent is None:
            return
        now = frame.generated_at
        if now - recent.heard_at > _KEPT:
            del self._signs[frame.sign_id]
            return
        recent.frames.pop(frame.frame_id, None)
        recent.frames[frame.frame_id] = (now, frame)
        while len(recent.frames) > _MOST_KEPT or now - next(iter(recent.frames.values()))[0] > _KEPT:
            del recent.frames[next(iter(recent.frames))]
        if streamed:
            if recent.streamed_at is None or now - recent.streamed_at > _STREAM_PAUSE:
                recent.streamed_since = now
            recent.streamed_at = now

    def frame(self, sign_id: str, frame_id: str) -> Frame | None:
        """A frame that was served lately, by its id."""
        recent = self._signs.get(sign_id)
        found = recent.frames.get(frame_id) if recent else None
        return found[1] if found else None

    def compare(self, heartbeat: Heartbeat) -> tuple[Agreement, Frame | None]:
        """Whether the screen shows what it was served within its last two heartbeats, and what it is served now.

        A screen whose stream is another process's is only said to differ where nothing that it is served changed
        since its last heartbeat.
        """
        current = self._frame_of(heartbeat.sign_id)
        if current is None:
            return Agreement.NOT_KNOWN, None
        recent = self._signs.setdefault(heartbeat.sign_id, _Recent(heard_at=current.generated_at))
        recent.heard_at = current.generated_at
        self.note(current)
        recent.compared.append(current.frame_id)
        since = heartbeat.received_at - DIFFERS_AFTER * heartbeat.interval
        if _is_among(heartbeat, [frame for served_at, frame in recent.frames.values() if served_at >= since]):
            return Agreement.SAME, current
        known = _is_streamed(recent, since, heartbeat.received_at) or list(recent.compared) == [current.frame_id] * 2
        return (Agreement.DIFFERENT if known else Agreement.NOT_KNOWN), current


def rendered_hash(frame: Frame) -> str:
    """Of the words that a camera would see: title, label and display of each line, message. FNV-1a of UTF-8, 32 bits.

    The page computes the same of what stands on it (signage/static/report.js).
    """
    words = [frame.title, *(word for line in frame.lines for word in (line.label, line.display)), frame.message or ""]
    return fnv1a("\n".join(words))


def fnv1a(text: str) -> str:
    """FNV-1a of the UTF-8 octets, in 8 hexadecimal digits."""
    total = 0x811C9DC5
    for octet in text.encode():
        total = (total ^ octet) * 0x01000193 & 0xFFFFFFFF
    return f"{total:08x}"


def _is_among(heartbeat: Heartbeat, lately: list[Frame]) -> bool:
    if heartbeat.frame_id is None:
        return any(frame.valid_for_s == 0 for frame in lately)
    shown = [frame for frame in lately if frame.frame_id == heartbeat.frame_id]
    return any(heartbeat.rendered_hash in (None, rendered_hash(frame)) for frame in shown)


def _is_streamed(recent: _Recent, since: datetime, now: datetime) -> bool:
    """Whether everything that the sign was served since then is known here."""
    if recent.streamed_since is None or recent.streamed_at is None:
        return False
    return recent.streamed_since <= since and now - recent.streamed_at <= _STREAM_PAUSE
