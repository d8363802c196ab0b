"""PNI PlacePod: a parking bay sensor, magnetic, LoRaWAN.

Channels of id, type as in Cayenne LPP, and value, big-endian, on any application fPort:

| id type | value                                                                 |
| 15 66   | 0 free, 1 occupied; it changed: makes the frame an event              |
| 37 66   | 0 free, 1 occupied; keep-alive: makes the frame a heartbeat           |
| 02 67   | temperature, int16, tenths of a degree Celsius                        |
| 03 02   | battery, int16, hundredths of a volt                                  |
| 21 00   | vehicles, uint8, of the counting model, kept as it is                 |
| 37 00   | keep-alive of the counting model, uint8; makes the frame a heartbeat  |
| 01 01   | answer to recalibration, uint8, kept as it is                         |
| 1c 01   | answer to deactivation, uint8, kept as it is                          |
| 3f 01   | answer to a reboot, uint8, kept as it is; makes the frame a startup   |

From the first unknown channel on the bytes are kept in raw["undecoded"]. As Cayenne LPP the frame can be read, but
without its meaning.

Source: PNI PlacePod Sensor Communications Protocol, 2.1; tago-io/decoders, PNI PlacePod, dbdd65e.
"""

from datetime import timedelta

from devices.channels import ChannelTable, Reading, Value
from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_application_port, occupancy
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_STATUS, _KEEP_ALIVE = "parking_status", "keep_alive_status"
_CHANNELS = ChannelTable(
    ">",
    {
        "03 02": (Value("battery_volts", "h", 100),),
        "02 67": (Value("temperature_celsius", "h", 10),),
        "15 66": (Value(_STATUS, "B"),),
        "37 66": (Value(_KEEP_ALIVE, "B"),),
        "21 00": (Value("vehicle_count", "B"),),
        "37 00": (Value("keep_alive_code", "B"),),
        "01 01": (Value("recalibration_code", "B"),),
        "1c 01": (Value("deactivation_code", "B"),),
        "3f 01": (Value("reboot_code", "B"),),
    },
)
_TAGS = {Kind.EVENT: b"\x15\x66", Kind.HEARTBEAT: b"\x37\x66"}


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a PlacePod uplink: see the table above.

    Raises: ValueError: no application fPort, nothing at all, a channel cut short, a status other than 0 and 1.
    """
    check_application_port(f_port)
    reading = _CHANNELS.read(payload)
    kind = _kind(reading)
    for name in (_KEEP_ALIVE, _STATUS):
        status = reading.raw.pop(name, None)
        if status not in {None, 0, 1}:
            raise ValueError(f"{name} is neither 0 nor 1")
        if status is not None:
            reading.measurements["occupied"] = status == 1
    return reading.frame(kind)


def _kind(reading: Reading) -> Kind:
    if _STATUS in reading.raw:
        return Kind.EVENT
    if "reboot_code" in reading.raw:
        return Kind.STARTUP
    return Kind.HEARTBEAT if reading.measurements or reading.raw.keys() & _ALIVE else Kind.CONFIG


_ALIVE = {_KEEP_ALIVE, "keep_alive_code", "vehicle_count"}


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what a bay sensor would send: battery and temperature where given, and the status.

    Raises:
        ValueError: another kind, no `occupied`, or a value that does not fit.
    """
    occupied = occupancy(measurements)
    if kind not in _TAGS:
        raise ValueError(f"no {kind} frame is made for this model")
    return Encoded(f_port=1, payload=_CHANNELS.write(measurements) + _TAGS[kind] + bytes((occupied,)))


MODEL = DeviceModel(
    key="pni-placepod",
    vendor="PNI",
    name="PlacePod parking sensor",
    senses=AssetKind.BAY,
    measures=("occupied", "temperature_celsius", "battery_volts"),
    heartbeat=timedelta(hours=24),
    version=1,
    source="PNI PlacePod Sensor Communications Protocol, 2.1; tago-io/decoders, PNI PlacePod, dbdd65e",
    decode=decode,
    encode=encode,
    kinds=frozenset({Kind.EVENT, Kind.HEARTBEAT}),
    disputes=(
        "No example of the maker is public: the layout is from its document and a decoder of others. The types of the "
        "answers (01, 1c, 3f) are not certain; with another type they are kept undecoded.",
    ),
)
