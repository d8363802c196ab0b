"""What a request would rather have: the quality values of RFC 9110."""

import re

from fastapi import Request

_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def accepts_gzip(request: Request) -> bool:
    """Whether the reader unpacks gzip; `gzip;q=0` says that it does not."""
    return _qualities(request, "accept-encoding").get("gzip", 0) > 0


def prefers(request: Request, wanted: str, *, to: str) -> bool:
    """Whether the reader names the media type `wanted`, and values it above the usual one; of equals, the first."""
    accepted = _qualities(request, "accept")
    if wanted not in accepted:
        return False
    usual = next((accepted[key] for key in (to, f"{to.partition('/')[0]}/*", "*/*") if key in accepted), 0.0)
    if accepted[wanted] != usual:
        return accepted[wanted] > usual
    return usual > 0 and (to not in accepted or list(accepted).index(wanted) < list(accepted).index(to))


def _qualities(request: Request, header: str) -> dict[str, float]:
    qualities = {}
    for part in ",".join(request.headers.getlist(header)).lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        said = [match for parameter in parameters if (match := _QUALITY.fullmatch(parameter))]
        qualities[name] = float(said[0][1]) if said else 1.0
    return qualities
