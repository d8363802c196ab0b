"""What e-paper screens say of themselves whenever they ask, kept as their heartbeats."""

import logging
from datetime import timedelta

from domain.boards import EPaper
from domain.errors import StoreUnavailableError
from domain.ids import SignId
from domain.live import Clock
from domain.places import Sign
from domain.sign_reports import Agreement, Heartbeat, SignReports
from signage.frame import Frame
from signage.trmnl import ScreenWord

logger = logging.getLogger(__name__)

# The firmware sleeps for minutes; one that asks again and again must not keep the database from the others.
_LEAST_BETWEEN = timedelta(seconds=10)


class ScreenReports:
    """An e-paper screen that asks lives, has its battery, and was handed a picture; whether it shows it, nobody knows.

    So its agreement is never more than `not_known`, and `frame_id` is what it was handed.
    """

    def __init__(self, reports: SignReports, now: Clock) -> None:
        self._reports = reports
        self._now = now
        self._heard: dict[SignId, Heartbeat] = {}

    async def heard(self, sign: Sign, frame: Frame, word: ScreenWord) -> None:
        """Keep it; without the database the screen gets its picture all the same."""
        heartbeat = self._heartbeat(sign, frame, word)
        before = self._heard.get(sign.sign_id)
        if before is not None and heartbeat.received_at - before.received_at < _LEAST_BETWEEN:
            return
        self._heard[sign.sign_id] = heartbeat
        try:
            await self._reports.heard(heartbeat, Agreement.NOT_KNOWN, served_frame_id=frame.frame_id)
        except StoreUnavailableError as error:
            logger.warning("no word of %s is kept: %s", sign.sign_id, error, extra={"action": "screen_not_kept"})

    def _heartbeat(self, sign: Sign, frame: Frame, word: ScreenWord) -> Heartbeat:
        refresh_s = (sign.board.epaper or EPaper(macs=())).refresh_s
        return Heartbeat(
            sign_id=sign.sign_id,
            received_at=self._now(),
            interval=timedelta(seconds=refresh_s),
            frame_id=frame.frame_id if frame.valid_for_s > 0 else None,
            battery_volts=word.battery_volts,
            rssi_dbm=word.rssi_dbm,
            player=f"trmnl {word.firmware or ''}".strip()[:100],
            refused={},
        )
