"""What leaves a device: bytes on a topic at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from simulators.behaviour import Report


@dataclass(frozen=True, slots=True)
class Transmission:
    """One MQTT message. `at` is when it reaches the broker, a little after the timestamps that it carries."""

    at: datetime
    topic: str
    payload: bytes


class Radio(Protocol):
    """How one device gets its reports out. Keeps its counters, so reports must be given in order."""

    def transmit(self, report: Report, at: datetime) -> Transmission:
        """The message for a report, observed at `at`."""
        ...
