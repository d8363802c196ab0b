"""Displays that are told over LoRaWAN, such as Milesight's DS3604: what changed, as commands, and not too often.

Such a display keeps what it was told when nobody speaks to it any more, so its last block says for when it holds. Its
commands wait in the book of commands like any others, and expire when the next ones are due.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from domain.boards import RadioDisplay
from domain.commands import Command
from domain.errors import CommandRefusedError, StoreUnavailableError, UnknownPlaceError
from domain.ids import DeviceId
from domain.live import Clock, Live
from domain.sign_words import WORDS
from domain.snapshot import Snapshot
from signage.frame import Frame, Line
from signage.frames import Frames
from signage.pulse import pulse
from signage.renderings.phrases import clock, is_expired, shown_lines

logger = logging.getLogger(__name__)

BLOCKS = 10
"""Texts of one template; the first is the title, the last says for when it holds."""
MOST_OCTETS = 47
ASKED_BY = "signs"


class CommandBook(Protocol):
    """Where commands wait; `store` satisfies it."""

    async def request(
        self, device_id: DeviceId, name: str, parameters: Mapping[str, str], *, by: str, lifetime: timedelta
    ) -> Command:
        """Queue a command; raises UnknownPlaceError, CommandRefusedError, StoreUnavailableError."""
        ...


def blocks(frame: Frame) -> list[str]:
    """The texts of a display's ten blocks; empty where there is nothing to say. Expired frames say so."""
    lines = [] if is_expired(frame) else [_line(line) for line in shown_lines(frame)]
    said = [*([frame.message] if frame.message else []), *lines][: BLOCKS - 2]
    as_at = f"{WORDS[frame.languages[0]].as_at} {clock(frame.as_of)}"
    texts = [frame.title, *said, *[""] * (BLOCKS - 2 - len(said)), as_at]
    return [_cut(text) if frame.lit else "" for text in texts]


def _line(line: Line) -> str:
    """Of a long line the label is cut: half a number is another number."""
    said = f": {line.display}"
    return _cut(line.label, MOST_OCTETS - len(said.encode())) + said


def _cut(text: str, most_octets: int = MOST_OCTETS) -> str:
    """As many whole characters as fit into a downlink of the slowest data rate."""
    return text.encode()[:most_octets].decode(errors="ignore")


class RadioDisplays:
    """Tells each display what changed on it. One in the whole installation is enough."""

    def __init__(self, frames: Frames, book: CommandBook, now: Clock) -> None:
        self._frames = frames
        self._book = book
        self._now = now
        self._told: dict[str, tuple[datetime, RadioDisplay, list[str | None]]] = {}

    async def follow(self, live: Live, *, every_s: float = 30.0) -> None:
        """Until the snapshots end."""
        async for snapshot in pulse(live, every_s=every_s):
            await self.tell(snapshot)

    async def tell(self, snapshot: Snapshot) -> None:
        """Queue commands for those displays whose turn it is and that have something new to say."""
        for sign_id, sign in snapshot.signs.items():
            if sign.board.radio_display is not None:
                await self._tell(sign_id, sign.board.radio_display, self._frames.of(sign_id, snapshot))

    async def _tell(self, sign_id: str, display: RadioDisplay, frame: Frame) -> None:
        now, wanted = self._now(), blocks(frame)
        told_at, told_display, told = self._told.get(sign_id, (None, display, [None] * BLOCKS))
        if told_display != display:
            told_at, told = None, [None] * BLOCKS
        if told_at is not None and now - told_at < timedelta(seconds=display.every_s):
            return
        # The time alone is no news: a display that is told only when something else changes lasts for years.
        if told[:-1] == wanted[:-1] and told_at is not None and not _is_old(now - told_at, display):
            return
        changed = {number: text for number, text in enumerate(wanted, 1) if told[number - 1] != text}
        try:
            await self._send(display, changed)
        except (UnknownPlaceError, CommandRefusedError, StoreUnavailableError) as error:
            # A device that is not in the register or takes no texts may become one that does: try again later.
            logger.warning("a display is not told: %s", error, extra={"action": "display_retry", "sign": sign_id})
            return
        self._told[sign_id] = (now, display, [*wanted])

    async def _send(self, display: RadioDisplay, changed: Mapping[int, str]) -> None:
        lifetime = timedelta(seconds=display.every_s)
        for number, text in changed.items():
            parameters = {"template": str(display.template), "block": str(number), "text": text}
            await self._book.request(display.device_id, "show-text", parameters, by=ASKED_BY, lifetime=lifetime)
        await self._book.request(display.device_id, "refresh-display", {}, by=ASKED_BY, lifetime=lifetime)


def _is_old(age: timedelta, display: RadioDisplay) -> bool:
    """Every so often the time is told as well, so that nobody takes an old display for a dead one."""
    return age >= timedelta(seconds=display.every_s * 4)
