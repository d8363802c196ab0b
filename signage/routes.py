"""Signs over HTTP: the list, the frame, the stream of frames and the page for the screen."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from domain.errors import UnknownPlaceError
from domain.live import Live
from domain.snapshot import Snapshot
from signage import player
from signage.credentials import Credentials, key_of
from signage.frame import Frame
from signage.frames import Frames
from signage.freshness import FRAME_HEADERS, frame_headers, matches
from signage.kiosk import KioskPage
from signage.listening import StreamResponse
from signage.schemas import FrameBody, SignBody, SignsBody
from signage.served import ServedFrames
from signage.stream import MAX_STREAMS, Screens, Streams

_UNKNOWN_SIGN: dict[str, Any] = {"description": "No sign goes by this id."}


def create_router(
    *,
    live: Live,
    frames: Frames,
    served: ServedFrames,
    credentials: Credentials,
    organisation: str,
    max_streams: int = MAX_STREAMS,
) -> APIRouter:
    """The routes of all signs. Mount `PlayerFiles` beside them at `STATIC_URL`."""
    signs = _Signs(live=live, frames=frames, served=served, credentials=credentials, organisation=organisation)
    signs.streams.limit = max_streams
    seen_by = [Depends(credentials.may_see)]
    router = APIRouter(tags=["Signs"])
    router.get("/v1/signs", summary="All signs")(signs.list)
    router.get(
        "/v1/signs/{sign_id}/frame",
        summary="What a sign shows now",
        response_model=FrameBody,
        responses={
            200: {"headers": FRAME_HEADERS},
            304: {
                "description": "You have this frame; it is valid until the new time.",
                "headers": FRAME_HEADERS,
            },
            404: _UNKNOWN_SIGN,
        },
        dependencies=seen_by,
    )(signs.frame)
    router.get(
        "/v1/signs/{sign_id}/stream",
        summary="What a sign shows, as it changes",
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {"text/event-stream": {}},
                "description": "`frame` events; the data is a frame.",
            },
            404: _UNKNOWN_SIGN,
            503: {"description": "Too many open streams; poll the frame instead."},
        },
        dependencies=seen_by,
    )(signs.stream)
    router.include_router(signs.player())
    router.api_route("/signs/{sign_id}", methods=["GET", "HEAD"], include_in_schema=False)(signs.kiosk)
    return router


class _Signs:
    def __init__(
        self, *, live: Live, frames: Frames, served: ServedFrames, credentials: Credentials, organisation: str
    ) -> None:
        self._live = live
        self._frames = frames
        self._credentials = credentials
        self._served = served
        screens = Screens(
            frame_of=self._render_if_known,
            basis_of=self._basis,
            validity=frames.validity,
            note=partial(served.note, streamed=True),
        )
        self.streams = Streams(live, screens)
        self._organisation = organisation
        self._page = KioskPage(organisation)

    async def list(self) -> SignsBody:
        """Every sign, with where to fetch its frame and which page to open on its screen."""
        snapshot = self._live.snapshot
        signs = [
            SignBody(
                id=sign.sign_id,
                name=sign.name,
                site_id=sign.site_id,
                lon=sign.lon,
                lat=sign.lat,
                frame=f"/v1/signs/{sign.sign_id}/frame",
                page=f"/signs/{sign.sign_id}",
            )
            for sign in snapshot.signs.values()
        ]
        return SignsBody(revision=snapshot.revision, as_of=snapshot.as_of, signs=signs)

    async def frame(self, sign_id: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
        """The frame of one sign. From `valid_until` on, show nothing of it, even without a connection.

        A 304 has no body, so the new expiry stands in the headers, which 200 and 304 share.
        """
        frame = self._frames.of(sign_id, self._live.snapshot)
        self._served.note(frame)
        headers = frame_headers(frame)
        if if_none_match is not None and matches(if_none_match, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        body = FrameBody.model_validate(frame).model_dump_json()
        return Response(body, media_type="application/json", headers=headers)

    async def stream(self, sign_id: str, request: Request) -> Response:
        """Server-sent events named `frame`: one at once, one when what is seen changes, and one before it gets too old.

        Every event is a whole frame, and at least every nine seconds there is one. Nothing is lost by reconnecting, so
        `Last-Event-ID` is ignored. An event named `denied` ends the stream of a key that was revoked.
        """
        self._live.snapshot.sign(sign_id)
        self.streams.require_room()
        key = key_of(request)
        return StreamResponse(self.streams, sign_id, lambda: self._credentials.still(sign_id, key))

    async def kiosk(self, sign_id: str) -> HTMLResponse:
        """The page for the screen; a sign that nobody knows gets a neutral board, never an error."""
        snapshot = self._live.snapshot
        frame = None if self._credentials.private else self._render_if_known(sign_id, snapshot)
        board = frame or self._frames.neutral(sign_id, snapshot, title=self._organisation)
        return player.page_response(self._page.html(board), 200 if sign_id in snapshot.signs else 404)

    def player(self) -> APIRouter:
        """What a screen needs to start without a network."""
        shell = self._frames.neutral("", self._live.snapshot, title=self._organisation)
        return player.create_router(shell=self._page.html(shell), setup=self._page.setup)

    def _basis(self, sign_id: str, snapshot: Snapshot) -> object:
        try:
            return self._frames.basis(sign_id, snapshot)
        except UnknownPlaceError:
            return None

    def _render_if_known(self, sign_id: str, snapshot: Snapshot) -> Frame | None:
        try:
            return self._frames.of(sign_id, snapshot)
        except UnknownPlaceError:
            return None
