import json
from base64 import b64decode
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from devices import catalogue
from devices.codec import decode
from devices.distance import state_at
from domain import topics
from domain.errors import CommandError
from domain.ids import AssetId
from domain.places import AssetKind, Closure, Places
from domain.sayings import reported_state
from domain.states import State
from domain.uplinks import Decoded, Kind
from simulators.borough import Borough
from simulators.clock import SimClock
from simulators.transmission import Transmission

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def day(places: Places, begins_at: datetime) -> list[Transmission]:
    return list(Borough(places, seed=7, begins_at=begins_at).history(until=begins_at + DAY))


class Said:
    """What a receiver makes of one transmission."""

    def __init__(self, transmission: Transmission, models: dict[str, str]) -> None:
        message = json.loads(transmission.payload)
        match topics.parse(transmission.topic):
            case topics.ChirpStackTopic(dev_eui=device_id):
                self.count, self.session = message["fCnt"], message["devAddr"]
                f_port, payload = message["fPort"], b64decode(message["data"])
            case topics.DeviceTopic(device_id=device_id):
                self.count, self.session = message["seq"], message["session"]
                f_port, payload = 0, transmission.payload
        self.transmission = transmission
        self.device_id = device_id
        self.decoded: Decoded = decode(catalogue.model(models[device_id]), f_port, payload)


@pytest.fixture(scope="module")
def said(day: list[Transmission], places: Places) -> list[Said]:
    models = {device.device_id: device.model for device in places.devices}
    return [Said(transmission, models) for transmission in day]


def test_the_same_seed_and_beginning_repeat_every_byte(
    day: list[Transmission], places: Places, begins_at: datetime
) -> None:
    assert list(Borough(places, seed=7, begins_at=begins_at).history(until=begins_at + DAY)) == day


def test_places_in_which_nothing_speaks_are_one_clear_sentence(places: Places, begins_at: datetime) -> None:
    with pytest.raises(CommandError, match="nothing in these places can be simulated"):
        Borough(replace(places, devices=()), seed=7, begins_at=begins_at)


def test_another_seed_is_another_day(day: list[Transmission], places: Places, begins_at: datetime) -> None:
    other = list(islice(Borough(places, seed=8, begins_at=begins_at).history(until=begins_at + DAY), 1000))
    assert {one.payload for one in other}.isdisjoint({one.payload for one in day})


def test_another_beginning_is_another_session_of_every_device(
    said: list[Said], places: Places, begins_at: datetime
) -> None:
    models = {device.device_id: device.model for device in places.devices}
    later = Borough(places, seed=7, begins_at=begins_at + DAY).history(until=begins_at + DAY + DAY / 24)
    sessions = {(one.device_id, one.session) for one in said}
    assert sessions.isdisjoint((one.device_id, one.session) for one in (Said(frame, models) for frame in later))


def test_what_an_asset_does_depends_on_no_other_asset(
    day: list[Transmission], places: Places, begins_at: datetime
) -> None:
    kept = {asset.asset_id for asset in places.assets[::2]} | {asset.asset_id for asset in places.assets if asset.area}
    kept |= {asset.area for asset in places.assets if asset.area}
    assets = tuple(asset for asset in places.assets if asset.asset_id in kept)
    devices = tuple(device for device in places.devices if device.asset_id in kept)
    half = replace(places, assets=assets, devices=devices, closures=())
    ids = {device.device_id for device in half.devices}
    closed = {closure.asset_id for closure in places.closures}
    spared = ids - {device.device_id for device in places.devices if device.asset_id in closed}
    alone = list(Borough(half, seed=7, begins_at=begins_at).history(until=begins_at + DAY))
    assert [one for one in alone if one.topic.split("/")[3] in spared] == [
        one for one in day if one.topic.split("/")[3] in spared
    ]


def test_every_device_starts_when_the_borough_begins(said: list[Said], places: Places, begins_at: datetime) -> None:
    first = said[: len(places.devices)]
    assert {one.device_id for one in first} == {device.device_id for device in places.devices}
    assert all(one.decoded.kind is Kind.STARTUP for one in first)
    assert all(one.transmission.at - begins_at < timedelta(seconds=1) for one in first)


def test_counters_begin_at_zero_and_leave_nothing_out(said: list[Said]) -> None:
    counts: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in said:
        counts[one.device_id, one.session].append(one.count)
    assert all(found == list(range(len(found))) for found in counts.values())


def test_transmissions_come_in_order_but_for_the_delay_of_the_network(day: list[Transmission]) -> None:
    for earlier, later in pairwise(day):
        assert later.at >= earlier.at - timedelta(milliseconds=400)


@pytest.mark.parametrize("hours", [0.001, 1, 4.5, 12, 23.9])
def test_what_was_last_said_is_true(said: list[Said], places: Places, begins_at: datetime, hours: float) -> None:
    at = begins_at + timedelta(hours=hours)
    installed = {device.device_id: device for device in places.devices}
    gates = {asset.asset_id for asset in places.assets if asset.kind is AssetKind.GATE}
    believed: dict[AssetId | None, State | None] = {}
    for one in said:
        device = installed[one.device_id]
        # What they say is in test_passages.py.
        if one.transmission.at <= at + timedelta(milliseconds=400) and device.asset_id not in gates:
            believed[device.asset_id] = state_at(one.decoded.measurements, device.distance_threshold_mm)
    truth = Borough(places, seed=7, begins_at=begins_at).truth(at)
    closed = {asset_id for asset_id, state in truth.items() if state is State.CLOSED}
    assert closed == {closure.asset_id for closure in places.closures}
    assert {key: state for key, state in believed.items() if key not in closed} == {
        key: state for key, state in truth.items() if key not in closed
    }


