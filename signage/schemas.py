"""The JSON of signs, as documented in the OpenAPI description."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from domain.availability import Availability
from domain.boards import Arrow, Layout, LineMode
from domain.messages import MessageKind
from domain.times import rfc3339
from signage.frame import Basis

Instant = Annotated[AwareDatetime, PlainSerializer(rfc3339, when_used="json")]


class LineBody(BaseModel):
    """One line of a frame: the free bays of a site, of a zone or category of it, or of all."""

    model_config = ConfigDict(from_attributes=True)

    key: str = Field(description="Names the line within its sign; stable.")
    label: str = Field(description="What to show beside the number.")
    state: Availability = Field(description="`closed` is not `full`, and `unknown` is neither.")
    count: int | None = Field(ge=0, description="The free bays that may be shown; null when closed or unknown.")
    display: str = Field(
        description="What to show: the count, `FULL`, `CLOSED`, `--`, or a text of the board without digits."
    )
    arrow: Arrow | None = Field(description="Where to point drivers.")
    observed_at: Instant | None = Field(description="The newest word from any sensor of the site.")
    coverage: float = Field(ge=0, le=1, description="The share of open bays whose state is known.")
    stale: bool = Field(description="True when the whole frame has expired.")
    labels: dict[str, str] = Field(description="The label in the other languages of the board, by language tag.")
    word: str = Field(description="The state in every language of the board: `Spaces`, `Full / Llawn`.")
    basis: Basis = Field(description="What `display` rests on.")
    mode: LineMode = Field(description="`auto`, or what somebody set the line to.")


class MessageBody(BaseModel):
    """A message that somebody wrote."""

    model_config = ConfigDict(from_attributes=True)

    message_id: str
    kind: MessageKind
    text: str
    texts: dict[str, str] = Field(description="Translations by language tag.")
    begins_at: Instant
    ends_at: Instant = Field(description="From this moment on it must not be shown.")
    replaces_lines: bool


class FrameBody(BaseModel):
    """All that a sign shows. Never show it after `valid_until`, whatever happens to the connection."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "sign_id": "harbour-road",
                "frame_id": "5d0c2f7a9a6f4b0e8f3a1b2c3d4e5f60",
                "revision": 4711,
                "generated_at": "2026-03-02T14:32:10Z",
                "as_of": "2026-03-02T14:32:08Z",
                "valid_until": "2026-03-02T14:33:08Z",
                "valid_for_s": 58.0,
                "title": "Harbour Road",
                "lines": [
                    {
                        "key": "north",
                        "label": "North car park",
                        "state": "spaces",
                        "count": 12,
                        "display": "12",
                        "arrow": "left",
                        "observed_at": "2026-03-02T14:32:05Z",
                        "coverage": 0.97,
                        "stale": False,
                        "labels": {},
                        "word": "Spaces",
                        "basis": "measured",
                        "mode": "auto",
                    }
                ],
                "message": None,
                "titles": {},
                "languages": ["en"],
                "messages": [],
                "brightness": None,
                "lit": True,
                "layout": "landscape",
                "width_px": 1920,
                "height_px": 1080,
                "layout_version": 1,
                "expired_message": "No current information",
                "expired_word": "No recent data",
            }
        },
    )

    sign_id: str
    frame_id: str = Field(description="Changes when, and only when, what is seen changes. Also the ETag.")
    revision: int = Field(description="The revision of the borough that this frame was made from.")
    generated_at: Instant = Field(description="When this answer was made.")
    as_of: Instant = Field(description="The moment up to which the platform vouches for the numbers.")
    valid_until: Instant = Field(description="From this moment on the sign must be blank.")
    valid_for_s: float = Field(
        ge=0,
        description="Seconds from `generated_at` to `valid_until`; count them down on a monotonic clock.",
    )
    title: str
    lines: list[LineBody]
    message: str | None = Field(description="What to show with the lines or, where there are none, instead; or null.")
    titles: dict[str, str] = Field(description="The title in the other languages, by language tag.")
    languages: list[str] = Field(description="Language tags, that of `title` and of each `label` first.")
    messages: list[MessageBody] = Field(description="The parts of `message` that somebody wrote.")
    brightness: int | None = Field(
        ge=0, le=100, description="Percent of the full brightness; null: as the screen will."
    )
    lit: bool = Field(description="False outside of the board's hours: show nothing at all.")
    layout: Layout
    width_px: int
    height_px: int
    layout_version: int = Field(description="Grows with each change of the board; 0 for a sign that nobody knows.")
    expired_message: str = Field(description="What to say, with dashes for every number, from `valid_until` on.")
    expired_word: str = Field(description="And the word that then stands beside each line.")


class SignBody(BaseModel):
    """One sign in the street."""

    id: str
    name: str
    site_id: str
    lon: float = Field(description="WGS 84 degrees.")
    lat: float = Field(description="WGS 84 degrees.")
    frame: str = Field(description="Where its frame is.", examples=["/v1/signs/harbour-road/frame"])
    page: str = Field(description="The page to open on the screen.", examples=["/signs/harbour-road"])


class SignsBody(BaseModel):
    """All signs."""

    revision: int
    as_of: Instant
    signs: list[SignBody]
