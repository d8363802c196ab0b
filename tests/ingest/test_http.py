"""The door for HTTP in front of a real pipeline, with a store in memory behind it."""

import asyncio

import pytest
from chirpstack_api import integration

from domain.errors import Reason, StoreUnavailableError

pytestmark = pytest.mark.anyio

BAY, BENCH = "70b3d50000000001", "bench-green-1"
KEY = {"Authorization": "Bearer sp_good"}
CHIRPSTACK, TTN = "/v1/ingest/chirpstack", "/v1/ingest/ttn"
DEVICE = f"/v1/ingest/device/{BENCH}"
MESSAGE = {"seq": 1, "kind": "event", "measurements": {"occupied": True}}
UPLINK = {
    "end_device_ids": {"device_id": "bay-1", "dev_eui": BAY.upper(), "dev_addr": "260B1234"},
    "uplink_message": {"f_port": 1, "f_cnt": 7, "frm_payload": "AQ=="},
}


@pytest.mark.parametrize(
    ("path", "body"),
    [(CHIRPSTACK, None), (f"{CHIRPSTACK}?event=up", None), (TTN, UPLINK), (DEVICE, MESSAGE)],
)
async def test_a_frame_that_is_pushed_is_kept_before_it_is_answered(open_door, sink, event, path, body):
    async with open_door() as door:
        answer = await door.post(path, body or event())
        assert len(sink.kept) == 1

    assert (answer.status_code, answer.json()) == (202, {"status": "stored"})


async def test_chirpstack_may_push_protobuf(open_door, sink):
    message = integration.UplinkEvent(
        deduplication_id="57433366-50a6-4dc2-8145-2df1bbc70d9e",
        device_info=integration.DeviceInfo(dev_eui=BAY),
        f_port=1,
        data=b"\x01",
    )
    async with open_door() as door:
        answer = await door.post(f"{CHIRPSTACK}?event=up", message.SerializeToString())

    assert (answer.status_code, len(sink.kept)) == (202, 1)


async def test_a_device_may_be_named_by_a_header(open_door, sink):
    async with open_door() as door:
        answer = await door.post("/v1/ingest/device", MESSAGE, headers=KEY | {"Smartplace-Device": BENCH})

    assert answer.status_code == 202
    assert [frame.uplink.device_id for frame in sink.kept.values()] == [BENCH]


async def test_without_its_name_a_devices_message_is_a_problem_that_names_the_header(open_door, sink):
    async with open_door() as door:
        answer = await door.post("/v1/ingest/device", MESSAGE)

    assert (answer.status_code, sink.dead) == (400, [])
    assert "Smartplace-Device" in answer.json()["detail"]


async def test_what_chirpstack_notices_is_kept_as_well(open_door, sink):
    notice = {"deviceInfo": {"devEui": BAY}, "code": "UPLINK_MIC", "level": "ERROR"}
    async with open_door() as door:
        kept = await door.post(f"{CHIRPSTACK}?event=log", notice)
        refused = await door.post(f"{CHIRPSTACK}?event=log", {"code": "UPLINK_MIC"})

    assert (kept.status_code, kept.json()) == (202, {"status": "stored"})
    assert [(one.device_id, one.code) for one in sink.notices] == [(BAY, "UPLINK_MIC")]
    assert (refused.status_code, refused.json()["status"]) == (202, "set_aside")


@pytest.mark.parametrize("event_name", ["join", "status", "ack", "txack", "location", "integration", ""])
async def test_other_events_of_chirpstack_are_passed_over(open_door, sink, event_name):
    async with open_door() as door:
        answer = await door.post(f"{CHIRPSTACK}?event={event_name}", b"{}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert (sink.kept, sink.dead) == ({}, [])


@pytest.mark.parametrize("path", [CHIRPSTACK, TTN])
async def test_a_network_server_is_not_punished_for_a_frame_that_cannot_be_read(open_door, sink, path):
    async with open_door() as door:
        answer = await door.post(path, b"{")

    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (202, "set_aside", "not_json")
    assert [(letter.topic, letter.payload) for letter in sink.dead] == [(path, b"{")]


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        (DEVICE, b"{", Reason.NOT_JSON),
        (DEVICE, {"kind": "event"}, Reason.WRONG_SHAPE),
        (DEVICE, MESSAGE | {"kind": "party"}, Reason.UNDECODABLE),
        ("/v1/ingest/device/bench-nobody", MESSAGE, Reason.UNKNOWN_DEVICE),
        ("/v1/ingest/device/No%20Device", MESSAGE, Reason.UNKNOWN_DEVICE),
    ],
)
async def test_a_device_is_told_what_is_wrong_and_its_message_is_kept(open_door, sink, path, body, reason):
    async with open_door() as door:
        answer = await door.post(path, body)

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["reason"], bool(problem["detail"])) == (422, reason, True)
    assert [letter.reason for letter in sink.dead] == [reason]


