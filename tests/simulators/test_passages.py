"""What counters at gates say of the simulated cars: counted by the rules of the platform, it is the truth."""

import json
from base64 import b64decode
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import islice

import pytest

from devices import catalogue
from devices.codec import decode
from domain import topics
from domain.counting import Anchor, Step, Total, by_day, count, nightly, passages, sign_of
from domain.places import Asset, AssetKind, Closure, Device, Direction, Places
from simulators.borough import Borough
from simulators.clock import SimClock
from simulators.passages import CountedArea
from simulators.transmission import Transmission

AREA = "tanners-deck-levels"
DAY = timedelta(days=1)
HEARD = timedelta(milliseconds=400)


def deck_of(places: Places) -> Places:
    """Only what is at the counted car park."""
    assets = tuple(asset for asset in places.assets if asset.site_id == "tanners-deck")
    ids = {asset.asset_id for asset in assets}
    devices = tuple(one for one in places.devices if one.asset_id in ids)
    return replace(places, assets=assets, devices=devices, closures=())


@pytest.fixture(scope="module")
def deck(places: Places) -> Places:
    return deck_of(places)


def totals(frames: list[Transmission], places: Places) -> list[Total]:
    """What a receiver makes of the frames of counters at gates."""
    gates = {asset.asset_id: asset for asset in places.assets if asset.kind is AssetKind.GATE}
    at_gates = {device.device_id: device for device in places.devices if device.asset_id in gates}
    found = []
    for frame in frames:
        match topics.parse(frame.topic):
            case topics.ChirpStackTopic(dev_eui=device_id) if device_id in at_gates:
                message, device = json.loads(frame.payload), at_gates[device_id]
                said = decode(catalogue.model(device.model), message["fPort"], b64decode(message["data"]))
                at = datetime.fromisoformat(message["time"])
                for key, value in said.measurements.items():
                    sign = sign_of(key, gates[device.asset_id].direction)
                    if sign is not None:
                        found.append(Total(at, f"{device_id} {key}", sign, int(value)))
    return found


def counted(frames: list[Transmission], places: Places, anchors: list[Anchor]) -> list[Step]:
    area = next(asset for asset in places.assets if asset.asset_id == AREA)
    return count(anchors, passages(totals(frames, places)), capacity=area.capacity)


def shown(steps: list[Step], at: datetime) -> int:
    return [step.taken for step in steps if step.at <= at + HEARD][-1]


def test_what_is_counted_from_the_first_recount_on_is_the_truth(deck: Places, begins_at: datetime) -> None:
    borough = Borough(deck, seed=7, begins_at=begins_at)
    frames = list(borough.history(until=begins_at + DAY))
    steps = counted(frames, deck, [Anchor(begins_at, borough.taken(begins_at)[AREA], "somebody")])

    moments = [begins_at + timedelta(minutes=59 * number) for number in range(24)]
    truth = [borough.taken(at)[AREA] for at in moments]
    # Within a frame's way to the broker a car may pass.
    assert all(abs(shown(steps, at) - true) <= 1 for at, true in zip(moments, truth, strict=True))
    assert sum(shown(steps, at) == true for at, true in zip(moments, truth, strict=True)) > 20
    assert not any(step.residual for step in steps)
    # Nobody is lost between the beginning and the first word of a counter.
    said = totals(frames, deck)
    passed = passages(said)
    came, went = (max(one.value for one in said if one.sign == sign) for sign in (1, -1))
    assert (sum(one.came for one in passed), sum(one.went for one in passed)) == (came, went)


def test_totals_are_heard_in_the_order_in_which_they_were_counted_at_any_speed(
    deck: Places, begins_at: datetime
) -> None:
    frames = list(islice(Borough(deck, seed=7, begins_at=begins_at).live(SimClock(begins_at, speed=600)), 2000))
    for sign in (1, -1):
        values = [one.value for one in sorted(totals(frames, deck)) if one.sign == sign]
        assert values == list(range(len(values)))


def test_it_is_as_full_as_car_parks_are_at_that_hour(deck: Places, begins_at: datetime) -> None:
    borough = Borough(deck, seed=7, begins_at=begins_at)
    taken = {hour: borough.taken(begins_at + timedelta(hours=hour - 9))[AREA] for hour in range(9, 33)}
    assert all(0 <= number <= 120 for number in taken.values())
    assert max(taken, key=lambda hour: taken[hour]) in range(11, 17)
    assert taken[27] < 20 < 60 < taken[13]
    cars = Counter(one.sign for one in totals(list(borough.history(until=begins_at + DAY)), deck))
    # Each space is used several times a day, and who comes leaves again.
    assert 500 < cars[1] < 1500
    assert abs(cars[1] - cars[-1]) <= 120


