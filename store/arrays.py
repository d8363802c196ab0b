"""Columns as arrays in PostgreSQL's own binary form: thousands of values are one parameter, and no call of ours each.

psycopg's own way from a list to an array asks every element for its type and its bytes, which was the largest part of
what a frame cost in Python.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, repeat
from struct import Struct

from psycopg import adapters
from psycopg.adapt import AdaptersMap, Buffer, Dumper, PyFormat, Transformer
from psycopg.pq import Format

_LENGTH = Struct(">i").pack
_NULL = _LENGTH(-1)
_EIGHT = _LENGTH(8)
# Dimensions, whether there are NULLs, type of the elements, how many there are, number of the first.
_HEAD = Struct(">iiIii").pack

Values = Sequence[object]


class Array(bytes):
    """An array as PostgreSQL receives it. The statement says with a cast what it is an array of."""


class _ArrayDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Array) -> Buffer:
        return bytes(obj)


ADAPTERS = AdaptersMap(adapters)
"""For connections that take arrays."""
ADAPTERS.register_dumper(Array, _ArrayDumper)

# The driver's own words for a moment: microseconds of another epoch.
_ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
_moment: Callable[[object], Buffer | None] = Transformer().get_dumper(_ANY_MOMENT, PyFormat.BINARY).dump


def _fixed(form: str) -> Callable[[Values], Iterable[Buffer]]:
    layout = Struct(f">i{form}")
    pack, size = layout.pack, layout.size - 4
    return lambda values: map(pack, repeat(size), values)


@lru_cache(maxsize=10_000)
def _text(text: str) -> bytes:
    """Devices and their sessions are few, and each is named again and again."""
    encoded = text.encode()
    return _LENGTH(len(encoded)) + encoded


_TYPES: dict[str, tuple[int, Callable[[Values], Iterable[Buffer]]]] = {
    "bool": (16, _fixed("?")),
    "bytea": (17, lambda values: chain.from_iterable((_LENGTH(len(value)), value) for value in values)),  # type: ignore[arg-type, misc]
    "int8": (20, _fixed("q")),
    "int4": (23, _fixed("i")),
    "text": (25, lambda values: map(_text, values)),
    "float4": (700, _fixed("f")),
    "timestamptz": (1184, lambda values: chain.from_iterable(zip(repeat(_EIGHT), map(_moment, values)))),  # type: ignore[arg-type]
}
"""The number of a type, and its elements, each with its length before it."""


def array(of: str, values: Values) -> Array:
    """These values as an array; None is NULL.

    Raises:
        struct.error: a number is out of the range of its type.
    """
    number, encode = _TYPES[of]
    if None in values:
        parts: Iterable[Buffer] = (_NULL if value is None else b"".join(encode((value,))) for value in values)
        return Array(_HEAD(1, 1, number, len(values), 1) + b"".join(parts))
    return Array(_HEAD(1, 0, number, len(values), 1) + b"".join(encode(values)))


def arrays(types: Mapping[str, str], rows: Iterable[Values]) -> dict[str, Array]:
    """Rows turned into one array for each column; `types` names the columns and their types, in order."""
    columns = [*zip(*rows, strict=True)] or [()] * len(types)
    return {name: array(of, column) for (name, of), column in zip(types.items(), columns, strict=True)}
