"""The JSON of signs, as documented in the OpenAPI description."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from domain.availability import Availability
from domain.places import Arrow
from domain.times import rfc3339

Instant = Annotated[AwareDatetime, PlainSerializer(rfc3339, when_used="json")]


class LineBody(BaseModel):
    """One line of a frame: the free bays of a site, of one category or of all."""

    model_config = ConfigDict(from_attributes=True)

    key: str = Field(description="Names the line within its sign; stable.")
    label: str = Field(description="What to show beside the number.")
    state: Availability = Field(description="`closed` is not `full`, and `unknown` is neither.")
    count: int | None = Field(ge=0, description="Known free bays; null when closed or unknown.")
    display: str = Field(description="What to show: the count, `FULL`, `CLOSED` or `--`.")
    arrow: Arrow | None = Field(description="Where to point drivers.")
    observed_at: Instant | None = Field(description="The newest word from any sensor of the site.")
    coverage: float = Field(ge=0, le=1, description="The share of open bays whose state is known.")
    stale: bool = Field(description="True when the whole frame has expired.")


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
                    }
                ],
                "message": None,
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
    message: str | None = Field(description="A sentence to show with the lines, or null.")


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
