"""The register for programs: records, CSV in and out, who changed what, and undo."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from api.keys import holder_of
from api.schemas import Time
from domain.api_keys import Scope, ScopesOf
from domain.errors import RegisterRefusedError, UnknownPlaceError
from domain.register import Change, ChangeSet, Entry, Made, RecordKind, Registry
from domain.register_csv import SilentAfter, read_entry, read_register, write_register

CSV = "text/csv"
MOST_CSV_BYTES = 32 * 1024 * 1024
CSV_PATHS = ("/v1/registry/imports", "/manage/registry")
"""Where files may be larger than other bodies."""

Holder = Callable[..., Awaitable[str]]
Scalar = str | int | float | bool | None


class Outcome(BaseModel):
    """What became of a change. `change_set` is null where nothing was to change, or it was only tried.

    `retold` are devices whose threshold is another one for a time that has begun: their history is told anew by it.
    """

    change_set: int | None
    dry_run: bool = False
    added: int
    changed: int
    removed: int
    unchanged: int
    retold: list[str] = []

    @classmethod
    def of(cls, made: Made, *, dry_run: bool = False) -> "Outcome":
        """The wire form."""
        plan = made.plan
        counts = {"added": plan.added, "changed": plan.changed, "removed": plan.removed, "unchanged": plan.unchanged}
        return cls(change_set=made.change_set_id, dry_run=dry_run, retold=list(made.retold), **counts)


class RecordOut(BaseModel):
    """A record; its values are those of the columns of the CSV form."""

    record: RecordKind
    id: str
    values: dict[str, Any]


class RecordList(BaseModel):
    """Records of one kind."""

    records: list[RecordOut]


class ChangeSetOut(BaseModel):
    """Changes that were made together."""

    id: int
    made_at: Time
    actor: str
    what: str
    changes: int
    undoes: int | None
    undone_by: int | None

    @classmethod
    def of(cls, made: ChangeSet) -> "ChangeSetOut":
        """The wire form."""
        return cls(
            id=made.change_set_id,
            made_at=made.made_at,
            actor=made.actor,
            what=made.what,
            changes=made.changes,
            undoes=made.undoes,
            undone_by=made.undone_by,
        )


class ChangeSetList(BaseModel):
    """The newest first."""

    change_sets: list[ChangeSetOut]


class ChangeOut(BaseModel):
    """One record before and after; null where it is not there."""

    record: RecordKind
    id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @classmethod
    def of(cls, change: Change) -> "ChangeOut":
        """The wire form."""
        before, after = (None if values is None else dict(values) for values in (change.before, change.after))
        return cls(record=change.kind, id=change.record_id, before=before, after=after)


class ChangeList(BaseModel):
    """What one set changed."""

    changes: list[ChangeOut]


class RecordIn(BaseModel):
    """All values of a record, by the names of the CSV columns; what is left out is empty."""

    values: dict[str, Scalar] = Field(examples=[{"model": "bosch-tps110"}])


def create_router(registry: Registry, scopes_of: ScopesOf, silent_after: SilentAfter) -> APIRouter:
    """Routes under /v1/registry, for keys with the scope `registry`."""
    holder = holder_of(Scope.REGISTRY, scopes_of)
    router = APIRouter(prefix="/v1/registry", tags=["Registry"], dependencies=[Depends(holder)])
    _add_files(router, registry, holder, silent_after)
    _add_change_sets(router, registry, holder)
    _add_records(router, registry, holder, silent_after)
    return router


def _add_files(router: APIRouter, registry: Registry, holder: Holder, silent_after: SilentAfter) -> None:
    @router.get("/export.csv", summary="The whole register as CSV", response_class=Response, responses=_csv_answer())
    async def export() -> Response:
        """What `imports` takes back without loss. Text that a spreadsheet would run is written with an apostrophe."""
        text = write_register(await registry.records())
        return Response(text, media_type=CSV, headers={"Content-Disposition": 'attachment; filename="register.csv"'})

    @router.post("/imports", summary="Make the register what a CSV file says", openapi_extra=_csv_body())
    async def import_csv(
        request: Request,
        who: Annotated[str, Depends(holder)],
        *,
        dry_run: bool = False,
        name: Annotated[str, Query(max_length=200)] = "CSV over the API",
    ) -> Outcome:
        """All lines or none. 422 has every fault with its line. A second run changes nothing."""
        found = read_register(await request.body(), silent_after=silent_after)
        made = await registry.write(found.entries, actor=who, what=name, dry_run=dry_run, faulty=found.faulty)
        return Outcome.of(made, dry_run=dry_run)


def _add_change_sets(router: APIRouter, registry: Registry, holder: Holder) -> None:
    @router.get("/change-sets", summary="Who changed the register, newest first")
    async def change_sets(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> ChangeSetList:
        return ChangeSetList(change_sets=[ChangeSetOut.of(one) for one in await registry.change_sets(limit=limit)])

    @router.get("/change-sets/{change_set_id}", summary="What a change set changed")
    async def changes(change_set_id: int) -> ChangeList:
        return ChangeList(changes=[ChangeOut.of(change) for change in await registry.changes_of(change_set_id)])

    @router.post("/change-sets/{change_set_id}/undo", summary="Take a change set back, as a new one")
    async def undo(change_set_id: int, who: Annotated[str, Depends(holder)]) -> Outcome:
        """422 where a record has changed since, or something else needs it."""
        return Outcome.of(await registry.undo(change_set_id, actor=who))


def _add_records(router: APIRouter, registry: Registry, holder: Holder, silent_after: SilentAfter) -> None:
    @router.get("/{kind}", summary="Every record of a kind")
    async def records(kind: RecordKind) -> RecordList:
        found = (await registry.records())[kind]
        return RecordList(records=[RecordOut(record=kind, id=key, values=dict(found[key])) for key in sorted(found)])

    @router.put("/{kind}/{record_id}", summary="Make one record what is said")
    async def put(kind: RecordKind, record_id: str, record: RecordIn, who: Annotated[str, Depends(holder)]) -> Outcome:
        """An installation is put by the id of its device: without `begins_at` it says where the device is now."""
        entry = _entry(kind, record_id, record, silent_after)
        return Outcome.of(await registry.write([entry], actor=who, what=f"{kind} {record_id}"))

    @router.delete("/{kind}/{record_id}", summary="Take one record out")
    async def delete(kind: RecordKind, record_id: str, who: Annotated[str, Depends(holder)]) -> Outcome:
        """422 where something needs it, or it has a history."""
        return Outcome.of(await registry.remove(kind, record_id, actor=who))


def _entry(kind: RecordKind, record_id: str, record: RecordIn, silent_after: SilentAfter) -> Entry:
    cells = {name: _cell(value) for name, value in record.values.items()} | {"record": kind.value}
    if kind is RecordKind.INSTALLATION:
        if cells.setdefault("device", record_id) != record_id:
            raise UnknownPlaceError("installation", record_id)
    else:
        cells["id"] = record_id
    entry, problems = read_entry(cells, silent_after=silent_after)
    if entry is None:
        raise RegisterRefusedError(problems)
    return entry


def _cell(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _csv_body() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}}}}}


def _csv_answer() -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {CSV: {"schema": {"type": "string"}}}}}
