"""Elsys ERS (rooms), EMS Desk and ELT Ultrasonic: climate, light, motion, presence, sound, distance, LoRaWAN.

Channels of one octet of type and a value, big-endian, on any application fPort (5 by default). Each model sends
those that it has a sensor for:

| type | value                                                                                    |
| 01   | temperature, int16, tenths of a degree Celsius                                           |
| 02   | relative humidity, uint8 percent                                                         |
| 03   | acceleration x, y, z, int8 each, 63 is the pull of the earth                             |
| 04   | illuminance, uint16 lux                                                                  |
| 05   | motion, uint8: how often since the report before                                         |
| 06   | carbon dioxide, uint16 ppm                                                               |
| 07   | battery, uint16 mV                                                                       |
| 08   | analogue input 1, uint16 mV                                                              |
| 09   | place, 6 bytes, kept as hex                                                              |
| 0a   | pulses 1 since the report before, uint16                                                 |
| 0b   | pulses 1 in total, uint32                                                                |
| 0c   | external temperature 1, int16, tenths of a degree Celsius                                |
| 0d   | digital input 1, uint8                                                                   |
| 0e   | distance, uint16 mm                                                                      |
| 0f   | vibrations since the report before, uint8                                                |
| 10   | infrared temperature, of the sensor and of what it sees, int16 tenths of a degree each   |
| 11   | presence, uint8: 0 nobody, 1 pending, 2 somebody                                         |
| 12   | water leak, uint8                                                                        |
| 13   | picture in infrared, 65 bytes, kept as hex                                               |
| 14   | barometric pressure, uint32, thousandths of a hectopascal                                |
| 15   | sound, peak and mean, uint8 decibels each                                                |
| 16   | pulses 2 since the report before, uint16                                                 |
| 17   | pulses 2 in total, uint32                                                                |
| 18   | analogue input 2, uint16 mV                                                              |
| 19   | external temperature 2, int16, tenths of a degree Celsius                                |
| 1a   | digital input 2, uint8                                                                   |
| 1b   | load cell, int32 microvolts                                                              |
| 1c   | total volatile organic compounds, uint16 ppb                                             |
| 3d   | debug, 4 bytes, kept as hex                                                              |

Frames do not tell why they were sent: all are heartbeats. From the first unknown type on the bytes are kept in
raw["undecoded"].

Downlinks are on the fPort after that of the uplinks: 3e, uint8 length, then settings of one octet of type and a
value, big-endian: 14 the timebase, uint32 seconds; 1f how many timebases make a sending period, uint32; 12 the
carbon dioxide sensor, uint8, 1 calibrates it; f9 without a value asks for all settings. After a start and when asked
the sensor tells them in the same form on that fPort, which makes a config frame. Its keys are passed over.

Source: TTN lorawan-devices elsys/elsys.js at 277e69a; ChirpStack device profiles elsys; ThingsBoard data-converters
Elsys/ERS2. Downlinks: ELSYS downlink payload v2-1; ELSYS NFC settings specification.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from devices.channels import ChannelTable, Reading, Value
from devices.codec import DeviceModel, Frame
from devices.downlinks import Limit, Recalibrate, ReportSettings, SetReportingInterval, Support
from devices.octets import Encoded, check_application_port
from devices.settings import Echo, Parameters, Raw
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_F_PORT = 5
_SETTINGS = 0x3E
_HEADING = bytes((_SETTINGS,))
# Octets of each setting. Of 16 and of 8: keys and names in the network.
_SIZES = {
    **dict.fromkeys((0x01, 0x02, 0x05), 16),
    **dict.fromkeys((0x03, 0x04), 8),
    **dict.fromkeys((*range(0x07, 0x13), 0x25, 0x26, 0x27, 0x28, 0xF5, 0xFA), 1),
    **dict.fromkeys((0x06, *range(0x13, 0x25), 0x2A, 0x2B, 0x2C, 0xFC), 4),
    0xFB: 2,
    0xFE: 0,
}
_TOLD = {0x14: "timebase_seconds", 0x1F: "sending_timebases", 0x12: "co2_setting_code", 0xFB: "firmware"}
_NOBODY, _SOMEBODY = 0, 2
_CHANNELS = ChannelTable(
    ">",
    {
        "01": (Value("temperature_celsius", "h", 10),),
        "02": (Value("humidity_percent", "B"),),
        "03": (Value("acceleration_x", "b"), Value("acceleration_y", "b"), Value("acceleration_z", "b")),
        "04": (Value("illuminance_lux", "H"),),
        "05": (Value("motion_count", "B"),),
        "06": (Value("co2_ppm", "H"),),
        "07": (Value("battery_volts", "H", 1000),),
        "08": (Value("analogue_1_millivolts", "H"),),
        "09": (Value("place", "6s"),),
        "0a": (Value("pulses_1", "H"),),
        "0b": (Value("pulses_1_total", "I"),),
        "0c": (Value("external_temperature_1_celsius", "h", 10),),
        "0d": (Value("digital_1", "B"),),
        "0e": (Value("distance_mm", "H"),),
        "0f": (Value("vibration_count", "B"),),
        "10": (Value("infrared_own_celsius", "h", 10), Value("infrared_seen_celsius", "h", 10)),
        "11": (Value("presence_code", "B"),),
        "12": (Value("water_leak_code", "B"),),
        "13": (Value("infrared_picture", "65s"),),
        "14": (Value("pressure_hpa", "I", 1000),),
        "15": (Value("sound_peak_decibels", "B"), Value("sound_mean_decibels", "B")),
        "16": (Value("pulses_2", "H"),),
        "17": (Value("pulses_2_total", "I"),),
        "18": (Value("analogue_2_millivolts", "H"),),
        "19": (Value("external_temperature_2_celsius", "h", 10),),
        "1a": (Value("digital_2", "B"),),
        "1b": (Value("load_cell_microvolts", "i"),),
        "1c": (Value("tvoc_ppb", "H"),),
        "3d": (Value("debug", "4s"),),
    },
)


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode an Elsys uplink: see the table above.

    Raises: ValueError: no application fPort, nothing at all, a channel cut short.
    """
    check_application_port(f_port)
    if payload[:1] == _HEADING:
        return _settings_frame(payload)
    reading = _CHANNELS.read(payload)
    presence = reading.raw.get("presence_code")
    if presence in {_NOBODY, _SOMEBODY}:
        reading.measurements["occupied"] = presence == _SOMEBODY
    return reading.frame(_kind(reading))


