"""What a simulated device says as bytes: by a built-in codec, or from the recorded examples of a JavaScript one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from typing import Protocol

from devices import catalogue
from devices.codec import DeviceModel, encode
from devices.mapping import apply_mapping, parse_mapping
from devices.octets import Encoded
from domain.codec_scripts import CodecDraft
from domain.errors import CommandError, MappingError
from domain.measurements import Measurements
from domain.sayings import reported_state
from domain.states import State
from domain.uplinks import Kind


class Named(Protocol):
    """A model as a network server knows it."""

    @property
    def key(self) -> str:
        """What it is called here."""
        ...

    @property
    def vendor(self) -> str:
        """Who makes it."""
        ...

    @property
    def name(self) -> str:
        """What they call it."""
        ...


class Voice(Named, Protocol):
    """One device's way to speak."""

    @property
    def heartbeat(self) -> timedelta:
        """How often it speaks at the least."""
        ...

    def say(self, kind: Kind, measurements: Measurements) -> Encoded:
        """The frame that comes closest to this."""
        ...


class BuiltIn:
    """A model that encodes what it measures. Satisfies Voice."""

    def __init__(self, model: DeviceModel) -> None:
        self._model = model
        self.key = model.key
        self.vendor = model.vendor
        self.name = model.name
        self.heartbeat = model.heartbeat

    def say(self, kind: Kind, measurements: Measurements) -> Encoded:
        """See Voice."""
        return encode(self._model, kind, measurements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """An uplink among a codec's examples, and what it means by the codec's own word and its mapping."""

    encoded: Encoded
    kind: Kind
    state: State | None


class Recorded:
    """A model with a JavaScript codec: TS013 has no way to encode an uplink, so its examples are played.

    Of those that mean the state that is to be told the ones of the right kind, in turn; of a sensor whose examples say
    nothing of a state, all. What else they measure is as it was recorded. Satisfies Voice.
    """

    def __init__(self, draft: CodecDraft, recordings: Sequence[Recording]) -> None:
        self.key = draft.model
        self.vendor = draft.vendor
        self.name = draft.name
        self.heartbeat = draft.heartbeat
        self._recordings = recordings
        self._turns: defaultdict[tuple[Kind, State | None], Iterator[Recording]] = defaultdict()

    def say(self, kind: Kind, measurements: Measurements) -> Encoded:
        """See Voice."""
        wanted = kind, reported_state(measurements)
        if wanted not in self._turns:
            self._turns[wanted] = cycle(self._fitting(*wanted))
        return next(self._turns[wanted]).encoded

    def _fitting(self, kind: Kind, state: State | None) -> Sequence[Recording]:
        true = [one for one in self._recordings if one.state is state]
        silent = [one for one in self._recordings if one.state is None]
        return [one for one in true if one.kind is kind] or true or silent or self._recordings


def recordings_of(draft: CodecDraft) -> list[Recording]:
    """The uplinks among its examples that give data.

    Raises:
        CommandError: there are none, or the mapping has faults.
    """
    try:
        table = parse_mapping(draft.mapping)
    except MappingError as error:
        raise CommandError(f"the mapping of {draft.model}: {'; '.join(error.problems)}") from error
    found = []
    for example in draft.examples if isinstance(draft.examples, list) else []:
        told = _uplink(example)
        if told is not None:
            encoded, data = told
            meaning = apply_mapping(table, data, encoded.f_port)
            if not meaning.problems:
                state = reported_state(meaning.measurements)
                found.append(Recording(encoded=encoded, kind=meaning.kind, state=state))
    if not found:
        raise CommandError(f"the examples of {draft.model} have no uplink that can be played")
    return found


def _uplink(example: object) -> tuple[Encoded, Mapping[str, object]] | None:
    """What an example of a codec sends, and the data that the codec makes of it; None of any other example."""
    if not isinstance(example, dict) or example.get("type", "uplink") != "uplink":
        return None
    given, output = example.get("input"), example.get("output")
    data = output.get("data") if isinstance(output, dict) else None
    if not isinstance(given, dict) or not isinstance(data, dict):
        return None
    octets, f_port = given.get("bytes"), given.get("fPort", 1)
    try:
        payload = bytes.fromhex(octets) if isinstance(octets, str) else bytes(octets or ())
    except (ValueError, TypeError):
        return None
    return (Encoded(f_port=f_port, payload=payload), data) if isinstance(f_port, int) else None


Tapes = Mapping[str, tuple[CodecDraft, Sequence[Recording]]]
"""JavaScript codecs by model, with what can be played of each."""


def tapes_of(drafts: Iterable[CodecDraft]) -> Tapes:
    """What can be played of each; raises CommandError."""
    return {draft.model: (draft, recordings_of(draft)) for draft in drafts}


def voice_of(key: str, tapes: Tapes) -> Voice:
    """How a device of this model speaks; each device needs one of its own. Raises UnknownModelError."""
    return Recorded(*tapes[key]) if key in tapes else BuiltIn(catalogue.model(key))
