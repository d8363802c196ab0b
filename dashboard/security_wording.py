"""Security events in plain English."""

from domain.security import SecurityCode

_TEXTS: dict[str, str] = {
    SecurityCode.COUNTER_RESET: "The frame counter began anew without a join",
    SecurityCode.COUNTER_REUSED: "A frame counter came again with other content",
}


def code_text(code: str) -> str:
    """What happened; the network's own code, readable, where it is not one of ours."""
    return _TEXTS.get(code) or code.replace("_", " ").capitalize()
