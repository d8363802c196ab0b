from collections import Counter

import pytest

from devices import catalogue
from domain.places import AssetKind, Category, Direction, Places, SiteKind
from simulators.demo import demo_text


def test_the_demo_borough_is_big_enough_to_show_everything(places: Places) -> None:
    kinds = Counter(asset.kind for asset in places.assets)
    assert len(places.sites) >= 8
    assert kinds[AssetKind.BAY] >= 300
    assert kinds[AssetKind.BENCH] == 24
    assert len(places.signs) == 6
    assert 2 <= len(places.closures) <= 3


def test_every_kind_of_site_and_category_of_bay_is_there(places: Places) -> None:
    assert {site.kind for site in places.sites} == set(SiteKind)
    assert {asset.category for asset in places.assets} == {None, *Category}


def test_devices_of_several_makers_are_installed_where_they_belong(places: Places) -> None:
    kinds = {asset.asset_id: asset.kind for asset in places.assets}
    assert len({device.model for device in places.devices}) >= 7
    for device in places.devices:
        assert device.asset_id is not None
        # Counters at gates sense no place: they count who passes.
        senses = catalogue.model(device.model).senses
        assert kinds[device.asset_id] is (senses or AssetKind.GATE)


def test_at_least_six_benches_charge_from_the_sun(places: Places) -> None:
    assert sum(device.model == "smartplace-bench" for device in places.devices) >= 6


def test_signs_have_two_to_five_lines_with_arrows_and_some_for_disabled_bays(places: Places) -> None:
    lines = [line for sign in places.signs for line in sign.board.lines]
    assert all(2 <= len(sign.board.lines) <= 5 for sign in places.signs)
    assert all(line.arrow for line in lines)
    assert any(line.category is Category.DISABLED for line in lines)


def test_the_demo_says_that_it_is_simulated(places: Places) -> None:
    assert all(site.simulated for site in places.sites)
    assert "SIMULATED" in demo_text().splitlines()[0]


def test_everything_lies_in_thurrock_north_of_the_thames(places: Places) -> None:
    for thing in (*places.sites, *places.assets, *places.signs):
        assert 0.23 < thing.lon < 0.50
        assert 51.462 < thing.lat < 51.56


def test_bays_and_benches_lie_close_to_the_middle_of_their_site(places: Places) -> None:
    middle = {site.site_id: (site.lon, site.lat) for site in places.sites}
    for asset in places.assets:
        lon, lat = middle[asset.site_id]
        assert (asset.lon, asset.lat) == (pytest.approx(lon, abs=0.002), pytest.approx(lat, abs=0.001))


def test_no_two_assets_stand_on_the_same_spot(places: Places) -> None:
    assert len({(asset.lon, asset.lat) for asset in places.assets}) == len(places.assets)


def test_one_car_park_is_counted_at_its_entry_and_its_exit_and_a_sign_tells_of_it(places: Places) -> None:
    [area] = [asset for asset in places.assets if asset.kind is AssetKind.AREA]
    gates = {asset.direction for asset in places.assets if asset.area == area.asset_id}
    assert gates == {Direction.IN, Direction.OUT}
    assert any(line.site_id == area.site_id for sign in places.signs for line in sign.board.lines)
