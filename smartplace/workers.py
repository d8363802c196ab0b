"""`smartplace ingest --workers N`: several ingest processes on one machine that share the frames."""

import sys

from domain.errors import CommandError
from ingest.mqtt_connection import RefusedError
from smartplace import compose
from smartplace.brokers import end_sessions
from smartplace.children import Children, Program
from smartplace.settings import PREFIX, Settings

_SHARE_GROUP = "smartplace"


async def ingest(settings: Settings, *, workers: int, retired: int | None) -> None:
    """What `smartplace ingest` is asked for."""
    if retired is not None:
        await retire(settings, retired)
    elif workers == 1:
        await compose.ingest(settings)
    else:
        await work(settings, workers=workers)


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


async def retire(settings: Settings, number: int) -> None:
    """Bring a worker to its end that will not be back, of whose group the broker goes on keeping a share for it.

    Number 0 is ingest without `--workers`. What waits is kept before the session ends.

    Raises:
        CommandError: workers have no sessions of their own here, or this one could not be ended.
    """
    if settings.source != "mqtt" or settings.mqtt_version != "5":
        raise CommandError("only workers of MQTT 5 have sessions of their own")
    own = _own(settings, number) if number else {"mqtt_share_group": settings.mqtt_share_group or _SHARE_GROUP}
    leaving = settings.model_copy(update=own)
    await compose.empty_session(leaving)
    try:
        await end_sessions(leaving)
    except (OSError, RefusedError) as error:
        raise CommandError(f"nothing waits any more, but the session could not be ended: {error}") from error


def _worker(settings: Settings, number: int) -> Program:
    return Program(
        name=f"worker {number}",
        command=[sys.executable, "-m", "smartplace", "ingest"],
        log=None,
        environment={f"{PREFIX}{name}".upper(): str(value) for name, value in _own(settings, number).items()},
    )


def _own(settings: Settings, number: int) -> dict[str, object]:
    """Each has a session and a spool of its own, and all have the same group."""
    own: dict[str, object] = {
        "mqtt_client_id": f"{settings.mqtt_client_id}-{number}",
        "mqtt_share_group": settings.mqtt_share_group or _SHARE_GROUP,
    }
    if settings.ingest_http_port is not None:
        own["ingest_http_port"] = settings.ingest_http_port + number - 1
    if settings.spool_file is not None:
        own["spool_file"] = settings.spool_file.with_suffix(f".{number}{settings.spool_file.suffix}")
    return own


async def _at_once() -> bool:
    return True
