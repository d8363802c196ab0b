"""Time as people in the borough live it: days begin at midnight in London, and two of a year are not 24 hours long."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def local_day(moment: datetime) -> date:
    """The day in London in which a moment lies."""
    return moment.astimezone(LONDON).date()


def at(day: date, clock: time) -> datetime:
    """A time of a day in London, in UTC; of an hour that comes twice the first."""
    return datetime.combine(day, clock, LONDON).astimezone(UTC)


def in_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time without a zone, in UTC; of an hour that comes twice the first.

    Raises:
        ValueError: there is no such time, since the clocks go forward then.
    """
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(f"there is no {local.isoformat(sep=' ')} in {zone.key}: the clocks go forward then")
    return moment
