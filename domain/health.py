"""What an asset manager must look at first: pure rules from what a device last said to what it needs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.places import AssetKind
from domain.states import State


class Attention(StrEnum):
    """Why a device needs somebody, worst first."""

    NEVER_HEARD = "never_heard"
    SILENT = "silent"
    FAULT = "fault"
    TAMPER = "tamper"
    BATTERY_LOW = "battery_low"
    NOT_INSTALLED = "not_installed"
    NOT_CALIBRATED = "not_calibrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHealth:
    """One device as the platform last heard it. Latest values are None where it never said them.

    `frames_expected` and `frames_heard` are of its current session, and where the counter began anew in it, of the time
    since: from the first counter heard to the last, and how many of them. `needs_threshold`: its model measures a
    distance and does not tell whether that is a vehicle; `distance_threshold_mm` is the one of its installation.
    """

    device_id: str
    model: str
    asset_id: str | None
    asset_kind: AssetKind | None
    asset_name: str | None
    site_id: str | None
    site_name: str | None
    state: State | None
    heard_at: datetime | None
    silent_at: datetime | None
    battery_percent: float | None
    battery_volts: float | None
    battery_low: bool
    fault: bool
    tamper: bool
    rssi_dbm: float | None
    snr_db: float | None
    frames_24h: int
    frames_expected: int = 0
    frames_heard: int = 0
    needs_threshold: bool = False
    distance_threshold_mm: int | None = None

    @property
    def frames_missing(self) -> int:
        """Counters of the current session that never came; late ones may come yet."""
        return self.frames_expected - self.frames_heard

    @property
    def loss(self) -> float:
        """Their share, 0..1."""
        return self.frames_missing / self.frames_expected if self.frames_expected else 0.0

    def attention(self, now: datetime) -> tuple[Attention, ...]:
        """Everything that this device needs, worst first; empty when it is well."""
        checks = {
            Attention.NEVER_HEARD: self.heard_at is None,
            Attention.SILENT: self.silent_at is not None and self.silent_at <= now,
            Attention.FAULT: self.fault,
            Attention.TAMPER: self.tamper,
            Attention.BATTERY_LOW: self.battery_low or (self.battery_percent is not None and self.battery_percent < 20),
            Attention.NOT_INSTALLED: self.asset_id is None,
            Attention.NOT_CALIBRATED: self.asset_id is not None
            and self.needs_threshold
            and self.distance_threshold_mm is None,
        }
        return tuple(need for need, is_so in checks.items() if is_so)


def by_attention(devices: list[DeviceHealth], now: datetime) -> list[DeviceHealth]:
    """Devices that need somebody first, worst need first, then the longest silent; healthy ones after them."""
    order = list(Attention)

    def rank(device: DeviceHealth) -> tuple[int, str, str]:
        needs = device.attention(now)
        worst = order.index(needs[0]) if needs else len(order)
        return worst, device.heard_at.isoformat() if device.heard_at else "", device.device_id

    return sorted(devices, key=rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that could not become an uplink: the raw bytes, where it came from, and why it was set aside."""

    dead_letter_id: int
    reason: str
    detail: str
    topic: str
    device_id: str | None
    payload: bytes
    first_at: datetime
    last_at: datetime
    times: int
