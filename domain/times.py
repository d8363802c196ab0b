"""How times are written wherever a program reads them."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """A moment in UTC with `Z`, to the millisecond: `2026-11-21T09:30:00.000Z`. Cut off, never rounded up."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
