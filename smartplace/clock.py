"""The only clock of the platform."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


def receipt_time() -> datetime:
    """The present, in whole milliseconds: finer does not say more of a frame, and costs bytes in the journal."""
    now = utc_now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
