"""A table of a TOML file, read value by value: every fault is noted, none ends the reading."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from domain.errors import InvalidIdError

Id = TypeVar("Id", bound=str)
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass
class Table:
    """One table of the file. Reading a bad value notes a problem and answers with a harmless stand-in."""

    where: str
    entries: dict[str, Any]
    problems: list[str]
    read: set[str] = field(default_factory=set)

    def has(self, key: str) -> bool:
        """Whether an optional key is there."""
        self.read.add(key)
        return key in self.entries

    def note(self, problem: str) -> None:
        """Note a fault."""
        self.problems.append(f"{self.where}: {problem}")

    def value(self, key: str, kind: type | tuple[type, ...], expected: str) -> Any:  # noqa: ANN401
        """The value of a required key, or None (and a problem) if it is missing or of another type."""
        self.read.add(key)
        if key not in self.entries:
            self.note(f"{key} is missing; it must be {expected}")
            return None
        value = self.entries[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.note(f"{key} must be {expected}, got {value!r}")
            return None
        return value

    def text(self, key: str) -> str:
        """Text that is not empty."""
        value = self.value(key, str, "text in quotes")
        if value is not None and not value.strip():
            self.note(f"{key} is empty")
        return value or ""

    def identifier(self, key: str, parse: Callable[[str], Id]) -> Id:
        """An id as `parse` reads it."""
        value = self.value(key, str, "text in quotes")
        if value is not None:
            try:
                return parse(value)
            except InvalidIdError as error:
                self.note(f"{key} {error}")
        return parse(f"{len(self.problems):016x}")

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        """One of some words."""
        known = [choice.value for choice in choices]
        value = self.value(key, str, "one of " + ", ".join(known))
        if value is not None and value not in known:
            self.note(f"{key} must be one of {', '.join(known)}, got {value!r}")
        return choices(value) if value in known else next(iter(choices))

    def count(self, key: str, most: int) -> int:
        """A whole number from 1."""
        value = self.value(key, int, "a whole number")
        if value is not None and not 1 <= value <= most:
            self.note(f"{key} must be from 1 to {most}, got {value}")
            return 1
        return value or 1

    def degrees(self, key: str, limit: int) -> float:
        """Degrees on either side of zero."""
        value = self.value(key, (int, float), f"degrees from {-limit} to {limit}")
        return 0.0 if value is None else self._within(key, value, limit)

    def point(self, key: str) -> tuple[float, float]:
        """Longitude and latitude."""
        value = self.value(key, list, "[lon, lat]")
        if value is None:
            return 0.0, 0.0
        if len(value) != 2 or any(type(number) not in (int, float) for number in value):
            self.note(f"{key} must be [lon, lat], got {value!r}")
            return 0.0, 0.0
        return self._within(f"{key} lon", value[0], 180), self._within(f"{key} lat", value[1], 90)

    def _within(self, name: str, value: float, limit: int) -> float:
        if not -limit <= value <= limit:
            self.note(f"{name} must be degrees from {-limit} to {limit}, got {value}")
            return 0.0
        return float(value)

    def moment(self, key: str) -> datetime | None:
        """A time with its zone, in UTC."""
        value: datetime | None = self.value(key, datetime, "a date and time such as 2026-03-01T08:00:00Z")
        if value is not None and value.tzinfo is None:
            self.note(f"{key} needs Z or an offset such as +01:00, got {value.isoformat()}")
            return None
        return value.astimezone(UTC) if value else None

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        value = self.value(key, list, "a list of texts") or []
        if wrong := [item for item in value if not isinstance(item, str)]:
            self.note(f"{key} must be a list of texts, got {wrong[0]!r}")
        return [item for item in value if isinstance(item, str)]

    def tables(self, key: str, title: str) -> "Iterator[Table]":
        """The tables of an optional list, each titled by its id, or by its place in the list."""
        if not self.has(key):
            return
        found = self.value(key, list, f"[[{key}]] tables") or []
        for position, entries in enumerate(found, 1):
            if not isinstance(entries, dict):
                self.note(f"{title} {position} must be a table, got {entries!r}")
                continue
            name = repr(entries["id"]) if "id" in entries else str(position)
            prefix = "" if self.where == "the file" else f"{self.where}, "
            table = Table(f"{prefix}{title} {name}", entries, self.problems)
            yield table
            table.finish()

    def finish(self) -> None:
        """Note every key that nobody asked for."""
        for key in sorted(set(self.entries) - self.read):
            self.note(f"{key!r} is not a key here; known are {', '.join(sorted(self.read))}")
