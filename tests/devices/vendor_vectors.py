"""Vendors' own examples in our words: which codec reads them, and what it must find.

A plain module without tests, so that others can load it by path. Only what a vector states is expected; firmware
versions and names of reset causes are disputed between the sources and are no measurement, so they are left out.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.measurements import QUANTITIES
from domain.uplinks import Kind

MODELS = {
    ("bosch", "tps110-0292-codec"): ("bosch-tps110",),
    ("bosch", "Parking_Lot_Sensor"): ("bosch-tps110",),
    ("bosch", "parksensor"): ("bosch-tps110",),
    ("browan", "tbms100-codec"): ("browan-tbms100",),
    ("browan", "tabs-tbms100"): ("browan-tbms100",),
    ("decentlab", "DL-IAM"): ("decentlab-dl-iam",),
    ("decentlab", "dl-iam"): ("decentlab-dl-iam",),
    ("decentlab", "dl-iam-codec"): ("decentlab-dl-iam",),
    ("elsys", "elsys"): ("elsys-ers",),
    ("elsys", "ERS2"): ("elsys-ers",),
    ("elsys", "ERS2_Lite"): ("elsys-ers",),
    ("elsys", "ERS2_CO2"): ("elsys-ers-co2",),
    ("elsys", "ERS2_CO2_Lite"): ("elsys-ers-co2",),
    ("elsys", "ERS2_Sound"): ("elsys-ers-sound",),
    ("elsys", "ERS2_VOC"): ("elsys-ers-voc",),
    ("elsys", "ems-desk-codec"): ("elsys-ems-desk",),
    ("elsys", "ers-codec"): ("elsys-ers",),
    ("elsys", "ers-lite-codec"): ("elsys-ers",),
    ("elsys", "ers-co2-codec"): ("elsys-ers-co2",),
    ("elsys", "ers-co2-lite-codec"): ("elsys-ers-co2",),
    ("elsys", "ers-eye-codec"): ("elsys-ers-eye",),
    ("elsys", "ers-sound-codec"): ("elsys-ers-sound",),
    ("elsys", "ers-voc-codec"): ("elsys-ers-voc",),
    ("libelium", "smart-parking-v3"): ("libelium-smart-parking-v3",),
    ("milesight", "AM102"): ("milesight-am102",),
    ("milesight", "AM102L"): ("milesight-am102",),
    ("milesight", "AM103"): ("milesight-am103",),
    ("milesight", "AM103L"): ("milesight-am103",),
    ("milesight", "AM104"): ("milesight-am104",),
    ("milesight", "AM107"): ("milesight-am107",),
    ("milesight", "AM307"): ("milesight-am307",),
    ("milesight", "AM307L"): ("milesight-am307",),
    ("milesight", "AM308"): ("milesight-am308",),
    ("milesight", "AM308L"): ("milesight-am308",),
    ("milesight", "AM319"): ("milesight-am319",),
    ("milesight", "AM319L"): ("milesight-am319",),
    ("milesight", "DS3604"): ("milesight-ds3604",),
    ("milesight", "EM310-UDL"): ("milesight-em310-udl",),
    ("milesight", "EM400-TLD"): ("milesight-em400-tld",),
    ("milesight", "EM400-UDL"): ("milesight-em400-udl", "milesight-em400-mud"),
    ("milesight", "VS121"): ("milesight-vs121",),
    ("milesight", "VS132"): ("milesight-vs132",),
    ("milesight", "VS133"): ("milesight-vs133",),
    ("milesight", "VS330"): ("milesight-vs330",),
    ("milesight", "VS34x"): ("milesight-vs340", "milesight-vs341"),
    ("milesight", "WS202"): ("milesight-ws202",),
    ("milesight", "WS302"): ("milesight-ws302",),
    ("milesight-iot", "am107-codec"): ("milesight-am107",),
    ("netvox", "r311fa-codec"): ("netvox-r311fa",),
    ("netvox", "r718e-codec"): ("netvox-r718e",),
    ("netvox", "rb11e-codec"): ("netvox-rb11e",),
    ("nwave", "nps405-codec"): ("nwave-nps405",),
    ("nwave", "G4_NPS_FM"): ("nwave-nps405",),
    ("nwave", "G4_NPS_SM"): ("nwave-nps405",),
    ("nwave", "nps310sm-codec"): ("nwave-nps310sm",),
    ("nwave", "ncc405-codec"): ("nwave-ncc405",),
    ("nwave", "G4_NCC_FM"): ("nwave-ncc405",),
    ("nwave", "G4_NCC_SM"): ("nwave-ncc405",),
    ("parametric", "pcr2"): ("parametric-pcr2",),
    ("tekzitel", "tekzipark-codec"): ("tekzitel-tekzipark",),
}

# Models of which no example of a vendor is public; our own vectors are worked by hand.
WITHOUT_EXAMPLES = {
    "cayenne-lpp",
    "libelium-smart-parking-v1",
    "libelium-smart-parking-v2",
    "moko-lw009-sm",
    "pni-placepod",
}

Convert = Callable[[Any], object]


def _value(said: Any) -> float:
    """Decentlab says {"value": 2.962, "unit": "V"}, or the number alone."""
    return float(said["value"] if isinstance(said, dict) else said)


def _thousandth(said: Any) -> float:
    return said / 1000


# Which of our keys, measurement or raw, a vendor's field is: by the beginning of the model's key, the longest first.
FIELDS: dict[str, dict[str, tuple[str, Convert]]] = {
    "": {
        "occupied": ("occupied", bool),
        "map_state": ("occupied", bool),  # ZENNER, Bosch
        "parking_slot_status": ("occupied", bool),  # ZENNER, Libelium
        "battery_voltage": ("battery_volts", float),
        "battery_state": ("battery_low", bool),  # ZENNER, Libelium: 1 is "change"
        "Good_Battery": ("battery_low", lambda good: not good),
        "temperature": ("temperature_celsius", float),
        "Temperature": ("temperature_celsius", float),
        "previous_state_duration": ("previous_state_minutes", int),
        "sensor_error": ("sensor_fault", bool),
    },
    "browan-": {
        "status": ("occupied", bool),
        "mot_motionst": ("occupied", bool),
        "battery": ("battery_volts", float),
        "battery_volt": ("battery_volts", float),
        "temperatureBoard": ("temperature_celsius", float),
        "temperature": ("temperature_celsius", float),
        "time": ("minutes_since_trigger", int),
        "mot_times": ("minutes_since_trigger", int),
        "count": ("trigger_count", int),
    },
    "decentlab-": {
        "battery_voltage": ("battery_volts", _value),
        "air_temperature": ("temperature_celsius", _value),
        "air_humidity": ("humidity_percent", _value),
        "barometric_pressure": ("pressure_hpa", lambda said: _value(said) / 100),
        "illuminance": ("illuminance_lux", _value),
        "ambient_light_infrared": ("infrared", _value),
        "ambient_light_visible_infrared": ("visible_and_infrared", _value),
        "co2_concentration": ("co2_ppm", _value),
        "co2_sensor_status": ("co2_status_code", _value),
        "raw_ir_reading": ("co2_infrared", _value),
        "activity_counter": ("motion_count", _value),
        "total_voc": ("tvoc_ppb", _value),
    },
    "elsys-": {
        "temperature": ("temperature_celsius", float),
        "humidity": ("humidity_percent", float),
        "x": ("acceleration_x", int),
        "y": ("acceleration_y", int),
        "z": ("acceleration_z", int),
        "light": ("illuminance_lux", float),
        "motion": ("motion_count", int),
        "pir": ("motion_count", int),
        "co2": ("co2_ppm", int),
        "vdd": ("battery_volts", _thousandth),
        "analog1": ("analogue_1_millivolts", int),
        "pulse1": ("pulses_1", int),
        "externalTemperature": ("external_temperature_1_celsius", float),
        "digital": ("digital_1", int),
        "occupancy": ("presence_code", int),
        "pressure": ("pressure_hpa", float),
        "soundPeak": ("sound_peak_decibels", int),
        "soundAvg": ("sound_mean_decibels", int),
        "tvoc": ("tvoc_ppb", int),
    },
    "milesight-": {
        "battery": ("battery_percent", float),
        "occupancy": ("occupied", {"vacant": False, "occupied": True}.__getitem__),
        "temperature": ("temperature_celsius", float),
        "humidity": ("humidity_percent", float),
        "distance": ("distance_mm", int),
        "position": ("tilt", {"normal": False, "tilt": True}.__getitem__),
        "pir": ("motion", {"idle": False, "normal": False, "trigger": True}.__getitem__),
        "illumination": ("illuminance_lux", float),
        "infrared": ("infrared", int),
        "infrared_and_visible": ("visible_and_infrared", int),
        "activity": ("activity", int),
        "light_level": ("light_level", int),
        "co2": ("co2_ppm", int),
        "pressure": ("pressure_hpa", float),
        "hcho": ("formaldehyde_mg_m3", float),
        "pm2_5": ("pm2_5_ug_m3", float),
        "pm10": ("pm10_ug_m3", float),
        "LAF": ("level_decibels", float),
        "LAeq": ("sound_dba", float),
        "LAFmax": ("sound_max_dba", float),
        "total_counter_in": ("people_in_total", int),
        "total_counter_out": ("people_out_total", int),
        "periodic_counter_in": ("line_1_in", int),
        "periodic_counter_out": ("line_1_out", int),
        "region_count": ("region_count", int),
    }
    | {
        f"line_{line}.0_total_{way}": (f"line_{line}_{way}_total", int)
        for line in (1, 2, 3, 4)
        for way in ("in", "out")
    },
    "milesight-am107": {"tvoc": ("tvoc_ppb", int)},
    "milesight-am3": {"tvoc": ("tvoc_code", int)},
    "netvox-": {
        "Volt": ("battery_volts", float),
        "Temp": ("temperature_celsius", float),
        "Illuminance": ("illuminance_lux", float),
        "Occupy": ("occupied", bool),
        "DisassembledAlarm": ("tamper", bool),
        "HWver": ("hardware_version", int),
        "Datecode": ("date_code", str),
        "AccelerationX": ("acceleration_x_m_s2", float),
        "AccelerationY": ("acceleration_y_m_s2", float),
        "AccelerationZ": ("acceleration_z_m_s2", float),
        "VelocityX": ("velocity_x_mm_s", float),
        "VelocityY": ("velocity_y_mm_s", float),
        "VelocityZ": ("velocity_z_mm_s", float),
    },
    "netvox-r311fa": {"status": ("vibration", bool)},
    "nwave-ncc405": {
        "counter_value": ("vehicles_total", int),
        "firmware_version": ("firmware_version", str),
        # Battery and health are disputed.
        "battery_voltage": ("", float),
    },
    "parametric-": {
        "left_to_right": ("left_to_right", int),
        "right_to_left": ("right_to_left", int),
        "left_to_right_sum": ("people_in_total", int),
        "right_to_left_sum": ("people_out_total", int),
        "cpu_temp": ("processor_celsius", float),
        "solar_battery": ("battery_percent", float),
        "solar_panel_power": ("solar_watts", _thousandth),
    },
}

KINDS = {
    "counter_update": Kind.EVENT,
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

# Examples that state nothing in a form that can be compared; our own vectors have the same bytes.
NOT_COMPARED = {
    "thingsboard/Milesight/VS121/ChirpStack/0": "attributes alone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorVector:
    """One example; `agrees` is False where it is adjudicated wrong, `refused` is True where it is no frame.

    `expected` are measurements, `raw` are fields of the vendor.
    """

    id: str
    model: str
    f_port: int
    payload: bytes
    note: str
    expected: dict[str, object]
    raw: dict[str, object]
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
        stated = dict(_translated(model, said))
        yield VendorVector(
            id=record["id"],
            model=model,
            f_port=_f_port(record),
            payload=bytes.fromhex(record["input"]["hex"]),
            note=note,
            expected={key: value for key, value in stated.items() if key in QUANTITIES},
            raw={key: value for key, value in stated.items() if key not in QUANTITIES},
            kind=_kind(said),
            agrees=not note.startswith(("SUPERSEDED", "WRONG", "BROKEN")),
            refused="errors" in record["output"],
        )


def _f_port(record: dict[str, Any]) -> int:
    if record["vendor"] == "milesight":
        return 85  # ThingsBoard's examples for LORIOT have the same frames with a port of the example's own
    return record["input"]["fPort"] or 1  # ZENNER's Libelium examples name none


def _said(output: dict[str, Any]) -> dict[str, Any]:
    if "telemetry" in output:  # ThingsBoard
        return output["telemetry"][0]["values"]
    return output.get("data", {})


def _translated(model: str, said: dict[str, Any]) -> Iterator[tuple[str, object]]:
    fields = _fields(model)
    for name, value in said.items():
        if name in fields and value is not None and fields[name][0]:
            key, convert = fields[name]
            yield key, convert(value)
    for first, last in ((1, 8), (9, 16)):  # Milesight VS121: one field for each region
        if f"region_{first}_count" in said:
            regions = [said[f"region_{region}_count"] for region in range(first, last + 1)]
            yield f"people_in_regions_{first}_to_{last}", regions


def _fields(model: str) -> dict[str, tuple[str, Convert]]:
    own = [prefix for prefix in FIELDS if prefix and model.startswith(prefix)]
    fields = {} if own and model.split("-", maxsplit=1)[0] != "nwave" else FIELDS[""]
    for prefix in sorted(own, key=len):
        fields = fields | FIELDS[prefix]
    return fields


def _kind(said: dict[str, Any]) -> Kind | None:
    if "keepAlive" in said:  # Tekzitel; none of its examples has the reset bit
        return Kind.HEARTBEAT if said["keepAlive"] else Kind.EVENT
    if "SWver" in said:  # Netvox
        return Kind.STARTUP
    if "Cmd" in said or said.get("payload_type") == "parametric":
        return Kind.CONFIG
    names = (said.get(name) for name in ("type", "message_type", "frame_type_name"))
    return next((KINDS[name] for name in names if name in KINDS), None)
