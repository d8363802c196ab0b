"""A call of a codec's function, and what becomes of it: TS013's shapes, checked. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from devices.octets import Encoded
from domain.errors import ScriptFault

DECODE, ENCODE, DECODE_DOWNLINK = "decodeUplink", "encodeDownlink", "decodeDownlink"

MOST_PORT = 223
"""The last one that is an application's: LoRaWAN keeps those above for itself."""
MOST_OCTETS = 242
"""Of a frame at the highest data rate."""
_MOST_SENTENCES = 20
_LONGEST_SENTENCE = 200


@dataclass(frozen=True, kw_only=True)
class Script:
    """A codec's source and how it runs.

    `module`: as an ES module, which is how ChirpStack 4 runs it; else as a plain script, for those that are none.
    `fresh`: in a new context for each call, for those that remember what they saw.
    """

    source: str
    module: bool = True
    fresh: bool = False

    @cached_property
    def key(self) -> str:
        """What names it to the worker."""
        return sha256(f"{self.module:d}{self.fresh:d}{self.source}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`function` with `input`, JSON as TS013 has it; the script's clock stands at `at_ms` (Unix time)."""

    script: Script
    function: str
    input: Mapping[str, object]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What the function gave: `value` is its whole answer, an object."""

    value: dict[str, object]
    warnings: tuple[str, ...] = ()
    console: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Why it gave nothing; `line` of the source, where that is known."""

    fault: ScriptFault
    detail: str
    line: int | None = None
    console: tuple[str, ...] = field(default=())


Outcome = Returned | Failed


def uplink_input(f_port: int, payload: bytes, at_ms: int) -> dict[str, object]:
    """The input of `decodeUplink`."""
    return {"bytes": [*payload], "fPort": f_port, "recvTime": at_ms}


def outcome(function: str, answer: object, console: tuple[str, ...] = ()) -> Outcome:
    """An answer of the right shape, or why it is none.

    TS013: `decodeUplink` and `decodeDownlink` give `data`, `encodeDownlink` gives `bytes` and `fPort`; all may give
    `warnings` and `errors`. With errors there is no data.
    """

    def failed(fault: ScriptFault, detail: str) -> Failed:
        return Failed(fault=fault, detail=detail, console=console)

    if not isinstance(answer, dict):
        return failed(ScriptFault.SHAPE, f"{function} must return an object")
    if errors := _sentences(answer.get("errors")):
        return failed(ScriptFault.REFUSED, "; ".join(errors))
    wrong = _wrong_bytes(answer) if function == ENCODE else _wrong_data(answer)
    if wrong:
        return failed(ScriptFault.SHAPE, f"{function} must return {wrong}")
    return Returned(value=answer, warnings=_sentences(answer.get("warnings")), console=console)


def _wrong_data(answer: dict[str, object]) -> str:
    return "" if isinstance(answer.get("data"), dict) else "`data`, an object"


def _wrong_bytes(answer: dict[str, object]) -> str:
    octets, f_port = answer.get("bytes"), answer.get("fPort")
    if not isinstance(octets, list) or len(octets) > 255 or not all(_is_octet(octet) for octet in octets):
        return "`bytes`, numbers from 0 to 255"
    if f_port is not None and not (_is_octet(f_port) and f_port):
        return "`fPort`, from 1 to 255"
    return ""


def encoded(value: Mapping[str, object]) -> Encoded:
    """The frame in what `encodeDownlink` gave, as `outcome` let it pass.

    Raises:
        ValueError: it is none that a network server takes.
    """
    octets, f_port = value["bytes"], value.get("fPort")
    assert isinstance(octets, list)
    if not isinstance(f_port, int) or f_port > MOST_PORT:
        raise ValueError(f"encodeDownlink must return `fPort`, from 1 to {MOST_PORT}")
    if not 0 < len(octets) <= MOST_OCTETS:
        raise ValueError(f"encodeDownlink must return from 1 to {MOST_OCTETS} bytes")
    return Encoded(f_port=f_port, payload=bytes(octets))


def _is_octet(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _sentences(value: object) -> tuple[str, ...]:
    """What a codec says to people; bounded, and a single text is as good as a list of one."""
    if not value:
        return ()
    items = value if isinstance(value, list) else [value]
    return tuple(str(item)[:_LONGEST_SENTENCE] for item in items[:_MOST_SENTENCES])
