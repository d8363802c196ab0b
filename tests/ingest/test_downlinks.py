"""Downlinks in the words of ChirpStack and The Things Stack."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from chirpstack_api import integration

from domain.commands import Command, CommandState, Word
from domain.errors import RejectedFrameError
from ingest.downlinks import message_of, read_report
from ingest.source import Delivery, Token

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EUI = "24e124000000000a"
ID = UUID("11111111-2222-3333-4444-555555555555")
COMMAND = Command(
    command_id=ID,
    device_id=EUI,
    name="reboot",
    parameters={},
    f_port=85,
    payload=bytes.fromhex("ff10ff"),
    requested_by="manager",
    requested_at=NOON,
    expires_at=NOON + timedelta(hours=1),
    state=CommandState.QUEUED,
)


def delivered(topic, payload):
    octets = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Delivery(topic=topic, payload=octets, retained=False, received_at=NOON, token=Token(None, 1))


def chirpstack(event, *, eui=EUI, **more):
    payload = {"deviceInfo": {"devEui": eui}, "queueItemId": str(ID), **more}
    return read_report(delivered(f"application/a/device/{EUI}/event/{event}", payload))


def things_stack(event, **more):
    payload = {
        "end_device_ids": {"device_id": f"eui-{EUI}", "dev_eui": EUI.upper()},
        "correlation_ids": ["as:downlink:x", f"smartplace:command:{ID}"],
        **more,
    }
    return read_report(delivered(f"v3/parking@council/devices/eui-{EUI}/down/{event}", payload))


def test_chirpstack_is_asked_in_its_own_words():
    message = json.loads(message_of(COMMAND, f"application/a/device/{EUI}/command/down"))

    assert message == {
        "id": str(ID),
        "devEui": EUI,
        "confirmed": True,
        "fPort": 85,
        "data": base64.b64encode(bytes.fromhex("ff10ff")).decode(),
        "expiresAt": "2026-11-20T13:00:00.000Z",
    }


def test_chirpstacks_own_definitions_take_the_message():
    from google.protobuf.json_format import Parse

    parsed = Parse(message_of(COMMAND, f"application/a/device/{EUI}/command/down"), integration.DownlinkCommand())

    assert (parsed.id, parsed.dev_eui, parsed.f_port, parsed.data) == (str(ID), EUI, 85, bytes.fromhex("ff10ff"))


def test_the_things_stack_is_asked_in_its_own_words():
    message = json.loads(message_of(COMMAND, f"v3/parking@council/devices/eui-{EUI}/down/push"))

    assert message["downlinks"] == [
        {"f_port": 85, "frm_payload": "/xD/", "confirmed": True, "correlation_ids": [f"smartplace:command:{ID}"]}
    ]


@pytest.mark.parametrize(
    ("event", "more", "word"),
    [
        ("txack", {}, Word.TRANSMITTED),
        ("ack", {"acknowledged": True}, Word.ACKNOWLEDGED),
        ("ack", {}, Word.UNACKNOWLEDGED),
        (
            "log",
            {"level": "ERROR", "code": "DOWNLINK_PAYLOAD_SIZE", "context": {"queue_item_id": str(ID)}},
            Word.REFUSED,
        ),
        ("log", {"level": "WARNING", "code": "EXPIRED", "context": {"queue_item_id": str(ID)}}, Word.EXPIRED),
    ],
)
def test_what_chirpstack_says(event, more, word):
    report = chirpstack(event, **more)

    assert (report.command_id, report.device_id, report.word) == (ID, EUI, word)


@pytest.mark.parametrize(
    ("message", "event", "word"),
    [
        (integration.TxAckEvent(queue_item_id=str(ID)), "txack", Word.TRANSMITTED),
        (integration.AckEvent(queue_item_id=str(ID), acknowledged=True), "ack", Word.ACKNOWLEDGED),
        (integration.AckEvent(queue_item_id=str(ID)), "ack", Word.UNACKNOWLEDGED),
    ],
)
def test_what_chirpstack_says_in_protobuf(message, event, word):
    message.device_info.dev_eui = EUI
    report = read_report(delivered(f"application/a/device/{EUI}/event/{event}", message.SerializeToString()))

    assert (report.command_id, report.word) == (ID, word)


@pytest.mark.parametrize(
    ("event", "more", "word"),
    [
        ("queued", {"downlink_queued": {"f_port": 85}}, Word.SENT),
        ("sent", {"downlink_sent": {}}, Word.TRANSMITTED),
        ("ack", {"downlink_ack": {}}, Word.ACKNOWLEDGED),
        ("nack", {"downlink_nack": {}}, Word.UNACKNOWLEDGED),
        ("failed", {"downlink_failed": {"error": {"message_format": "too long"}}}, Word.REFUSED),
        (
            "ack",
            {"correlation_ids": [], "downlink_ack": {"correlation_ids": [f"smartplace:command:{ID}"]}},
            Word.ACKNOWLEDGED,
        ),
    ],
)
def test_what_the_things_stack_says(event, more, word):
    report = things_stack(event, **more)

    assert (report.command_id, report.device_id, report.word) == (ID, EUI, word)
    assert (report.detail == "too long") == (event == "failed")


@pytest.mark.parametrize(
    "report",
    [
        lambda: chirpstack("txack", queueItemId=""),
        lambda: chirpstack("log", level="INFO", code="DOWNLINK_PAYLOAD_SIZE", context={"queue_item_id": str(ID)}),
        lambda: chirpstack("log", level="ERROR", code="UPLINK_MIC"),
        lambda: things_stack("ack", correlation_ids=["as:downlink:x"]),
        lambda: things_stack("ack", end_device_ids={"device_id": "another"}),
        lambda: read_report(delivered("elsewhere", {})),
    ],
)
def test_what_is_not_about_a_command_of_ours_is_nothing(report):
    assert report() is None


def test_an_event_of_another_device_than_its_topics_is_refused():
    with pytest.raises(RejectedFrameError):
        chirpstack("ack", eui="24e124000000000b", acknowledged=True)
