"""Decentlab DL-IAM: air, light and activity indoors, LoRaWAN.

On any application fPort, big-endian; words are uint16:

| byte | meaning                                                                                          |
| 0    | 2, the version of the format                                                                     |
| 1-2  | device id, uint16                                                                                |
| 3-4  | flags, uint16: which of the groups below follow, in their order; bits 15..7 reserved, 0          |
| then | bit 0: battery, one word, mV                                                                     |
|      | bit 1: temperature, 175 x / 65535 - 45 degrees Celsius; relative humidity, 100 x / 65535 percent |
|      | bit 2: barometric pressure, one word, x 2 Pa                                                     |
|      | bit 3: light: visible and infrared, infrared; illuminance follows from both                      |
|      | bit 4: carbon dioxide, x - 32768 ppm; status of its sensor; raw infrared reading                 |
|      | bit 5: activity, one word: how often the PIR sensor was triggered in the period                  |
|      | bit 6: total volatile organic compounds, one word, ppb                                           |

Illuminance in lux of v (visible and infrared) and i (infrared): 1.5504 times the greatest of v - 1.64 i,
0.59 v - 0.86 i, and 0. Downlinks are on fPort 1: command, uint16; parameter, uint16; CRC-16 (Modbus), big-endian.

Source: TTN lorawan-devices decentlab/dl-iam.js at 277e69a and its examples; ThingsBoard data-converters DL-IAM.
"""

import struct
from collections.abc import Callable
from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.downlinks import Limit, Reboot, SetReportingInterval, Support
from devices.octets import Encoded, check_application_port
from domain.measurements import Measurements
from domain.uplinks import Kind

_VERSION = 2
_HEADING = struct.Struct(">BHH")
_CO2_OFFSET = 32_768
_LUX = 1.5504
_EXAMPLES = "TTN lorawan-devices decentlab/dl-iam at 277e69a, downlink examples"


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a DL-IAM uplink: see the table above.

    Raises: ValueError: no application fPort, another version, reserved flags, another length than the flags say.
    """
    check_application_port(f_port)
    version, device_id, flags = _HEADING.unpack_from(payload)
    if version != _VERSION or flags >= 1 << len(_GROUPS):
        raise ValueError("another version of the format, or reserved flags")
    groups = [group for bit, group in enumerate(_GROUPS) if flags >> bit & 1]
    count = sum(size for size, _ in groups)
    if len(payload) != _HEADING.size + 2 * count:
        raise ValueError(f"{len(payload)} bytes where the flags say {_HEADING.size + 2 * count}")
    words = list(struct.unpack_from(f">{count}H", payload, _HEADING.size))
    measurements: Measurements = {}
    raw: dict[str, object] = {"device_id": device_id}
    for size, read in groups:
        read(words[:size], measurements, raw)
        del words[:size]
    return Frame(kind=Kind.HEARTBEAT, measurements=measurements, raw=raw)


def _battery(words: list[int], measurements: Measurements, _raw: dict[str, object]) -> None:
    measurements["battery_volts"] = words[0] / 1000


def _climate(words: list[int], measurements: Measurements, _raw: dict[str, object]) -> None:
    measurements["temperature_celsius"] = 175 * words[0] / 65_535 - 45
    measurements["humidity_percent"] = 100 * words[1] / 65_535


def _pressure(words: list[int], measurements: Measurements, _raw: dict[str, object]) -> None:
    measurements["pressure_hpa"] = words[0] * 2 / 100


def _light(words: list[int], measurements: Measurements, raw: dict[str, object]) -> None:
    visible, infrared = words
    measurements["illuminance_lux"] = max(visible - 1.64 * infrared, 0.59 * visible - 0.86 * infrared, 0) * _LUX
    raw |= {"visible_and_infrared": visible, "infrared": infrared}


def _carbon_dioxide(words: list[int], measurements: Measurements, raw: dict[str, object]) -> None:
    measurements["co2_ppm"] = words[0] - _CO2_OFFSET
    raw |= {"co2_status_code": words[1], "co2_infrared": words[2]}


def _activity(words: list[int], measurements: Measurements, _raw: dict[str, object]) -> None:
    measurements["motion_count"] = words[0]


def _organic_compounds(words: list[int], measurements: Measurements, _raw: dict[str, object]) -> None:
    measurements["tvoc_ppb"] = words[0]


_GROUPS: tuple[tuple[int, Callable[[list[int], Measurements, dict[str, object]], None]], ...] = (
    (1, _battery),
    (2, _climate),
    (1, _pressure),
    (2, _light),
    (3, _carbon_dioxide),
    (1, _activity),
    (1, _organic_compounds),
)


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a report of battery, temperature and humidity, and of the rest that is given, without infrared light.

    Raises:
        ValueError: another kind than a heartbeat, no `temperature_celsius`, or a value that does not fit.
    """
    if "temperature_celsius" not in measurements:
        raise ValueError("a frame of this model needs temperature_celsius")
    if kind is not Kind.HEARTBEAT:
        raise ValueError(f"no {kind} frame is made for this model")
    flags, words = 0, b""
    for bit, (needed, write) in enumerate(_WRITERS):
        if needed in measurements:
            flags |= 1 << bit
            words += b"".join(map(_word, write(measurements)))
    return Encoded(f_port=1, payload=_HEADING.pack(_VERSION, 0, flags) + words)


