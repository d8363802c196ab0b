"""`smartplace ingest --workers N`: several ingest processes on one machine that share the frames."""

import sys

from domain.errors import CommandError
from smartplace.children import Children, Program
from smartplace.settings import PREFIX, Settings

_SHARE_GROUP = "smartplace"


async def work(settings: Settings, *, workers: int) -> None:
    """Run the workers until cancelled; all of them have ended when this returns or raises.

    Raises:
        CommandError: the broker cannot share frames among several, or a worker died.
    """
    if settings.source == "mqtt" and settings.mqtt_version != "5":
        raise CommandError(
            f"MQTT {settings.mqtt_version} cannot share frames among workers:"
            " use version 5, or SMARTPLACE_SOURCE=jetstream"
        )
    async with Children() as children:
        for number in range(1, workers + 1):
            await children.start(_worker(settings, number), ready=_at_once, within_s=1)
        await children.watch()


def _worker(settings: Settings, number: int) -> Program:
    """Each has a session and a spool of its own, and all have the same group."""
    environment = {
        "mqtt_client_id": f"{settings.mqtt_client_id}-{number}",
        "mqtt_share_group": settings.mqtt_share_group or _SHARE_GROUP,
    }
    if settings.ingest_http_port is not None:
        environment["ingest_http_port"] = str(settings.ingest_http_port + number - 1)
    if settings.spool_file is not None:
        environment["spool_file"] = str(settings.spool_file.with_suffix(f".{number}{settings.spool_file.suffix}"))
    return Program(
        name=f"worker {number}",
        command=[sys.executable, "-m", "smartplace", "ingest"],
        log=None,
        environment={f"{PREFIX}{name}".upper(): value for name, value in environment.items()},
    )


async def _at_once() -> bool:
    return True
