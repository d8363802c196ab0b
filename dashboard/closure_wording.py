"""Closures in words."""

from datetime import time

from dashboard import times
from domain.closures import WEEKDAYS, PlannedClosure, Weekday
from domain.errors import RegisterProblem
from domain.local_time import local_day
from domain.register import RecordKind, Register
from domain.register_closures import KeptClosure
from domain.spans import FOREVER, Closed

DAYS = {
    Weekday.MONDAY: "Monday",
    Weekday.TUESDAY: "Tuesday",
    Weekday.WEDNESDAY: "Wednesday",
    Weekday.THURSDAY: "Thursday",
    Weekday.FRIDAY: "Friday",
    Weekday.SATURDAY: "Saturday",
    Weekday.SUNDAY: "Sunday",
}


LABELS = {
    "asset": "What",
    "reason": "Why",
    "begins_at": "From",
    "ends_at": "Until",
    "weekdays": "Only on some days",
    "from_time": "On these days from",
    "to_time": "To",
    "except_days": "But not on",
}


def what_text(kept: KeptClosure, register: Register) -> str:
    """What is closed: Library, all of it; Roof, Library; Bay 12, Library."""
    values = register[kept.target][kept.target_id]
    if kept.target is RecordKind.SITE:
        return f"{values['name']}, all of it"
    return f"{values['name']}, {register[RecordKind.SITE][str(values['site'])]['name']}"


def problem_text(problem: RegisterProblem) -> str:
    """What is wrong, by the words of the form."""
    where = LABELS.get(problem.column or "", "")
    return f"{where}: {problem.message}" if where else problem.message


def rule_text(planned: PlannedClosure) -> str:
    """When it comes again; empty where it does not."""
    if not planned.comes_again:
        return ""
    days = [DAYS[day] for day in WEEKDAYS if day in planned.weekdays]
    named = "Every day" if len(days) == len(WEEKDAYS) else f"Every {_and(days)}"
    hours = _hours_text(planned.from_time, planned.to_time)
    left_out = [times.day_text(day) for day in sorted(planned.except_days)]
    return f"{named}, {hours}" + (f", but not on {_and(left_out)}" if left_out else "")


def span_text(planned: PlannedClosure) -> str:
    """From when until when it is at all."""
    ends = f"until {times.day_and_clock_text(planned.ends_at)}" if planned.ends_at else "until further notice"
    return f"From {times.day_and_clock_text(planned.begins_at)} {ends}"


def until_text(time_of_it: Closed) -> str:
    """When it opens again; the day only where it is another one than that on which it closes."""
    if time_of_it.ends_at == FOREVER:
        return "until further notice"
    if local_day(time_of_it.begins_at) == local_day(time_of_it.ends_at):
        return f"until {times.clock_text(time_of_it.ends_at)}"
    return f"until {times.day_and_clock_text(time_of_it.ends_at)}"


def _hours_text(begins: time | None, ends: time | None) -> str:
    if begins is None and ends is None:
        return "all day"
    first, last = begins or time(), ends or time()
    after = " on the day after" if last <= first and last != time() else ""
    return f"{_clock_text(first)} to {_clock_text(last)}{after}"


def _clock_text(clock: time) -> str:
    if clock == time():
        return "midnight"
    return f"{clock.hour % 12 or 12}:{clock.minute:02}{'am' if clock.hour < 12 else 'pm'}"


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
