"""Write what the catalogue knows into docs/devices.md, between its markers; `--check` only says whether it is there.

.venv/bin/python tools/devices_page.py [--check]
"""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from devices import codecs  # noqa: E402
from devices.catalogue import MODELS  # noqa: E402
from devices.codec import DeviceModel  # noqa: E402
from devices.downlinks import Limit, Support  # noqa: E402
from domain.measurements import QUANTITIES  # noqa: E402

PAGE = ROOT / "docs" / "devices.md"
VECTORS = ROOT / "tests" / "devices" / "vectors"
BEGIN, END = "<!-- written by tools/devices_page.py -->\n", "<!-- until here -->\n"


def page(text: str) -> str:
    """The page with its generated part anew."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + "\n" + "\n".join(_generated()) + "\n" + END + after


def _generated() -> Iterator[str]:
    yield f"{len(MODELS)} models, {len({_module(device) for device in MODELS})} wire formats."
    yield ""
    yield "| key | name | watches | measures | heartbeat | codec | vectors | downlinks | source |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    yield from map(_model_row, MODELS)
    yield ""
    yield "## Downlinks"
    yield ""
    yield "| command | parameters | models | source |"
    yield "| --- | --- | --- | --- |"
    yield from _command_rows()
    yield ""
    yield "## Settings that devices tell"
    yield ""
    yield "By the command that sets it. Models that are not here document nothing of the kind."
    yield ""
    yield "| setting | models | source |"
    yield "| --- | --- | --- |"
    yield from _echo_rows()
    yield ""
    yield "## Where sources contradict each other"
    yield ""
    for dispute in dict.fromkeys(dispute for device in MODELS for dispute in device.disputes):
        keys = ", ".join(f"`{device.key}`" for device in MODELS if dispute in device.disputes)
        yield f"- {keys}: {dispute}"


def _command_rows() -> Iterator[str]:
    models: dict[tuple[str, str, str], list[str]] = {}
    for device in MODELS:
        for support in device.commands:
            row = support.name, _parameters(support), support.source
            models.setdefault(row, []).append(f"`{device.key}`")
    for (name, parameters, source), keys in sorted(models.items()):
        yield f"| `{name}` | {parameters} | {', '.join(keys)} | {source} |"


def _echo_rows() -> Iterator[str]:
    models: dict[tuple[str, str], list[str]] = {}
    for device in MODELS:
        for echo in device.echoes:
            models.setdefault((echo.command, echo.source), []).append(f"`{device.key}`")
    for (command, source), keys in sorted(models.items()):
        yield f"| `{command}` | {', '.join(keys)} | {source} |"


def _model_row(device: DeviceModel) -> str:
    every = set(device.measures) == QUANTITIES.keys()
    cells = (
        f"`{device.key}`",
        f"{device.vendor} {device.name}",
        device.senses.value if device.senses else "a place",
        "every measurement" if every else ", ".join(f"`{key}`" for key in device.measures),
        _interval(device),
        f"[`{_module(device)}`](../devices/codecs/{_module(device)}.py)",
        _vectors(device),
        ", ".join(f"`{support.name}`" for support in device.commands) or "none",
        device.source,
    )
    return f"| {' | '.join(cells)} |"


def _module(device: DeviceModel) -> str:
    """The module of devices.codecs that defines this model."""
    for path in sorted(Path(codecs.__path__[0]).glob("*.py")):
        module = __import__(f"devices.codecs.{path.stem}", fromlist=["_"])
        if device in vars(module).values():
            return path.stem
    raise LookupError(device.key)


def _vectors(device: DeviceModel) -> str:
    module = _module(device)
    file = json.loads((VECTORS / f"{module}.json").read_text("utf-8"))
    count = sum(device.key in vector.get("models", [device.key]) for vector in file["uplinks"] + file["downlinks"])
    return f"[{count}](../tests/devices/vectors/{module}.json)"


def _interval(device: DeviceModel) -> str:
    hours, rest = divmod(device.heartbeat, timedelta(hours=1))
    length = f"{hours} h" if not rest else f"{device.heartbeat // timedelta(minutes=1)} min"
    return length if device.heartbeat_source else f"{length} (1)"


def _parameters(support: Support) -> str:
    return ", ".join(f"`{name}` {_limit(name, limit)}" for name, limit in support.limits.items()) or _unlimited(support)


def _unlimited(support: Support) -> str:
    return "`on` true or false" if support.name == "set-indicator" else "none"


def _limit(name: str, limit: Limit) -> str:
    unit = " octets of UTF-8" if name == "text" else ""
    steps = f" in steps of {limit.step}" if limit.step > 1 else ""
    return f"{limit.low} to {limit.high}{unit}{steps}"


if __name__ == "__main__":
    there = PAGE.read_text("utf-8")
    wanted = page(there)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted, "utf-8")
    elif there != wanted:
        sys.exit("docs/devices.md is not what the catalogue says: run tools/devices_page.py")
