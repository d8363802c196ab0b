"""What answers about the use of benches say, as documented in /openapi.json."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Time
from domain.bench_use import Each, Level, Row, ToldMonth, period_of, told_in
from domain.periods import ZONE

_DIGITS = 4


class BenchRow(BaseModel):
    """Benches of a place in some time. What fewer than `events_at_least` make is withheld: null."""

    place: str = Field(description="A site or ward; empty for the borough.")
    day: date | None = Field(description="A local day; null where the row is of something else.")
    weekday: int | None = Field(ge=1, le=7, description="1 is Monday.")
    hour: int | None = Field(ge=0, le=23, description="On UK clocks, where the part of the day begins.")
    benches: int = Field(ge=0, description="Benches of the place.")
    coverage: float | None = Field(description="Share of the time in use that is known, of all of them.")
    counted_benches: int = Field(ge=0, description="Of how many benches the next four are the sum.")
    known_s: int | None = Field(description="Seat-seconds of which somebody knows whether they were used.")
    occupied_s: int | None = Field(description="Of these, how many were used.")
    share_used: float | None = Field(description="occupied_s / known_s.")
    sittings: int | None = Field(description="How often somebody sat down.")
    charging_counted_benches: int = Field(ge=0, description="Of how many benches the next two are the sum.")
    charge_sessions: int | None
    energy_wh: float | None
    withheld: Literal["too few"] | None = Field(description="Why there is no number for what was used.")

    @classmethod
    def of(cls, row: Row) -> Self:
        """The wire form."""
        cell, use, charging = row.cell, row.cell.use, row.cell.charging
        return cls(
            place=row.place,
            day=cell.when.day,
            weekday=cell.when.weekday,
            hour=cell.when.hour,
            benches=row.benches,
            coverage=_share(cell.known_s, cell.open_s),
            counted_benches=row.counted,
            known_s=use and use.known_s,
            occupied_s=use and use.occupied_s,
            share_used=use and _share(use.occupied_s, use.known_s),
            sittings=use and use.sittings,
            charging_counted_benches=row.charging_counted,
            charge_sessions=charging and charging.sessions,
            energy_wh=charging and charging.energy_mwh / 1000,
            withheld=None if use else "too few",
        )


class BenchPlace(BaseModel):
    """A site with benches, and where they are counted."""

    id: str
    name: str
    ward: str
    benches: int
    told_in: Level | None = Field(description="The smallest place in whose figures they are; null: in none.")


class BenchesAnswer(BaseModel):
    """How much benches were used in a month."""

    model_config = ConfigDict(populate_by_name=True)

    month: str
    since: Time = Field(alias="from")
    until: Time = Field(alias="to", description="Does not belong to the month.")
    time_zone: str = ZONE
    told_at: Time = Field(description="When the month was told. It stays as it was told then.")
    by: Level
    each: Each
    events_at_least: int = Field(description="Of fewer sittings (charge sessions) nothing is told.")
    benches_at_least: int = Field(description="Places with fewer benches are told together with others.")
    bucket_hours: int = Field(description="How long the parts of a day are.")
    places: list[BenchPlace]
    rows: list[BenchRow]

    @classmethod
    def of(cls, month: ToldMonth, rows: list[Row], by: Level, each: Each) -> Self:
        """The wire form."""
        period = period_of(month.month)
        return cls(
            month=f"{month.month:%Y-%m}",
            since=period.since,
            until=period.until,
            told_at=month.told_at,
            by=by,
            each=each,
            events_at_least=month.rules.k,
            benches_at_least=month.rules.benches,
            bucket_hours=month.rules.bucket_hours,
            places=[
                BenchPlace(
                    id=one.site,
                    name=one.name,
                    ward=one.ward,
                    benches=one.benches,
                    told_in=told_in(month, one.site),
                )
                for one in month.sites
            ],
            rows=[BenchRow.of(row) for row in rows],
        )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, _DIGITS) if whole else None
