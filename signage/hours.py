"""When a board is lit, and how bright."""

from collections.abc import Sequence
from datetime import datetime

from domain.boards import Board, Hours
from domain.daylight import sun_elevation_degrees
from domain.local_time import LONDON
from domain.places import Sign

_DAY_DEGREES, _NIGHT_DEGREES = 0.0, -6.0
_STEP_PERCENT = 10


def is_lit(schedule: Sequence[Hours], now: datetime) -> bool:
    """Whether the board shows anything now; always where it has no schedule."""
    if not schedule:
        return True
    local = now.astimezone(LONDON)
    return any(_covers(hours, local) for hours in schedule)


def _covers(hours: Hours, local: datetime) -> bool:
    today, yesterday, at = local.weekday(), (local.weekday() - 1) % 7, local.time()
    if hours.begins < hours.ends:
        return today in hours.weekdays and hours.begins <= at < hours.ends
    return (today in hours.weekdays and at >= hours.begins) or (yesterday in hours.weekdays and at < hours.ends)


def brightness_percent(board: Board, sign: Sign | None, now: datetime) -> int | None:
    """Percent of the full brightness, in steps at dusk; by day's where nobody knows where the sign stands."""
    given = board.brightness
    if given is None or sign is None or given.day_percent == given.night_percent:
        return given.day_percent if given else None
    height = sun_elevation_degrees(now, lon=sign.lon, lat=sign.lat)
    if height >= _DAY_DEGREES:
        return given.day_percent
    if height < _NIGHT_DEGREES:
        return given.night_percent
    share = (height - _NIGHT_DEGREES) / (_DAY_DEGREES - _NIGHT_DEGREES)
    between = given.night_percent + share * (given.day_percent - given.night_percent)
    return round(between / _STEP_PERCENT) * _STEP_PERCENT
