"""Errors as RFC 9457 problem documents: one table from error to status, translated here and nowhere else."""

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.headers import complete
from api.schemas import Problem
from domain.errors import (
    BoardChangedError,
    BoardRefusedError,
    CommandRefusedError,
    InvalidIdError,
    InvalidQuestionError,
    MessageRefusedError,
    RegisterRefusedError,
    RejectedFrameError,
    SmartPlaceError,
    StoreRefusedError,
    StoreUnavailableError,
    UnknownAlarmError,
    UnknownCodecError,
    UnknownMessageError,
    UnknownPlaceError,
)

logger = logging.getLogger(__name__)

Translation = Callable[[Request, Exception], Awaitable[Response]]
ProblemPage = Callable[[int, str, str], Response]
"""Makes a page from a status, a title and a sentence."""

_SENTENCES: defaultdict[int, str] = defaultdict(
    lambda: "Something is wrong with this request.",
    {
        500: "Something went wrong on our side. Please try again in a moment.",
        404: "There is no such page. It may have moved, or the address may be misspelt.",
        503: "Please try again in a moment.",
    },
)

STATUS: dict[type[SmartPlaceError], HTTPStatus] = {
    UnknownPlaceError: HTTPStatus.NOT_FOUND,
    UnknownCodecError: HTTPStatus.NOT_FOUND,
    UnknownAlarmError: HTTPStatus.NOT_FOUND,
    BoardChangedError: HTTPStatus.PRECONDITION_FAILED,
    BoardRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownMessageError: HTTPStatus.NOT_FOUND,
    MessageRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidIdError: HTTPStatus.BAD_REQUEST,
    InvalidQuestionError: HTTPStatus.BAD_REQUEST,
    RegisterRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CommandRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RejectedFrameError: HTTPStatus.UNPROCESSABLE_ENTITY,
    StoreRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A problem document (RFC 9457) says what is wrong.",
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
}
"""What every route answers to a wrong request, for the OpenAPI document."""


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: object) -> JSONResponse:
    """A problem document; `more` are its extension members."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def install(app: FastAPI, page: ProblemPage | None = None) -> None:
    """Translate every expected error of this application; `page` is for people, the documents are for programs."""

    def for_the_reader(document: Translation) -> Translation:
        async def translate(request: Request, error: Exception) -> Response:
            answer = await document(request, error)
            if page is None or not _is_person(request):
                return answer
            for_people = page(answer.status_code, HTTPStatus(answer.status_code).phrase, _SENTENCES[answer.status_code])
            for_people.headers.update(
                {key: answer.headers[key] for key in ("retry-after", "allow") if key in answer.headers}
            )
            return for_people

        return translate

    async def unexpected(request: Request, error: Exception) -> Response:
        answer = await for_the_reader(_unexpected)(request, error)
        # This answer is made outside of all middleware.
        complete(answer.headers, request.scope)
        return answer

    app.add_exception_handler(RequestValidationError, for_the_reader(_invalid))
    app.add_exception_handler(HTTPException, for_the_reader(_http))
    for error in STATUS:
        app.add_exception_handler(error, for_the_reader(_expected))
    app.add_exception_handler(Exception, unexpected)


def _is_person(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")


async def _expected(_request: Request, error: Exception) -> JSONResponse:
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        logger.warning("the store is away: %s", error, extra={"action": "http_unavailable"})
        return problem(status, "The database does not answer. Please try again.", headers={"Retry-After": "5"})
    if isinstance(error, InvalidQuestionError):
        return problem(status, str(error), errors=[{"parameter": error.parameter, "fault": error.fault}])
    if isinstance(error, RejectedFrameError):
        return problem(status, error.detail, reason=error.reason.value)
    if isinstance(error, RegisterRefusedError):
        return problem(status, str(error), errors=[asdict(one) for one in error.problems])
    if isinstance(error, BoardRefusedError):
        return problem(status, str(error), errors=[{"message": fault} for fault in error.problems])
    return problem(status, str(error))


async def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    # The server logs the error itself; nothing of it is for the reader.
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side.")


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"parameter": ".".join(str(part) for part in fault["loc"][1:]), "fault": fault["msg"]}
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['parameter']}: {fault['fault']}" for fault in faults)
    return problem(HTTPStatus.BAD_REQUEST, detail, errors=faults)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))
