"""What all Milesight sensors have in common: fPort 85, channels, a join report, downlinks."""

from collections.abc import Callable, Mapping

from devices.channels import ChannelTable, Reading, Value
from devices.codec import Decode, Encode, Frame
from devices.downlinks import Command, Limit, Reboot, SetIndicator, SetReportingInterval, Support
from devices.octets import Encoded
from devices.settings import interval_echo, switch_echo
from domain.measurements import Measurements
from domain.uplinks import Kind

F_PORT = 85
PERIODIC = frozenset({Kind.HEARTBEAT, Kind.STARTUP})
"""The kinds of a model whose reports do not tell why they were sent."""
CHANGES = PERIODIC | {Kind.EVENT}
"""The kinds of a model that reports changes in frames of their own."""
BATTERY: Mapping[str, tuple[Value, ...]] = {"01 75": (Value("battery_percent", "B"),)}
_POWER_ON = "power_on"
_ATTRIBUTES: Mapping[str, tuple[Value, ...]] = {
    "ff 01": (Value("protocol_version", "1s"),),
    "ff 08": (Value("serial_number", "6s"),),
    "ff 09": (Value("hardware_version", "2s"),),
    "ff 0a": (Value("firmware_version", "2s"),),
    "ff 0b": (Value(_POWER_ON, "1s"),),
    "ff 0f": (Value("lorawan_class", "1s"),),
    "ff 16": (Value("serial_number", "8s"),),
    "ff 1f": (Value("firmware_version", "4s"),),
    "ff fe": (Value("reset_event", "1s"),),
    "ff ff": (Value("tsl_version", "2s"),),
}
_REBOOTS = {tag: (Value("reboot_answer", "1s"),) for tag in ("fe 10", "ff 10")}
SECONDS = {tag: (Value("reporting_interval_seconds", "H"),) for tag in ("fe 03", "ff 03")}
"""How a model answers that it was given an interval in seconds."""
MINUTES = {tag: (Value("reporting_mode", "B"), Value("reporting_interval_minutes", "H")) for tag in ("fe 8e", "ff 8e")}
"""How a model answers that it was given an interval in minutes."""
_ANSWERS = {"reporting_interval_seconds", "reporting_mode", "reporting_interval_minutes", "indicator_code"}
ATTRIBUTES = {value.name for values in _ATTRIBUTES.values() for value in values}
"""What a join report says of the device itself."""
_JOIN_REPORT = bytes.fromhex("ff0bff ff0101 ff160000000000000000 ff090110 ff0a0110 ff0f00")
_SOURCE = "Milesight SensorDecoders e79c9d8, encoder of the model"
DECODER = "Milesight SensorDecoders e79c9d8, decoder of the model"
TELLS_SECONDS = interval_echo("reporting_interval_seconds", 1, DECODER)
TELLS_MINUTES = interval_echo("reporting_interval_minutes", 60, DECODER)
TELLS_LIGHT = switch_echo("set-indicator", "indicator_code", DECODER)


def channel_table(
    tags: Mapping[str, tuple[Value, ...]], answers: Mapping[str, tuple[Value, ...]] | None = None
) -> ChannelTable:
    """The channels of one model: its own, its answers to downlinks, and the join report that all models send.

    | id type | value, kept as hex                                  |
    | ff 0b   | power on; makes the frame a startup (join report)   |
    | ff 01   | 1 byte protocol version                             |
    | ff 08   | 6 bytes serial number, older models                 |
    | ff 09   | 2 bytes hardware version                            |
    | ff 0a   | 2 bytes firmware version                            |
    | ff 0f   | 1 byte LoRaWAN class                                |
    | ff 16   | 8 bytes serial number                               |
    | ff 1f   | 4 bytes firmware version, people counters           |
    | ff fe   | 1 byte reset event                                  |
    | ff ff   | 2 bytes TSL version                                 |

    A downlink is answered by its own octets, with fe or ff before them; what a model answers is in its table:

    | id type     | value                                           |
    | fe/ff 10    | restarts                                        |
    | fe/ff 03    | reporting interval, uint16 seconds              |
    | fe/ff 8e    | 0, then the reporting interval, uint16 minutes  |
    | fe/ff 2d... | indicator light: 0 off, else on or blinking     |

    Source: Milesight SensorDecoders, README of each model; answers: decoder of each model at e79c9d8.
    """
    return ChannelTable("<", {**tags, **_ATTRIBUTES, **_REBOOTS, **(answers or {})})


