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


@dataclass(frozen=True, slots=True)
class _Meaning:
    decoded: Decoded
    measured: tuple[Measured, ...]
    # By kind of asset and threshold: bytes that were said before say the same again.
    _words: dict[tuple[AssetKind, int | None], _Word | None] = field(default_factory=dict, repr=False, compare=False)

    def word(self, kind: AssetKind, threshold_mm: int | None) -> _Word | None:
        """What it says of an asset of this kind; None for nothing."""
        try:
            return self._words[kind, threshold_mm]
        except KeyError:
            said = said_at(kind, self.decoded.measurements, threshold_mm)
            word = None if said is None else (self.decoded.kind.value, said.state.value, said.number, said.before_s)
            return self._words.setdefault((kind, threshold_mm), word)


Meaning = _Meaning | Undecodable


@dataclass(slots=True)
class Derived:
    """Everything derived from the frames of one moment."""

    measured: list[Measured] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)

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
    measured = tuple((key, float(value)) for key, value in decoded.measurements.items())  # type: ignore[arg-type]
    return _Meaning(decoded, measured)


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
        if not after.same_as(before) or any(_kind_changed(frame, meaning) for frame, meaning in told):
            changes.append(Change(moment=moment, frames=told, before=before, after=after))
    return changes


_NOTHING = Derived()


def _derived(told: Sequence[tuple[JournalFrame, Meaning]], device: KnownDevice) -> Derived:
    derived = Derived()
    for frame, meaning in told:
        if isinstance(meaning, Undecodable):
            continue
        derived.measured += meaning.measured
        stay = device.stay_at(frame.observed_at)
        if stay is not None and (word := meaning.word(stay.kind, stay.distance_threshold_mm)) is not None:
            derived.happened.append((stay.asset_key, frame.f_cnt, *word))
    return derived


def _kind_changed(frame: JournalFrame, meaning: Meaning) -> bool:
    return not isinstance(meaning, Undecodable) and meaning.decoded.kind.value != frame.kind
