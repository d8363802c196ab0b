"""Messages between a process and its worker: a length in four octets, then so many octets of JSON. Nothing else."""

import json
import struct
from typing import BinaryIO

MOST_BYTES = 64 * 1024 * 1024
"""Of a message to the worker. Answers are far smaller, see `scripting.worker_process`."""

HEADER = struct.Struct(">I")


def packed(message: object) -> bytes:
    """A message as it goes over the wire."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return HEADER.pack(len(body)) + body


def read(stream: BinaryIO) -> object | None:
    """The next message; None at the end of the stream."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    message: object = json.loads(stream.read(HEADER.unpack(header)[0]))
    return message
