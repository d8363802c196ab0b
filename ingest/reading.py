"""Deliveries to what they mean, or to why they mean nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from devices import codec
from devices.catalogue import model
from domain.codec_scripts import ScriptedModels, ScriptFrame
from domain.errors import EXHAUSTED, DecodeError, Reason, RejectedFrameError, ScriptError, UnknownModelError
from domain.ids import DeviceId
from domain.security import NetworkNotice
from domain.uplinks import Accepted, Decoded, Rejected, Uplink
from ingest.envelope import open_envelope
from ingest.source import Delivery

# What was decoded lately is remembered: about 1 KiB for each.
_REMEMBERED = 5000
_SHORT_BYTES = 16

Outcome = Accepted | Rejected | NetworkNotice
"""What a delivery means."""
ModelOf = Callable[[DeviceId], str | None]
"""The register of devices: the model of each."""
IsScripted = Callable[[str], bool]
"""Whether the codec of a model is JavaScript."""


@dataclass(frozen=True, slots=True)
class Scripted:
    """An uplink whose codec is JavaScript and runs elsewhere."""

    uplink: Uplink
    model: str

    @property
    def frame(self) -> ScriptFrame:
        """What the codec is told of it."""
        uplink = self.uplink
        return ScriptFrame(
            model=self.model, f_port=uplink.f_port, payload=uplink.payload, observed_at=uplink.observed_at
        )

    def read(self, delivery: Delivery, told: Decoded | Exception) -> Accepted | Rejected:
        """With what the codec said of it."""
        if isinstance(told, Decoded):
            return Accepted(uplink=self.uplink, decoded=told)
        # A codec that used up its time says nothing of the frame: `replay` reads it when the codec is mended.
        exhausted = isinstance(told, ScriptError) and told.fault in EXHAUSTED
        reason = Reason.CODEC_FAILED if exhausted else Reason.UNDECODABLE
        return reject(delivery, reason, str(told), self.uplink.device_id)


Found = Outcome | Scripted
"""What a delivery means, as far as can be said without JavaScript."""
Reader = Callable[[Sequence[Delivery], ModelOf, IsScripted], Awaitable[list[Found]]]
"""Opens and decodes, wherever that is done; one result for each delivery, in their order."""


def read_one(delivery: Delivery, model_of: ModelOf, is_scripted: IsScripted) -> Found:
    """Open; decode unless the codec is JavaScript. All that somebody else's bytes can do to a process, they do here."""
    try:
        uplink = open_envelope(delivery)
    except RejectedFrameError as error:
        return reject(delivery, error.reason, error.detail, error.device_id)
    if isinstance(uplink, NetworkNotice):
        return uplink
    key = model_of(uplink.device_id)
    if key is None:
        return reject(delivery, Reason.UNKNOWN_DEVICE, "no such device is installed", uplink.device_id)
    return Scripted(uplink, key) if is_scripted(key) else _read(delivery, uplink, key)


async def read_here(deliveries: Sequence[Delivery], model_of: ModelOf, is_scripted: IsScripted) -> list[Found]:
    """In this process. Satisfies Reader."""
    return [read_one(delivery, model_of, is_scripted) for delivery in deliveries]


async def read_deliveries(
    deliveries: Sequence[Delivery], model_of: ModelOf, scripts: ScriptedModels | None, *, reader: Reader = read_here
) -> list[Outcome]:
    """Open and decode. Those whose codec is JavaScript go to it together, in one round trip."""

    def is_scripted(key: str) -> bool:
        return scripts is not None and scripts.knows(key)

    found = await reader(deliveries, model_of, is_scripted)
    scripted = [item for item in found if isinstance(item, Scripted)]
    if scripts is None or not scripted:
        return [item for item in found if not isinstance(item, Scripted)]
    told = iter(await scripts.decode([item.frame for item in scripted]))
    return [
        item.read(delivery, next(told)) if isinstance(item, Scripted) else item
        for delivery, item in zip(deliveries, found, strict=True)
    ]


@lru_cache(maxsize=_REMEMBERED)
def _decode_short(key: str, f_port: int, payload: bytes) -> Decoded:
    return codec.decode(model(key), f_port, payload)


def _decode(key: str, f_port: int, payload: bytes) -> Decoded:
    """Sensors of one model say the same few things over and over, as long as these are short."""
    if len(payload) <= _SHORT_BYTES:
        return _decode_short(key, f_port, payload)
    return codec.decode(model(key), f_port, payload)


def _read(delivery: Delivery, uplink: Uplink, key: str) -> Accepted | Rejected:
    """With a built-in codec."""
    try:
        decoded = _decode(key, uplink.f_port, uplink.payload)
    except UnknownModelError as error:
        return reject(delivery, Reason.UNKNOWN_MODEL, str(error), uplink.device_id)
    except DecodeError as error:
        return reject(delivery, Reason.UNDECODABLE, str(error), uplink.device_id)
    return Accepted(uplink=uplink, decoded=decoded)


def reject(delivery: Delivery, reason: Reason, detail: str, device_id: str | None, *, same_as: str = "") -> Rejected:
    """The delivery as a dead letter."""
    return Rejected(
        reason=reason,
        detail=detail,
        topic=delivery.topic,
        device_id=device_id,
        payload=delivery.payload,
        received_at=delivery.received_at,
        same_as=same_as,
    )
