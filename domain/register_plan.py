"""From entries to changes: pure rules of the register, and everything that speaks against a change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from domain.errors import RegisterProblem
from domain.places import AssetKind
from domain.register import (
    NOTHING_FAULTY,
    Change,
    Entry,
    Faulty,
    Plan,
    RecordKind,
    Register,
    Value,
    Values,
    changed,
    installation_id,
)
from domain.register_fields import FIELDS

REACHES_BACK_TO = datetime(2000, 1, 1, tzinfo=UTC)
"""When the first installation of a device begins if nobody says: frames that were kept before find their asset."""
_FOREVER = datetime.max.replace(tzinfo=UTC)

Lines = Mapping[tuple[RecordKind, str], int | None]


def plan(register: Register, entries: Sequence[Entry], *, at: datetime, faulty: Faulty = NOTHING_FAULTY) -> Plan:
    """What these entries change at that moment. What they do not name stays, but for devices that have to leave.

    An installation that begins while its device is elsewhere, or another device is there, ends that one. The
    problems are those of faulty lines, too, and nothing that hangs on what a faulty line would have said.
    """
    in_order = sorted([*_dated(register, entries, at), *_named(faulty)], key=lambda entry: entry.line or 0)
    wanted, problems = _distinct(in_order)
    unsure = {(entry.kind, entry.record_id) for entry in faulty.entries}
    wanted = {key: entry for key, entry in wanted.items() if key not in unsure}
    changes = {key: _change(register, key, entry.values) for key, entry in wanted.items()}
    changes |= {(change.kind, change.record_id): change for change in _endings(register, wanted)}
    real = [change for change in changes.values() if change.before != change.after]
    lines = {key: entry.line for key, entry in wanted.items()}
    problems += [*faulty.problems, *_objections(changed(register, real), real, lines, faulty)]
    return Plan(changes=_in_order(real), problems=_by_line(problems), unchanged=len(changes) - len(real))


def undo_plan(register: Register, made: Iterable[Change]) -> Plan:
    """What takes these changes back: refused where a record has changed since, or something else needs it."""
    back = [replace(change, before=change.after, after=change.before) for change in made]
    problems = [
        RegisterProblem(message=f"{change.kind} {change.record_id} has changed since")
        for change in back
        if register[change.kind].get(change.record_id) != change.before
    ]
    problems += _objections(changed(register, back), back, {}, NOTHING_FAULTY)
    return Plan(changes=_in_order(back), problems=tuple(problems))


def _change(register: Register, key: tuple[RecordKind, str], after: Values) -> Change:
    kind, record_id = key
    return Change(kind=kind, record_id=record_id, before=register[kind].get(record_id), after=after)


def _in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    order = {kind: number for number, kind in enumerate(RecordKind)}
    return tuple(sorted(changes, key=lambda change: (order[change.kind], change.record_id)))


def _by_line(problems: Iterable[RegisterProblem]) -> tuple[RegisterProblem, ...]:
    return tuple(sorted(set(problems), key=lambda one: (one.line or 0, one.column or "", one.message)))


def _distinct(entries: Iterable[Entry]) -> tuple[dict[tuple[RecordKind, str], Entry], list[RegisterProblem]]:
    wanted: dict[tuple[RecordKind, str], Entry] = {}
    problems = []
    for entry in entries:
        first = wanted.setdefault((entry.kind, entry.record_id), entry)
        if first is not entry:
            where = f" on line {first.line}" if first.line is not None else ""
            problems.append(
                RegisterProblem(line=entry.line, message=f"{entry.kind} {entry.record_id} is already{where}")
            )
    return wanted, problems


def _dated(register: Register, entries: Iterable[Entry], at: datetime) -> Iterator[Entry]:
    """The entries; an installation that does not say when it begins is given its beginning."""
    installations = register[RecordKind.INSTALLATION].values()
    open_by_device = {values["device"]: values for values in installations if values["ends_at"] is None}
    known_devices = {values["device"] for values in installations}
    last_end: dict[object, datetime] = {}
    for values in installations:
        end = values["ends_at"] or at
        assert isinstance(end, datetime)
        last_end[values["asset"]] = max(end, last_end.get(values["asset"], end))
    for entry in entries:
        if entry.kind is not RecordKind.INSTALLATION or entry.values["begins_at"] is not None:
            yield entry
            continue
        now_there = open_by_device.get(entry.values["device"])
        values = dict(entry.values)
        if now_there is not None and now_there["asset"] == values["asset"]:
            # It is there: nothing that was calibrated is forgotten.
            values |= {name: now_there[name] for name, value in values.items() if value is None}
        elif values["device"] in known_devices:
            values["begins_at"] = at
        else:
            values["begins_at"] = last_end.get(values["asset"], REACHES_BACK_TO)
        begins_at = values["begins_at"]
        assert isinstance(begins_at, datetime)
        yield replace(entry, record_id=installation_id(str(values["device"]), begins_at), values=values)


def _endings(register: Register, wanted: Mapping[tuple[RecordKind, str], Entry]) -> Iterator[Change]:
    """The installations that end where a wanted one begins, unless an entry says otherwise of them."""
    kind = RecordKind.INSTALLATION
    still_open: dict[tuple[str, Value], tuple[str, Values]] = {}
    for record_id, values in register[kind].items():
        if values["ends_at"] is None and (kind, record_id) not in wanted:
            still_open["device", values["device"]] = still_open["asset", values["asset"]] = record_id, values
    for key, entry in wanted.items():
        if entry.kind is not kind or entry.record_id in register[kind]:
            continue
        begins_at = _moment(entry.values["begins_at"])
        for name in ("device", "asset"):
            record_id, other = still_open.get((name, entry.values[name]), (key[1], entry.values))
            if _moment(other["begins_at"]) < begins_at:
                yield Change(kind=kind, record_id=record_id, before=other, after={**other, "ends_at": begins_at})


def _objections(after: Register, changes: Sequence[Change], lines: Lines, faulty: Faulty) -> list[RegisterProblem]:
    sure = _without(after, faulty)
    return [
        *_lost_references(after, changes, lines, faulty),
        *_strange_zones(sure, changes, lines),
        *_strange_areas(sure, changes, lines),
        *_closed_gates(sure, changes, lines),
        *_overlaps(after, changes, lines, faulty),
        *_still_needed(after, changes),
    ]


def _named(faulty: Faulty) -> Iterator[Entry]:
    """Those whose id is known; that of an installation hangs on its other values."""
    return (entry for entry in faulty.entries if entry.record_id and entry.kind is not RecordKind.INSTALLATION)


def _without(register: Register, faulty: Faulty) -> Register:
    """The records of which no faulty line says anything."""
    if not faulty.entries:
        return register
    unsure = {(entry.kind, entry.record_id) for entry in faulty.entries}
    return {
        kind: {record_id: values for record_id, values in register[kind].items() if (kind, record_id) not in unsure}
        for kind in RecordKind
    }


def _lost_references(
    after: Register, changes: Sequence[Change], lines: Lines, faulty: Faulty
) -> Iterator[RegisterProblem]:
    """Also those of faulty lines; what a faulty line is about is there."""
    there = {(entry.kind, entry.record_id) for entry in faulty.entries}
    said = [(change.kind, change.after, lines.get((change.kind, change.record_id))) for change in changes]
    said += [(entry.kind, entry.values, entry.line) for entry in faulty.entries]
    for kind, values, line in said:
        for name, field in FIELDS[kind].items():
            named = None if values is None else values[name]
            if field.refers_to is None or named is None or named in after[field.refers_to]:
                continue
            if (field.refers_to, named) not in there:
                yield RegisterProblem(line=line, column=name, message=f"there is no {field.refers_to} {named}")


def _strange_zones(after: Register, changes: Sequence[Change], lines: Lines) -> Iterator[RegisterProblem]:
    touched_zones = {change.record_id for change in changes if change.kind is RecordKind.ZONE}
    touched = {change.record_id for change in changes if change.kind is RecordKind.ASSET}
    for asset_id, asset in after[RecordKind.ASSET].items():
        zone = after[RecordKind.ZONE].get(str(asset["zone"]))
        if zone is None or (asset_id not in touched and asset["zone"] not in touched_zones):
            continue
        if zone["site"] != asset["site"]:
            line = lines.get((RecordKind.ASSET, asset_id)) or lines.get((RecordKind.ZONE, str(asset["zone"])))
            message = f"zone {asset['zone']} is in {zone['site']}, asset {asset_id} in {asset['site']}"
            yield RegisterProblem(line=line, column="zone", message=message)


def _strange_areas(after: Register, changes: Sequence[Change], lines: Lines) -> Iterator[RegisterProblem]:
    """Gates that lead to what is no area, or one of another site."""
    touched = {change.record_id for change in changes if change.kind is RecordKind.ASSET}
    for asset_id, gate in after[RecordKind.ASSET].items():
        area = after[RecordKind.ASSET].get(str(gate["area"]))
        if area is None or touched.isdisjoint({asset_id, str(gate["area"])}):
            continue
        wrong = [f"{gate['area']} is no area"] if area["kind"] != AssetKind.AREA else []
        wrong += [f"area {gate['area']} is in {area['site']}, gate {asset_id} in {gate['site']}"] * (
            area["site"] != gate["site"]
        )
        line = lines.get((RecordKind.ASSET, asset_id)) or lines.get((RecordKind.ASSET, str(gate["area"])))
        yield from (RegisterProblem(line=line, column="area", message=message) for message in wrong)


def _closed_gates(after: Register, changes: Sequence[Change], lines: Lines) -> Iterator[RegisterProblem]:
    """A gate is nothing that anybody uses."""
    for change in changes:
        closed = change.after["asset"] if change.kind is RecordKind.CLOSURE and change.after is not None else None
        asset = after[RecordKind.ASSET].get(str(closed))
        if asset is not None and asset["kind"] == AssetKind.GATE:
            line = lines.get((change.kind, change.record_id))
            yield RegisterProblem(line=line, column="asset", message=f"{closed} is a gate: close its area")


def _overlaps(after: Register, changes: Sequence[Change], lines: Lines, faulty: Faulty) -> Iterator[RegisterProblem]:
    unread = [entry.values for entry in faulty.entries if entry.kind is RecordKind.INSTALLATION]
    touched = [c.after for c in changes if c.kind is RecordKind.INSTALLATION and c.after is not None]
    for name in ("device", "asset"):
        names = {values[name] for values in touched} - {values[name] for values in unread}
        groups: dict[object, list[tuple[str, Values]]] = {}
        for record_id, values in after[RecordKind.INSTALLATION].items():
            if values[name] in names:
                groups.setdefault(values[name], []).append((record_id, values))
        for named, group in groups.items():
            ordered = sorted(group, key=lambda one: _moment(one[1]["begins_at"]))
            for (first_id, first), (second_id, second) in pairwise(ordered):
                if _end(first) > _moment(second["begins_at"]):
                    found = [lines.get((RecordKind.INSTALLATION, one)) for one in (second_id, first_id)]
                    line = next((one for one in found if one is not None), None)
                    message = f"{name} {named} would be in two installations at once: {first_id} and {second_id}"
                    yield RegisterProblem(line=line, column=name, message=message)


def _still_needed(after: Register, changes: Sequence[Change]) -> Iterator[RegisterProblem]:
    gone = {(change.kind, change.record_id) for change in changes if change.after is None}
    if not gone:
        return
    for kind, fields in FIELDS.items():
        names = {name: field.refers_to for name, field in fields.items() if field.refers_to is not None}
        for record_id, values in after[kind].items():
            for name, refers_to in names.items():
                if (refers_to, str(values[name])) in gone:
                    yield RegisterProblem(message=f"{refers_to} {values[name]} is needed by {kind} {record_id}")


def _moment(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value


def _end(values: Values) -> datetime:
    return _FOREVER if values["ends_at"] is None else _moment(values["ends_at"])
