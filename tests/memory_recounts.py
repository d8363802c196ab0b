"""One area with a gate, in memory. Satisfies domain.recounts.Recounts."""

from dataclasses import replace
from datetime import timedelta

from domain.counting import CountedDay
from domain.errors import RegisterProblem, RegisterRefusedError, UnknownPlaceError
from domain.recounts import Recount, TalliedArea


class MemoryRecounts:
    def __init__(self, now):
        self.now = now
        self.kept = {}
        self.asked = []

    async def areas(self):
        return {"library-deck": "Deck, Library"}

    async def area(self, asset_id, *, first_day, last_day):
        if asset_id != "library-deck":
            raise UnknownPlaceError("area", asset_id)
        self.asked.append((first_day, last_day))
        days = (
            CountedDay(day=last_day, came=1200, went=1180, residual=3, drift=None),
            CountedDay(day=last_day - timedelta(days=1), came=900, went=905, residual=0, drift=-5),
        )
        return TalliedArea(
            asset_id=asset_id,
            name="Deck",
            site_name="Library",
            capacity=300,
            anchor_at="03:30",
            anchor_taken=0,
            shown=20,
            days=days,
            recounts=tuple(reversed(self.kept.values())),
        )

    async def recount(self, asset_id, taken, *, at, by):
        if asset_id != "library-deck":
            raise UnknownPlaceError("area", asset_id)
        if taken > 300:
            raise RegisterRefusedError([RegisterProblem(column="taken", message="must be from 0 to the capacity, 300")])
        number = len(self.kept) + 1
        self.kept[number] = Recount(
            recount_id=number,
            asset_id=asset_id,
            counted_at=at or self.now(),
            taken=taken,
            shown=20,
            made_by=by,
            made_at=self.now(),
        )
        return self.kept[number]

    async def withdraw(self, recount_id, *, by):
        if recount_id not in self.kept:
            raise UnknownPlaceError("recount", str(recount_id))
        if self.kept[recount_id].withdrawn_at is not None:
            raise RegisterRefusedError([RegisterProblem(message="was withdrawn already")])
        self.kept[recount_id] = replace(self.kept[recount_id], withdrawn_by=by, withdrawn_at=self.now())
        return self.kept[recount_id]
