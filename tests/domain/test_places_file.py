from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.boards import Arrow
from domain.categories import Category
from domain.errors import PlacesFileError, UnknownModelError
from domain.places import AssetKind, Direction, Places, SiteKind
from domain.places_file import parse_places

MODELS = {
    "bosch-tps110": timedelta(hours=60),
    "milesight-vs341": timedelta(hours=50),
    "smartplace-count": timedelta(minutes=25),
}
GOOD = """
name = "Somewhere"
simulated = false

[[site]]
id = "market"
name = "Market Car Park"
kind = "car_park"
locality = "Grays"
lon = 0.325
lat = 51.475

[[site.bays]]
category = "general"
model = "bosch-tps110"
count = 3
from = [0.3250, 51.4750]
to = [0.3252, 51.4750]

[[site.bays]]
category = "disabled"
model = "bosch-tps110"
bay = [
    { id = "market-blue", name = "Blue badge", lon = 0.3251, lat = 51.4751, device = "70B3D5A1B2C3D4E5" },
]

[[site.benches]]
model = "milesight-vs341"
count = 1
from = [0.3255, 51.4755]
to = [0.3256, 51.4755]

[[site.closures]]
bays = ["market-002"]
begins = 2026-03-01T08:00:00+01:00
ends = 2026-03-08T08:00:00+01:00
reason = "Resurfacing"

[[sign]]
id = "north"
name = "Northern approach"
site = "market"
lon = 0.324
lat = 51.476

[[sign.line]]
key = "all"
label = "Market"
site = "market"
arrow = "left"

[[sign.line]]
key = "blue"
label = "Market accessible"
site = "market"
category = "disabled"
"""


COUNTED = """
[[site.areas]]
id = "market-level-1"
name = "Level 1"
capacity = 120
lon = 0.3252
lat = 51.4752
model = "smartplace-count"
device = "count-1"

[[site.areas]]
id = "market-roof"
name = "Roof"
category = "ev"
capacity = 10
lon = 0.3252
lat = 51.4753
anchor_at = "03:30"
anchor_taken = 0

[[site.gates]]
id = "market-ramp"
name = "Ramp"
area = "market-roof"
direction = "both"
lon = 0.3253
lat = 51.4753
model = "bosch-tps110"
device = "70B3D5A1B2C3D4E6"

[[site.closures]]"""
WITH_AREAS = GOOD.replace("[[site.closures]]", COUNTED, 1)


def silent_after(model: str) -> timedelta:
    if model not in MODELS:
        raise UnknownModelError(model)
    return MODELS[model]


def parse(text: str) -> Places:
    return parse_places(text, source="places.toml", silent_after=silent_after)


def problems(text: str) -> list[str]:
    with pytest.raises(PlacesFileError) as caught:
        parse(text)
    return caught.value.problems


def test_a_good_file_becomes_places() -> None:
    places = parse(GOOD)
    [site] = places.sites
    assert (site.site_id, site.kind, site.locality, site.simulated) == (
        "market",
        SiteKind.CAR_PARK,
        "Grays",
        False,
    )
    assert [asset.asset_id for asset in places.assets] == [
        "market-001",
        "market-002",
        "market-003",
        "market-blue",
        "market-bench-01",
    ]
    assert [asset.kind for asset in places.assets] == [AssetKind.BAY] * 4 + [AssetKind.BENCH]
    assert [asset.category for asset in places.assets] == [Category.GENERAL] * 3 + [Category.DISABLED, None]


def test_bays_in_a_row_are_evenly_spaced_from_end_to_end() -> None:
    assert [asset.lon for asset in parse(GOOD).assets[:3]] == [0.3250, 0.3251, 0.3252]


def test_explicit_bays_keep_their_own_name_position_and_device() -> None:
    places = parse(GOOD)
    bay, device = places.assets[3], places.devices[3]
    assert (bay.name, bay.lon, bay.lat) == ("Blue badge", 0.3251, 51.4751)
    assert (device.device_id, device.asset_id) == ("70b3d5a1b2c3d4e5", "market-blue")


