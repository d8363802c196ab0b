"""What a trial's two processes say to each other: a length in four octets, then so many octets of MessagePack."""

import struct
from datetime import datetime
from typing import BinaryIO

import msgspec

from domain.security import NetworkNotice
from domain.uplinks import Accepted, Rejected
from ingest.reading import Found, Scripted
from ingest.source import Delivery, Token

HEADER = struct.Struct(">I")
MOST_BYTES = 64 * 1024 * 1024
"""Of one message; brokers carry far smaller ones."""


class Suspect(msgspec.Struct, frozen=True):
    """A delivery as the child needs it. The topic as octets: not every topic is text that can be packed."""

    topic: bytes
    payload: bytes
    retained: bool
    received_at: datetime

    @classmethod
    def of(cls, delivery: Delivery) -> "Suspect":
        """Without what ties it to this process."""
        topic = delivery.topic.encode("utf-8", "surrogatepass")
        return cls(topic, delivery.payload, delivery.retained, delivery.received_at)

    def delivery(self) -> Delivery:
        """The same again, with a token that is worth nothing."""
        return Delivery(
            topic=self.topic.decode("utf-8", "surrogatepass"),
            payload=self.payload,
            retained=self.retained,
            received_at=self.received_at,
            token=Token(),
        )


class Model(msgspec.Struct, frozen=True):
    """The answer to a question: the model of a device, None if it has none, and whether its codec is JavaScript."""

    key: str | None
    is_scripted: bool = False


class Told(msgspec.Struct, frozen=True):
    """What the child says: one of these. `lived`: it read the suspect, and what it found cannot be packed."""

    ready: bool = False
    asks_model_of: str | None = None
    accepted: Accepted | None = None
    rejected: Rejected | None = None
    notice: NetworkNotice | None = None
    scripted: Scripted | None = None
    lived: bool = False

    @classmethod
    def of(cls, found: Found) -> "Told":
        """What was found, under its name."""
        match found:
            case Accepted():
                return cls(accepted=found)
            case Rejected():
                return cls(rejected=found)
            case Scripted():
                return cls(scripted=found)
            case _:
                return cls(notice=found)

    @property
    def found(self) -> Found | None:
        """What was found, if that is what this says."""
        return self.accepted or self.rejected or self.notice or self.scripted


def packed(message: Suspect | Model | Told) -> bytes:
    """A message as it goes over the wire; raises what msgspec raises for values that it cannot pack."""
    body = msgspec.msgpack.encode(message)
    return HEADER.pack(len(body)) + body


def told(body: bytes) -> Told:
    """What the child said; raises ValueError if it is nonsense."""
    return msgspec.msgpack.decode(body, type=Told)


def read_octets(stream: BinaryIO) -> bytes | None:
    """The next message, still packed; None at the end of the stream."""
    header = stream.read(HEADER.size)
    return None if len(header) < HEADER.size else stream.read(HEADER.unpack(header)[0])
