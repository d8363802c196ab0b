"""Devices with a JavaScript codec: they play what its examples recorded, and tell the truth where they can."""

import json
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain import topics
from domain.errors import CommandError
from domain.places import AssetKind
from domain.states import State
from domain.uplinks import Kind
from simulators.borough import Borough
from simulators.demo import demo_places
from simulators.trial import with_trials
from simulators.voices import Recorded, recordings_of
from smartplace.codec_folder import read_codec

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "acme-bay"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def draft():
    return read_codec(EXAMPLE)


@pytest.mark.parametrize(
    ("kind", "occupied", "said"),
    [
        (Kind.EVENT, True, "01"),
        (Kind.EVENT, False, "00"),
        (Kind.HEARTBEAT, True, "0124"),
        (Kind.HEARTBEAT, False, "0023"),
        # It has no such frame: another that is true.
        (Kind.STARTUP, True, "01"),
    ],
)
def test_the_frame_that_is_true_is_played(draft, kind, occupied, said):
    encoded = Recorded(draft, recordings_of(draft)).say(kind, {"occupied": occupied})
    assert encoded.payload.hex() == said
    assert encoded.f_port == (2 if kind is Kind.HEARTBEAT else 1)


def test_frames_of_one_meaning_take_turns(draft):
    more = {"input": {"fPort": 1, "bytes": [1]}, "output": {"data": {"state": "taken"}}}
    voice = Recorded(draft, recordings_of(replace(draft, examples=[*draft.examples, {**more, "description": "again"}])))
    said = [voice.say(Kind.EVENT, {"occupied": True}) for _ in range(4)]
    assert len(said) == 4
    assert {one.payload for one in said} == {b"\x01"}


def test_what_says_nothing_of_a_state_is_played_in_turn(draft):
    climate = replace(
        draft,
        mapping={"measurements": [{"path": "t", "key": "temperature_celsius"}]},
        examples=[
            {"input": {"fPort": 9, "bytes": [number]}, "output": {"data": {"t": number}}, "description": "t"}
            for number in (1, 2, 3)
        ],
    )
    voice = Recorded(climate, recordings_of(climate))
    said = [voice.say(Kind.HEARTBEAT, {"occupied": True}).payload[0] for _ in range(6)]
    assert said == [1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize(
    "examples",
    [
        [],
        None,
        [{"type": "downlink-encode", "input": {"data": {}}, "output": {"bytes": [1]}}],
        [{"input": {"bytes": [], "fPort": 1}, "output": {"errors": ["no"]}}],
        [{"input": {"bytes": [999], "fPort": 1}, "output": {"data": {"state": "taken"}}}],
        [{"input": {"bytes": [1], "fPort": 1}, "output": {"data": {"state": "perhaps"}}}],
        ["nonsense"],
    ],
)
def test_without_an_uplink_that_means_something_nothing_can_be_played(draft, examples):
    with pytest.raises(CommandError, match="no uplink that can be played"):
        recordings_of(replace(draft, examples=examples))


def test_a_codec_that_nobody_uses_gets_a_place_of_its_own_and_its_sensors_tell_what_is_true(draft):
    places = with_trials(demo_places(lambda _model: timedelta(hours=60)), [draft])
    trial = [asset for asset in places.assets if asset.site_id == "trial-acme-bay"]
    assert len(trial) == 6
    assert with_trials(places, [draft]) == places

    only = replace(places, sites=places.sites[-1:], assets=places.assets[-6:], devices=places.devices[-6:], closures=())
    borough = Borough(only, seed=7, begins_at=NOON, drafts=[draft])
    end = NOON + timedelta(hours=9)
    said = [(topics.parse(one.topic).dev_eui, json.loads(one.payload)) for one in borough.history(until=end)]
    assert min(Counter(device for device, _ in said).values()) >= 10
    last = {device: b64decode(message["data"])[0] & 1 for device, message in said}
    truth = Borough(only, seed=7, begins_at=NOON, drafts=[draft]).truth(end)
    assert {device.asset_id: last[device.device_id] for device in only.devices} == {
        asset_id: state is State.OCCUPIED for asset_id, state in truth.items()
    }
    assert {message["deviceInfo"]["deviceProfileName"] for _, message in said} == {"Acme Bay sensor 3000"}


def test_a_seat_gets_a_park(draft):
    seat = replace(draft, model="acme-seat", name='A "seat"', senses=AssetKind.BENCH)
    places = with_trials(demo_places(lambda _model: timedelta(hours=60)), [draft, seat])
    assert [site.name for site in places.sites[-2:]] == ["Trial of Acme Bay sensor 3000", 'Trial of Acme A "seat"']
    assert {asset.kind for asset in places.assets[-6:]} == {AssetKind.BENCH}
    assert places.sites[-1].lat != places.sites[-2].lat
