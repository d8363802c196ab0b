"""Values that nobody changes, without what Python charges for making sure of it each time that one is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def value(cls: type[T]) -> type[T]: ...
@overload
def value(*, kw_only: bool = True, eq: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(
    cls: type[T] | None = None, *, kw_only: bool = True, eq: bool = True
) -> type[T] | Callable[[type[T]], type[T]]:
    """As `dataclass(frozen=True, slots=True, kw_only=True)`, for what is made for every frame.

    mypy refuses to change one. At run time nobody looks: a frozen dataclass sets each of its fields through a call that
    first makes sure that it may, and takes three times as long to be made.
    """
    made = dataclass(slots=True, kw_only=kw_only, eq=eq, unsafe_hash=eq)
    return made if cls is None else made(cls)
