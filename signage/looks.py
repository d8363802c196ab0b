"""Signs as those who keep them see them: the very frames and pages that the street gets, standing still."""

from dataclasses import dataclass

from domain.boards import Board, Layout
from domain.ids import SiteId
from domain.live import Live
from domain.places import Sign
from domain.sign_look import Condition, Look, LookLine
from signage.conditions import supposed
from signage.frame import Frame
from signage.frames import Frames
from signage.kiosk import KioskPage
from signage.renderings.picture import render_png
from signage.schemas import FrameBody


@dataclass(frozen=True, slots=True)
class Looks:
    """Satisfies domain.sign_look.SignLooks."""

    live: Live
    frames: Frames
    page: KioskPage

    def now(self, sign_id: str) -> Look:
        """What a sign says now; raises UnknownPlaceError."""
        return self._look(self.frames.of(sign_id, self.live.snapshot))

    def preview(self, board: Board, condition: Condition) -> Look:
        """What a sign would say with this board under this condition; nothing is kept."""
        snapshot = self.live.snapshot
        known = snapshot.signs.get(board.sign_id)
        sign = known or _without_a_place(board)
        now, validity = self.frames.now(), self.frames.validity
        imagined = supposed(snapshot, board, condition, now=now, validity=validity)
        return self._look(self.frames.of_board(sign, board, imagined))

    def _look(self, frame: Frame) -> Look:
        on_paper = frame.layout is Layout.EPAPER
        return Look(
            lines=tuple(
                LookLine(label=line.label, display=line.display, word=line.word, mode=line.mode) for line in frame.lines
            ),
            message=frame.message,
            lit=frame.lit,
            frame_id=frame.frame_id,
            generated_at=frame.generated_at,
            as_of=frame.as_of,
            valid_until=frame.valid_until,
            valid_for_s=frame.valid_for_s,
            width_px=frame.width_px,
            height_px=frame.height_px,
            html=None if on_paper else self.page.still(frame),
            picture=render_png(frame, (frame.width_px, frame.height_px)) if on_paper else None,
            body=FrameBody.model_validate(frame).model_dump_json().encode(),
        )


def _without_a_place(board: Board) -> Sign:
    """A sign that is being thought up."""
    site_id = board.lines[0].site_id if board.lines else SiteId("")
    return Sign(sign_id=board.sign_id, name=board.title, site_id=site_id, lon=0.0, lat=51.0, board=board)
