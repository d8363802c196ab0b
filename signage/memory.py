"""What each line of each sign stood at: the past that hysteresis needs, folded from snapshot after snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.availability import Availability
from domain.boards import Board
from domain.live import Clock, Live
from domain.snapshot import Snapshot
from signage.counting import tally, word_of


def remembered(
    board: Board, snapshot: Snapshot, before: Mapping[str, Availability], *, now: datetime
) -> dict[str, Availability]:
    """The word of each line after this snapshot. Doing it twice changes nothing."""
    return {line.key: word_of(line, tally(line, snapshot, now=now), before.get(line.key)) for line in board.lines}


@dataclass(frozen=True, slots=True)
class _Sign:
    layout_version: int
    words: Mapping[str, Availability]


class SignMemory:
    """One for each process. A process that starts knows nothing, so its lines stand at the worse of two words."""

    def __init__(self) -> None:
        self._signs: dict[str, _Sign] = {}

    def of(self, board: Board) -> Mapping[str, Availability]:
        """What `render` is given as memory; nothing of an older version of the board."""
        known = self._signs.get(board.sign_id)
        return known.words if known and known.layout_version == board.layout_version else {}

    def observe(self, snapshot: Snapshot, *, now: datetime) -> None:
        """Take the next snapshot in."""
        self._signs = {
            sign_id: _Sign(sign.board.layout_version, remembered(sign.board, snapshot, self.of(sign.board), now=now))
            for sign_id, sign in snapshot.signs.items()
        }

    async def follow(self, live: Live, now: Clock) -> None:
        """Take every snapshot in until there are no more."""
        async for snapshot in live.follow():
            self.observe(snapshot, now=now())
