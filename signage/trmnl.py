"""The three endpoints that TRMNL's firmware asks of a server of one's own: setup, display, log.

A screen names itself by its MAC address; a board names the screens that show it (`epaper.macs`). What signs show is
public, so the key that setup hands out is no secret: it only keeps the firmware content. A screen that no board names,
or no board names any more, gets a picture with the organisation's name on it and nothing else.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field

from domain.boards import EPaper
from domain.live import Live
from domain.places import Sign
from signage.form_routes import LEAST_PX, MOST_PX
from signage.forms import PICTURE_PX
from signage.frame import Frame
from signage.frames import Frames
from signage.freshness import by_minute
from signage.renderings.picture import render_png

logger = logging.getLogger(__name__)

ASK_AGAIN_S = 300
"""When a screen that shows nothing is to ask again."""
LONGEST_LOG = 20
_PNG_SINCE = (1, 5, 2)
_LONGEST_TEXT = 200

MacHeader = Annotated[str, Header(alias="ID", description="The MAC address of the screen.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenWord:
    """What a screen says of itself whenever it asks; None where it does not."""

    mac: str
    battery_volts: float | None
    rssi_dbm: int | None
    firmware: str | None


Heard = Callable[[Sign, Frame, ScreenWord], Awaitable[None]]
"""Told of each screen that asks, and which frame it got."""


async def not_heard(_sign: Sign, _frame: Frame, _word: ScreenWord) -> None:
    """For an installation that keeps no account of screens."""


class SetupBody(BaseModel):
    """What a screen is told once. `status` 404 says that no board names it."""

    status: int
    api_key: str | None = None
    friendly_id: str | None = None
    image_url: str | None = None
    filename: str | None = None
    message: str


class DisplayBody(BaseModel):
    """What a screen is to show, and when it is to ask again. It fetches the picture only when `filename` changes."""

    status: int = 0
    image_url: str
    filename: str
    refresh_rate: int = Field(description="Seconds.")
    image_url_timeout: int = 0
    reset_firmware: bool = False
    update_firmware: bool = False
    firmware_url: str | None = None
    special_function: str = "none"


def create_router(
    *, live: Live, frames: Frames, organisation: str, private: bool = False, heard: Heard = not_heard
) -> APIRouter:
    """`/api/setup`, `/api/display`, `/api/log`, and the picture for screens that have nothing to show.

    Where frames are `private` no screen is shown any: it fetches its picture without its key.
    """
    screens = _Screens(live=live, frames=frames, organisation=organisation, private=private, heard=heard)
    router = APIRouter(prefix="/api", include_in_schema=False)
    router.get("/setup", summary="A screen introduces itself")(screens.setup)
    router.get("/display", summary="What a screen is to show")(screens.display)
    router.post("/log", summary="A screen tells what went wrong", status_code=204, response_class=Response)(screens.log)
    router.get("/neutral.png", include_in_schema=False, response_class=Response)(screens.neutral)
    return router


class _Screens:
    def __init__(self, *, live: Live, frames: Frames, organisation: str, private: bool, heard: Heard) -> None:
        self._private = private
        self._live = live
        self._frames = frames
        self._organisation = organisation
        self._heard = heard

    async def setup(self, request: Request, mac: MacHeader) -> SetupBody:
        """A name and a key for a screen that some board names."""
        sign = self._sign_of(mac)
        if sign is None:
            return SetupBody(status=404, message=f"No board names the screen {mac[:_LONGEST_TEXT]}.")
        return SetupBody(
            status=200,
            api_key=f"screen-of-{sign.sign_id}",
            friendly_id=sign.sign_id,
            image_url=_address(request, "api/neutral.png"),
            filename="neutral",
            message=f"This screen shows {sign.name}.",
        )

    async def display(
        self,
        request: Request,
        mac: MacHeader,
        battery_voltage: Annotated[str | None, Header()] = None,
        rssi: Annotated[str | None, Header()] = None,
        fw_version: Annotated[str | None, Header()] = None,
        width: Annotated[int | None, Header()] = None,
        height: Annotated[int | None, Header()] = None,
    ) -> DisplayBody:
        """The picture of the sign's frame. Its name changes with what is on it, the time included."""
        sign = self._sign_of(mac)
        if sign is None:
            address = _address(request, "api/neutral.png")
            return DisplayBody(image_url=address, filename="neutral", refresh_rate=ASK_AGAIN_S)
        frame = self._frames.of(sign.sign_id, self._live.snapshot)
        word = ScreenWord(
            mac=mac.upper(),
            battery_volts=_number(battery_voltage),
            rssi_dbm=None if (found := _number(rssi)) is None else int(found),
            firmware=fw_version[:_LONGEST_TEXT] if fw_version else None,
        )
        await self._heard(sign, frame, word)
        ending = "png" if _version(fw_version) >= _PNG_SINCE else "bmp"
        size = {"width": _pixels(width, PICTURE_PX[0]), "height": _pixels(height, PICTURE_PX[1])}
        name = by_minute(frame)
        return DisplayBody(
            image_url=_address(request, f"v1/signs/{sign.sign_id}/frame.{ending}?{urlencode({**size, 'v': name})}"),
            filename=f"{sign.sign_id}-{name}",
            refresh_rate=(sign.board.epaper or EPaper(macs=())).refresh_s,
        )

    async def log(self, request: Request, mac: MacHeader) -> Response:
        """Kept in the log of this server, in the order in which the screen says it."""
        for entry in _entries(await _json(request))[:LONGEST_LOG]:
            logger.warning("an e-paper screen reports", extra={"action": "screen_log", "mac": mac[:40], "said": entry})
        return Response(status_code=204)

    async def neutral(self) -> Response:
        """The organisation's name, and nothing else."""
        frame = self._frames.neutral("neutral", self._live.snapshot, title=self._organisation)
        return Response(render_png(frame, PICTURE_PX), media_type="image/png", headers={"Cache-Control": "max-age=300"})

    def _sign_of(self, mac: str) -> Sign | None:
        if self._private:
            return None
        wanted = mac.strip().upper()
        signs = self._live.snapshot.signs.values()
        return next((sign for sign in signs if sign.board.epaper and wanted in sign.board.epaper.macs), None)


def _address(request: Request, path: str) -> str:
    return f"{str(request.base_url).rstrip('/')}/{path}"


def _pixels(given: int | None, otherwise: int) -> int:
    return given if given is not None and LEAST_PX <= given <= MOST_PX else otherwise


def _number(text: str | None) -> float | None:
    """What a header says; screens send anything."""
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if abs(found) < 1e6 else None


def _version(text: str | None) -> tuple[int, ...]:
    """`1.5.2` as numbers; a screen that does not say is taken for a new one."""
    numbers = tuple(int(part) for part in re.findall(r"\d{1,4}", text or "")[:3])
    return numbers or _PNG_SINCE


async def _json(request: Request) -> Any:  # noqa: ANN401 - whatever the screen sent
    try:
        return await request.json()
    except ValueError:
        return None


def _entries(body: Any) -> list[str]:  # noqa: ANN401 - whatever the screen sent
    """The messages of either form that firmwares send: `logs`, or `log.logs_array`."""
    if not isinstance(body, dict):
        return []
    nested = body.get("log")
    found = body.get("logs") or (nested.get("logs_array") if isinstance(nested, dict) else None) or []
    return [str(entry)[:_LONGEST_TEXT] for entry in found] if isinstance(found, list) else []
