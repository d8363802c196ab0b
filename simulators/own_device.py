"""A bench of our own MQTT contract: it names its session and counts its messages itself."""

from datetime import datetime

from devices.codecs import smartplace_bench
from domain import topics
from domain.places import Device
from simulators.behaviour import Report
from simulators.seeds import seeded
from simulators.transmission import Transmission


class OwnDevice:
    """Radio of a device that publishes by itself. Each beginning is a new session."""

    def __init__(self, device: Device, *, seed: int, begins_at: datetime) -> None:
        self._device_id = device.device_id
        self._session = f"{seeded(seed, device.device_id, begins_at.isoformat()).getrandbits(32):08x}"
        self._seq = 0

    def transmit(self, report: Report, at: datetime) -> Transmission:
        """See Radio."""
        payload = smartplace_bench.encode_message(
            report.kind, report.measurements, seq=self._seq, time=at, session=self._session
        )
        self._seq += 1
        return Transmission(at, topics.device_up(self._device_id), payload)
