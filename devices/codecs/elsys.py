"""Elsys ERS (rooms) and EMS Desk: climate, light, motion, presence, sound, LoRaWAN.

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
| 0a   | pulses 1 since the report before, uint16                                                 |
| 0b   | pulses 1 in total, uint32                                                                |
| 0c   | external temperature 1, int16, tenths of a degree Celsius                                |
| 0d   | digital input 1, uint8                                                                   |
| 0e   | distance, uint16 mm                                                                      |
| 0f   | vibrations since the report before, uint8                                                |
| 10   | infrared temperature, of the sensor and of what it sees, int16 tenths of a degree each   |
| 11   | presence, uint8: 0 nobody, 1 pending, 2 somebody                                         |
| 12   | water leak, uint8                                                                        |
| 14   | barometric pressure, uint32, thousandths of a hectopascal                                |
| 15   | sound, peak and mean, uint8 decibels each                                                |
| 16   | pulses 2 since the report before, uint16                                                 |
| 17   | pulses 2 in total, uint32                                                                |
| 18   | analogue input 2, uint16 mV                                                              |
| 19   | external temperature 2, int16, tenths of a degree Celsius                                |
| 1a   | digital input 2, uint8                                                                   |
| 1b   | load cell, int32 microvolts                                                              |
| 1c   | total volatile organic compounds, uint16 ppb                                             |

Frames do not tell why they were sent: all are heartbeats. From the first unknown type on the bytes are kept in
raw["undecoded"].

Source: TTN lorawan-devices elsys/elsys.js at 277e69a; ChirpStack device profiles elsys; ThingsBoard data-converters
Elsys/ERS2.
"""

from dataclasses import replace
from datetime import timedelta

from devices.channels import ChannelTable, Reading, Value
from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_application_port
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_F_PORT = 5
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
        "0a": (Value("pulses_1", "H"),),
        "0b": (Value("pulses_1_total", "I"),),
        "0c": (Value("external_temperature_1_celsius", "h", 10),),
        "0d": (Value("digital_1", "B"),),
        "0e": (Value("distance_mm", "H"),),
        "0f": (Value("vibration_count", "B"),),
        "10": (Value("infrared_own_celsius", "h", 10), Value("infrared_seen_celsius", "h", 10)),
        "11": (Value("presence_code", "B"),),
        "12": (Value("water_leak_code", "B"),),
        "14": (Value("pressure_hpa", "I", 1000),),
        "15": (Value("sound_peak_decibels", "B"), Value("sound_mean_decibels", "B")),
        "16": (Value("pulses_2", "H"),),
        "17": (Value("pulses_2_total", "I"),),
        "18": (Value("analogue_2_millivolts", "H"),),
        "19": (Value("external_temperature_2_celsius", "h", 10),),
        "1a": (Value("digital_2", "B"),),
        "1b": (Value("load_cell_microvolts", "i"),),
        "1c": (Value("tvoc_ppb", "H"),),
    },
)


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode an Elsys uplink: see the table above.

    Raises: ValueError: no application fPort, nothing at all, a channel cut short.
    """
    check_application_port(f_port)
    reading = _CHANNELS.read(payload)
    presence = reading.raw.get("presence_code")
    if presence in {_NOBODY, _SOMEBODY}:
        reading.measurements["occupied"] = presence == _SOMEBODY
    return reading.frame(_kind(reading))


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
    version=1,
    source=_SOURCE,
    decode=decode,
    encode=encode,
    kinds=frozenset({Kind.HEARTBEAT}),
)
ERS_CO2 = replace(ERS, key="elsys-ers-co2", name="ERS CO2 room sensor", measures=(*_ROOM, "co2_ppm"))
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
