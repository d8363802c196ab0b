"""Boards on the wire: the keys of `domain.board_document`, described for whoever writes one."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Time
from domain.availability import MIN_COVERAGE
from domain.boards import Arrow, BoardVersion, FallbackKind, Layout, LineMode
from domain.categories import Category
from domain.places import Sign

Texts = dict[str, str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ThresholdsBody(_Strict):
    """Free bays at which a line changes its word: at or below `enter` it does, above `leave` it does so back."""

    full_enter: int = 0
    full_leave: int | None = Field(None, description="`full_enter` if left out.")
    almost_full_enter: int | None = Field(None, description="A tenth of the open bays if left out.")
    almost_full_leave: int | None = None


class FallbackBody(_Strict):
    """What to say where nothing is known."""

    kind: FallbackKind = Field(description="Dashes; in words what is usual at this time of the week; or `text`.")
    text: str | None = Field(None, description="Without digits: where a number stands, people read them as one.")
    texts: Texts = Field({}, description="By language.")


class HoursBody(_Strict):
    """A time of the week at which the board is lit, local time of the United Kingdom."""

    days: list[str] = Field(examples=[["mon", "tue"]])
    begins: str = Field(alias="from", examples=["07:00"])
    ends: str = Field(alias="to", examples=["22:00"], description="At or before `from`: on the next day.")


class BrightnessBody(_Strict):
    """Percent of the full brightness by day and by night, as the sun stands at the sign."""

    day: int
    night: int


class EPaperBody(_Strict):
    """E-paper screens that fetch pictures by themselves (`/api/display`)."""

    macs: list[str] = Field(examples=[["A0:B1:C2:D3:E4:F5"]])
    refresh_s: int = 300


class RadioDisplayBody(_Strict):
    """A display that is told over LoRaWAN."""

    device: str = Field(description="Its dev_eui.")
    template: int = 1
    every_s: int = Field(1800, description="It is told at most so often.")


class LineBody(_Strict):
    """One line: the free bays of a site, of one of its zones, of a category, or of a zone's category."""

    key: str = Field(examples=["north"])
    label: str = Field(examples=["North car park"])
    labels: Texts = {}
    site: str = Field(examples=["north"])
    zone: str | None = None
    category: Category | None = None
    arrow: Arrow | None = None
    mode: LineMode = LineMode.AUTO
    minimum: int = Field(1, description="Fewer free bays are told as FULL.")
    maximum: int | None = Field(None, description="More are told as so many.")
    offset: int = Field(0, description="Added to the free bays; negative for bays that no sensor sees taken.")
    step: int = Field(1, description="Numbers are rounded down to a multiple of it.")
    thresholds: ThresholdsBody | None = None
    min_coverage: float = Field(MIN_COVERAGE, description="The share of open bays that must be known.")
    max_age_s: int | None = Field(None, description="After so long without any word the line says nothing.")
    fallback: FallbackBody | None = Field(None, description="That of the board if left out.")


class BoardBody(_Strict):
    """A whole board. Languages: the first one is that of `title` and of each `label`."""

    title: str | None = Field(None, description="The name of the sign if left out.")
    titles: Texts = {}
    layout: Layout = Layout.LANDSCAPE
    width_px: int | None = None
    height_px: int | None = None
    languages: list[str] = Field(["en"], examples=[["en", "cy"]])
    brightness: int | BrightnessBody | None = Field(None, description="As the screen decides if left out.")
    hours: list[HoursBody] = Field([], description="Always lit if empty.")
    fallback: FallbackBody | None = None
    epaper: EPaperBody | None = None
    radio_display: RadioDisplayBody | None = None
    lines: list[LineBody]

    def document(self) -> dict[str, Any]:
        """The document that the domain reads."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=False)


class SignIn(_Strict):
    """A sign: where it is, and its board."""

    name: str = Field(min_length=1, max_length=200)
    site_id: str
    lon: float = Field(ge=-180, le=180, description="WGS 84 degrees.")
    lat: float = Field(ge=-90, le=90, description="WGS 84 degrees.")
    board: BoardBody


class BoardAnswer(BaseModel):
    """A board and its version."""

    sign_id: str
    version: int = Field(description="Grows with each change; also the ETag.")
    board: dict[str, Any] = Field(description="What a board may say and does not goes without saying.")


class VersionAnswer(BaseModel):
    """A board as it once was."""

    version: int
    made_at: Time
    actor: str
    what: str
    board: dict[str, Any]

    @classmethod
    def of(cls, version: BoardVersion, document: dict[str, Any]) -> "VersionAnswer":
        """The wire form."""
        return cls(
            version=version.version, made_at=version.made_at, actor=version.actor, what=version.what, board=document
        )


class VersionList(BaseModel):
    """The newest first."""

    sign_id: str
    versions: list[VersionAnswer]


def answer_of(sign: Sign, document: dict[str, Any]) -> BoardAnswer:
    """The wire form of a sign's board."""
    return BoardAnswer(sign_id=sign.sign_id, version=sign.board.layout_version, board=document)
