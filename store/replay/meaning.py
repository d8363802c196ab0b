"""What frames of the journal mean to the present codecs, and how that differs from what was derived: pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from devices import codec
from devices.catalogue import model
from devices.distance import said_at
from domain.errors import EXHAUSTED, DecodeError, Reason, ScriptError, UnknownModelError
from domain.places import AssetKind
from domain.sayings import beside
from domain.states import State
from domain.uplinks import Decoded
from store.places import KnownDevice

Moment = tuple[int, datetime]
"""A device and an event time."""
Measured = tuple[str, float]
Happened = tuple[int, int, str, str, int | None, int | None]
"""Asset, counter, kind, state, how many were counted, how long the state before lasted in seconds."""


class JournalFrame(NamedTuple):
    """A frame of the journal; `kind` as it was understood when it came, by that codec."""

    received_at: datetime
    device_key: int
    session: str
    f_cnt: int
    f_port: int
    payload: bytes
    observed_at: datetime
    kind: str
    codec: str
    codec_version: int


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Why a frame means nothing."""

    reason: Reason
    detail: str


_Word = tuple[str, str, int | None, int | None]
"""What `Happened` says after the counter."""


class _Told(NamedTuple):
    """What it says of an asset, None for nothing, and what was measured beside that."""

    word: _Word | None
    measured: Sequence[Measured]


@dataclass(frozen=True, slots=True)
class _Meaning:
    decoded: Decoded
    # By kind of asset and threshold: bytes that were said before say the same again.
    _told: dict[tuple[AssetKind | None, int | None], _Told] = field(default_factory=dict, repr=False, compare=False)

    def told(self, kind: AssetKind | None, threshold_mm: int | None = None) -> _Told:
        """What is kept of it where it is with an asset of this kind; None where it is with none."""
        try:
            return self._told[kind, threshold_mm]
        except KeyError:
            decoded = self.decoded
            said = None if kind is None else said_at(kind, decoded.measurements, threshold_mm)
            word = None if said is None else (decoded.kind.value, said.state.value, said.number, said.before_s)
            told = _Told(word, beside(decoded.measurements, said.state if said else None))
            return self._told.setdefault((kind, threshold_mm), told)


Meaning = _Meaning | Undecodable


@dataclass(slots=True)
class Derived:
    """Everything derived from the frames of one moment."""

    measured: list[Measured] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)

    def once(self) -> "Derived":
        """Without the sensors' own words for states that are in the events, which were kept twice in earlier days."""
        again = {("occupied", float(said[3] == State.OCCUPIED)) for said in self.happened}
        return Derived([pair for pair in self.measured if pair not in again], self.happened)

    def same_as(self, other: "Derived") -> bool:
        """As bags: the database keeps no order."""
        return (self.measured == other.measured or sorted(self.measured) == sorted(other.measured)) and (
            self.happened == other.happened or sorted(self.happened, key=repr) == sorted(other.happened, key=repr)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A moment that would be told otherwise today."""

    moment: Moment
    frames: list[tuple[JournalFrame, Meaning]]
    before: Derived
    after: Derived


@lru_cache(maxsize=50_000)
def read(model_key: str, f_port: int, payload: bytes) -> Meaning:
    """What these bytes mean; sensors of one model say the same few things over and over."""
    try:
        decoded = codec.decode(model(model_key), f_port, payload)
    except DecodeError as error:
        return Undecodable(Reason.UNDECODABLE, str(error))
    except UnknownModelError as error:
        return Undecodable(Reason.UNKNOWN_MODEL, str(error))
    return meaning_of(decoded)


def meaning_of(decoded: Decoded | Exception) -> Meaning:
    """What is derived from a decoded frame, or why nothing is."""
    if not isinstance(decoded, Decoded):
        exhausted = isinstance(decoded, ScriptError) and decoded.fault in EXHAUSTED
        return Undecodable(Reason.CODEC_FAILED if exhausted else Reason.UNDECODABLE, str(decoded))
    return _Meaning(decoded)


def is_unread(meaning: Meaning) -> bool:
    """Whether a codec failed that says nothing of the frame by failing: what was derived of it stays."""
    return isinstance(meaning, Undecodable) and meaning.reason is Reason.CODEC_FAILED


def differences(
    frames: Iterable[JournalFrame],
    devices: Mapping[int, KnownDevice],
    found: Mapping[Moment, Derived],
    scripted: Mapping[JournalFrame, Meaning],
) -> list[Change]:
    """The moments of these frames of which something else was derived than would be today.

    `frames` must have every frame of each of its moments; `scripted` says what those mean that no built-in codec reads.
    """
    moments: defaultdict[Moment, list[tuple[JournalFrame, Meaning]]] = defaultdict(list)
    for frame in frames:
        # Nearly always nothing is scripted, and to ask for a frame is to hash all of it.
        elsewhere = scripted.get(frame) if scripted else None
        meaning = elsewhere or read(devices[frame.device_key].model, frame.f_port, frame.payload)
        moments[frame.device_key, frame.observed_at].append((frame, meaning))
    changes = []
    for moment, told in moments.items():
        if scripted and any(is_unread(meaning) for _, meaning in told):
            continue
        after, before = _derived(told, devices[moment[0]]), found.get(moment, _NOTHING)
        same = after.same_as(before) or (bool(before.measured) and after.same_as(before.once()))
        if not same or any(_kind_changed(frame, meaning) for frame, meaning in told):
            changes.append(Change(moment=moment, frames=told, before=before, after=after))
    return changes


_NOTHING = Derived()


def _derived(told: Sequence[tuple[JournalFrame, Meaning]], device: KnownDevice) -> Derived:
    derived = Derived()
    for frame, meaning in told:
        if isinstance(meaning, Undecodable):
            continue
        stay = device.stay_at(frame.observed_at)
        told_here = meaning.told(stay.kind, stay.distance_threshold_mm) if stay else meaning.told(None)
        derived.measured += told_here.measured
        if stay is not None and told_here.word is not None:
            derived.happened.append((stay.asset_key, frame.f_cnt, *told_here.word))
    return derived


def _kind_changed(frame: JournalFrame, meaning: Meaning) -> bool:
    return not isinstance(meaning, Undecodable) and meaning.decoded.kind.value != frame.kind
