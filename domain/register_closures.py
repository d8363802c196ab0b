"""Closures as records of the register: what is closed, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from domain.closures import PlannedClosure, Weekday
from domain.errors import InvalidIdError, RegisterProblem, RegisterRefusedError
from domain.ids import parse_closure_id
from domain.local_time import local_day
from domain.places import Closure, Places
from domain.register import Change, Entry, Plan, RecordKind, Register, Values
from domain.register_fields import read_values, unsaid

FROM_FILE = "file-"
"""With it begin the ids of closures that a places file keeps."""
TARGETS = (RecordKind.ASSET, RecordKind.ZONE, RecordKind.SITE)
"""What can be closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptClosure:
    """A closure of the register: `target_id` is a record of the kind `target`."""

    closure_id: str
    target: RecordKind
    target_id: str
    reason: str
    planned: PlannedClosure


def closures_of(register: Register) -> list[KeptClosure]:
    """Every closure, in order of ids."""
    return [kept_closure(closure_id, values) for closure_id, values in sorted(register[RecordKind.CLOSURE].items())]


def kept_closure(closure_id: str, values: Values) -> KeptClosure:
    """What the values of a record say."""
    target = next(kind for kind in TARGETS if values[kind.value] is not None)
    return KeptClosure(
        closure_id=closure_id,
        target=target,
        target_id=str(values[target.value]),
        reason=str(values["reason"]),
        planned=planned_closure(values),
    )


def planned_closure(values: Values) -> PlannedClosure:
    """When it is."""
    begins_at, ends_at = values["begins_at"], values["ends_at"]
    assert isinstance(begins_at, datetime)
    assert ends_at is None or isinstance(ends_at, datetime)
    return PlannedClosure(
        begins_at=begins_at,
        ends_at=ends_at,
        weekdays=frozenset(map(Weekday, _words(values, "weekdays"))),
        from_time=_clock(values, "from_time"),
        to_time=_clock(values, "to_time"),
        except_days=frozenset(map(date.fromisoformat, _words(values, "except_days"))),
    )


def read_closure(closure_id: str, cells: Mapping[str, str]) -> Entry:
    """The closure in text, by the columns of the register.

    Raises:
        RegisterRefusedError: with every fault.
    """
    values, faults = read_values(RecordKind.CLOSURE, cells)
    try:
        parse_closure_id(closure_id)
    except InvalidIdError as error:
        faults.insert(0, ("id", str(error)))
    if faults:
        raise RegisterRefusedError([RegisterProblem(column=column, message=message) for column, message in faults])
    return Entry(kind=RecordKind.CLOSURE, record_id=closure_id, values=values)


def ended(closure_id: str, values: Values, *, at: datetime) -> Entry:
    """The closure ended at a moment in its time; what of it was before stays history.

    Raises:
        RegisterRefusedError: it has not begun, or has ended.
    """
    planned = planned_closure(values)
    if at <= planned.begins_at:
        raise RegisterRefusedError([RegisterProblem(message=f"{closure_id} has not begun: take it out instead")])
    if planned.ends_at is not None and planned.ends_at <= at:
        raise RegisterRefusedError([RegisterProblem(message=f"{closure_id} has ended")])
    return Entry(kind=RecordKind.CLOSURE, record_id=closure_id, values={**values, "ends_at": at})


def new_id(register: Register, target_id: str, begins_at: datetime) -> str:
    """An id that no closure has, which says what is closed and from when on."""
    first = f"{target_id}-{local_day(begins_at):%Y%m%d}"
    taken = register[RecordKind.CLOSURE]
    numbered = (f"{first}-{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (first, *numbered) if one not in taken)


def entries_of_file(places: Places) -> list[Entry]:
    """The closures that a places file wants."""
    return [
        Entry(
            kind=RecordKind.CLOSURE,
            record_id=_file_id(closure),
            values={
                **unsaid(RecordKind.CLOSURE),
                **_target(closure),
                "reason": closure.reason,
                "begins_at": closure.begins_at,
                "ends_at": closure.ends_at,
            },
        )
        for closure in places.closures
    ]


def without_closures_that_left_the_file(planned: Plan, register: Register, places: Places) -> Plan:
    """The plan, and those closures of the file's places go that an earlier version of the file had."""
    assets = {asset.asset_id for asset in places.assets}
    sites = {site.site_id for site in places.sites}
    zones = {zone_id for zone_id, zone in register[RecordKind.ZONE].items() if zone["site"] in sites}
    wanted = {_file_id(closure) for closure in places.closures}
    gone = [
        Change(kind=RecordKind.CLOSURE, record_id=closure_id, before=values, after=None)
        for closure_id, values in register[RecordKind.CLOSURE].items()
        if closure_id.startswith(FROM_FILE)
        and (values["asset"] in assets or values["site"] in sites or values["zone"] in zones)
        and closure_id not in wanted
    ]
    return replace(planned, changes=(*planned.changes, *gone))


def refuse_unknown_zones(places: Places, register: Register) -> None:
    """A places file names zones, which only the register knows.

    Raises:
        RegisterRefusedError: a closure is of a zone that is not there, or is in another site.
    """
    problems = [
        RegisterProblem(
            message=f"site {closure.site_id!r}, closure {closure.reason!r}: zone: the register has no zone"
            f" {closure.zone_id!r} in this site; put it there first"
        )
        for closure in places.closures
        if closure.zone_id is not None
        and register[RecordKind.ZONE].get(closure.zone_id, {}).get("site") != closure.site_id
    ]
    if problems:
        raise RegisterRefusedError(problems)


def _target(closure: Closure) -> Values:
    if closure.zone_id is not None:
        return {"zone": closure.zone_id}
    return {"asset": closure.asset_id} if closure.asset_id is not None else {"site": closure.site_id}


def _file_id(closure: Closure) -> str:
    """Of assets it ends with a moment, so that no site or zone of the same name has the same."""
    ((kind, target),) = _target(closure).items()
    of_what = "" if kind == RecordKind.ASSET else f"-{kind}"
    return f"{FROM_FILE}{target}-{closure.begins_at:%Y%m%dt%H%M%S}{of_what}"


def _words(values: Values, name: str) -> list[str]:
    return str(values[name] or "").split()


def _clock(values: Values, name: str) -> time | None:
    return None if values[name] is None else time.fromisoformat(str(values[name]))
