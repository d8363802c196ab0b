"""Is the broker there, does it let us in, and does it keep the session of a client that leaves?"""

import asyncio
import contextlib
import secrets
import ssl
from dataclasses import dataclass

import gmqtt
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTError

from smartplace.settings import Settings

_TIMEOUT_S = 10
_CLEAN_UPS = 3
_CLEAN_UP_WITHIN_S = 3
# NATS turns away for a second who came back before it noticed that they had left.
_PAUSE_S = 1.5
_VERSION_TOPIC = "$SYS/broker/version"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerProbe:
    """What was seen; `error` says why nothing else was. `version` is empty where the broker does not tell."""

    error: str = ""
    version: str = ""
    session_kept: bool = False


async def probe_broker(settings: Settings, *, tls: ssl.SSLContext | None) -> BrokerProbe:
    """Connect, leave, come back, and clean up; subscribes to the broker's version and nothing else."""
    client_id = f"smartplace-doctor-{secrets.token_hex(4)}"
    try:
        async with asyncio.timeout(4 * _TIMEOUT_S):
            _, version = await _visit(settings, tls, client_id, clean=False, look=True)
            session_kept, _ = await _visit(settings, tls, client_id, clean=False)
    except (OSError, TimeoutError, MQTTError) as error:
        return BrokerProbe(error=str(error) or "no answer")
    await _clean_up(settings, tls, client_id)
    return BrokerProbe(version=version, session_kept=session_kept)


async def _clean_up(settings: Settings, tls: ssl.SSLContext | None, client_id: str) -> None:
    """Leave no session. What was seen is seen, whether that works or not."""
    for _ in range(_CLEAN_UPS):
        with contextlib.suppress(OSError, TimeoutError, MQTTError):
            await _visit(settings, tls, client_id, clean=True, within_s=_CLEAN_UP_WITHIN_S)
            return
        await asyncio.sleep(_PAUSE_S)


async def _visit(
    settings: Settings,
    tls: ssl.SSLContext | None,
    client_id: str,
    *,
    clean: bool,
    look: bool = False,
    within_s: float = _TIMEOUT_S,
) -> tuple[bool, str]:
    properties = {"session_expiry_interval": 0 if clean else 60} if settings.mqtt_version == "5" else {}
    client = gmqtt.Client(client_id, clean_session=clean, **properties)
    client.set_config({"reconnect_retries": -2})
    if settings.mqtt_username:
        client.set_auth_credentials(settings.mqtt_username, settings.mqtt_password.get_secret_value())
    present: list[bool] = []
    version: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    client.on_connect = lambda _client, flags, _code, _properties: present.append(bool(flags))

    def on_message(_client: object, _topic: str, payload: bytes, _qos: int, _properties: object) -> None:
        if not version.done():
            version.set_result(payload.decode("utf-8", "replace")[:80])

    client.on_message = on_message
    async with asyncio.timeout(within_s):
        await client.connect(
            settings.mqtt_host,
            settings.mqtt_port,
            ssl=tls or False,
            version=MQTTv311 if settings.mqtt_version == "3.1.1" else MQTTv50,
        )
    if look:
        client.subscribe(_VERSION_TOPIC, qos=0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(version), 1)
    await client.disconnect()
    return present[0], version.result() if version.done() else ""