def test_devices_know_when_their_silence_counts() -> None:
    assert [device.silent_after for device in parse(GOOD).devices] == [
        timedelta(hours=60),
        timedelta(hours=60),
        timedelta(hours=60),
        timedelta(hours=60),
        timedelta(hours=50),
    ]


def test_generated_device_euis_never_change_and_are_locally_administered() -> None:
    device_id = parse(GOOD).devices[0].device_id
    assert device_id == "5a000097e100463d"
    assert int(device_id[:2], 16) & 0b10


def test_closures_and_signs_are_read() -> None:
    places = parse(GOOD)
    [closure] = places.closures
    assert closure.begins_at == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert (closure.asset_id, closure.reason) == ("market-002", "Resurfacing")
    [sign] = places.signs
    assert [(line.key, line.category, line.arrow) for line in sign.board.lines] == [
        ("all", None, Arrow.LEFT),
        ("blue", Category.DISABLED, None),
    ]


def test_a_closure_without_an_end_lasts_until_further_notice() -> None:
    places = parse(GOOD.replace("ends = 2026-03-08T08:00:00+01:00\n", ""))
    assert places.closures[0].ends_at is None


def test_a_closure_may_be_of_the_whole_site_or_of_a_zone() -> None:
    [whole] = parse(GOOD.replace('bays = ["market-002"]', "whole_site = true")).closures
    assert (whole.asset_id, whole.site_id, whole.zone_id) == (None, "market", None)
    [zone] = parse(GOOD.replace('bays = ["market-002"]', 'zone = "roof"')).closures
    assert (zone.asset_id, zone.site_id, zone.zone_id) == (None, "market", "roof")
    places = parse(GOOD)
    bay = next(asset for asset in places.assets if asset.asset_id == "market-002")
    assert [one.closes(bay) for one in (*places.closures, whole, zone)] == [True, True, False]
    assert zone.closes(replace(bay, zone_id="roof"))
    assert not whole.closes(replace(bay, site_id="elsewhere"))


def test_a_bay_has_a_threshold_of_its_own_or_that_of_its_row() -> None:
    row = GOOD.replace("count = 3", "count = 3\ndistance_threshold_mm = 1500")
    assert thresholds(row) == [1500, 1500, 1500, None, None]
    one = GOOD.replace('"70B3D5A1B2C3D4E5" }', '"70B3D5A1B2C3D4E5", distance_threshold_mm = 900 }')
    assert thresholds(one) == [None, None, None, 900, None]


def thresholds(text: str) -> list[int | None]:
    found = parse_places(text, source="somewhere.toml", silent_after=MODELS.__getitem__)
    return [device.distance_threshold_mm for device in found.devices]


