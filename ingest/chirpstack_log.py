"""ChirpStack v4 `log` events: what the network server noticed, such as a frame counter that went back."""

from datetime import datetime

import msgspec

from domain.security import Level, NetworkNotice
from domain.uplinks import TimeSource
from ingest import chirpstack_protobuf as protobuf
from ingest.chirpstack import own_device
from ingest.chirpstack_event import LogEvent
from ingest.event_time import choose_time, parse_time
from ingest.json_message import read_json

_decoder = msgspec.json.Decoder(LogEvent)
_MOST_CODE, _MOST_TEXT, _MOST_CONTEXT = 64, 500, 20


def read_log_event(message: bytes, *, dev_eui: str | None, received_at: datetime) -> NetworkNotice:
    """The notice in an event, JSON or protobuf, that came on the topic of `dev_eui` (None: on a path without one).

    Long texts are cut.

    Raises:
        RejectedFrameError: not a `log` event of version 4, or of another device than its topic's.
    """
    event = protobuf.read_log(message) if protobuf.recognised(message) else read_json(_decoder, message)
    said_at = parse_time(event.time)
    observed_at, _ = choose_time([(TimeSource.NETWORK, said_at)], received_at=received_at)
    context = sorted(event.context.items())[:_MOST_CONTEXT]
    return NetworkNotice(
        device_id=own_device(event.device_info.dev_eui, dev_eui),
        code=event.code[:_MOST_CODE],
        level=_level(event.level),
        description=event.description[:_MOST_TEXT],
        context={key[:_MOST_CODE]: value[:_MOST_TEXT] for key, value in context},
        said_at=said_at,
        observed_at=observed_at,
        received_at=received_at,
    )


def _level(name: str) -> Level:
    """A level that this version does not know may be serious."""
    return Level[name] if name in Level.__members__ else Level.WARNING
