"""Our own counter of an area or at a gate, and every feed of counts that is imported: a JSON message over MQTT."""

from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.codecs import smartplace_bench
from devices.octets import Encoded
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_COUNTS = (
    "vehicles_present",
    "people_present",
    "spaces_free",
    "vehicles_in_total",
    "vehicles_out_total",
    "vehicles_total",
    "people_in_total",
    "people_out_total",
)
_CONDITION = ("battery_percent", "battery_volts", "battery_low", "sensor_fault", "tamper")


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a counter's message: the same JSON object as that of our bench, with what a counter measures.

    | measurement                                | of                                                    |
    | vehicles_present, people_present           | an area: how many are in it now                       |
    | spaces_free                                | an area: how many spaces its source says are free     |
    | vehicles_in_total, vehicles_out_total,     | a gate: how many have passed it, ever                 |
    | people_in_total, people_out_total          |                                                       |
    | vehicles_total                             | a gate of one direction                               |
    | battery_percent, battery_volts,            | the counter itself                                    |
    | battery_low, sensor_fault, tamper          |                                                       |

    Raises: ValueError: anything else.
    Source: our own MQTT contract, docs/devices.md.
    """
    frame = smartplace_bench.decode(f_port, payload)
    if strange := frame.measurements.keys() - MODEL.measures:
        raise ValueError(f"a counter measures no {min(strange)}")
    return frame


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a message with seq 0 and neither time nor session.

    Raises:
        ValueError: another kind, nothing counted, or a faulty measurement.
    """
    if not measurements.keys() & set(_COUNTS):
        raise ValueError("a message of a counter needs vehicles_present or another count")
    payload = smartplace_bench.encode_message(kind, measurements, seq=0)
    decode(0, payload)
    return Encoded(f_port=0, payload=payload)


MODEL = DeviceModel(
    key="smartplace-count",
    vendor="Smartplace",
    name="Counter of an area or at a gate",
    senses=AssetKind.AREA,
    measures=(*_COUNTS, *_CONDITION),
    heartbeat=timedelta(minutes=10),
    heartbeat_source="docs/devices.md",
    version=1,
    source="our own MQTT contract, docs/devices.md",
    decode=decode,
    encode=encode,
)
