"""The shapes that stand for states, and arrows, drawn in one colour: what is told apart without any."""

from PIL import ImageDraw

from domain.availability import Availability
from domain.boards import Arrow

BLACK = 0
Point = tuple[int, int]


def draw_shape(canvas: ImageDraw.ImageDraw, state: Availability, corner: Point, side: int) -> None:
    """A disc, a triangle, a square, a barred ring, or an outlined diamond; `corner` is its upper left."""
    left, top = corner
    right, bottom = left + side, top + side
    stroke = max(2, side // 8)
    middle_x, middle_y = left + side // 2, top + side // 2
    match state:
        case Availability.SPACES:
            canvas.ellipse((left, top, right, bottom), fill=BLACK)
        case Availability.ALMOST_FULL:
            canvas.polygon([(middle_x, top), (right, bottom), (left, bottom)], fill=BLACK)
        case Availability.FULL:
            canvas.rectangle((left, top, right, bottom), fill=BLACK)
        case Availability.CLOSED:
            canvas.ellipse((left, top, right, bottom), outline=BLACK, width=stroke)
            inset = round(side * 0.15)
            canvas.line((left + inset, top + inset, right - inset, bottom - inset), fill=BLACK, width=stroke)
        case Availability.UNKNOWN:
            corners = [(middle_x, top), (right, middle_y), (middle_x, bottom), (left, middle_y), (middle_x, top)]
            canvas.line(corners, fill=BLACK, width=stroke, joint="curve")


def draw_arrow(canvas: ImageDraw.ImageDraw, arrow: Arrow, corner: Point, side: int) -> None:
    """A broad arrow in a square."""
    # Drawn to the left in a square of 24, then turned.
    left_arrow: list[tuple[float, float]] = [(11, 2), (1, 12), (11, 22), (11, 15.5), (23, 15.5), (23, 8.5), (11, 8.5)]
    turned: list[tuple[float, float]] = {
        Arrow.LEFT: left_arrow,
        Arrow.RIGHT: [(24 - x, y) for x, y in left_arrow],
        Arrow.AHEAD: [(y, x) for x, y in left_arrow],
    }[arrow]
    scale = side / 24
    canvas.polygon([(corner[0] + x * scale, corner[1] + y * scale) for x, y in turned], fill=BLACK)
