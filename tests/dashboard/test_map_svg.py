from math import cos, radians

import pytest

from dashboard import map_svg
from domain.places import Category
from domain.states import State


def test_a_place_without_bays_or_benches_has_no_map():
    assert map_svg.draw([]) is None


def test_one_bay_is_drawn_in_the_middle(make_bay):
    drawing = map_svg.draw([make_bay(1, State.FREE)])
    assert drawing.markers[0].x == pytest.approx(map_svg.WIDTH / 2, abs=0.2)
    assert drawing.radius == map_svg.MAX_RADIUS


def test_north_is_up_and_east_is_right(make_bay):
    south_west = make_bay(1, State.FREE, lon=0.71, lat=51.54)
    north_east = make_bay(2, State.FREE, lon=0.711, lat=51.5403)
    first, second = map_svg.draw([south_west, north_east]).markers
    assert second.x > first.x
    assert second.y < first.y


def test_a_metre_is_as_long_eastwards_as_northwards(make_bay):
    north = 0.0005
    east = north / cos(radians(51.54))
    spots = [(0.71, 51.54), (0.71 + east, 51.54), (0.71, 51.54 + north)]
    corner, right, top = map_svg.draw([make_bay(n, State.FREE, lon=x, lat=y) for n, (x, y) in enumerate(spots)]).markers
    assert right.x - corner.x == pytest.approx(corner.y - top.y, rel=0.01)


def test_sixty_bays_stay_legible_and_apart(borough):
    drawing = map_svg.draw(borough.assets_of("seafront-west"))
    assert len(drawing.markers) == 60
    assert drawing.radius >= map_svg.MIN_RADIUS
    spots = {(marker.x, marker.y) for marker in drawing.markers}
    assert len(spots) == 60
    for marker in drawing.markers:
        assert drawing.radius < marker.x < drawing.width - drawing.radius
        assert drawing.radius < marker.y < drawing.height - drawing.radius


def test_bays_at_one_spot_do_not_break_the_map(make_bay):
    drawing = map_svg.draw([make_bay(n, State.FREE, lon=0.71, lat=51.54) for n in range(3)])
    assert drawing.radius == map_svg.MIN_RADIUS


def test_the_legend_explains_the_letters_in_use_and_no_others(make_bay):
    drawing = map_svg.draw(
        [make_bay(1, State.FREE), make_bay(2, State.FREE, Category.DISABLED), make_bay(3, State.FREE, None)]
    )
    assert drawing.letters == {"A": "Accessible", "B": "Bench"}


def test_each_state_has_its_own_shape_a_title_and_a_legend(client):
    page = client.get("/sites/seafront-west").text
    assert '<svg class="map__drawing"' in page
    assert 'aria-labelledby="map-title map-desc"' in page
    assert '<title id="map-title">Map of Seafront West</title>' in page
    for slug in ("free", "taken", "no-recent-data", "closed"):
        assert f'id="shape-{slug}"' in page
        assert f'href="#shape-{slug}"' in page
    assert page.count('class="marker"') == 60
    assert "bay 0, accessible: free" in page.lower()


def test_the_scale_bar_is_a_round_length_that_fits(borough):
    for site_id in ("seafront-west", "cliff-parade", "pier-gardens"):
        drawing = map_svg.draw(borough.assets_of(site_id))
        assert str(int(drawing.bar_metres))[0] in "125"
        assert drawing.bar_width <= map_svg.WIDTH / 5 + 1
