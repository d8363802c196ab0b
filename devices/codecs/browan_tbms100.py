"""Browan TBMS100: presence by PIR for a room or a desk, LoRaWAN.

8 bytes on fPort 102, little-endian:

| byte | meaning                                                            |
| 0    | bit 0: 0 free, 1 occupied; bits 7..1 reserved                      |
| 1    | bits 3..0: battery, (25 + x) / 10 V; bits 7..4 reserved            |
| 2    | bits 6..0: temperature, x - 32 degrees Celsius; bit 7 reserved     |
| 3-4  | minutes since it was triggered, uint16                             |
| 5-7  | how often it was triggered, uint24, from 0 after a reboot          |

No minute since the trigger makes an event, else it is a heartbeat. Downlinks: fPort 204, 0 and the reporting
interval as uint16 seconds, which counts in units of five minutes. It tells its settings on the same fPort, in the
same form, little-endian, one after another:

| code | value                                               |
| 00   | reporting interval, uint16 seconds                  |
| 02   | how long it stays occupied, uint16 seconds          |
| 03   | time until it counts as free, uint8 minutes         |
| 04   | triggers until it counts as occupied, uint16        |
| 05   | parameters of the PIR sensor, uint32, kept as hex   |

Source: TTN lorawan-devices browan/tbms100.js at 277e69a; Browan TBMS100 reference manual, 4.1.2 and appendix 2.
"""

from datetime import timedelta

from devices.channels import ChannelTable, Value
from devices.codec import DeviceModel, Frame
from devices.downlinks import Limit, SetReportingInterval, Support
from devices.octets import Encoded, check_length, occupancy
from devices.settings import interval_echo
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_F_PORT, _CONFIGURATION = 102, 204
_SETTINGS = ChannelTable(
    "<",
    {
        "00": (Value("reporting_interval_seconds", "H"),),
        "02": (Value("occupied_seconds", "H"),),
        "03": (Value("free_after_minutes", "B"),),
        "04": (Value("occupied_triggers", "H"),),
        "05": (Value("sensor_parameters", "4s"),),
    },
)
_USUAL_VOLTS = 3.6
_USUAL_CELSIUS = 20.0


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a TBMS100 uplink: see the table above.

    Raises: ValueError: another fPort or length.
    """
    if f_port == _CONFIGURATION and payload:
        return Frame(kind=Kind.CONFIG, measurements={}, raw={"payload": payload.hex()} | _settings(payload))
    if f_port != _F_PORT:
        raise ValueError("not an fPort of this model, or empty")
    check_length(payload, 8)
    minutes = int.from_bytes(payload[3:5], "little")
    measurements: Measurements = {
        "occupied": bool(payload[0] & 1),
        "battery_volts": (25 + (payload[1] & 0x0F)) / 10,
        "temperature_celsius": (payload[2] & 0x7F) - 32,
    }
    raw: dict[str, object] = {
        "minutes_since_trigger": minutes,
        "trigger_count": int.from_bytes(payload[5:8], "little"),
    }
    return Frame(kind=Kind.HEARTBEAT if minutes else Kind.EVENT, measurements=measurements, raw=raw)


def _settings(payload: bytes) -> dict[str, object]:
    """What it tells of how it is set; nothing where there is another answer."""
    try:
        reading = _SETTINGS.read(payload)
    except ValueError:
        return {}
    return {} if reading.rest else reading.raw


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a report: triggered just now for an event, a minute ago for a heartbeat.

    Raises:
        ValueError: another kind, no `occupied`, or a battery or temperature that does not fit.
    """
    occupied = occupancy(measurements)
    if kind not in {Kind.EVENT, Kind.HEARTBEAT}:
        raise ValueError(f"no {kind} frame is made for this model")
    battery = _within(measurements.get("battery_volts", _USUAL_VOLTS) * 10 - 25, 15, "battery")
    temperature = _within(measurements.get("temperature_celsius", _USUAL_CELSIUS) + 32, 127, "temperature")
    minutes = kind is Kind.HEARTBEAT
    return Encoded(f_port=_F_PORT, payload=bytes((occupied, battery, temperature, minutes, 0, 0, 0, 0)))


def _within(code: float, most: int, name: str) -> int:
    if not 0 <= round(code, 6) <= most:
        raise ValueError(f"{name} does not fit into 0..{most}")
    return round(code)


def _interval(command: SetReportingInterval) -> Encoded:
    return Encoded(f_port=_CONFIGURATION, payload=b"\0" + command.seconds.to_bytes(2, "little"))


MODEL = DeviceModel(
    key="browan-tbms100",
    vendor="Browan",
    name="TBMS100 motion sensor",
    senses=AssetKind.BENCH,
    measures=("occupied", "battery_volts", "temperature_celsius"),
    heartbeat=timedelta(hours=1),
    heartbeat_source="Browan TBMS100 reference manual, 4.1.1",
    version=2,
    source="TTN lorawan-devices browan/tbms100.js at 277e69a; Browan TBMS100 reference manual",
    decode=decode,
    encode=encode,
    kinds=frozenset({Kind.EVENT, Kind.HEARTBEAT}),
    disputes=("How often it was triggered: 24 bits in the manual and at TTN, 16 at ChirpStack: 24, all 8 octets.",),
    commands=(
        Support(
            command=SetReportingInterval,
            encode=_interval,
            source="Browan TBMS100 reference manual, appendix 2.1",
            limits={"seconds": Limit(300, 65_400, 300)},
        ),
    ),
    echoes=(interval_echo("reporting_interval_seconds", 1, "Browan TBMS100 reference manual, appendix 2 and 3"),),
)
