"""JSON from the wire into a known shape: what cannot be read is refused with its reason, whatever it is."""

from typing import TypeVar

import msgspec

from domain.errors import Reason, RejectedFrameError

T = TypeVar("T")

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_json(decoder: "msgspec.json.Decoder[T]", message: bytes, *, device_id: str | None = None) -> T:
    """The message in the decoder's shape; unknown fields are ignored.

    Raises:
        RejectedFrameError: not JSON, or JSON of another shape.
    """
    try:
        return decoder.decode(message)
    except msgspec.ValidationError as error:
        # Of a broken message, only the part before the first surprise was looked at.
        any_json(message, device_id=device_id)
        raise RejectedFrameError(Reason.WRONG_SHAPE, str(error), device_id=device_id) from error
    except _UNREADABLE as error:
        raise RejectedFrameError(Reason.NOT_JSON, str(error), device_id=device_id) from error


def any_json(message: bytes, *, device_id: str | None = None) -> object:
    """The message, whatever its shape; raises RejectedFrameError where it is not JSON."""
    try:
        return msgspec.json.decode(message)
    except _UNREADABLE as error:
        raise RejectedFrameError(Reason.NOT_JSON, str(error), device_id=device_id) from error
