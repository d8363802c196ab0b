"""Downlinks in the words of network servers: the message that queues one, and what is said of it afterwards.

Sources: chirpstack-api `integration.proto` v4 (DownlinkCommand, TxAckEvent, AckEvent, LogEvent); The Things Stack v3,
MQTT server (`down/push`, `down/queued`, `down/sent`, `down/ack`, `down/nack`, `down/failed`).
"""

import base64
import json
from uuid import UUID

import msgspec

from domain.commands import Command, Report, Word
from domain.errors import RejectedFrameError
from domain.ids import DeviceId
from domain.times import rfc3339
from domain.topics import ChirpStackTopic, ThingsStackTopic, parse
from ingest import chirpstack_protobuf as protobuf
from ingest.chirpstack import own_device
from ingest.chirpstack_event import AckEvent, LogEvent, TxAckEvent
from ingest.json_message import read_json
from ingest.reception import device_of
from ingest.source import Delivery

_OURS = "smartplace:command:"
_EXPIRED = "EXPIRED"
_txack = msgspec.json.Decoder(TxAckEvent)
_ack = msgspec.json.Decoder(AckEvent)
_log = msgspec.json.Decoder(LogEvent)


class _EndDeviceIds(msgspec.Struct):
    device_id: str
    dev_eui: str = ""


class _Downlink(msgspec.Struct):
    correlation_ids: list[str] = []


class _Error(msgspec.Struct):
    name: str = ""
    message_format: str = ""


class _Failed(msgspec.Struct):
    downlink: _Downlink = msgspec.field(default_factory=_Downlink)
    error: _Error = msgspec.field(default_factory=_Error)


class _ThingsStackMessage(msgspec.Struct):
    end_device_ids: _EndDeviceIds
    correlation_ids: list[str] = []
    downlink_queued: _Downlink | None = None
    downlink_sent: _Downlink | None = None
    downlink_ack: _Downlink | None = None
    downlink_nack: _Downlink | None = None
    downlink_failed: _Failed | None = None


_things_stack = msgspec.json.Decoder(_ThingsStackMessage)
_WORDS = {
    "down/queued": Word.SENT,
    "down/sent": Word.TRANSMITTED,
    "down/ack": Word.ACKNOWLEDGED,
    "down/nack": Word.UNACKNOWLEDGED,
    "down/failed": Word.REFUSED,
}


def message_of(command: Command, topic: str) -> bytes:
    """What asks the network server behind this topic to send the command, acknowledged by the device.

    It carries the command's id: the same again is refused (ChirpStack) or told by it (The Things Stack).
    """
    data = base64.b64encode(command.payload).decode()
    if topic.startswith("v3/"):
        downlink = {
            "f_port": command.f_port,
            "frm_payload": data,
            "confirmed": True,
            "correlation_ids": [f"{_OURS}{command.command_id}"],
        }
        return json.dumps({"downlinks": [downlink]}).encode()
    return json.dumps(
        {
            "id": str(command.command_id),
            "devEui": command.device_id,
            "confirmed": True,
            "fPort": command.f_port,
            "data": data,
            "expiresAt": rfc3339(command.expires_at),
        }
    ).encode()


def read_report(delivery: Delivery) -> Report | None:
    """What a network server says of a downlink that may be ours; None for everything else.

    Raises:
        RejectedFrameError: the message is broken, or of another device than its topic's.
    """
    match parse(delivery.topic):
        case ChirpStackTopic(dev_eui=str(dev_eui), event="txack" | "ack" | "log" as event):
            return _chirpstack(delivery, dev_eui, event)
        case ThingsStackTopic(device_id=str(device_id), event=event) if event in _WORDS:
            return _things_stack_report(delivery, device_id, _WORDS[event])
        case _:
            return None


def _chirpstack(delivery: Delivery, dev_eui: str, event: str) -> Report | None:
    message = delivery.payload
    is_protobuf = protobuf.recognised(message)
    if event == "txack":
        sent = protobuf.read_txack(message) if is_protobuf else read_json(_txack, message)
        return _report(delivery, sent.queue_item_id, own_device(sent.device_info.dev_eui, dev_eui), Word.TRANSMITTED)
    if event == "ack":
        ack = protobuf.read_ack(message) if is_protobuf else read_json(_ack, message)
        word = Word.ACKNOWLEDGED if ack.acknowledged else Word.UNACKNOWLEDGED
        return _report(delivery, ack.queue_item_id, own_device(ack.device_info.dev_eui, dev_eui), word)
    log = protobuf.read_log(message) if is_protobuf else read_json(_log, message)
    if log.level != "ERROR" and log.code != _EXPIRED:
        return None
    word = Word.EXPIRED if log.code == _EXPIRED else Word.REFUSED
    item = log.context.get("queue_item_id", "")
    return _report(delivery, item, own_device(log.device_info.dev_eui, dev_eui), word, f"{log.code}: {log.description}")


def _things_stack_report(delivery: Delivery, device_id: str, word: Word) -> Report | None:
    message = read_json(_things_stack, delivery.payload)
    if message.end_device_ids.device_id != device_id:
        return None
    named = [message.downlink_queued, message.downlink_sent, message.downlink_ack, message.downlink_nack]
    failed = message.downlink_failed
    ids = [*message.correlation_ids, *(one for part in named if part for one in part.correlation_ids)]
    ids += failed.downlink.correlation_ids if failed else []
    ours = next((one.removeprefix(_OURS) for one in ids if one.startswith(_OURS)), "")
    detail = (failed.error.message_format or failed.error.name) if failed else ""
    return _report(delivery, ours, _named(message.end_device_ids.dev_eui), word, detail)


def _named(dev_eui: str) -> DeviceId | None:
    try:
        return device_of(dev_eui)
    except RejectedFrameError:
        # Not told: the id of the command, which nobody can guess, says enough.
        return None


def _report(delivery: Delivery, item: str, device_id: DeviceId | None, word: Word, detail: str = "") -> Report | None:
    try:
        command_id = UUID(item)
    except ValueError:
        return None
    return Report(
        command_id=command_id,
        device_id=device_id,
        word=word,
        detail=detail or ("the device did not acknowledge it" if word is Word.UNACKNOWLEDGED else ""),
        received_at=delivery.received_at,
    )
