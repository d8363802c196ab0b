"""The CSV file in which a council gives the OTAA root keys of new devices."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from domain.errors import InvalidIdError, SmartPlaceError
from domain.ids import DeviceId, parse_dev_eui

COLUMNS = ("dev_eui", "join_eui", "app_key")
_KEY = re.compile(r"[0-9a-fA-F]{32}")


class KeysFileError(SmartPlaceError):
    """A keys file with faults; names lines and devices, and never a key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the keys file: " + "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else ""))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class RootKeys:
    """What a device joins with, in lower-case hex. `nwk_key` is for LoRaWAN 1.1 only; keys are left out of repr."""

    dev_eui: DeviceId
    join_eui: str
    app_key: str = field(repr=False)
    nwk_key: str = field(default="", repr=False)


def read_keys(text: str) -> dict[DeviceId, RootKeys]:
    """The keys in a CSV text with the columns dev_eui, join_eui, app_key and, for LoRaWAN 1.1, nwk_key.

    Raises:
        KeysFileError: names each line at fault, counted from 1 with the heading.
    """
    reader = csv.DictReader(text.splitlines(), skipinitialspace=True)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise KeysFileError([f"the column {column} is missing" for column in missing])
    found: dict[DeviceId, RootKeys] = {}
    problems = []
    for row in reader:
        for fault in _faults(row, found):
            problems.append(f"line {reader.line_num}: {fault}")
            break
        else:
            keys = _keys(row)
            found[keys.dev_eui] = keys
    if problems:
        raise KeysFileError(problems)
    return found


def _faults(row: dict[str, str | None], found: dict[DeviceId, RootKeys]) -> Iterator[str]:
    for column in ("dev_eui", "join_eui"):
        try:
            parse_dev_eui((row[column] or "").strip())
        except InvalidIdError:
            yield f"{column} is not 16 hex digits"
    if (row["dev_eui"] or "").strip().lower() in found:
        yield "a second line for this device"
    if not _KEY.fullmatch((row["app_key"] or "").strip()):
        yield "app_key is not 32 hex digits"
    if (nwk_key := (row.get("nwk_key") or "").strip()) and not _KEY.fullmatch(nwk_key):
        yield "nwk_key is not 32 hex digits"


def _keys(row: dict[str, str | None]) -> RootKeys:
    values = {column: (row.get(column) or "").strip().lower() for column in (*COLUMNS, "nwk_key")}
    return RootKeys(
        dev_eui=DeviceId(values["dev_eui"]),
        join_eui=values["join_eui"],
        app_key=values["app_key"],
        nwk_key=values["nwk_key"],
    )
