"""Boards: what a sign is set up to say. Frames (`signage.frame`) are what it does say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum

from domain.availability import DEFAULT_THRESHOLDS, MIN_COVERAGE, Thresholds
from domain.categories import Category
from domain.ids import SignId, SiteId, ZoneId

Texts = Mapping[str, str]
"""One text by language tag (BCP 47), such as `cy`; a language that is not there gets the primary text."""

PRIMARY_LANGUAGE = "en"


class Arrow(StrEnum):
    """Where a sign sends people."""

    LEFT = "left"
    RIGHT = "right"
    AHEAD = "ahead"


class LineMode(StrEnum):
    """Who decides what a line says: the sensors (`auto`), or somebody for them."""

    AUTO = "auto"
    BLANK = "blank"
    FULL = "full"
    CLOSED = "closed"
    STAFF = "staff"
    TEST = "test"


class FallbackKind(StrEnum):
    """What a line says instead of a number that is not known."""

    DASHES = "dashes"
    USUAL = "usual"
    TEXT = "text"


class Layout(StrEnum):
    """The shape of the screen."""

    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"
    TOTEM = "totem"
    STRIP = "strip"
    EPAPER = "epaper"


SIZES: Mapping[Layout, tuple[int, int]] = {
    Layout.LANDSCAPE: (1920, 1080),
    Layout.PORTRAIT: (1080, 1920),
    Layout.TOTEM: (600, 1920),
    Layout.STRIP: (960, 160),
    Layout.EPAPER: (800, 480),
}
"""Width and height in pixels of a board that does not say its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """What to say where nothing is known: dashes; in words what is usual at this time; or a text without digits."""

    kind: FallbackKind = FallbackKind.DASHES
    text: str = ""
    texts: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLine:
    """One line of a board: the free bays of a site, of one of its zones or categories, or of a zone's category.

    `offset` is added to the free bays (negative for bays that no sensor sees taken); fewer than `minimum` are told as
    FULL, more than `maximum` as `maximum`. From `step` on, numbers are rounded down to a multiple of it. Where the
    newest word of any sensor is older than `max_age`, or less than `min_coverage` of the open bays are known, the line
    is unknown and says its `fallback`, or that of the board.
    """

    key: str
    label: str
    site_id: SiteId
    zone_id: ZoneId | None = None
    category: Category | None = None
    labels: Texts = field(default_factory=dict)
    arrow: Arrow | None = None
    mode: LineMode = LineMode.AUTO
    minimum: int = 1
    maximum: int | None = None
    offset: int = 0
    step: int = 1
    thresholds: Thresholds = DEFAULT_THRESHOLDS
    min_coverage: float = MIN_COVERAGE
    max_age: timedelta | None = None
    fallback: Fallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brightness:
    """Percent of the full brightness by day and by night, as the sun stands at the sign; between them at dusk."""

    day_percent: int = 100
    night_percent: int = 30

    @classmethod
    def fixed(cls, percent: int) -> "Brightness":
        """The same at all hours."""
        return cls(day_percent=percent, night_percent=percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A time of the week at which the board is lit: local time of the United Kingdom, Monday is 0.

    An end at or before the beginning is on the next day: 18:00 to 02:00.
    """

    weekdays: frozenset[int]
    begins: time
    ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a sign is set up to say. `layout_version` counts the changes of this sign's board from 1.

    `languages` begins with the one of `title` and of each `label`. Without `schedule` the board is always lit, and
    without `brightness` the screen decides for itself.
    """

    sign_id: SignId
    title: str
    lines: tuple[BoardLine, ...]
    layout_version: int = 1
    layout: Layout = Layout.LANDSCAPE
    width_px: int | None = None
    height_px: int | None = None
    titles: Texts = field(default_factory=dict)
    languages: tuple[str, ...] = (PRIMARY_LANGUAGE,)
    brightness: Brightness | None = None
    schedule: tuple[Hours, ...] = ()
    fallback: Fallback = field(default_factory=Fallback)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the screen."""
        width, height = SIZES[self.layout]
        return self.width_px or width, self.height_px or height
