"""The register: sites, zones, assets, devices, who watched what when, what is closed; what changes it, and its undo."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.errors import RegisterProblem

Value = str | int | float | bool | datetime | None
Values = Mapping[str, Value]


class RecordKind(StrEnum):
    """What a record is about, in the order in which records refer to one another."""

    SITE = "site"
    ZONE = "zone"
    ASSET = "asset"
    DEVICE = "device"
    INSTALLATION = "installation"
    CLOSURE = "closure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What somebody wants a record to be. `line` is where it is written, for files.

    An installation whose `begins_at` is None says where a device is now: nothing changes if it is there already.
    """

    kind: RecordKind
    record_id: str
    values: Values
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """Lines that cannot be made, so that nothing is: what is wrong with them, and as much of each as could be read.

    Values that could not be read are None, and so is an id: an empty text.
    """

    problems: Sequence[RegisterProblem] = ()
    entries: Sequence[Entry] = ()


NOTHING_FAULTY = Faulty()

Register = Mapping[RecordKind, Mapping[str, Values]]
"""Every record by kind and id. Keys of the values are those of `domain.register_fields.FIELDS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record before and after; None where it is not there."""

    kind: RecordKind
    record_id: str
    before: Values | None
    after: Values | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What some entries change, and everything that speaks against it. It is made only where nothing does."""

    changes: tuple[Change, ...]
    problems: tuple[RegisterProblem, ...] = ()
    unchanged: int = 0

    @property
    def added(self) -> int:
        """How many records are new."""
        return sum(change.before is None for change in self.changes)

    @property
    def removed(self) -> int:
        """How many records go."""
        return sum(change.after is None for change in self.changes)

    @property
    def changed(self) -> int:
        """How many records stay and say something else."""
        return len(self.changes) - self.added - self.removed


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """Changes made together. `undoes` is the set that they take back, `undone_by` the one that took them back."""

    change_set_id: int
    made_at: datetime
    actor: str
    what: str
    changes: int
    undoes: int | None = None
    undone_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of a change. `change_set_id` is None where nothing was to change, or it was only tried.

    `retold` are devices whose threshold is another one for a time that has begun: ingest tells their history anew.
    """

    plan: Plan
    change_set_id: int | None
    retold: tuple[str, ...] = ()


class Registry(Protocol):
    """The register as whoever keeps it sees it. Every method may raise StoreUnavailableError."""

    async def records(self) -> Register:
        """All of it."""
        ...

    async def write(
        self, entries: Sequence[Entry], *, actor: str, what: str, dry_run: bool = False, faulty: Faulty = NOTHING_FAULTY
    ) -> Made:
        """Make records what the entries say, all or none; raises RegisterRefusedError with every reason."""
        ...

    async def remove(self, kind: RecordKind, record_id: str, *, actor: str) -> Made:
        """Take a record out; raises UnknownPlaceError, RegisterRefusedError."""
        ...

    async def undo(self, change_set_id: int, *, actor: str) -> Made:
        """Take a change set back; raises UnknownPlaceError, RegisterRefusedError where later changes built on it."""
        ...

    async def change_sets(self, *, limit: int) -> list[ChangeSet]:
        """The newest first."""
        ...

    async def changes_of(self, change_set_id: int) -> list[Change]:
        """What one set changed; raises UnknownPlaceError."""
        ...


def installation_id(device_id: str, begins_at: datetime) -> str:
    """What names an installation: `70b3d50000000001@2026-11-20T12:00:00+00:00`."""
    return f"{device_id}@{begins_at.isoformat()}"


def nothing() -> dict[RecordKind, dict[str, Values]]:
    """An empty register."""
    return {kind: {} for kind in RecordKind}


def changed(register: Register, changes: Iterable[Change]) -> dict[RecordKind, dict[str, Values]]:
    """The register after these changes."""
    after = {kind: dict(register[kind]) for kind in RecordKind}
    for change in changes:
        if change.after is None:
            after[change.kind].pop(change.record_id, None)
        else:
            after[change.kind][change.record_id] = change.after
    return after