@pytest.mark.parametrize(
    ("good", "bad", "sentence"),
    [
        ('id = "market"', 'id = "Market!"', "site 'Market!': id 'Market!' is not a valid site id"),
        ('id = "market"\n', "", "site 1: id is missing; it must be text in quotes"),
        ('kind = "car_park"', 'kind = "carpark"', "site 'market': kind must be one of car_park, street"),
        ("lon = 0.325\n", "lon = 190\n", "site 'market': lon must be degrees from -180 to 180, got 190"),
        ("lat = 51.475\n", "lat = nan\n", "site 'market': lat must be degrees from -90 to 90, got nan"),
        ("lat = 51.475\n", 'lat = "51"\n', "site 'market': lat must be degrees from -90 to 90, got '51'"),
        ('locality = "Grays"', 'locality = " "', "site 'market': locality is empty"),
        (
            'locality = "Grays"',
            'localty = "Grays"',
            "site 'market': 'localty' is not a key here; known are areas, bays, benches",
        ),
        (
            "count = 3",
            "count = 3\ndistance_threshold_mm = 0",
            "distance_threshold_mm must be from 1 to 20000",
        ),
        (
            "count = 3",
            "count = 3\ndistance_threshold_mm = true",
            "distance_threshold_mm must be a whole number, got True",
        ),
        ("count = 3", "count = 0", "site 'market', bays 1: count must be from 1 to 10000, got 0"),
        ("count = 3", "count = 2.5", "site 'market', bays 1: count must be a whole number, got 2.5"),
        ("count = 3", "count = true", "site 'market', bays 1: count must be a whole number, got True"),
        ("to = [0.3252, 51.4750]", "to = [0.3252]", "site 'market', bays 1: to must be [lon, lat], got [0.3252]"),
        ("to = [0.3252, 51.4750]", "to = [0.3, 99]", "bays 1: to lat must be degrees from -90 to 90, got 99"),
        ('"milesight-vs341"', '"milesight-vs3"', "benches 1: model: no device model 'milesight-vs3'"),
        ('category = "general"', 'category = "vip"', "bays 1: category must be one of general, disabled"),
        ("70B3D5A1B2C3D4E5", "70B3D5", "bays 2, bay 'market-blue': device '70B3D5' is not a valid dev_eui"),
        ('"market-blue", name', '"market-001", name', "asset id 'market-001' is used 2 times"),
        ("70B3D5A1B2C3D4E5", "5a000097e100463d", "device id '5a000097e100463d' is used 2 times"),
        ('["market-002"]', '["market-099"]', "there is no bay or bench 'market-099'"),
        ('bays = ["market-002"]\n', "", "site 'market', closure 1: one of bays, zone and whole_site is missing"),
        ('bays = ["market-002"]', 'zone = "The Roof"', "site 'market', closure 1: zone "),
        ('bays = ["market-002"]', "whole_site = false", "closure 1: whole_site must be true"),
        ('bays = ["market-002"]', 'whole_site = "yes"', "closure 1: whole_site must be true, got 'yes'"),
        ("begins = 2026-03-01T08", 'zone = "roof"\nbegins = 2026-03-01T08', "closure 1: only one of bays, zone and"),
        ('bays = ["market-002"]', 'category = "disabled"', "closure 1: 'category' is not a key here; known are bays,"),
        ('["market-002"]', "[2]", "closure 1: bays must be a list of texts, got 2"),
        ("begins = 2026-03-01T08:00:00+01:00", "begins = 2026-03-01T08:00:00", "begins needs Z or an offset"),
        ("ends = 2026-03-08", "ends = 2025-03-08", "site 'market', closure 1: ends must be after begins"),
        ('arrow = "left"', 'arrow = "up"', "sign 'north', line 1: arrow must be one of left, right, ahead"),
        ('key = "blue"', 'key = "all"', "sign 'north': line key 'all' is used 2 times"),
        ("simulated = false", 'simulated = "no"', "the file: simulated must be true or false, got 'no'"),
        ('name = "Somewhere"', 'title = "x"', "the file: name is missing"),
    ],
)
def test_each_mistake_gets_its_sentence(good: str, bad: str, sentence: str) -> None:
    assert good in GOOD
    found = problems(GOOD.replace(good, bad, 1))
    assert any(sentence in problem for problem in found), found


def test_a_sign_cannot_speak_of_a_site_that_is_not_there() -> None:
    text = GOOD.replace('site = "market"\narrow', 'site = "bazaar"\narrow')
    assert problems(text) == ["sign 'north', line 'all': there is no site 'bazaar'"]


def test_a_sign_cannot_count_bays_of_a_category_that_its_site_lacks() -> None:
    text = GOOD.rsplit('"disabled"', 1)[0] + '"ev"\n'
    assert problems(text) == ["sign 'north', line 'blue': site 'market' has no ev bay"]


def test_a_sign_needs_a_line() -> None:
    assert problems(GOOD.split("[[sign.line]]", maxsplit=1)[0]) == [
        "sign 'north': line is missing; a sign needs at least one line"
    ]


