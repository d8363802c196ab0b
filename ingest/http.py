"""The door for those who push over HTTP: ChirpStack's integration, The Things Stack's webhooks, own devices."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from domain.api_keys import Scope, ScopesOf
from domain.errors import RejectedFrameError
from domain.topics import CHIRPSTACK_LOG_PUSH, CHIRPSTACK_PUSH, THINGS_STACK_PUSH, device_up
from domain.uplinks import Rejected
from ingest.http_source import HttpSource

DEVICE_HEADER = "Smartplace-Device"

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key with the scope `ingest`: `sp_...`")


class Kept(BaseModel):
    """What became of a message: it is safe, as a frame (`stored`) or among the messages that we could not read."""

    status: Literal["stored", "set_aside"]
    reason: str | None = None
    detail: str | None = None


def _answers(*more: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    descriptions = [
        (202, "It is safe."),
        (401, "The key is missing, wrong, expired or revoked."),
        (403, "The key lacks the scope `ingest`."),
        (413, "More than 64 KiB."),
        (503, "It is not known to be safe. Send it again: it is kept once."),
        *more,
    ]
    return {status: {"description": description} for status, description in descriptions}


def _body(*media_types: str) -> dict[str, Any]:
    content = {name: {"schema": {"type": "object"} if "json" in name else {}} for name in media_types}
    return {"requestBody": {"required": True, "content": content}}


_CHIRPSTACK = {"up": CHIRPSTACK_PUSH, "log": CHIRPSTACK_LOG_PUSH}
_JSON = "application/json"
_PROTOBUF = "application/octet-stream"


def create_router(source: HttpSource, scopes_of: ScopesOf) -> APIRouter:
    """Routes under /v1/ingest; `scopes_of` says what a presented key may do."""
    router = APIRouter(tags=["Ingest"], dependencies=[Depends(_holder(scopes_of))], default_response_class=Response)

    @router.post(
        CHIRPSTACK_PUSH,
        summary="An event of ChirpStack v4",
        status_code=202,
        response_model=Kept,
        responses=_answers((204, "Another event than `up` and `log`: nothing to keep.")),
        openapi_extra=_body(_JSON, _PROTOBUF),
    )
    async def chirpstack(request: Request, event: str = "up") -> Response:
        """The HTTP integration's body, JSON or protobuf. A message that cannot be read is 202, `set_aside`."""
        topic = _CHIRPSTACK.get(event)
        if topic is None:
            return Response(status_code=204)
        return _accepted(await source.keep(topic, await request.body()))

    @router.post(
        THINGS_STACK_PUSH,
        summary="An uplink message of The Things Stack v3",
        status_code=202,
        response_model=Kept,
        responses=_answers(),
        openapi_extra=_body(_JSON),
    )
    async def things_stack(request: Request) -> Response:
        """A webhook's body. A message that cannot be read is 202, `set_aside`."""
        return _accepted(await source.keep(THINGS_STACK_PUSH, await request.body()))

    from_device = _from_device(source)
    refused = (422, "It is no frame; `reason` says why. Kept for people to look at: do not send it again.")
    documented: dict[str, Any] = {
        "status_code": 202,
        "response_model": Kept,
        "responses": _answers(refused),
        "openapi_extra": _body(_JSON),
    }

    @router.post("/v1/ingest/device/{device_id}", summary="A message of an own device", **documented)
    async def device(request: Request, device_id: str) -> Response:
        """The JSON that the device would publish over MQTT, at most 16 KiB (docs/devices.md)."""
        return await from_device(request, device_id)

    @router.post("/v1/ingest/device", summary="A message of an own device that a header names", **documented)
    async def named_device(request: Request, device_id: Annotated[str, Header(alias=DEVICE_HEADER)]) -> Response:
        """For senders whose address cannot be made for each device."""
        return await from_device(request, device_id)

    return router


def _holder(scopes_of: ScopesOf) -> Callable[..., Awaitable[None]]:
    async def check(presented: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        scopes = await scopes_of(presented.credentials) if presented else None
        if scopes is None:
            raise HTTPException(
                401, "A valid key is needed: Authorization: Bearer sp_...", {"WWW-Authenticate": "Bearer"}
            )
        if Scope.INGEST not in scopes:
            raise HTTPException(403, f"This key lacks the scope `{Scope.INGEST}`.")

    return check


def _from_device(source: HttpSource) -> Callable[[Request, str], Awaitable[Response]]:
    async def keep(request: Request, device_id: str) -> Response:
        letter = await source.keep(device_up(device_id), await request.body())
        if letter is not None:
            raise RejectedFrameError(letter.reason, letter.detail, device_id=letter.device_id)
        return _accepted(None)

    return keep


def _accepted(letter: Rejected | None) -> Response:
    kept = Kept(status="set_aside", reason=letter.reason, detail=letter.detail) if letter else Kept(status="stored")
    return Response(kept.model_dump_json(exclude_none=True), 202, media_type=_JSON)
