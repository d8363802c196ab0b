"""A place for each JavaScript codec that no place has a sensor of: to see one at work before one is bought."""

import json
from collections.abc import Iterable
from dataclasses import replace

from domain.codec_scripts import CodecDraft
from domain.places import AssetKind, Places
from domain.places_file import parse_places

_SENSORS = 6
_LONGEST = 40
_FROM = (0.3300, 51.4800)
_METRES = 3.0
_DEGREES_EAST, _DEGREES_NORTH = 1.44e-5, 8.98e-6
"""Of a metre, here."""


def with_trials(places: Places, drafts: Iterable[CodecDraft]) -> Places:
    """These places, and one more for each codec that none of their devices has."""
    used = {device.model for device in places.devices}
    for number, draft in enumerate(draft for draft in drafts if draft.model not in used):
        trial = _trial(draft, number)
        places = replace(
            places,
            sites=(*places.sites, *trial.sites),
            assets=(*places.assets, *trial.assets),
            devices=(*places.devices, *trial.devices),
        )
    return places


def _trial(draft: CodecDraft, number: int) -> Places:
    lon, lat = _FROM[0], round(_FROM[1] + number * 60 * _DEGREES_NORTH, 6)
    end = round(lon + (_SENSORS - 1) * _METRES * _DEGREES_EAST, 6)
    is_bay = draft.senses is AssetKind.BAY
    text = f"""
name = "Trial"
simulated = true
[[site]]
id = {json.dumps(f"trial-{draft.model[:_LONGEST].strip('-')}")}
name = {json.dumps(f"Trial of {draft.vendor} {draft.name}"[:100])}
kind = "{"car_park" if is_bay else "park"}"
locality = "Grays"
lon = {(lon + end) / 2:.6f}
lat = {lat}
[[site.{"bays" if is_bay else "benches"}]]
{'category = "general"' if is_bay else ""}
model = {json.dumps(draft.model)}
count = {_SENSORS}
from = [{lon}, {lat}]
to = [{end}, {lat}]
"""
    return parse_places(text, source="trial", silent_after=lambda _model: draft.silent_after)
