"""The list of devices for asset managers: who needs what, which ones, and which page of them."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Self
from urllib.parse import urlencode

from domain.health import Attention, DeviceHealth, by_attention
from domain.places import AssetKind
from domain.states import State

PAGE_SIZE = 100

NEEDS = {
    Attention.NEVER_HEARD: "Never heard",
    Attention.SILENT: "Silent",
    Attention.FAULT: "Reports a fault",
    Attention.TAMPER: "Tampered with",
    Attention.BATTERY_LOW: "Battery low",
    Attention.NOT_INSTALLED: "Not installed",
    Attention.NOT_CALIBRATED: "No threshold",
}
ANY_NEED = "any"

_STATES = {State.FREE: "Free", State.UNKNOWN: "No recent data", State.CLOSED: "Closed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A device in words."""

    device: DeviceHealth
    needs: tuple[Attention, ...]

    @property
    def state(self) -> str:
        """What the bay or bench under it is."""
        if self.device.state is None:
            return "Not known"
        if self.device.asset_kind is AssetKind.AREA and self.device.state in (State.FREE, State.OCCUPIED):
            return "Counted"
        taken = "In use" if self.device.asset_kind is AssetKind.BENCH else "Taken"
        return _STATES.get(self.device.state, taken)

    @property
    def battery(self) -> str:
        """Charge, or voltage where it does not tell its charge."""
        if self.device.battery_percent is not None:
            return f"{self.device.battery_percent:.0f}%"
        if self.device.battery_volts is not None:
            return f"{self.device.battery_volts:.2f} V"
        return "Not known"

    @property
    def signal(self) -> str:
        """Strength and signal-to-noise ratio of the latest frame."""
        rssi, snr = self.device.rssi_dbm, self.device.snr_db
        parts = [] if rssi is None else [f"{_signed(rssi)} dBm"]
        parts += [] if snr is None else [f"SNR {_signed(snr)} dB"]
        return ", ".join(parts) or "Not known"

    @property
    def loss(self) -> str:
        """The share of frames that never came, since it last joined the network."""
        if not self.device.frames_missing:
            return "None"
        return f"{self.device.loss:.1%}" if self.device.loss >= 0.001 else "Under 0.1%"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChoice:
    """What a manager asked the list for."""

    need: str = ""
    model: str = ""
    site: str = ""

    def wants(self, row: DeviceRow) -> bool:
        """Whether a device is asked for."""
        needed = not self.need or (bool(row.needs) if self.need == ANY_NEED else self.need in row.needs)
        modelled = not self.model or row.device.model == self.model
        return needed and modelled and (not self.site or row.device.site_id == self.site)

    def link(self, page: int) -> str:
        """The address of one page of these devices."""
        return "/manage?" + urlencode({"need": self.need, "model": self.model, "site": self.site, "page": page})


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePage:
    """One page of the devices asked for, what they all need, and what can be asked for."""

    rows: list[DeviceRow]
    found: int
    total: int
    page: int
    pages: int
    attention: int
    by_need: dict[Attention, int]
    models: dict[str, str]
    sites: dict[str, str]

    @classmethod
    def of(cls, devices: list[DeviceHealth], choice: DeviceChoice, page: int, now: datetime) -> Self:
        """Worst needs first."""
        rows = [DeviceRow(device=device, needs=device.attention(now)) for device in by_attention(devices, now)]
        wanted = [row for row in rows if choice.wants(row)]
        pages = max(1, ceil(len(wanted) / PAGE_SIZE))
        page = min(max(page, 1), pages)
        return cls(
            rows=wanted[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
            found=len(wanted),
            total=len(rows),
            page=page,
            pages=pages,
            attention=sum(bool(row.needs) for row in rows),
            by_need={need: sum(need in row.needs for row in rows) for need in Attention},
            models={model: model for model in sorted({device.model for device in devices})},
            sites={d.site_id: d.site_name or d.site_id for d in devices if d.site_id is not None},
        )


def _signed(number: float) -> str:
    return f"{number:.0f}".replace("-", "\N{MINUS SIGN}")
