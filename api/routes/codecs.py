"""JavaScript codecs: uploaded, listed, shown, tried, activated. With a key that has the scope `codecs`."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Response

from api.codec_schemas import (
    Choice,
    CodecAnswer,
    CodecHistory,
    CodecList,
    CodecSummary,
    FrameToTry,
    NewCodec,
    TriedExample,
    TriedFrame,
    UploadAnswer,
)
from api.keys import holder_of
from api.problems import problem
from domain.api_keys import Scope, ScopesOf
from domain.codec_scripts import Codecs, Upload
from domain.errors import UnknownCodecError
from domain.live import Clock


def create_router(codecs: Codecs, scopes_of: ScopesOf, now: Clock) -> APIRouter:
    """Routes under /v1/codecs; `scopes_of` says what a presented key may do."""
    holder = holder_of(Scope.CODECS, scopes_of)
    router = APIRouter(prefix="/v1/codecs", tags=["Codecs"], dependencies=[Depends(holder)])

    @router.get("", response_model=CodecList, summary="Every JavaScript codec")
    async def every() -> CodecList:
        return CodecList(codecs=[CodecSummary.of(version) for version in await codecs.all()])

    @router.get("/{model}", response_model=CodecHistory, summary="One codec and its versions")
    async def history(model: str) -> CodecHistory:
        return await _history(codecs, model)

    @router.get("/{model}/versions/{version}", response_model=CodecAnswer, summary="One version with its source")
    async def show(model: str, version: int) -> CodecAnswer:
        return CodecAnswer.of(await codecs.version(model, version))

    @router.post(
        "/{model}",
        response_model=UploadAnswer,
        status_code=201,
        summary="Upload a codec",
        responses={200: {"model": UploadAnswer, "description": "A dry run: every example passes."}},
    )
    async def upload(
        *,
        model: str,
        codec: NewCodec,
        by: Annotated[str, Depends(holder)],
        dry_run: Annotated[bool, Query(description="Only try it.")] = False,
    ) -> Response:
        """Kept and active if it does everything that its examples say; else 422 with `problems` and `examples`."""
        told = await codecs.upload(codec.draft(model), by=by, dry_run=dry_run)
        if told.problems or not all(result.passed for result in told.examples):
            return _refused(told)
        body = UploadAnswer.of(told).model_dump_json()
        return Response(body, 200 if dry_run else 201, media_type="application/json")

    @router.put("/{model}/active", status_code=204, summary="Let another version read frames")
    async def activate(model: str, choice: Choice, by: Annotated[str, Depends(holder)]) -> Response:
        """From the next frames on; `smartplace replay` tells history anew."""
        await codecs.activate(model, choice.version, by=by)
        return Response(status_code=204)

    @router.post("/{model}/decode", response_model=TriedFrame, summary="What a frame would mean")
    async def decode(model: str, frame: FrameToTry) -> TriedFrame:
        """Keeps nothing. Bytes that mean nothing are an answer with `problems`, not an error."""
        at = _moment(frame.time) if frame.time else now()
        payload = bytes.fromhex(frame.payload)
        return TriedFrame.of(await codecs.try_out(model, frame.version, f_port=frame.f_port, payload=payload, at=at))

    return router


async def _history(codecs: Codecs, model: str) -> CodecHistory:
    versions = [version for version in await codecs.all() if version.draft.model == model]
    if not versions:
        raise UnknownCodecError(model)
    return CodecHistory.of(versions, await codecs.activations(model))


def _refused(told: Upload) -> Response:
    detail = "; ".join(told.problems) or f"{sum(not e.passed for e in told.examples)} of its own examples do not pass"
    examples = [TriedExample.of(result).model_dump() for result in told.examples]
    return problem(422, detail, problems=[*told.problems], examples=examples)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise HTTPException(400, "time: write 2026-11-20T08:00:00Z")
    return found.astimezone(UTC)
