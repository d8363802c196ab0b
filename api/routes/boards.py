"""Boards for programs that keep signs (keys of the scope `signs`): read, written, every version kept."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Path, Query, Response

from api.board_schemas import BoardAnswer, BoardBody, SignIn, VersionAnswer, VersionList, answer_of
from api.keys import holder_of
from domain.api_keys import Scope, ScopesOf
from domain.board_document import parse_board
from domain.board_writing import write_board
from domain.ids import parse_sign_id, parse_site_id
from domain.live import Live
from domain.places import Sign
from domain.signs import Signs

_MOST = 1000
_REFUSED: dict[int | str, dict[str, Any]] = {
    412: {"description": "The board is not at the version of `If-Match` any more; nothing was changed."},
    422: {"description": "No sign can have this board; `errors` has every reason, and nothing was changed."},
}

Holder = Callable[..., Awaitable[str]]
SignId = Annotated[str, Path(examples=["harbour-road"])]
IfMatch = Annotated[str | None, Header(description="The version that you began from, quoted.", examples=['"3"'])]


def create_router(signs: Signs, live: Live, scopes_of: ScopesOf) -> APIRouter:
    """Routes under /v1/signs/{sign_id} for those who keep signs."""
    holder: Holder = holder_of(Scope.SIGNS, scopes_of)
    router = APIRouter(prefix="/v1/signs/{sign_id}", tags=["Boards"])
    _add_board(router, signs, live, holder)
    _add_versions(router, signs, live, holder)
    return router


def _add_board(router: APIRouter, signs: Signs, live: Live, holder: Holder) -> None:
    @router.get("/board", summary="What a sign is set up to say", dependencies=[Depends(holder)])
    async def board(sign_id: SignId, response: Response) -> BoardAnswer:
        """What it says is for everybody (`/frame`); a board also names the devices that say it."""
        return _answer(live.snapshot.sign(sign_id), response)

    @router.put("/board", summary="Set a sign up", responses=_REFUSED)
    async def put_board(
        sign_id: SignId,
        wanted: BoardBody,
        response: Response,
        who: Annotated[str, Depends(holder)],
        if_match: IfMatch = None,
    ) -> BoardAnswer:
        """The whole board. What is as it was makes no version."""
        sign = live.snapshot.sign(sign_id)
        board = parse_board(wanted.document(), sign_id=sign.sign_id, name=sign.name)
        made = await signs.write(replace(sign, board=board), actor=who, based_on=_version(if_match))
        return _answer(made, response)

    @router.put("", summary="Make a sign, or move it", responses=_REFUSED)
    async def put_sign(
        sign_id: SignId,
        wanted: SignIn,
        response: Response,
        who: Annotated[str, Depends(holder)],
        if_match: IfMatch = None,
    ) -> BoardAnswer:
        known = parse_sign_id(sign_id)
        sign = Sign(
            sign_id=known,
            name=wanted.name,
            site_id=parse_site_id(wanted.site_id),
            lon=wanted.lon,
            lat=wanted.lat,
            board=parse_board(wanted.board.document(), sign_id=known, name=wanted.name),
        )
        return _answer(await signs.write(sign, actor=who, based_on=_version(if_match)), response)


def _add_versions(router: APIRouter, signs: Signs, live: Live, holder: Holder) -> None:
    @router.get("/board/versions", summary="Every version of a board", dependencies=[Depends(holder)])
    async def versions(sign_id: SignId, limit: Annotated[int, Query(ge=1, le=_MOST)] = 100) -> VersionList:
        """Who set the sign up, and when; newest first."""
        name = live.snapshot.sign(sign_id).name
        found = await signs.versions(parse_sign_id(sign_id), limit=limit)
        return VersionList(
            sign_id=sign_id, versions=[VersionAnswer.of(one, write_board(one.board, name=name)) for one in found]
        )

    @router.post("/board/versions/{version}/restore", summary="Go back to a version", responses=_REFUSED)
    async def restore(
        sign_id: SignId,
        version: Annotated[int, Path(ge=1, lt=2**31)],
        response: Response,
        who: Annotated[str, Depends(holder)],
    ) -> BoardAnswer:
        """Makes it the newest one."""
        return _answer(await signs.restore(parse_sign_id(sign_id), version, actor=who), response)


def _answer(sign: Sign, response: Response) -> BoardAnswer:
    response.headers["ETag"] = f'"{sign.board.layout_version}"'
    return answer_of(sign, write_board(sign.board, name=sign.name))


def _version(if_match: str | None) -> int | None:
    """The version of `If-Match: "3"`; None where nobody asked for one."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = re.fullmatch(r'"(\d{1,9})"', if_match.strip())
    if found is None:
        raise HTTPException(400, 'If-Match is one version, quoted: "3"')
    return int(found[1])
