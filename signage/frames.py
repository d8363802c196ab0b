"""The frame of any sign at this moment: what everything that shows, sends or previews one asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.boards import Board
from domain.live import Clock
from domain.messages import Message
from domain.places import Sign
from domain.snapshot import Snapshot
from domain.usual import UsualOccupancy
from signage.frame import NOTHING_USUAL, Frame, neutral, render
from signage.memory import SignMemory

MessagesOf = Callable[[Sign, Snapshot, datetime], Sequence[Message]]
"""The messages that one sign shows at that moment, and that whoever answers vouches for."""


def no_messages(_sign: Sign, _snapshot: Snapshot, _now: datetime) -> Sequence[Message]:
    """For an installation without messages."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """Joins what a frame is made from. The same snapshot, messages and memory are the same frame everywhere."""

    now: Clock
    validity: timedelta
    memory: SignMemory = field(default_factory=SignMemory)
    messages_of: MessagesOf = no_messages
    usual: UsualOccupancy = NOTHING_USUAL

    def of(self, sign_id: str, snapshot: Snapshot) -> Frame:
        """What a sign shows now; raises UnknownPlaceError."""
        sign = snapshot.sign(sign_id)
        return self.of_board(sign, sign.board, snapshot)

    def of_board(self, sign: Sign, board: Board, snapshot: Snapshot) -> Frame:
        """What a sign would show now if this were its board."""
        now = self.now()
        return render(
            board,
            snapshot,
            now=now,
            validity=self.validity,
            messages=self.messages_of(sign, snapshot, now),
            memory=self.memory.of(board),
            usual=self.usual,
        )

    def basis(self, sign_id: str, snapshot: Snapshot) -> object:
        """What the frame of a sign rests on: while this is equal, what is seen changes with the time alone.

        Far cheaper than a frame, so that nobody makes a thousand to find that none changed. Raises UnknownPlaceError.
        """
        sign = snapshot.sign(sign_id)
        counts = [snapshot.bays(line.site_id, line.zone_id, line.category)[0] for line in sign.board.lines]
        return sign, counts, self.messages_of(sign, snapshot, self.now())

    def neutral(self, sign_id: str, snapshot: Snapshot, *, title: str) -> Frame:
        """What a screen shows whose sign nobody knows."""
        return neutral(sign_id, title=title, snapshot=snapshot, now=self.now())
