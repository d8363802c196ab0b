"""What lines of signs, and places on which messages depend, stood at: the past that hysteresis needs, folded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.announcements import Place
from domain.availability import Availability
from domain.boards import Board
from domain.live import Clock, Live
from domain.message_plan import place_words
from domain.places import Sign
from domain.snapshot import Snapshot
from signage.counting import same_places, tally, word_of


def remembered(
    board: Board, snapshot: Snapshot, before: Mapping[str, Availability], *, now: datetime
) -> dict[str, Availability]:
    """The word of each line after this snapshot. Doing it twice changes nothing."""
    return {line.key: word_of(line, tally(line, snapshot, now=now), before.get(line.key)) for line in board.lines}


def has_band(board: Board) -> bool:
    """Whether what a line said before can matter to what it says."""
    rules = [line.thresholds for line in board.lines]
    return any(rule.full_leave > rule.full_enter or rule.almost_full_leave is not None for rule in rules)


@dataclass(frozen=True, slots=True)
class _Sign:
    layout_version: int
    words: Mapping[str, Availability]


class SignMemory:
    """One for each process. A process that starts knows nothing, so its lines stand at the worse of two words."""

    def __init__(self) -> None:
        self._signs: dict[str, _Sign] = {}
        self._boards: tuple[Mapping[str, Sign], list[Board]] = ({}, [])
        self._seen: Snapshot | None = None

    def of(self, board: Board) -> Mapping[str, Availability]:
        """What `render` is given as memory; nothing of an older version of the board."""
        known = self._signs.get(board.sign_id)
        return known.words if known and known.layout_version == board.layout_version else {}

    def observe(self, snapshot: Snapshot, *, now: datetime) -> None:
        """Take the next snapshot in. Boards without a band have nothing to remember, and cost nothing."""
        before, self._seen = self._seen, snapshot
        self._signs = {
            board.sign_id: self._signs[board.sign_id]
            if before is not None and board.sign_id in self._signs and same_places(board.sign_id, before, snapshot)
            else _Sign(board.layout_version, remembered(board, snapshot, self.of(board), now=now))
            for board in self._with_bands(snapshot.signs)
        }

    def _with_bands(self, signs: Mapping[str, Sign]) -> list[Board]:
        if self._boards[0] is not signs:
            self._boards = (signs, [sign.board for sign in signs.values() if has_band(sign.board)])
        return self._boards[1]

    async def follow(self, live: Live, now: Clock) -> None:
        """Take every snapshot in until there are no more."""
        async for snapshot in live.follow():
            self.observe(snapshot, now=now())


class PlaceMemory:
    """The same of the places on which messages depend. One for each process."""

    def __init__(self) -> None:
        self.words: Mapping[Place, Availability] = {}

    def observe(self, snapshot: Snapshot) -> None:
        """Take the next snapshot in."""
        self.words = place_words(snapshot, self.words)

    async def follow(self, live: Live) -> None:
        """Take every snapshot in until there are no more."""
        async for snapshot in live.follow():
            self.observe(snapshot)
