"""What simulated devices make of commands: the network server's words, and what the device then says it is set to."""

import asyncio
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import pytest

from devices.catalogue import model
from devices.codec import decode
from devices.downlinks import encode_downlink, parse_command
from devices.settings import settings_in
from domain import topics
from domain.ids import DeviceId
from domain.places import Device
from simulators.answers import device_answers, network_says, read_command
from simulators.borough import Borough
from simulators.run import answer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOPIC = "application/a/device/{}/command/down"


def command(key, name, dev_eui="5a00000102030405", **parameters):
    found = model(key)
    encoded = encode_downlink(key, found.commands, parse_command(name, parameters))
    message = {"id": "item-1", "devEui": dev_eui, "fPort": encoded.f_port, "data": b64encode(encoded.payload).decode()}
    return TOPIC.format(dev_eui), json.dumps(message).encode()


@pytest.mark.parametrize(
    ("key", "name", "parameters"),
    [
        ("milesight-vs341", "set-reporting-interval", {"seconds": "600"}),
        ("milesight-em310-udl", "set-reporting-interval", {"seconds": "600"}),
        ("milesight-ds3604", "show-text", {"template": "1", "block": "2", "text": "Free"}),
        ("netvox-rb11e", "set-reporting-interval", {"seconds": "900"}),
    ],
)
def test_a_device_tells_that_it_is_set_as_it_was_told(key, name, parameters):
    device = Device(device_id=DeviceId("5a00000102030405"), model=key, silent_after=timedelta(hours=1), asset_id=None)
    encoded = device_answers(device, read_command(*command(key, name, **parameters)))
    told = settings_in(model(key).echoes, decode(model(key), encoded.f_port, encoded.payload).raw)
    assert told == [(name, parameters)]


def test_a_model_whose_maker_documents_no_answer_gives_none():
    device = Device(
        device_id=DeviceId("5a00000102030405"), model="browan-tbms100", silent_after=timedelta(hours=1), asset_id=None
    )
    asked = read_command(*command("browan-tbms100", "set-reporting-interval", seconds="600"))
    assert device_answers(device, asked) is None


def test_the_network_server_says_that_it_was_sent_and_that_it_came():
    asked = read_command(*command("milesight-vs341", "reboot"))
    sent, came = network_says(asked, NOON)
    assert topics.parse(sent.topic) == topics.ChirpStackTopic("5a00000102030405", "txack")
    assert topics.parse(came.topic) == topics.ChirpStackTopic("5a00000102030405", "ack")
    assert json.loads(came.payload) == {
        "deviceInfo": {"devEui": "5a00000102030405"},
        "queueItemId": "item-1",
        "acknowledged": True,
    }
    assert NOON < sent.at < came.at


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (TOPIC.format("x"), b"{"),
        (TOPIC.format("x"), b"[]"),
        (TOPIC.format("x"), b'{"id": 1, "fPort": 2, "data": "*"}'),
        (TOPIC.format("x"), b'{"id": 1, "data": "AQ=="}'),
        ("application/a/device", b'{"id": 1, "fPort": 2, "data": "AQ=="}'),
    ],
)
def test_what_is_no_command_is_none(topic, payload):
    assert read_command(topic, payload) is None


@pytest.mark.anyio
async def test_commands_are_answered_at_their_time_and_frames_keep_their_counter(places):
    """Nonsense, and commands to nobody, are passed over."""
    desk = next(device for device in places.devices if device.model == "milesight-vs341")
    borough = Borough(places, seed=7, begins_at=NOON)
    asked: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    said = []
    for message in (
        ("nonsense", b"{}"),
        command("milesight-vs341", "reboot", dev_eui="5a000000000000ff"),
        command("milesight-vs341", "set-reporting-interval", dev_eui=desk.device_id, seconds="600"),
    ):
        asked.put_nowait(message)

    async def publish(topic, payload):
        said.append((topics.parse(topic).event, json.loads(payload)))

    # Its time has come already.
    task = asyncio.create_task(answer(borough, asked.get, publish, now=lambda: NOON + timedelta(days=len(said))))
    async with asyncio.timeout(20):
        while len(said) < 3:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])

    assert [event for event, _ in said] == ["txack", "ack", "up"]
    frame = said[2][1]
    assert frame["deviceInfo"]["devEui"] == desk.device_id
    assert b64decode(frame["data"]).hex() == "fe8e000a00"
    assert frame["fCnt"] == 0
