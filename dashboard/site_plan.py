"""A plan of a place to tap on: a picture of one size that says where on the ground each of its points is.

It is the image of a submit button, so that a browser without scripts sends where it was tapped. Hence one size: the
browser tells points of the picture as it is shown.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import cos, hypot, inf, radians
from typing import Self

from domain.register import Values

SIZE = 320
"""Width and height in CSS pixels: it fits beside the margins of a phone that is 375 pixels wide."""
_MARGIN, _SCALE = 24, 24
_METRES_PER_DEGREE = 111_320.0
_CLOSE_UP_M = (12.0, 150.0)
_ALONE_M = 40.0
_VIEW = re.compile(r"-?\d{1,3}\.\d{1,9},-?\d{1,2}\.\d{1,9},\d{1,4}\.\d{1,9}")

Assets = Sequence[tuple[str, Values]]
Position = tuple[float, float]
"""Longitude and latitude in degrees of WGS 84."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a plan shows: the position in its middle, and how many metres a pixel is; north is up."""

    lon: float
    lat: float
    metres_per_pixel: float

    def __str__(self) -> str:
        return f"{self.lon:.7f},{self.lat:.7f},{self.metres_per_pixel:.5f}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """A view as it is written; None for anything else."""
        if not _VIEW.fullmatch(text):
            return None
        lon, lat, metres_per_pixel = map(float, text.split(","))
        is_one = abs(lon) <= 180 and abs(lat) < 90 and metres_per_pixel > 0
        return cls(lon=lon, lat=lat, metres_per_pixel=metres_per_pixel) if is_one else None

    def position(self, x: float, y: float) -> Position:
        """Where a point of the plan is, to a tenth of a metre or better."""
        east, north = (x - SIZE / 2) * self.metres_per_pixel, (SIZE / 2 - y) * self.metres_per_pixel
        return round(self.lon + east / _metres_east(self.lat), 6), round(self.lat + north / _METRES_PER_DEGREE, 6)

    def point(self, position: Position) -> tuple[float, float]:
        """Where a position is on the plan."""
        east = (position[0] - self.lon) * _metres_east(self.lat)
        north = (position[1] - self.lat) * _METRES_PER_DEGREE
        return round(SIZE / 2 + east / self.metres_per_pixel, 1), round(SIZE / 2 - north / self.metres_per_pixel, 1)


def overview(assets: Assets) -> View:
    """All of a place, above the scale; `assets` are not empty."""
    lons, lats = zip(*(_position(asset) for _, asset in assets), strict=True)
    lon, lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    wide, tall = (max(lons) - min(lons)) * _metres_east(lat), (max(lats) - min(lats)) * _METRES_PER_DEGREE
    metres_per_pixel = max(wide / (SIZE - 2 * _MARGIN), tall / (SIZE - 2 * _MARGIN - _SCALE), 20.0 / SIZE)
    lat -= _SCALE / 2 * metres_per_pixel / _METRES_PER_DEGREE
    return View(lon=lon, lat=lat, metres_per_pixel=metres_per_pixel)


def close_up(around: Position, assets: Assets, *, zoom: int = 0) -> View:
    """So much around a position that its neighbours are seen, too; each `zoom` doubles or halves it."""
    nearest = min((away for _, asset in assets if (away := distance_m(around, _position(asset))) > 0.5), default=None)
    least, most = _CLOSE_UP_M
    half_m = _ALONE_M if nearest is None else min(max(4 * nearest, least), most)
    return View(lon=around[0], lat=around[1], metres_per_pixel=2 * half_m / SIZE * 2.0**-zoom)


def nearest_asset(position: Position, assets: Assets) -> str:
    """The id of the bay or bench that is closest; `assets` are not empty."""
    return min(assets, key=lambda one: distance_m(position, _position(one[1])))[0]


def distance_m(one: Position, other: Position) -> float:
    """How far apart two positions of one place are."""
    return hypot((one[0] - other[0]) * _metres_east(one[1]), (one[1] - other[1]) * _METRES_PER_DEGREE)


def picture(view: View, assets: Assets, *, chosen: str, pin: Position | None, taken: Mapping[str, str]) -> str:
    """The plan as a `data:` address of an SVG picture; `taken` has the assets that have a device."""
    spots = [(key, asset, view.point(_position(asset))) for key, asset in assets]
    seen = [spot for spot in spots if all(-SIZE / 8 <= part <= SIZE * 9 / 8 for part in spot[2])]
    radius = _radius([point for _, _, point in seen])
    # What is chosen is drawn last: over its neighbours.
    drawn = [_marker(asset, point, radius, _STYLES[key == chosen, key in taken]) for key, asset, point in seen]
    drawn.sort(key=lambda svg: _STYLES[True, True] in svg)
    parts = [_FRAME, *drawn, _scale(view.metres_per_pixel), _NORTH, *([_pin(view.point(pin))] if pin else []), "</svg>"]
    return "data:image/svg+xml;base64," + b64encode("".join(parts).encode()).decode()


_FRAME = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" viewBox="0 0 {SIZE} {SIZE}" '
    'font-family="arial, sans-serif" font-weight="700" text-anchor="middle">'
    f'<path fill="#f3f2ee" d="M0 0h{SIZE}v{SIZE}H0z"/>'
)
_NORTH = f'<path fill="#0b0c0c" d="m{SIZE - 16} 10 6 16h-12z"/><text x="{SIZE - 16}" y="42" font-size="14">N</text>'
_CHOSEN = 'fill="#12436d" stroke="#12436d"'
_STYLES = {
    (True, True): _CHOSEN,
    (True, False): _CHOSEN,
    (False, True): 'fill="#b1b4b6" stroke="#505a5f"',
    (False, False): 'fill="#fff" stroke="#505a5f"',
}


def _marker(asset: Values, point: tuple[float, float], radius: float, style: str) -> str:
    x, y = point
    shape = f'<circle cx="{x}" cy="{y}" r="{radius}" stroke-width="1.5" {style}/>'
    number = re.search(r"\w{1,3}$", str(asset["name"]))
    if number is None or radius < 7:
        return shape
    ink = "#fff" if style == _CHOSEN else "#0b0c0c"
    size = round(min(radius * 1.1, 14), 1)
    base = round(y + size * 0.36, 1)
    return f'{shape}<text x="{x}" y="{base}" font-size="{size}" fill="{ink}">{escape(number[0])}</text>'


def _pin(point: tuple[float, float]) -> str:
    x, y = point
    return (
        f'<circle cx="{x}" cy="{y}" r="9" fill="none" stroke="#fff" stroke-width="5"/>'
        f'<path d="M{x} {y - 16}v32M{x - 16} {y}h32" stroke="#fff" stroke-width="5"/>'
        f'<g stroke="#d4351c" stroke-width="2.5" fill="none"><circle cx="{x}" cy="{y}" r="9"/>'
        f'<path d="M{x} {y - 16}v32M{x - 16} {y}h32"/></g>'
    )


def _scale(metres_per_pixel: float) -> str:
    length = 1.0
    for factor in (2.0, 2.5, 2.0) * 5:
        if length * factor / metres_per_pixel > SIZE / 3:
            break
        length *= factor
    wide = round(length / metres_per_pixel, 1)
    base = SIZE - 10
    return (
        f'<path d="M10 {base - 6}v6h{wide}v-6" fill="none" stroke="#0b0c0c" stroke-width="2"/>'
        f'<text x="{10 + wide / 2}" y="{base - 8}" font-size="13">{length:g} m</text>'
    )


def _radius(points: Sequence[tuple[float, float]]) -> float:
    """As large as neighbours allow, within what is legible."""
    closest = inf
    ordered = sorted(points)
    for index, (x, y) in enumerate(ordered):
        for other_x, other_y in ordered[index + 1 :]:
            if other_x - x >= closest:
                break
            closest = min(closest, hypot(other_x - x, other_y - y))
    return round(min(max(closest * 0.45, 3.0), 13.0), 1)


def _position(asset: Values) -> Position:
    return float(str(asset["lon"])), float(str(asset["lat"]))


def _metres_east(lat: float) -> float:
    return _METRES_PER_DEGREE * max(cos(radians(lat)), 1e-6)
