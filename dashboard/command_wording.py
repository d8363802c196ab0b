"""Commands to devices in words."""

from collections.abc import Mapping

from domain.commands import CommandState

STATES = {
    CommandState.QUEUED: ("Waiting to be sent", "grey"),
    CommandState.SENT: ("With the network", "blue"),
    CommandState.TXACK: ("On air, no answer yet", "blue"),
    CommandState.ACKED: ("Confirmed by the device", "green"),
    CommandState.EXPIRED: ("No confirmation: not known", "yellow"),
    CommandState.FAILED: ("Failed", "red"),
}

_NAMES = {
    "set-reporting-interval": "Report at least every so often",
    "reboot": "Restart",
    "set-indicator": "Indicator light",
    "show-text": "Show a text",
    "show-qr-code": "Show a QR code",
    "show-template": "Show a template",
    "refresh-display": "Draw the display anew",
}
_PARAMETERS = {"seconds": "Seconds", "on": "Light on", "template": "Template", "block": "Block", "text": "Text"}


def name_text(name: str) -> str:
    """A command's name for people."""
    return _NAMES.get(name, name)


def parameter_text(name: str) -> str:
    """A parameter's name for people."""
    return _PARAMETERS.get(name, name)


def parameters_text(parameters: Mapping[str, str]) -> str:
    """Parameters in one line; empty where there are none."""
    words = {"true": "yes", "false": "no"}
    return ", ".join(f"{parameter_text(key)}: {words.get(value, value)}" for key, value in parameters.items())
