"""What devices of one model can be told, and what they tell of their settings: by a built-in codec, or by another."""

from collections.abc import Sequence
from typing import Protocol

from devices.catalogue import BY_KEY
from devices.codec import DeviceModel
from devices.codec import decode as decode_frame
from devices.downlinks import Command, KnownCommand, encode_downlink
from devices.octets import Encoded
from devices.settings import Echo
from domain.codec_scripts import ScriptFrame
from domain.errors import DecodeError
from domain.uplinks import Decoded


class Talker(Protocol):
    """One model."""

    @property
    def commands(self) -> Sequence[KnownCommand]:
        """What it takes."""
        ...

    @property
    def echoes(self) -> Sequence[Echo]:
        """The settings that it tells."""
        ...

    async def encode(self, command: Command) -> Encoded:
        """The frame that tells a device to do so; raises CommandRefusedError."""
        ...

    async def read(self, frames: Sequence[ScriptFrame]) -> list[Decoded | Exception]:
        """What each frame means, or why it means nothing."""
        ...


class Talkers(Protocol):
    """Models that have no built-in codec."""

    async def talker(self, model: str) -> Talker | None:
        """None where no codec reads the model; may raise StoreUnavailableError."""
        ...


class BuiltIn:
    """A model with a built-in codec. Satisfies Talker."""

    def __init__(self, model: DeviceModel) -> None:
        self._model = model
        self.commands: Sequence[KnownCommand] = model.commands
        self.echoes: Sequence[Echo] = model.echoes

    async def encode(self, command: Command) -> Encoded:
        """The frame that tells a device to do so; raises CommandRefusedError."""
        return encode_downlink(self._model.key, self._model.commands, command)

    async def read(self, frames: Sequence[ScriptFrame]) -> list[Decoded | Exception]:
        """What each frame means, or why it means nothing."""
        return [self._decoded(frame) for frame in frames]

    def _decoded(self, frame: ScriptFrame) -> Decoded | Exception:
        try:
            return decode_frame(self._model, frame.f_port, frame.payload)
        except DecodeError as error:
            return error


async def talker_of(model: str, others: Talkers | None) -> Talker | None:
    """Who speaks for a model; None where nobody does. May raise StoreUnavailableError."""
    if model in BY_KEY:
        return BuiltIn(BY_KEY[model])
    return None if others is None else await others.talker(model)
