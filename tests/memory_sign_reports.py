"""Reports of signs without a database."""

from datetime import date, timedelta

from domain.errors import StoreRefusedError
from domain.sign_reports import Agreement, DayOfPlay, Report


class MemoryReports:
    """What `domain.sign_reports.SignReports` promises, without comparing days."""

    def __init__(self):
        self.kept = {}
        self.batches = {}
        self.frames = {}

    async def heard(self, heartbeat, agreement, *, served_frame_id):
        self.kept[heartbeat.sign_id] = Report(
            heartbeat=heartbeat,
            agreement=agreement,
            served_frame_id=served_frame_id,
            differs_since=heartbeat.received_at if agreement is Agreement.DIFFERENT else None,
            refused_at=None,
        )

    async def played(self, sign_id, plays, *, key):
        if self.batches.setdefault((sign_id, key), plays) is plays:
            return True
        if self.batches[sign_id, key] != plays:
            raise StoreRefusedError("another batch")
        return False

    async def shown(self, sign_id, frame_id, content):
        self.frames[sign_id, frame_id] = content

    async def latest(self):
        return self.kept

    async def days(self, sign_id, *, last):
        h = timedelta(hours=1)
        return [DayOfPlay(day=date(2026, 3, 2), length=24 * h, right=20 * h, wrong=h, blank=2 * h)][:last]
