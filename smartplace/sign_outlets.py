"""What signs are told without asking, by one web server of an installation: MQTT topics, commands to displays."""

import asyncio
from datetime import datetime

from api.schemas import SiteMessage
from domain.live import Live
from domain.snapshot import SiteStatus, Snapshot
from signage.frames import Frames
from signage.mqtt import Broker, open_publisher
from signage.radio_displays import RadioDisplays
from signage.retained import RetainedFrames, RetainedSites, keep_retained
from smartplace.clock import utc_now
from smartplace.settings import Settings
from smartplace.tls import tls_context
from store.commands import CommandStore
from store.pool import Pool
from store.turn import Job, Turn


def has_outlets(settings: Settings) -> bool:
    """Whether there is anything to tell, and anybody through whom."""
    return settings.sign_topics or bool(settings.downlink_topic)


async def tell_signs(settings: Settings, pool: Pool, live: Live, frames: Frames) -> None:
    """Until cancelled. Of several web servers one does it, and another takes over when it ends."""

    async def outlets() -> None:
        async with asyncio.TaskGroup() as tasks:
            if settings.sign_topics:
                tasks.create_task(_topics(settings, live, frames), name="sign-topics")
            if settings.downlink_topic:
                displays = RadioDisplays(frames, CommandStore(pool, now=utc_now, can_send=True), utc_now)
                tasks.create_task(displays.follow(live), name="radio-displays")

    await Turn(pool, Job.SIGNS, outlets).run()


async def _topics(settings: Settings, live: Live, frames: Frames) -> None:
    signs, sites = RetainedFrames(frames), RetainedSites(_site_payload, now=utc_now, validity=frames.validity)

    def forget() -> None:
        signs.forget()
        sites.forget()

    async with open_publisher(_broker(settings), on_connect=forget) as publisher:
        await keep_retained([signs, sites], live, publisher.publish)


def _site_payload(status: SiteStatus, snapshot: Snapshot, valid_until: datetime) -> bytes:
    message = SiteMessage.at(status, revision=snapshot.revision, as_of=snapshot.as_of, valid_until=valid_until)
    return message.model_dump_json().encode()


def _broker(settings: Settings) -> Broker:
    return Broker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        version=settings.mqtt_version,
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        tls=tls_context(settings),
    )