def _word(value: float) -> bytes:
    if not 0 <= value <= 65_535:
        raise ValueError(f"{value:g} does not fit into a word")
    return round(value).to_bytes(2, "big")


_Write = Callable[[Measurements], tuple[float, ...]]
_WRITERS: tuple[tuple[str, _Write], ...] = (
    ("battery_volts", lambda told: (told["battery_volts"] * 1000,)),
    (
        "temperature_celsius",
        lambda told: (
            (told["temperature_celsius"] + 45) * 65_535 / 175,
            told.get("humidity_percent", 50) * 65_535 / 100,
        ),
    ),
    ("pressure_hpa", lambda told: (told["pressure_hpa"] * 50,)),
    ("illuminance_lux", lambda told: (told["illuminance_lux"] / _LUX, 0)),
    ("co2_ppm", lambda told: (told["co2_ppm"] + _CO2_OFFSET, 0, 0)),
    ("motion_count", lambda told: (told["motion_count"],)),
    ("tvoc_ppb", lambda told: (told["tvoc_ppb"],)),
)


def _downlink(command: int, parameter: int) -> Encoded:
    octets = struct.pack(">HH", command, parameter)
    return Encoded(f_port=1, payload=octets + _crc_16(octets).to_bytes(2, "big"))


def _crc_16(octets: bytes) -> int:
    """CRC-16/MODBUS: polynomial 0x8005 reflected, initial 0xffff."""
    crc = 0xFFFF
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 * (crc & 1)
    return crc


MODEL = DeviceModel(
    key="decentlab-dl-iam",
    vendor="Decentlab",
    name="DL-IAM indoor ambiance monitor",
    senses=None,
    measures=(
        "temperature_celsius",
        "humidity_percent",
        "pressure_hpa",
        "illuminance_lux",
        "co2_ppm",
        "tvoc_ppb",
        "motion_count",
        "battery_volts",
    ),
    heartbeat=timedelta(minutes=10),
    version=1,
    source="TTN lorawan-devices decentlab/dl-iam.js at 277e69a and its examples; ThingsBoard data-converters DL-IAM",
    decode=decode,
    encode=encode,
    kinds=frozenset({Kind.HEARTBEAT}),
    commands=(
        Support(
            command=SetReportingInterval,
            encode=lambda command: _downlink(0x0002, command.seconds),
            source=f"{_EXAMPLES}: set period and save",
            limits={"seconds": Limit(60, 65_535)},
        ),
        Support(command=Reboot, encode=lambda _: _downlink(0xFEFE, 0), source=f"{_EXAMPLES}: reset"),
    ),
)
