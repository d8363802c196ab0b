"""Dead letters in plain English: why a message was set aside, and what its bytes are."""

from domain.errors import Reason

PREVIEW_BYTES = 256

REASONS = {
    Reason.TOO_LARGE: "Too large to be a sensor's message",
    Reason.RETAINED: "An old message that the broker kept",
    Reason.UNKNOWN_TOPIC: "Sent to a topic that we do not know",
    Reason.NOT_JSON: "Not JSON and not a known binary form",
    Reason.WRONG_SHAPE: "Fields are missing or of the wrong type",
    Reason.CHIRPSTACK_V3: "From ChirpStack 3, which is not supported",
    Reason.ENCRYPTED: "Still encrypted: the network server lacks its key",
    Reason.SIMULATED: "Made by a network server's test button",
    Reason.IDENTITY_MISMATCH: "Topic and message name different devices",
    Reason.UNKNOWN_DEVICE: "From a device that is not in the register",
    Reason.UNKNOWN_MODEL: "From a device model that we cannot read",
    Reason.UNDECODABLE: "The sensor's bytes make no sense for its model",
    Reason.REFUSED_BY_STORE: "Refused by the database",
    Reason.CODEC_FAILED: "The codec of its model took too long or could not run",
    Reason.FLOOD: "Far more frames than a sensor sends",
    Reason.DEADLY: "Every process that read it ended, three times in a row",
}


def reason_text(reason: str) -> str:
    """Why a message was set aside; the stored key where it is newer than this page."""
    return REASONS[Reason(reason)] if reason in set(Reason) else reason


def hex_dump(payload: bytes) -> str:
    """The first bytes, 16 a line, as offset, hex and readable characters."""
    lines = []
    for offset in range(0, min(len(payload), PREVIEW_BYTES), 16):
        row = payload[offset : offset + 16]
        readable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{offset:04x}  {row.hex(' '):<47}  {readable}")
    return "\n".join(lines)
