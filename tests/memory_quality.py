"""Faults of data in memory. Satisfies domain.quality.QualityRecords."""

from collections import Counter
from datetime import UTC, date, datetime

from domain.quality import Coverage, Fault, QualityChoice, QualityEvent


class MemoryQuality:
    """Tests put faults in with `made`; what was asked for is in `asked`."""

    def __init__(self):
        self.kept: list[QualityEvent] = []
        self.covered = [
            Coverage(
                site_id="quarry",
                site_name="Quarry Lane",
                free_s=600,
                occupied_s=200,
                unknown_s=200,
                closed_s=50,
                frozen_s=400,
            ),
            Coverage(
                site_id="yard", site_name="Yard <b>", free_s=0, occupied_s=0, unknown_s=0, closed_s=900, frozen_s=0
            ),
        ]
        self.asked: list[QualityChoice] = []

    def made(self, fault=Fault.NEGATIVE, *, times=1, residual=0, day=date(2026, 11, 20)):
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        event = QualityEvent(
            asset_id="quarry-level-1",
            asset_name="Level 1 <i>",
            site_id="quarry",
            capacity=40,
            fault=fault,
            day=day,
            begins_at=at,
            ends_at=at.replace(hour=11),
            times=times,
            residual=residual,
        )
        self.kept.append(event)
        return event

    async def events(self, choice):
        self.asked.append(choice)
        return [one for one in self.kept if choice.fault in (None, one.fault)][: choice.limit]

    async def totals(self, choice):
        found = Counter()
        for one in self.kept:
            found[one.fault] += one.times if choice.fault in (None, one.fault) else 0
        return dict(+found)

    async def coverage(self, choice):
        return [one for one in self.covered if choice.site_id in (None, one.site_id)]
