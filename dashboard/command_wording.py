"""Commands to devices in words."""

from collections.abc import Mapping

from domain.commands import Agreement, CommandState, Setting

STATES = {
    CommandState.QUEUED: ("Waiting to be sent", "grey"),
    CommandState.SENT: ("With the network", "blue"),
    CommandState.TXACK: ("On air, no answer yet", "blue"),
    CommandState.ACKED: ("Confirmed by the device", "green"),
    CommandState.EXPIRED: ("No confirmation: not known", "yellow"),
    CommandState.FAILED: ("Failed", "red"),
}

AGREEMENTS = {
    Agreement.SAME: ("As it should be", "green"),
    Agreement.DIFFERS: ("Not as it should be", "red"),
    Agreement.NOT_YET: ("Not reported yet", "grey"),
    Agreement.NEVER: ("This model does not report it", "grey"),
    Agreement.NOT_ASKED: ("", ""),
}

_NAMES = {
    "set-reporting-interval": "Report at least every so often",
    "reboot": "Restart",
    "recalibrate": "Calibrate anew: what is there now is the zero",
    "set-indicator": "Indicator light",
    "show-text": "Show a text",
    "show-qr-code": "Show a QR code",
    "show-template": "Show a template",
    "refresh-display": "Draw the display anew",
    "report-settings": "Tell how it is set",
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


def setting_text(setting: Setting) -> str:
    """Which setting it is; one of several is told by what it stands at."""
    parameters = setting.desired or setting.reported or {}
    places = [f"{parameter_text(key).lower()} {parameters[key]}" for key in ("template", "block") if key in parameters]
    is_one_of_several = "text" in parameters and places
    return f"{name_text(setting.name)}: {', '.join(places)}" if is_one_of_several else name_text(setting.name)


def value_text(parameters: Mapping[str, str]) -> str:
    """What a setting is set to, without what says which one it is."""
    if "text" in parameters:
        return parameters["text"]
    return parameters_text(parameters)
