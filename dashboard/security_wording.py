"""Security events in plain English."""

from domain.security import SecurityCode

_TEXTS: dict[str, str] = {
    SecurityCode.COUNTER_RESET: "The frame counter began anew without a join",
    SecurityCode.COUNTER_REUSED: "A frame counter came again with other content",
    SecurityCode.SIGN_KEY_FOREIGN: "Somebody used the token of another sign for this one",
    SecurityCode.IDENTITY_MISMATCH: "A message names this device and came on the topic of another",
    # Said by ChirpStack v4.
    "UPLINK_F_CNT_RESET": "The network saw the frame counter begin anew",
    "UPLINK_F_CNT_RETRANSMISSION": "The network heard a frame again",
    "UPLINK_MIC": "The network refused a frame with a wrong signature",
    "OTAA": "The network refused a join",
    "UPLINK_CODEC": "The network's own codec failed",
}


def code_text(code: str) -> str:
    """What happened; the network's own code, readable, where it is not one of ours."""
    return _TEXTS.get(code) or code.replace("_", " ").capitalize()
