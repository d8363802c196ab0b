"""How far what is told of bays is from what is true of them: for `benchmarks.accuracy`."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

BLOCK = 20
GRID_S = 300
DAY_S = 86_400


LEAST_S = 5


@dataclass(frozen=True, slots=True)
class World:
    """So many bays for so many days."""

    bays: int
    days: int
    seed: int

    @property
    def seconds(self) -> int:
        return self.days * DAY_S


class Told(NamedTuple):
    """A time in one state, in seconds from the beginning; `state` None is unknown."""

    begins: float
    ends: float
    state: bool | None
    quality: str = "observed"


Line = list[Told]
"""One bay from the beginning to the end."""


# How wrong it is


@dataclass(frozen=True, slots=True)
class Score:
    """Shares in percent, occupancy in percentage points, times in minutes."""

    wrong: float
    unknown: float
    area_mae: float
    block_mae: float
    block_off: float
    wrong_mean_min: float
    wrong_p95_min: float
    false_free_min: float
    inferred: float = 0.0
    inferred_right: float = 0.0


def score(lines: Sequence[Line], true: Sequence[Line], world: World) -> Score:
    wrong, unknown, false_free, inferred, inferred_right = 0.0, 0.0, 0.0, 0.0, 0.0
    lasted: list[float] = []
    for line, of_bay in zip(lines, true, strict=True):
        unknown += of_bay[0].begins + (line[0].begins if line else world.seconds)
        stretch: list[float] | None = None
        for begins, ends, told, is_true in both(line, of_bay):
            length = ends - begins
            unknown += length * (told.state is None)
            if told.quality == "inferred":
                inferred += length
                inferred_right += length * (told.state is is_true)
            if told.state is None or told.state is is_true:
                stretch = None
                continue
            wrong += length
            false_free += length * (told.state is False)
            if stretch is None:
                stretch = [0.0]
                lasted.append(0.0)
            lasted[-1] += length
    total = world.bays * world.seconds
    # Times of frames are cut to seconds, or a network's delay late: that is no wrong state.
    lasted = sorted(one for one in lasted if one > LEAST_S)
    return Score(
        wrong=100 * wrong / total,
        unknown=100 * unknown / total,
        **occupancy(lines, true, world),
        wrong_mean_min=sum(lasted) / 60 / len(lasted) if lasted else 0.0,
        wrong_p95_min=lasted[int(0.95 * len(lasted))] / 60 if lasted else 0.0,
        false_free_min=false_free / 60 / (world.bays * world.days),
        inferred=100 * inferred / total,
        inferred_right=100 * inferred_right / inferred if inferred else 0.0,
    )


def both(line: Line, true: Line) -> Iterator[tuple[float, float, Told, bool]]:
    """Stretches in which neither what is told nor what is true changes."""
    first = 0
    for told in line:
        while first < len(true) and true[first].ends <= told.begins:
            first += 1
        number = first
        while number < len(true) and true[number].begins < told.ends:
            begins, ends = max(told.begins, true[number].begins), min(told.ends, true[number].ends)
            if begins < ends:
                yield begins, ends, told, bool(true[number].state)
            number += 1


def occupancy(lines: Sequence[Line], true: Sequence[Line], world: World) -> dict[str, float]:
    """Every five minutes: the whole area, and each block of bays; of the unknown the same share as of the known."""
    slots = world.seconds // GRID_S
    told_taken, told_known, true_taken = [_sums(world, slots) for _ in range(3)]
    for number in range(world.bays):
        block = number // BLOCK
        for told in lines[number]:
            for slot in _slots(told, slots):
                told_taken[block][slot] += told.state is True
                told_known[block][slot] += told.state is not None
        for one in true[number]:
            for slot in _slots(one, slots):
                true_taken[block][slot] += one.state is True
    blocks = range(world.bays // BLOCK)
    area = block_error = off = 0.0
    for slot in range(slots):
        known = sum(told_known[block][slot] for block in blocks)
        taken = sum(told_taken[block][slot] for block in blocks)
        really = sum(true_taken[block][slot] for block in blocks)
        area += abs((taken / known if known else 0.0) - really / (len(blocks) * BLOCK))
        for block in blocks:
            scaled = told_taken[block][slot] * BLOCK / told_known[block][slot] if told_known[block][slot] else 0.0
            error = abs(scaled - true_taken[block][slot])
            block_error += error / BLOCK
            off += error >= 2
    return {
        "area_mae": 100 * area / slots,
        "block_mae": 100 * block_error / slots / len(blocks),
        "block_off": 100 * off / slots / len(blocks),
    }


def _sums(world: World, slots: int) -> list[list[int]]:
    return [[0] * slots for _ in range(math.ceil(world.bays / BLOCK))]


def _slots(told: Told, slots: int) -> range:
    return range(math.ceil(told.begins / GRID_S), min(slots, math.ceil(told.ends / GRID_S)))
