"""What every form of a frame says in its headers: which frame it is, and until when it may be shown."""

from typing import Any

from domain.times import rfc3339
from signage.frame import Frame
from signage.renderings.phrases import clock

MAX_AGE_S = 10
"""The longest that a cache may answer in our place; less when the frame expires sooner."""

FRAME_HEADERS: dict[str, Any] = {
    "ETag": {"description": "The `frame_id`, quoted.", "schema": {"type": "string"}},
    "Smartplace-Valid-Until": {
        "description": "`valid_until`, on 200 and 304: a 304 renews the frame that you have.",
        "schema": {"type": "string", "format": "date-time"},
    },
    "Smartplace-Valid-For": {
        "description": "Seconds from now until then, on 200 and 304; subtract `Age` if there is one.",
        "schema": {"type": "number"},
    },
    "Smartplace-Revision": {"description": "`revision`, on 200 and 304.", "schema": {"type": "integer"}},
}


def frame_headers(frame: Frame, *, tag: str | None = None) -> dict[str, str]:
    """The headers of 200 and 304; `tag` is the ETag of a form that the frame alone does not decide."""
    max_age_s = min(MAX_AGE_S, int(frame.valid_for_s))
    return {
        "ETag": f'"{tag or frame.frame_id}"',
        "Cache-Control": f"max-age={max_age_s}, must-revalidate",
        "Smartplace-Valid-Until": rfc3339(frame.valid_until),
        "Smartplace-Valid-For": f"{frame.valid_for_s:.3f}",
        "Smartplace-Revision": str(frame.revision),
    }


def by_frame(frame: Frame) -> str:
    """The ETag of what says the frame and nothing else."""
    return frame.frame_id


def by_minute(frame: Frame) -> str:
    """The ETag of what prints the minute for which the frame holds."""
    return f"{frame.frame_id}-{clock(frame.as_of).replace(':', '')}"


def by_as_of(frame: Frame) -> str:
    """The ETag of what writes down the moment for which the frame holds."""
    return f"{frame.frame_id}-{int(frame.as_of.timestamp() * 1000)}"


def by_instant(frame: Frame) -> str:
    """The ETag of what writes down when it was made."""
    return f"{frame.frame_id}-{int(frame.generated_at.timestamp() * 1000)}"


def matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2): a proxy that compresses makes our strong tag a weak one."""
    tags = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return etag in tags or "*" in tags
