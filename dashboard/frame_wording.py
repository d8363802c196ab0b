"""What a kept frame says, in words."""

from datetime import timedelta
from itertools import islice

from domain.device_record import DeviceRecord, KeptFrame
from domain.uplinks import TimeSource

TIME_SOURCES = {
    TimeSource.DEVICE: "The device's own clock",
    TimeSource.GATEWAY: "The gateway's clock",
    TimeSource.NETWORK: "The network server's clock",
    TimeSource.RECEIVED: "When it was received",
}
_MOST_FACTS = 8
_LONGEST_FACT = 60
_MINUS = "\N{MINUS SIGN}"


def sayings(frame: KeptFrame) -> list[tuple[str, str]]:
    """What was measured, as names and values for people; in a frame that measures nothing, what else it tells."""
    if frame.meaning is None:
        return []
    said = frame.meaning.measurements or dict(islice(frame.meaning.raw.items(), _MOST_FACTS))
    return [(key.replace("_", " ").capitalize(), _value(value)) for key, value in said.items()]


def firmware(record: DeviceRecord) -> str | None:
    """The firmware that the device last told, if its codec knows where."""
    frames = [*record.frames, *([record.newest_startup] if record.newest_startup else [])]
    for frame in frames:
        for key, value in frame.meaning.raw.items() if frame.meaning else ():
            if "firmware" in key and value is not None:
                return str(value)
    return None


def hexadecimal(payload: bytes) -> str:
    """Bytes in groups of two digits."""
    return payload.hex(" ")


def duration(length: timedelta | None) -> str:
    """About how long: 40 seconds, 12 minutes, 5 hours, 3 days."""
    if length is None:
        return "Not known"
    seconds = length.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if abs(seconds) >= 2 * size:
            return _counted(round(seconds / size), unit)
    return _counted(round(seconds), "second")


def battery_left(record: DeviceRecord) -> str:
    """How long a battery lasts, in words that promise no more than is known."""
    days = record.battery_days_left
    if days is None:
        return "Not known"
    if days >= 730:
        return f"About {days / 365:.0f} years"
    return f"About {days:.0f} days" if days >= 2 else "Under 2 days"


def per_week(change: float | None, unit: str) -> str:
    """A trend: +0.3 dB a week."""
    if change is None:
        return "Not known"
    text = f"{change:+.1f}".replace("-", _MINUS)
    return f"{text} {unit} a week" if text[1:] != "0.0" else "Steady"


def level(value: float | None, unit: str, digits: int = 0) -> str:
    """A strength with a proper minus, as wide as it needs."""
    return "not known" if value is None else f"{value:.{digits}f}\N{NO-BREAK SPACE}{unit}".replace("-", _MINUS)


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if abs(count) == 1 else 's'}".replace("-", _MINUS)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST_FACT else f"{text[:_LONGEST_FACT]}…"
