"""How busy a place usually is on a day of the week, hour by hour: only where that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.bar_chart import BarChart, Share, bar_chart, percent
from domain.usual import Usual, Week

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LEAST_HOURS = 12
"""A day of which fewer hours are known is not shown."""


@dataclass(frozen=True, slots=True)
class UsualDay:
    """What the page shows: a sentence, a chart, and the same hour by hour; `hours` are (words, taken, weeks)."""

    weekday: int
    name: str
    sentence: str
    chart: BarChart
    hours: Sequence[tuple[str, str, int]]


def usual_day(week: Week, weekday: int, hour_now: int | None) -> UsualDay | None:
    """A day, 0 is Monday; None where too little is known. `hour_now` where it is today."""
    day = week[24 * weekday : 24 * weekday + 24]
    known = {hour: 1 - one.share_free for hour, one in enumerate(day) if one is not None}
    if len(known) < LEAST_HOURS:
        return None
    name = WEEKDAYS[weekday]
    most, least = max(known, key=lambda hour: known[hour]), min(known, key=lambda hour: known[hour])
    sentence = (
        f"On {name}s it is usually busiest from {hour_text(most)} to {hour_text(most + 1)}"
        f" ({percent(known[most])} taken) and quietest from {hour_text(least)} to {hour_text(least + 1)}"
        f" ({percent(known[least])} taken)."
    )
    shares = [Share(hour_text(hour), known.get(hour), "now" if hour == hour_now else "plain") for hour in range(24)]
    return UsualDay(
        weekday=weekday,
        name=name,
        sentence=sentence,
        chart=bar_chart(shares, words=f"Bays usually taken on {name}s, hour by hour", labels=6),
        hours=[(hour_text(hour), percent(known.get(hour)), _weeks(day[hour])) for hour in range(24)],
    )


def hour_text(hour: int) -> str:
    """The beginning of an hour: midnight, 9am, noon, 5pm."""
    hour %= 24
    if hour % 12 == 0:
        return "noon" if hour else "midnight"
    return f"{hour % 12}{'am' if hour < 12 else 'pm'}"


def _weeks(usual: Usual | None) -> int:
    return usual.weeks if usual else 0
