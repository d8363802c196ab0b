"""The only clock of the platform."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)