def test_counters_that_miss_some_drift_and_nights_put_it_right(deck: Places, begins_at: datetime) -> None:
    until = begins_at + 3 * DAY
    exact = Borough(deck, seed=7, begins_at=begins_at)
    nights = [begins_at, *(night.at for night in nightly(time(3, 30), 0, since=begins_at, until=until))]
    recounts = [Anchor(at, exact.taken(at)[AREA], "somebody") for at in nights]

    def drift(missed: float) -> list[int | None]:
        borough = Borough(deck, seed=7, begins_at=begins_at, missed_passages=missed)
        assert borough.taken(until) == exact.taken(until)
        frames = list(borough.history(until=until))
        passed = passages(totals(frames, deck))
        return [day.drift for day in by_day(counted(frames, deck, recounts), passed)][1:]

    assert all(abs(one or 0) <= 1 for one in drift(0.0))
    assert sum(abs(one or 0) for one in drift(0.05)) > 10


def test_missed_cars_change_nothing_elsewhere(places: Places, begins_at: datetime) -> None:
    gates = {device.device_id for device in deck_of(places).devices}

    def elsewhere(missed: float) -> list[Transmission]:
        frames = Borough(places, seed=7, begins_at=begins_at, missed_passages=missed).history(
            until=begins_at + timedelta(hours=3)
        )
        return [frame for frame in frames if frame.topic.split("/")[3] not in gates]

    assert elsewhere(0.0) == elsewhere(0.3)


def test_every_car_takes_one_gate_that_leads_its_way(deck: Places, begins_at: datetime) -> None:
    area = next(asset for asset in deck.assets if asset.kind is AssetKind.AREA)
    entry = next(asset for asset in deck.assets if asset.direction is Direction.IN)

    def gate(name: str, direction: Direction) -> Asset:
        return replace(entry, asset_id=name, direction=direction)

    gates = [gate("in-1", Direction.IN), gate("in-2", Direction.IN), gate("out", Direction.OUT)]
    gates.append(gate("ramp", Direction.BOTH))
    all_ways = CountedArea(area=area, gates=gates, closures=(), seed=7, begins_at=begins_at)
    until = begins_at + timedelta(hours=6)

    def before(stream):
        found = []
        for passage in stream:
            if passage.at >= until:
                return found
            found.append(passage)
        return found

    through = {one.asset_id: before(all_ways.passages_at(one)) for one in gates}
    assert sorted(passage for some in through.values() for passage in some) == before(all_ways.passages())
    ways = defaultdict(set)
    for name, some in through.items():
        ways[name] = {passage.enters for passage in some}
    assert ways == {"in-1": {True}, "in-2": {True}, "out": {False}, "ramp": {True, False}}


@pytest.mark.parametrize("what", [{"asset_id": AREA}, {"site_id": "tanners-deck"}], ids=["area", "site"])
def test_nobody_comes_while_it_is_closed(deck: Places, begins_at: datetime, what: dict[str, str]) -> None:
    ends_at = begins_at + timedelta(hours=8)
    closed = replace(deck, closures=(Closure(**what, begins_at=begins_at, ends_at=ends_at, reason="Floods"),))
    borough = Borough(closed, seed=7, begins_at=begins_at)
    frames = [frame for frame in borough.history(until=begins_at + DAY) if frame.at < ends_at]
    came = [one.value for one in totals(frames, deck) if one.sign > 0]
    assert set(came) == {0}
    assert borough.taken(ends_at)[AREA] < borough.taken(begins_at)[AREA]
    assert borough.taken(begins_at + timedelta(hours=10))[AREA] > 0


def test_an_area_with_a_counter_of_its_own_and_gates_to_nowhere_are_not_played(
    deck: Places, places: Places, begins_at: datetime
) -> None:
    own = Device(device_id="count-1", model="smartplace-count", asset_id=AREA, silent_after=DAY)
    no_area = tuple(asset for asset in places.assets if asset.kind is not AssetKind.AREA)
    for odd in (replace(places, devices=(*places.devices, own)), replace(places, assets=no_area)):
        borough = Borough(odd, seed=7, begins_at=begins_at)
        assert totals(list(borough.history(until=begins_at + timedelta(hours=1))), places) == []
        assert borough.taken(begins_at) == {}