def test_site_ids_too_long_for_their_bays_are_reported() -> None:
    found = problems(GOOD.replace('"market"', f'"{"m" * 64}"').replace('["market-002"]', "[]"))
    assert any("is longer than 64 characters; give its site a shorter id" in problem for problem in found)


def test_every_problem_is_reported_at_once() -> None:
    text = GOOD.replace('kind = "car_park"', 'kind = "lot"').replace("lon = 0.324\n", "").replace("= 3", "= 30_000")
    found = problems(text + 'colour = "red"\n')
    assert [sentence.split(": ")[0] for sentence in found] == [
        "site 'market'",
        "site 'market', bays 1",
        "sign 'north', line 2",
        "sign 'north'",
        "closure 'Resurfacing'",
    ]


def test_text_that_is_no_toml_says_where() -> None:
    [problem] = problems("name = \n")
    assert problem.startswith("this is not TOML:")
    assert "line 1" in problem


@given(st.text())
def test_any_text_is_places_or_a_list_of_problems(text: str) -> None:
    with pytest.raises(PlacesFileError) as caught:
        parse(text)
    assert caught.value.problems


@given(
    st.dictionaries(
        st.sampled_from(["id", "name", "kind", "lon", "bays", "benches", "closures", "site"]),
        st.sampled_from(['"x"', "1", "[]", "[1]", "{}", "[{}]", "true", "1979-05-27", "[{bay = [{}]}]"]),
    )
)
def test_no_value_of_any_type_crashes_the_reader(entries: dict[str, str]) -> None:
    site = "".join(f"{key} = {value}\n" for key, value in entries.items())
    assert problems(f'name = "x"\nsimulated = true\n[[site]]\n{site}')


def test_two_lines_of_a_sign_cannot_have_one_label():
    twice = GOOD.replace('label = "Market accessible"', 'label = "Market"')

    assert problems(twice) == ["sign 'north': line label 'Market' is used 2 times"]


def test_areas_and_gates_are_read() -> None:
    places = parse(WITH_AREAS)
    level, roof, ramp = places.assets[-3:]
    assert (level.kind, level.category, level.capacity) == (AssetKind.AREA, Category.GENERAL, 120)
    assert (roof.category, roof.anchor_at, roof.anchor_taken) == (Category.EV, "03:30", 0)
    assert (ramp.kind, ramp.area, ramp.direction) == (AssetKind.GATE, "market-roof", Direction.BOTH)
    assert [(one.device_id, one.asset_id) for one in places.devices[-2:]] == [
        ("count-1", "market-level-1"),
        ("70b3d5a1b2c3d4e6", "market-ramp"),
    ]


@pytest.mark.parametrize(
    ("good", "bad", "sentence"),
    [
        ("capacity = 120", "capacity = 0", "area 'market-level-1': capacity must be from 1 to 100000, got 0"),
        ('anchor_at = "03:30"', 'anchor_at = "25:00"', "area 'market-roof': anchor_at must be a time of the day"),
        ("anchor_taken = 0", "anchor_taken = 11", "area 'market-roof': anchor_taken must be at most the capacity"),
        ("anchor_taken = 0\n", "", "area 'market-roof': anchor_at and anchor_taken go together"),
        ('area = "market-roof"', 'area = "market-002"', "gate 'market-ramp': there is no area 'market-002' in site"),
        ('direction = "both"', 'direction = "up"', "gate 'market-ramp': direction must be one of in, out, both"),
        ('"70B3D5A1B2C3D4E6"', '"ramp"', "gate 'market-ramp': device 'ramp' is not a valid dev_eui"),
        ('device = "count-1"\n', "", "area 'market-level-1': device is missing"),
    ],
)
def test_each_mistake_about_areas_gets_its_sentence(good: str, bad: str, sentence: str) -> None:
    assert good in WITH_AREAS
    found = problems(WITH_AREAS.replace(good, bad, 1))
    assert any(sentence in problem for problem in found), found