def _settings_frame(payload: bytes) -> Frame:
    if len(payload) < 2 or len(payload) != 2 + payload[1]:
        raise ValueError("settings of another length than they say")
    at, raw = 2, dict[str, object]()
    while at < len(payload) and (size := _SIZES.get(payload[at])) is not None:
        value = payload[at + 1 : at + 1 + size]
        if len(value) < size:
            raise ValueError("a setting is cut short")
        if payload[at] in _TOLD:
            raw[_TOLD[payload[at]]] = int.from_bytes(value, "big")
        at += 1 + size
    if at < len(payload):
        raw["undecoded_setting"] = payload[at]
    return Frame(kind=Kind.CONFIG, measurements={}, raw=raw)


def _kind(reading: Reading) -> Kind:
    understood = reading.measurements or reading.raw
    return Kind.HEARTBEAT if understood else Kind.CONFIG


def _encode(needed: str, kind: Kind, measurements: Measurements) -> Encoded:
    if needed not in measurements:
        raise ValueError(f"a frame of this model needs {needed}")
    if kind is not Kind.HEARTBEAT:
        raise ValueError(f"no {kind} frame is made for this model")
    payload = _CHANNELS.write(measurements)
    if "occupied" in measurements:
        payload += bytes((0x11, _SOMEBODY if measurements["occupied"] else _NOBODY))
    return Encoded(f_port=_F_PORT, payload=payload)


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a report of a room sensor on fPort 5.

    Raises:
        ValueError: another kind than a heartbeat, no `temperature_celsius`, or a value that does not fit.
    """
    return _encode("temperature_celsius", kind, measurements)


def encode_presence(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a report of a presence sensor on fPort 5.

    Raises:
        ValueError: another kind than a heartbeat, no `occupied`, or a value that does not fit.
    """
    return _encode("occupied", kind, measurements)


