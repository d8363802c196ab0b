"""A plan to tap on: each of its points is one place on the ground, and back."""

from base64 import b64decode
from math import cos, radians
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.site_plan import SIZE, View, close_up, distance_m, nearest_asset, overview, picture

HERE = (0.71, 51.54)
METRE_EAST = 1 / (111_320 * cos(radians(51.54)))
METRE_NORTH = 1 / 111_320
views = st.builds(
    View, lon=st.floats(-179, 179), lat=st.floats(-70, 70), metres_per_pixel=st.floats(0.05, 5, allow_nan=False)
)
coordinates = st.integers(1, SIZE)


def bay(number, east_m=0.0, north_m=0.0, name=None):
    position = {"lon": HERE[0] + east_m * METRE_EAST, "lat": HERE[1] + north_m * METRE_NORTH}
    return f"bay-{number}", {"name": name or f"Bay {number}", **position}


ROW = [bay(number, east_m=2.5 * number) for number in range(10)]


@given(view=views, x=coordinates, y=coordinates)
def test_a_point_is_a_position_and_back_to_a_tenth_of_a_metre(view, x, y):
    again = view.point(view.position(x, y))
    assert abs(again[0] - x) * view.metres_per_pixel < 0.2
    assert abs(again[1] - y) * view.metres_per_pixel < 0.2


@given(view=views, x=coordinates, y=coordinates)
def test_a_view_survives_the_way_through_an_address(view, x, y):
    parsed = View.parse(str(view))
    assert distance_m(parsed.position(x, y), view.position(x, y)) < 0.3


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "nan,1.0,1.0", "181.0,51.0,1.0", "0.7,95.0,1.0", "0.7,51.5,0.0", "0.7,51.5"]
)
def test_what_is_no_view_is_none(text):
    assert View.parse(text) is None


def test_north_is_up_and_east_is_right():
    view = overview(ROW)
    assert view.position(SIZE, 0) > view.position(1, SIZE)
    assert view.position(1, 1)[1] > view.position(1, 300)[1]


def test_all_of_a_place_is_on_its_plan_and_the_nearest_is_what_was_tapped():
    view = overview(ROW)
    for key, asset in ROW:
        x, y = view.point((asset["lon"], asset["lat"]))
        assert 0 < x < SIZE
        assert 0 < y < SIZE
        assert nearest_asset(view.position(round(x) + 2, round(y) - 4), ROW) == key


@pytest.mark.parametrize(("assets", "half_m"), [(ROW, 12), ([bay(1), bay(2, east_m=20)], 80), ([bay(1)], 40)])
def test_a_close_up_has_the_neighbours_on_it(assets, half_m):
    view = close_up(HERE, assets)
    assert view.metres_per_pixel * SIZE / 2 == pytest.approx(half_m, rel=0.01)
    assert close_up(HERE, assets, zoom=1).metres_per_pixel == pytest.approx(view.metres_per_pixel / 2)


def drawn(assets=ROW, pin=None):
    address = picture(close_up(HERE, ROW), assets, chosen="bay-3", pin=pin, taken={"bay-4": "somebody"})
    return ElementTree.fromstring(b64decode(address.removeprefix("data:image/svg+xml;base64,")))


def fills(svg):
    return [circle.get("fill") for circle in svg.iter("{http://www.w3.org/2000/svg}circle")]


def test_what_is_chosen_what_has_a_device_and_where_it_goes_are_told_apart():
    assert fills(drawn()).count("#12436d") == 1
    assert fills(drawn()).count("#b1b4b6") == 1
    assert len(fills(drawn(pin=HERE))) == len(fills(drawn())) + 2


def test_names_are_drawn_as_text_and_nothing_else():
    words = "".join(drawn(assets=[bay(3, name='<script>"&é')]).itertext())
    assert "<script>" not in words
    assert "é" in words
