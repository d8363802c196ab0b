"""Answers about the past as JSON or CSV, by the address or by what the reader prefers."""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import StringIO
from typing import Any, TypeVar, get_args, get_origin

from fastapi import Request, Response
from pydantic import BaseModel

from api.history_schemas import ComparisonAnswer, Stamp
from api.negotiation import prefers
from domain.errors import InvalidQuestionError
from domain.history import Audience
from domain.register_csv import harmless
from domain.times import rfc3339

CSV = "text/csv"
SUFFIX = ".csv"
_MAX_AGE_S = 30
_ON_A_PAGE = 100

Item = TypeVar("Item")


def respond(request: Request, answer: BaseModel, audience: Audience, following: str | None = None) -> Response:
    """The answer in the form that was asked for; `following` is where the next page is."""
    headers = {
        # What is told to managers alone stays with them.
        "Cache-Control": f"public, max-age={_MAX_AGE_S}" if audience is Audience.PUBLIC else "private, no-store",
        "Vary": "Accept, Authorization",
    }
    if following:
        headers["Link"] = f'<{following}>; rel="next"'
    if is_csv(request):
        name = request.url.path.removesuffix(SUFFIX).strip("/").replace("/", "-").removeprefix("v1-")
        headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return Response(written(answer), media_type=CSV, headers=headers)
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json", headers=headers)


def is_csv(request: Request) -> bool:
    """Whether the answer is to be CSV: by its suffix, or because it is preferred."""
    return request.url.path.endswith(SUFFIX) or prefers(request, CSV, to="application/json")


def written(answer: BaseModel) -> str:
    """The rows of an answer as CSV; each line also says of what time it is, and what is to be believed of it."""
    rows: list[BaseModel] = answer.rows  # type: ignore[attr-defined]
    stamped = _stamp(answer)
    (row_type,) = get_args(type(answer).model_fields["rows"].annotation)
    columns = [name for name, _ in _flat(rows[0].model_dump())] if rows else _columns(row_type)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([*columns, *stamped])
    for row in rows:
        writer.writerow([*(_cell(value) for _, value in _flat(row.model_dump())), *stamped.values()])
    return out.getvalue()


def page(
    request: Request, items: list[tuple[str, Item]], *, limit: int | None, cursor: str | None
) -> tuple[list[Item], str | None]:
    """As many items as were asked for from where the last page ended, and where the next one is.

    If nothing is said, a hundred; but all of them as CSV, for nothing in such a file would tell that there are more.

    Raises:
        InvalidQuestionError: the last page ended with something that is not there any more.
    """
    keys = [key for key, _ in items]
    if cursor is not None and cursor not in keys:
        raise InvalidQuestionError("cursor", "there is no such row any more: begin anew")
    limit = limit or (max(1, len(items)) if is_csv(request) else _ON_A_PAGE)
    first = 0 if cursor is None else keys.index(cursor) + 1
    shown = items[first : first + limit]
    following = None
    if first + limit < len(items):
        following = str(request.url.include_query_params(cursor=shown[-1][0]).replace(scheme="", netloc=""))
    return [item for _, item in shown], following


def _stamp(answer: BaseModel) -> dict[str, str]:
    if not isinstance(answer, Stamp):
        return {}
    return {
        "period_from": rfc3339(answer.period.since),
        "period_to": rfc3339(answer.period.until),
        "as_of": rfc3339(answer.as_of),
        "untold_from": _cell(answer.untold_from),
        "unheard_bays": _cell(answer.unheard_bays),
        **_other_stamp(answer),
    }


def _other_stamp(answer: Stamp) -> dict[str, str]:
    if not isinstance(answer, ComparisonAnswer):
        return {}
    other = answer.other_period
    return {"other_period_from": rfc3339(other.since), "other_period_to": rfc3339(other.until)}


def _columns(row_type: type[BaseModel], prefix: str = "") -> list[str]:
    """The columns of no rows at all."""
    found = []
    for name, field in row_type.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += _columns(kind, f"{prefix}{name}_")
        elif get_origin(kind) is list:
            (length,) = {limit.max_length for limit in field.metadata if hasattr(limit, "max_length")}
            found += [f"{prefix}{name}_{number:02}" for number in range(length)]
        else:
            found.append(f"{prefix}{name}")
    return found


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}_")
        elif isinstance(value, list):
            yield from ((f"{prefix}{name}_{number:02}", one) for number, one in enumerate(value))
        else:
            yield f"{prefix}{name}", value


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else str(value)
