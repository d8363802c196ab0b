"""The parts of ChirpStack's events that we read, whatever their encoding."""

import msgspec


class DeviceInfo(msgspec.Struct, rename="camel"):
    """Whose event it is."""

    dev_eui: str


class RxInfo(msgspec.Struct, rename="camel"):
    """One gateway that heard the frame. Zero values are left out by ChirpStack here."""

    gateway_id: str = ""
    gw_time: str | None = None
    rssi: float = 0
    snr: float = 0


class UpEvent(msgspec.Struct, rename="camel"):
    """A frame of a device."""

    device_info: DeviceInfo
    time: str | None = None
    dev_addr: str = ""
    f_cnt: int = 0
    f_port: int = 0
    data: bytes = b""
    rx_info: list[RxInfo] = []
    join_server_context: msgspec.Raw = msgspec.Raw(b"null")


class TxAckEvent(msgspec.Struct, rename="camel"):
    """A downlink went on air."""

    device_info: DeviceInfo
    queue_item_id: str = ""


class AckEvent(msgspec.Struct, rename="camel"):
    """A device acknowledged a confirmed downlink, or sent something without doing so."""

    device_info: DeviceInfo
    queue_item_id: str = ""
    acknowledged: bool = False


class LogEvent(msgspec.Struct, rename="camel"):
    """What the network server noticed about a device."""

    device_info: DeviceInfo
    time: str | None = None
    level: str = "INFO"
    code: str = "UNKNOWN"
    description: str = ""
    context: dict[str, str] = {}