async def test_what_the_store_refuses_is_told_as_well(open_door, sink):
    sink.poison = {7}
    async with open_door() as door:
        bad, good = await asyncio.gather(door.post(TTN, UPLINK), door.post(DEVICE, MESSAGE))

    assert bad.json()["reason"] == Reason.REFUSED_BY_STORE
    assert good.json() == {"status": "stored"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "sp_good"}, 401),
        ({"Authorization": "Basic sp_good"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer sp_wrong"}, 401),
        ({"Authorization": "Bearer " + "x" * 100_000}, 401),
        ({"Authorization": "Bearer sp_other"}, 403),
    ],
)
@pytest.mark.parametrize("path", [CHIRPSTACK, f"{CHIRPSTACK}?event=join", TTN, DEVICE, "/v1/ingest/device"])
async def test_nobody_comes_in_without_the_right_key(open_door, sink, path, headers, status):
    async with open_door() as door:
        answer = await door.post(path, MESSAGE, headers=headers | {"Smartplace-Device": BENCH})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert (sink.kept, sink.dead) == ({}, [])


async def test_a_missing_and_a_wrong_key_are_answered_alike(open_door):
    async with open_door() as door:
        missing = await door.post(TTN, UPLINK, headers={})
        wrong = await door.post(TTN, UPLINK, headers={"Authorization": "Bearer sp_wrong"})

    assert missing.content == wrong.content


@pytest.mark.parametrize("path", [CHIRPSTACK, TTN, DEVICE])
async def test_more_than_64_kib_is_too_large(open_door, sink, path):
    async with open_door() as door:
        answer = await door.post(path, b" " * (64 * 1024 + 1))

    assert (answer.status_code, sink.dead) == (413, [])


async def test_while_the_store_is_away_nobody_is_told_that_a_frame_is_safe(open_door, sink):
    sink.outages = 10**9
    async with open_door(patience_s=0.2) as door:
        answer = await door.post(TTN, UPLINK)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")

        # Sent again, as it was told: both are one frame, and the first is not lost either.
        sink.outages = 0
        async with asyncio.timeout(20):
            while answer.status_code == 503:
                answer = await door.post(TTN, UPLINK)
        assert answer.json() == {"status": "stored"}
    assert len(sink.kept) == 1


async def test_a_full_queue_is_an_answer_at_once_and_not_a_larger_queue(open_door, sink):
    async with open_door(keeping=False, most_waiting=2, patience_s=10**6) as door:
        waiting = [asyncio.create_task(door.post(TTN, UPLINK)) for _ in range(2)]
        while door.source.waiting < 2:
            await asyncio.sleep(0)
        answer = await door.post(TTN, UPLINK)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()


async def test_when_it_is_not_known_what_a_key_may_do_the_answer_is_try_again(open_door):
    async def away(_key):
        raise StoreUnavailableError("the connection was reset")

    async with open_door(scopes=away) as door:
        answer = await door.post(TTN, UPLINK)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_many_frames_at_once_share_transactions(open_door, sink):
    async with open_door() as door:
        posts = [door.post(DEVICE, MESSAGE | {"seq": number}) for number in range(50)]
        answers = await asyncio.gather(*posts)

    assert {answer.status_code for answer in answers} == {202}
    assert (len(sink.kept), len(sink.batches) < 50) == (50, True)


async def test_the_door_is_in_the_document_with_its_key(open_door):
    async with open_door() as door:
        document = (await door.client.get("/openapi.json")).json()

    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path in (CHIRPSTACK, TTN, "/v1/ingest/device/{device_id}", "/v1/ingest/device"):
        operation = document["paths"][path]["post"]
        assert operation["security"] == [{"key": []}]
        assert operation["requestBody"]["required"]
        assert {"202", "401", "403", "413", "503"} <= set(operation["responses"])
        assert "422" not in operation["responses"] or "device" in path
