"""The register as CSV: one line a record, of which the first column says what it is about.

Spreadsheets run what begins with = + - @ as a formula. Such text is written with an apostrophe before it, and read
without it; numbers stay numbers.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO

from domain.categories import Category
from domain.errors import InvalidIdError, RegisterProblem, RegisterRefusedError, UnknownModelError
from domain.ids import parse_dev_eui
from domain.places import AssetKind
from domain.places_file import OWN_MODELS
from domain.register import Entry, Faulty, RecordKind, Register, Value, Values, installation_id
from domain.register_fields import COLUMNS, FLAGS_OF, READ_ID, read_values, written

_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
_MADE_HARMLESS = re.compile(r"'+[=+\-@\t\r]")

SilentAfter = Callable[[str], timedelta]
Cells = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFile:
    """A file, read: the lines that can be made, and the others."""

    entries: tuple[Entry, ...]
    faulty: Faulty


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def restored(text: str) -> str:
    """What `harmless` was given."""
    return text[1:] if _MADE_HARMLESS.match(text) else text


def write_register(register: Register) -> str:
    """Every record, those first that others refer to."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for kind in RecordKind:
        for record_id, values in sorted(register[kind].items()):
            cells = {name: _cell(value) for name, value in values.items()}
            own_id = "" if kind is RecordKind.INSTALLATION else record_id
            writer.writerow([kind.value, own_id, *(cells.get(name, "") for name in COLUMNS[2:])])
    return out.getvalue()


def read_register(content: bytes, *, silent_after: SilentAfter) -> RegisterFile:
    """The lines of a file; `silent_after` says how long a model may be silent, or raises UnknownModelError.

    Lines with faults are told together with what only the register can say of all lines (domain.register_plan), so
    that one run has everything that is wrong.

    Raises:
        RegisterRefusedError: it is no such file, so that its lines say nothing.
    """
    entries: list[Entry] = []
    faulty: list[Entry] = []
    problems: list[RegisterProblem] = []
    for line, cells in _rows(content, problems):
        entry, faults = _read(cells, silent_after, line)
        problems += faults
        if entry is not None:
            (faulty if faults else entries).append(entry)
    return RegisterFile(entries=tuple(entries), faulty=Faulty(problems=problems, entries=faulty))


def read_entry(
    cells: Cells, *, silent_after: SilentAfter, line: int | None = None
) -> tuple[Entry | None, list[RegisterProblem]]:
    """The entry in the cells of one record, by column; or None and every fault."""
    entry, problems = _read(cells, silent_after, line)
    return (None if problems else entry), problems


def _read(cells: Cells, silent_after: SilentAfter, line: int | None) -> tuple[Entry | None, list[RegisterProblem]]:
    """As much of an entry as can be read, and every fault; None where it does not say what it is about."""
    kind_text = cells.get("record", "").strip()
    if kind_text not in set(RecordKind):
        known = ", ".join(RecordKind)
        message = f"must be one of {known}, got {kind_text[:40]!r}"
        return None, [RegisterProblem(line=line, column="record", message=message)]
    kind = RecordKind(kind_text)
    values, faults = read_values(kind, cells)
    record_id = ""
    try:
        record_id = _record_id(kind, cells.get("id", "").strip(), values)
    except (InvalidIdError, ValueError) as error:
        faults.insert(0, ("id", str(error)))
    faults += _complete(kind, record_id, values, silent_after)
    problems = [RegisterProblem(line=line, column=column, message=message) for column, message in faults]
    return Entry(kind=kind, record_id=record_id, values=values, line=line), problems


def _record_id(kind: RecordKind, text: str, values: Values) -> str:
    if kind is not RecordKind.INSTALLATION:
        return READ_ID[kind](text)
    if text:
        raise ValueError("an installation has no id of its own: its device and begins_at name it")
    begins_at = values["begins_at"]
    return (
        installation_id(str(values["device"]), begins_at) if isinstance(begins_at, datetime) else str(values["device"])
    )


def _complete(
    kind: RecordKind, record_id: str, values: dict[str, Value], silent_after: SilentAfter
) -> list[tuple[str, str]]:
    """Put in what follows from other values; what does not fit together."""
    for name in FLAGS_OF.get(kind, ()):
        values[name] = bool(values[name])
    if kind is RecordKind.ASSET and values["kind"] == AssetKind.AREA:
        values["category"] = values["category"] or Category.GENERAL.value
    if kind is RecordKind.DEVICE and values["model"] is not None:
        try:
            silence = silent_after(str(values["model"]))
        except UnknownModelError as error:
            return [("model", str(error))]
        values["silent_after_s"] = values["silent_after_s"] or int(silence.total_seconds())
        if record_id and values["model"] not in OWN_MODELS:
            try:
                parse_dev_eui(record_id)
            except InvalidIdError as error:
                return [("id", str(error))]
    return []


def _rows(content: bytes, problems: list[RegisterProblem]) -> Iterator[tuple[int, Cells]]:
    """The records of a file by column, with the number of the line on which each begins."""
    lines = _lines(content)
    line, header = next(lines, (1, []))
    header = [name.strip().lower() for name in header]
    if faults := _header_faults(header, line):
        raise RegisterRefusedError(faults)
    for line, row in lines:
        if any(cell.strip() for cell in row[len(header) :]):
            problems.append(RegisterProblem(line=line, message=f"has more than {len(header)} cells"))
        else:
            yield line, {name: restored(cell) for name, cell in zip(header, row, strict=False)}


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = "this is not UTF-8: save the file as `CSV UTF-8`"
        raise RegisterRefusedError([RegisterProblem(line=line, message=message)]) from error
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for row in reader:
            line, begins = begins, reader.line_num + 1
            if any(cell.strip() for cell in row):
                yield line, row
    except csv.Error as error:
        raise RegisterRefusedError([RegisterProblem(line=begins, message=f"this is not CSV: {error}")]) from error


def _header_faults(header: list[str], line: int) -> list[RegisterProblem]:
    faults = [f"{name[:40]!r} is no column; known are {', '.join(COLUMNS)}" for name in header if name not in COLUMNS]
    faults += [f"column {name!r} is there twice" for name in sorted({n for n in header if header.count(n) > 1})]
    if "record" not in header:
        faults.append("column 'record' is missing")
    return [RegisterProblem(line=line, message=fault) for fault in faults]


def _cell(value: Value) -> str:
    text = written(value)
    return harmless(text) if isinstance(value, str) else text
