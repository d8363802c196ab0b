"""What a mosquitto.conf must say so that an acknowledged frame is not lost. Reasons: docs/installation.md."""

_AT_LEAST = {
    "max_queued_messages": (100_000, "1000", "beyond the queue mosquitto drops frames that it has acknowledged"),
    "max_queued_bytes": (100_000_000, "0", "beyond the queue mosquitto drops frames that it has acknowledged"),
    "max_inflight_messages": (500, "20", "no batch can be larger than this"),
}
_MUST_BE = {
    "persistence": ("true", "false", "otherwise a restart loses every queued frame"),
    "autosave_on_changes": ("true", "false", "otherwise the queue is saved by the clock, every 30 minutes"),
    "autosave_interval": ("1", "1800", "a crash loses as many frames as this says"),
    "allow_anonymous": ("false", "true", "otherwise anybody can report a free bay"),
}


def advice_for(config: str) -> list[tuple[str, str]]:
    """What was found and what to write instead, for each setting that is not safe."""
    settings = _parse(config)
    advice = []
    for name, (wanted, default, reason) in _MUST_BE.items():
        value = settings.get(name, default)
        if value != wanted:
            advice.append((f"{name} is {value}", f"set `{name} {wanted}`: {reason}"))
    for name, (least, default, reason) in _AT_LEAST.items():
        value = settings.get(name, default)
        # 0 means "unlimited", and misbehaves in several releases.
        if not value.isdigit() or int(value) < least:
            advice.append((f"{name} is {value}", f"set `{name}` to {least} or more: {reason}"))
    return advice


def _parse(config: str) -> dict[str, str]:
    lines = (line.strip() for line in config.splitlines())
    pairs = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}