def encode_distance(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a report of a distance sensor on fPort 5.

    Raises:
        ValueError: another kind than a heartbeat, no `distance_mm`, or a value that does not fit.
    """
    return _encode("distance_mm", kind, measurements)


def _settings(octets: bytes) -> Encoded:
    return Encoded(f_port=_F_PORT + 1, payload=bytes((_SETTINGS, len(octets))) + octets)


def _interval(command: SetReportingInterval) -> Encoded:
    """The timebase, and one of it for each sending: what is read every n-th time stays so."""
    return _settings(b"\x14" + command.seconds.to_bytes(4, "big") + b"\x1f" + (1).to_bytes(4, "big"))


_DOWNLINKS = "ELSYS downlink payload v2-1; ELSYS NFC settings specification"
_INTERVAL = Support(
    command=SetReportingInterval, encode=_interval, source=_DOWNLINKS, limits={"seconds": Limit(60, 86_400)}
)
_ASK = Support(command=ReportSettings, encode=lambda _: _settings(b"\xf9"), source=_DOWNLINKS)


def _told_interval(raw: Raw) -> Iterable[Parameters]:
    timebase, count = raw.get("timebase_seconds"), raw.get("sending_timebases")
    return [{"seconds": str(timebase * count)}] if isinstance(timebase, int) and isinstance(count, int) else []


_ECHOES = (
    Echo(
        command="set-reporting-interval",
        read=_told_interval,
        source="ELSYS sensor payload: type 3e; ELSYS downlink payload v2-1: settings and their sizes",
    ),
)
_CALIBRATE = Support(command=Recalibrate, encode=lambda _: _settings(b"\x12\x01"), source=_DOWNLINKS)
_CLIMATE = ("temperature_celsius", "humidity_percent", "battery_volts")
_ROOM = (*_CLIMATE, "illuminance_lux", "motion_count")
_SOURCE = "TTN lorawan-devices elsys/elsys.js at 277e69a; ChirpStack device profiles elsys; ThingsBoard Elsys/ERS2"
_PRESENCE = (
    "Presence: 0 nobody, 1 pending, 2 somebody is how it is commonly described; the examples have 1 and 2 without a "
    "meaning. Only 0 and 2 say occupied or not, and the code is kept.",
)

ERS = DeviceModel(
    key="elsys-ers",
    vendor="Elsys",
    name="ERS room sensor",
    senses=None,
    measures=_ROOM,
    heartbeat=timedelta(hours=1),
    version=2,
    source=_SOURCE,
    decode=decode,
    encode=encode,
    kinds=frozenset({Kind.HEARTBEAT}),
    commands=(_INTERVAL, _ASK),
    echoes=_ECHOES,
)
ERS_CO2 = replace(
    ERS,
    key="elsys-ers-co2",
    name="ERS CO2 room sensor",
    measures=(*_ROOM, "co2_ppm"),
    commands=(_INTERVAL, _CALIBRATE, _ASK),
)
ERS_VOC = replace(ERS, key="elsys-ers-voc", name="ERS VOC room sensor", measures=(*_ROOM, "tvoc_ppb"))
ERS_SOUND = replace(
    ERS,
    key="elsys-ers-sound",
    name="ERS Sound room sensor",
    disputes=("Sound is in decibels of a weighting that no source names: kept in raw, not as dB(A).",),
)
ERS_EYE = replace(
    ERS,
    key="elsys-ers-eye",
    name="ERS Eye presence sensor",
    senses=AssetKind.BENCH,
    measures=("occupied", *_ROOM),
    encode=encode_presence,
    disputes=_PRESENCE,
)
EMS_DESK = replace(
    ERS_EYE,
    key="elsys-ems-desk",
    name="EMS Desk presence sensor",
    measures=("occupied", *_CLIMATE),
)
ELT_ULTRASONIC = replace(
    ERS,
    key="elsys-elt-ultrasonic",
    name="ELT Ultrasonic distance sensor",
    senses=AssetKind.BAY,
    measures=("distance_mm", *_CLIMATE, "pressure_hpa"),
    encode=encode_distance,
    disputes=(
        "Pressure: thousandths of a hectopascal by the examples of ChirpStack; that of TTN for this model would be "
        "100729 hPa, and is refused.",
    ),
)
