"""A LoRaWAN device as the register knows it, for network servers to agree with."""

from dataclasses import dataclass

from domain.ids import AssetId, DeviceId, SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredDevice:
    """A device with a dev_eui, the key of its model, and what it watches now; None where it is installed nowhere."""

    dev_eui: DeviceId
    model: str
    asset_id: AssetId | None
    site_id: SiteId | None
