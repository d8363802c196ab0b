"""Moments in words: UK local time, and ages that people read at a glance."""

from datetime import date, datetime, timedelta

from domain.local_time import LONDON

STALE_AFTER = timedelta(minutes=2)
"""A snapshot that nobody has vouched for since then is shown as not live."""


def clock_text(moment: datetime) -> str:
    """The UK time of day, such as 9:40am."""
    local = moment.astimezone(LONDON)
    return f"{local.hour % 12 or 12}:{local.minute:02}{'am' if local.hour < 12 else 'pm'}"


def day_and_clock_text(moment: datetime) -> str:
    """The UK date and time, such as 9:40am on 3 June 2026."""
    local = moment.astimezone(LONDON)
    return f"{clock_text(moment)} on {local.day} {local:%B} {local.year}"


def day_text(day: date) -> str:
    """A day, such as 3 June 2026."""
    return f"{day.day} {day:%B} {day.year}"


def age_text(moment: datetime | None, now: datetime) -> str:
    """How long ago, and after an hour when: 12 seconds ago, at 9:40am, yesterday at 9:40am, on 3 June at 9:40am."""
    if moment is None:
        return "never"
    seconds = int((now - moment).total_seconds())
    if seconds < 1:
        return "just now"
    if seconds < 60:
        return _ago(seconds, "second")
    if seconds < 3600:
        return _ago(seconds // 60, "minute")
    return f"{_day_text(moment, now)}at {clock_text(moment)}"


def freshness_text(as_of: datetime, now: datetime) -> str:
    """The line above the figures: when they were last right."""
    if as_of.year == 1970:
        return "Not live: nothing has been received yet"
    if is_stale(as_of, now):
        return f"Not live: last updated {age_text(as_of, now)}"
    return f"Up to date at {clock_text(as_of)}"


def is_stale(as_of: datetime, now: datetime) -> bool:
    """Whether the figures are too old to be called up to date."""
    return now - as_of > STALE_AFTER


def _ago(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


def _day_text(moment: datetime, now: datetime) -> str:
    local = moment.astimezone(LONDON)
    days = (now.astimezone(LONDON).date() - local.date()).days
    if days == 0:
        return ""
    if days == 1:
        return "yesterday "
    year = "" if local.year == now.astimezone(LONDON).year else f" {local.year}"
    return f"on {local.day} {local:%B}{year} "