def light(kind: str) -> dict[str, tuple[Value, ...]]:
    """How a model answers that its indicator light was set, by the type of that channel in hex."""
    return {f"{tag} {kind}": (Value("indicator_code", "B"),) for tag in ("fe", "ff")}


def check_f_port(f_port: int) -> None:
    """Raise ValueError unless it is the fPort of these models."""
    if f_port != F_PORT:
        raise ValueError("not the fPort of this model")


def decoder(channels: ChannelTable, kind: Callable[[Reading], Kind]) -> Decode:
    """The decode of a model whose frames are channels and nothing else."""

    def decode(f_port: int, payload: bytes) -> Frame:
        check_f_port(f_port)
        reading = channels.read(payload)
        return reading.frame(kind(reading))

    return decode


def tells(reading: Reading) -> bool:
    """Whether it says anything but what the device is and how it is set."""
    return bool(reading.measurements or reading.raw.keys() - ATTRIBUTES - _ANSWERS - {"reboot_answer"})


def reports_changes(reading: Reading) -> Kind:
    """The kind where the periodic report has the battery, and the report of a change has not."""
    if _POWER_ON in reading.raw:
        return Kind.STARTUP
    if "battery_percent" in reading.measurements:
        return Kind.HEARTBEAT
    return Kind.EVENT if tells(reading) else Kind.CONFIG


def reports_periodically(reading: Reading) -> Kind:
    """The kind where frames do not tell why they were sent."""
    if _POWER_ON in reading.raw:
        return Kind.STARTUP
    return Kind.HEARTBEAT if tells(reading) else Kind.CONFIG


def counts_people(reading: Reading) -> Kind:
    """The kind of a people counter: it joins without saying that it was powered on, but says who it is."""
    kind = reports_periodically(reading)
    return Kind.STARTUP if kind is Kind.CONFIG and "serial_number" in reading.raw else kind


def encoder(channels: ChannelTable, needed: str, kinds: frozenset[Kind]) -> Encode:
    """The encode of a model whose frames carry `needed` and tell `kinds`; an event goes without the battery."""

    def encode(kind: Kind, measurements: Measurements) -> Encoded:
        if needed not in measurements:
            raise ValueError(f"a frame of this model needs {needed}")
        if kind not in kinds:
            raise ValueError(f"no {kind} frame is made for this model")
        if kind is Kind.STARTUP:
            return Encoded(f_port=F_PORT, payload=_JOIN_REPORT)
        told = {"battery_percent": 100, **measurements}
        if kind is Kind.EVENT:
            del told["battery_percent"]
        return Encoded(f_port=F_PORT, payload=channels.write(told))

    return encode


def _downlink(payload: bytes) -> Encoded:
    return Encoded(f_port=F_PORT, payload=payload)


def supported(
    command: type[Command],
    encode: Callable[..., bytes],
    limits: Mapping[str, Limit] | None = None,
    *,
    source: str = _SOURCE,
) -> Support:
    """A downlink on the fPort of these models."""
    return Support(command=command, encode=lambda given: _downlink(encode(given)), source=source, limits=limits or {})


REBOOT = supported(Reboot, lambda _: bytes.fromhex("ff 10 ff"))


def interval_in_seconds(low: int, high: int) -> Support:
    """The interval as ff 03 and uint16 seconds."""
    return supported(
        SetReportingInterval,
        lambda command: b"\xff\x03" + command.seconds.to_bytes(2, "little"),
        {"seconds": Limit(low, high)},
    )


def interval_in_minutes(low: int, high: int) -> Support:
    """The interval as ff 8e 00 and uint16 minutes."""
    return supported(
        SetReportingInterval,
        lambda command: b"\xff\x8e\x00" + (command.seconds // 60).to_bytes(2, "little"),
        {"seconds": Limit(60 * low, 60 * high, 60)},
    )


def indicator(tag: str, code_of_on: int) -> Support:
    """A tag, then 0 for dark or the model's code for what it does otherwise."""
    return supported(SetIndicator, lambda command: bytes.fromhex(tag) + bytes((code_of_on if command.on else 0,)))
