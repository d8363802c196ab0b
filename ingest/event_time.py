"""When did it happen? The best clock that can be believed, and which one that was."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.uplinks import TimeSource

# Clocks drift: this much ahead is forgiven (and counted as now), more is a broken clock.
TOLERATED_FUTURE = timedelta(seconds=120)
# A frame may wait in a device or gateway, but not for ever: a clock that says 1970 is broken, too.
TOLERATED_PAST = timedelta(days=92)

# Clocks of gateways that are set agree to far less.
_SAME_TIME = timedelta(seconds=1)
_NOW = timedelta()
# An enumeration looks its members up each time that they are asked for.
_GATEWAY = TimeSource.GATEWAY


Candidate = tuple[TimeSource, datetime | None]
"""Whose clock said what, if anything."""


def choose_time(candidates: Iterable[Candidate], *, received_at: datetime) -> tuple[datetime, TimeSource]:
    """The first candidate that is neither in the future nor absurdly old, else the time of receipt.

    Never later than `received_at`: nothing is dated ahead of the platform's own clock. In whole milliseconds, as clocks
    go and frames last (docs/adr/0016-gateways-and-times-in-the-journal.md).
    """
    for source, moment in candidates:
        if moment is not None and -TOLERATED_FUTURE <= (age := received_at - moment) <= TOLERATED_PAST:
            return (_whole(moment) if age >= _NOW else received_at), source
    return received_at, TimeSource.RECEIVED


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def parse_time(text: str | None) -> datetime | None:
    """An RFC 3339 time with its zone, or None for anything else; nine digits of a second are cut to six."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def gateway_times(texts: Iterable[str | None]) -> list[Candidate]:
    """When gateways heard a frame, as candidates: one clock that is wrong does not spoil the others.

    They heard it at the same time. Where their clocks differ, those come first that agree with the median; of two that
    is the later, for a clock that nobody sets stands still rather than run ahead. Of those that agree, earliest first.
    """
    moments = sorted(moment for text in texts if (moment := parse_time(text)) is not None)
    if len(moments) > 1:
        median = moments[len(moments) // 2]
        moments.sort(key=lambda moment: abs(moment - median) > _SAME_TIME)
    return [(_GATEWAY, moment) for moment in moments]
