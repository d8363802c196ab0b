"""`/v1/signs/{id}/frame.txt`, `.png` and the others: one frame in the form that a player takes."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from domain.boards import Layout
from domain.live import Live
from signage.credentials import Credentials
from signage.forms import FORMS, PICTURE_PX, Form, Wanted
from signage.frame import Frame
from signage.frames import Frames
from signage.freshness import FRAME_HEADERS, frame_headers, matches
from signage.renderings.multi import MATRIX, Matrix

LEAST_PX, MOST_PX = 64, 2048
KEPT_PICTURES = 200

Pixels = Annotated[int | None, Query(ge=LEAST_PX, le=MOST_PX)]
IfNoneMatch = Annotated[str | None, Header()]


def create_router(*, live: Live, frames: Frames, credentials: Credentials, organisation: str) -> APIRouter:
    """One route for each form; they share status, freshness and errors with the JSON of the frame."""
    router = APIRouter(tags=["Signs"])
    served = _Forms(live=live, frames=frames, organisation=organisation)
    for ending, form in FORMS.items():
        router.api_route(
            f"/v1/signs/{{sign_id}}/frame.{ending}",
            methods=["GET"],
            summary=f"What a sign shows now, as {form.what}",
            response_class=Response,
            responses={
                200: {"content": {form.media_type.partition(";")[0]: {}}, "headers": FRAME_HEADERS},
                304: {"description": "You have this; it is valid until the new time.", "headers": FRAME_HEADERS},
                404: {"description": "No sign goes by this id."},
            },
            operation_id=f"frame_{ending}",
            dependencies=[Depends(credentials.may_see)],
        )(_endpoint(served, ending, form))
    return router


class _Forms:
    def __init__(self, *, live: Live, frames: Frames, organisation: str) -> None:
        self._live = live
        self._frames = frames
        self._organisation = organisation
        self._pictures: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def wanted(self, request: Request, sign_id: str, **choices: object) -> Wanted:
        """What the form of this request depends on besides the frame."""
        address = f"{str(request.base_url).rstrip('/')}/signs/{sign_id}"
        return Wanted(address=address, publisher=self._organisation, **choices)  # type: ignore[arg-type]

    def frame(self, sign_id: str) -> Frame:
        """The frame now; raises UnknownPlaceError."""
        return self._frames.of(sign_id, self._live.snapshot)

    async def answer(self, frame: Frame, form: Form, wanted: Wanted, if_none_match: str | None) -> Response:
        """The frame in this form, or that it is the one that the client has."""
        headers = frame_headers(frame, tag=form.tag(frame))
        if if_none_match is not None and matches(if_none_match, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        if not form.media_type.startswith("image/"):
            return Response(form.render(frame, wanted), media_type=form.media_type, headers=headers)
        return Response(
            await self._picture(headers["ETag"], frame, form, wanted), media_type=form.media_type, headers=headers
        )

    async def _picture(self, etag: str, frame: Frame, form: Form, wanted: Wanted) -> bytes:
        """Drawn once: a picture costs some 30 ms, and a hundred screens may ask for it."""
        key = (frame.sign_id, etag, form.media_type, wanted.size)
        if key not in self._pictures:
            self._pictures[key] = await run_in_threadpool(form.render, frame, wanted)
            while len(self._pictures) > KEPT_PICTURES:
                self._pictures.popitem(last=False)
        return self._pictures[key]


def _endpoint(served: _Forms, ending: str, form: Form) -> Callable[..., Awaitable[Response]]:
    """The parameters that this form takes are those of its function."""

    async def plain(request: Request, sign_id: str, if_none_match: IfNoneMatch = None) -> Response:
        return await served.answer(served.frame(sign_id), form, served.wanted(request, sign_id), if_none_match)

    async def picture(
        request: Request,
        sign_id: str,
        width: Pixels = None,
        height: Pixels = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Its size is that of the address, of a board for e-paper, or 800 by 480 pixels. It says for when it holds."""
        frame = served.frame(sign_id)
        own = (frame.width_px, frame.height_px) if frame.layout is Layout.EPAPER else PICTURE_PX
        wanted = served.wanted(request, sign_id, size=(width or own[0], height or own[1]))
        return await served.answer(frame, form, wanted, if_none_match)

    async def matrix(
        request: Request,
        sign_id: str,
        rows: Annotated[int, Query(ge=1, le=8)] = MATRIX.rows,
        columns: Annotated[int, Query(ge=6, le=40)] = MATRIX.columns,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """For a sign with so many rows, and characters in a row. Empty when the sign must be blank."""
        wanted = served.wanted(request, sign_id, matrix=Matrix(rows=rows, columns=columns))
        return await served.answer(served.frame(sign_id), form, wanted, if_none_match)

    return {"png": picture, "bmp": picture, "multi": matrix}.get(ending, plain)
