"""Vendors' own examples in our words: which codec reads them, and what it must find.

A plain module without tests, so that others can load it by path. Only what a vector states is expected; firmware
versions and names of reset causes are disputed between the sources and are no measurement, so they are left out.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.uplinks import Kind

MODELS = {
    ("bosch", "tps110-0292-codec"): ("bosch-tps110",),
    ("bosch", "Parking_Lot_Sensor"): ("bosch-tps110",),
    ("bosch", "parksensor"): ("bosch-tps110",),
    ("libelium", "smart-parking-v3"): ("libelium-smart-parking-v3",),
    ("milesight", "VS34x"): ("milesight-vs340", "milesight-vs341"),
    ("nwave", "nps405-codec"): ("nwave-nps405",),
    ("nwave", "G4_NPS_FM"): ("nwave-nps405",),
    ("nwave", "G4_NPS_SM"): ("nwave-nps405",),
    ("tekzitel", "tekzipark-codec"): ("tekzitel-tekzipark",),
}

FIELDS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "occupied": ("occupied", bool),
    "map_state": ("occupied", bool),  # ZENNER, Bosch
    "parking_slot_status": ("occupied", bool),  # ZENNER, Libelium
    "occupancy": ("occupied", {"vacant": False, "occupied": True}.__getitem__),  # ThingsBoard, Milesight
    "battery": ("battery_percent", float),  # ThingsBoard, Milesight
    "battery_voltage": ("battery_volts", float),
    "battery_state": ("battery_low", bool),  # ZENNER, Libelium: 1 is "change"
    "Good_Battery": ("battery_low", lambda good: not good),
    "temperature": ("temperature_celsius", float),
    "Temperature": ("temperature_celsius", float),
    "previous_state_duration": ("previous_state_minutes", int),
    "sensor_error": ("sensor_fault", bool),
}

KINDS = {
    "parking status": Kind.EVENT,
    "parking_status": Kind.EVENT,
    "user_registration": Kind.EVENT,
    "info": Kind.EVENT,
    "heartbeat": Kind.HEARTBEAT,
    "keep_alive": Kind.HEARTBEAT,
    "daily_update": Kind.HEARTBEAT,
    "startup": Kind.STARTUP,
    "start1": Kind.STARTUP,
    "start2": Kind.STARTUP,
    "error": Kind.ERROR,
    "service": Kind.CONFIG,
    "downlink": Kind.CONFIG,
    "rssi": Kind.CONFIG,
}

OUR_NOTES = {
    "zenner/libelium/smart-parking-v3/11": "WRONG: frame type 9 is reserved, and read as if it were documented",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorVector:
    """One example; `agrees` is False where it is adjudicated wrong, `refused` is True where it is no frame."""

    id: str
    model: str
    f_port: int
    payload: bytes
    note: str
    expected: dict[str, object]
    kind: Kind | None
    agrees: bool
    refused: bool


def load(path: Path) -> list[VendorVector]:
    """Every uplink of our models; an example of several models comes once for each."""
    with path.open(encoding="utf-8") as lines:
        return [vector for line in lines for vector in _vectors(json.loads(line))]


def _vectors(record: dict[str, Any]) -> Iterator[VendorVector]:
    if record["direction"] != "uplinkDecoder":
        return
    said = _said(record["output"])
    note = record.get("note") or OUR_NOTES.get(record["id"], "")
    for model in MODELS.get((record["vendor"], record["codec"]), ()):
        yield VendorVector(
            id=record["id"],
            model=model,
            f_port=record["input"]["fPort"] or 1,  # ZENNER's Libelium examples name none
            payload=bytes.fromhex(record["input"]["hex"]),
            note=note,
            expected=dict(_translated(said)),
            kind=_kind(said),
            agrees=not note.startswith(("SUPERSEDED", "WRONG", "BROKEN")),
            refused="errors" in record["output"],
        )


def _said(output: dict[str, Any]) -> dict[str, Any]:
    if "telemetry" in output:  # ThingsBoard
        return output["telemetry"][0]["values"]
    return output.get("data", {})


def _translated(said: dict[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in said.items():
        if name in FIELDS and value is not None:
            key, convert = FIELDS[name]
            yield key, convert(value)


def _kind(said: dict[str, Any]) -> Kind | None:
    if "keepAlive" in said:  # Tekzitel; none of its examples has the reset bit
        return Kind.HEARTBEAT if said["keepAlive"] else Kind.EVENT
    names = (said.get(name) for name in ("type", "message_type", "frame_type_name"))
    return next((KINDS[name] for name in names if name in KINDS), None)