def test_an_event_is_always_a_change(said: list[Said]) -> None:
    last: dict[str, State | None] = {}
    for one in said:
        state = reported_state(one.decoded.measurements)
        if state is None:
            continue
        changed = one.decoded.kind is Kind.EVENT
        assert one.device_id not in last or changed == (state != last[one.device_id])
        last[one.device_id] = state


def test_every_device_beats_its_heart_at_the_start_and_then_once_in_its_interval(
    said: list[Said], places: Places
) -> None:
    beats = Counter(one.device_id for one in said if one.decoded.kind is Kind.HEARTBEAT)
    for device in places.devices:
        model = catalogue.model(device.model)
        # Some models do not tell a change from a heartbeat.
        least = 1 + DAY / model.heartbeat - 1
        assert beats[device.device_id] >= least
        if Kind.EVENT in model.kinds:
            assert beats[device.device_id] <= least + 2


def test_heartbeats_are_spread_over_the_interval(said: list[Said]) -> None:
    hours = Counter(
        one.transmission.at.hour
        for one in said
        if one.decoded.kind is Kind.HEARTBEAT and one.decoded.model == "bosch-tps110"
    )
    assert len(hours) > 20


def test_a_closed_bay_stays_empty_and_its_sensor_alive(places: Places, begins_at: datetime) -> None:
    bay = places.assets[0]
    closure = Closure(asset_id=bay.asset_id, begins_at=begins_at - 2 * DAY, ends_at=begins_at + 3 * DAY, reason="Roots")
    borough = Borough(
        replace(places, assets=(bay,), devices=places.devices[:1], closures=(closure,)), seed=7, begins_at=begins_at
    )
    frames = list(borough.history(until=begins_at + 6 * DAY))
    kinds = [Said(frame, {places.devices[0].device_id: places.devices[0].model}) for frame in frames]
    during = [one.decoded for one in kinds if one.transmission.at < begins_at + 3 * DAY]
    assert [one.kind for one in during] == [Kind.STARTUP] + [Kind.HEARTBEAT] * 4
    assert not any(one.measurements["occupied"] for one in during)
    assert any(one.decoded.measurements["occupied"] for one in kinds)
    assert borough.truth(begins_at) == {bay.asset_id: State.CLOSED}
    assert borough.truth(begins_at + 4 * DAY) != {bay.asset_id: State.CLOSED}


def test_live_goes_on_where_history_ended(day: list[Transmission], places: Places, begins_at: datetime) -> None:
    borough = Borough(places, seed=7, begins_at=begins_at)
    noon = begins_at + timedelta(hours=3)
    past = list(borough.history(until=noon))
    present = list(islice(borough.live(SimClock(noon)), len(day) - len(past)))
    assert past + present == day


def test_live_at_speed_is_stamped_with_the_time_on_the_wall(places: Places, begins_at: datetime) -> None:
    borough = Borough(places, seed=7, begins_at=begins_at)
    frames = list(islice(borough.live(SimClock(begins_at, speed=60)), 1000))
    wall_time = frames[-1].at - begins_at
    slow = list(islice(Borough(places, seed=7, begins_at=begins_at).live(SimClock(begins_at)), 1000))
    delay = timedelta(milliseconds=400)
    assert wall_time - delay == pytest.approx((slow[-1].at - begins_at - delay) / 60, abs=delay)
    stamped = [json.loads(one.payload)["time"] for one in frames]
    assert all(begins_at <= datetime.fromisoformat(time) <= frames[-1].at + delay for time in stamped)


def test_benches_say_what_a_solar_bench_can_say(said: list[Said]) -> None:
    benches = [one.decoded.measurements for one in said if one.decoded.model == "smartplace-bench"]
    assert {one["occupants"] for one in benches} == {0, 1, 2, 3}
    assert {one["charging_ports_in_use"] for one in benches} == {0, 1, 2}
    assert min(one["solar_watts"] for one in benches) == 0
    assert 5 < max(one["solar_watts"] for one in benches) <= 60
    assert all(one["charging_ports_in_use"] <= one["occupants"] for one in benches)


def test_totals_of_a_bench_never_fall(said: list[Said]) -> None:
    benches: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for one in said:
        if one.decoded.model == "smartplace-bench":
            now = one.decoded.measurements
            benches[one.device_id].append((now["charge_sessions_total"], now["energy_wh_total"]))
    for totals in benches.values():
        assert all(before[0] <= after[0] and before[1] <= after[1] for before, after in pairwise(totals))


def test_a_summer_day_has_more_sun_than_a_winter_day(places: Places) -> None:
    def watt_sum(begins_at: datetime) -> float:
        benches = [device for device in places.devices if device.model == "smartplace-bench"]
        frames = Borough(replace(places, devices=tuple(benches)), seed=7, begins_at=begins_at).history(
            until=begins_at + 7 * DAY
        )
        return sum(json.loads(frame.payload)["measurements"]["solar_watts"] for frame in frames)

    assert watt_sum(datetime(2026, 6, 15, tzinfo=UTC)) > 2 * watt_sum(datetime(2026, 12, 14, tzinfo=UTC))


def test_no_event_reaches_the_broker_before_the_times_that_it_carries(day: list[Transmission]) -> None:
    for transmission in day:
        message = json.loads(transmission.payload)
        carried = [message["time"], *(heard["nsTime"] for heard in message.get("rxInfo", []))]
        assert all(datetime.fromisoformat(time) <= transmission.at for time in carried)
