"""Frames whose codec is JavaScript: read together, elsewhere, and never at the cost of the others."""

import pytest

from domain.errors import Reason, ScriptError, ScriptFault, StoreUnavailableError
from domain.uplinks import Decoded, Kind
from ingest import pipeline as pipeline_module
from ingest.flood import FloodGate
from ingest.pipeline import Pipeline

pytestmark = pytest.mark.anyio

ACME = "70b3d5000000000a"


class Scripts:
    """Knows one model, once it was refreshed; fails as it is told to, by payload."""

    def __init__(self):
        self.known = {"acme-bay"}
        self.later = set()
        self.faults = {}
        self.batches = []
        self.outages = 0

    def knows(self, model):
        return model in self.known

    async def refresh(self):
        if self.outages:
            self.outages -= 1
            raise StoreUnavailableError("away")
        self.known |= self.later

    async def decode(self, frames):
        self.batches.append(frames)
        return [self.one(frame) for frame in frames]

    def one(self, frame):
        if frame.payload in self.faults:
            return ScriptError(frame.model, frame.f_port, frame.payload, self.faults[frame.payload], "detail", 3)
        return Decoded(
            model=frame.model,
            codec_version=4,
            kind=Kind.EVENT,
            measurements={"occupied": frame.payload == b"\x01"},
            raw={},
        )


@pytest.fixture
def scripts(sink):
    sink.models[ACME] = "acme-bay"
    return Scripts()


@pytest.fixture
def pipeline(source, sink, noon, scripts, monkeypatch):
    monkeypatch.setattr(pipeline_module, "_BACKOFF_S", (0, 0))
    gate = FloodGate(per_minute=30, burst=120)
    return Pipeline(source, sink, gate=gate, now=lambda: noon, batch_rows=100, linger_s=0, scripts=scripts)


@pytest.fixture
def acme(delivery, event):
    """A delivery of the device whose codec is JavaScript."""

    def make(f_cnt, data="AQ=="):
        topic = f"application/0f9d5c2e-6a1b-4c6e-9d4b-3f1f4e2a7b11/device/{ACME}/event/up"
        info = {"devEui": ACME, "applicationId": "0f9d5c2e-6a1b-4c6e-9d4b-3f1f4e2a7b11", "tags": {}}
        return delivery(event(deviceInfo=info, fCnt=f_cnt, data=data), topic=topic)

    return make


async def test_a_batch_of_both_kinds_is_kept_with_one_round_trip(
    pipeline, source, sink, scripts, delivery, event, acme
):
    batch = [acme(1), delivery(event(fCnt=2)), acme(3, "AA=="), delivery(event(fCnt=4))]
    await pipeline.keep(batch)
    decoded = {frame.uplink.f_cnt: frame.decoded for frame in sink.kept.values()}

    assert len(scripts.batches) == 1
    assert {f_cnt: (found.model, found.measurements["occupied"]) for f_cnt, found in decoded.items()} == {
        1: ("acme-bay", True), 2: ("bosch-tps110", True), 3: ("acme-bay", False), 4: ("bosch-tps110", True),
    }  # fmt: skip
    assert source.acknowledged == [item.token for item in batch]


async def test_the_codec_is_told_what_the_frame_says(pipeline, sink, scripts, acme):
    await pipeline.keep([acme(1, "AAEC")])
    ((frame,),) = scripts.batches
    (kept,) = sink.kept.values()

    assert (frame.model, frame.f_port, frame.payload) == ("acme-bay", 1, b"\0\1\2")
    assert frame.observed_at == kept.uplink.observed_at


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (ScriptFault.TIMEOUT, Reason.CODEC_FAILED),
        (ScriptFault.MEMORY, Reason.CODEC_FAILED),
        (ScriptFault.STACK, Reason.CODEC_FAILED),
        (ScriptFault.WORKER, Reason.CODEC_FAILED),
        (ScriptFault.SUSPENDED, Reason.CODEC_FAILED),
        (ScriptFault.EXCEPTION, Reason.UNDECODABLE),
        (ScriptFault.REFUSED, Reason.UNDECODABLE),
        (ScriptFault.MAPPING, Reason.UNDECODABLE),
        (ScriptFault.OUTPUT, Reason.UNDECODABLE),
        (ScriptFault.SHAPE, Reason.UNDECODABLE),
    ],
)
async def test_a_frame_that_its_codec_fails_on_is_a_dead_letter_and_the_others_are_kept(
    pipeline, source, sink, scripts, delivery, event, acme, fault, reason
):
    scripts.faults[b"\xff"] = fault
    bad = acme(2, "/w==")
    await pipeline.keep([acme(1), bad, delivery(event(fCnt=3)), acme(4)])
    (letter,) = sink.dead

    assert sorted(frame.uplink.f_cnt for frame in sink.kept.values()) == [1, 3, 4]
    assert (letter.reason, letter.payload, letter.device_id) == (reason, bad.payload, ACME)
    assert f"{fault}: detail (line 3)" in letter.detail
    assert len(source.acknowledged) == 4


async def test_a_model_that_was_uploaded_a_moment_ago_is_read(pipeline, sink, scripts, acme):
    scripts.known, scripts.later = set(), {"acme-bay"}
    scripts.outages = 2
    await pipeline.keep([acme(1)])

    assert len(sink.kept) == 1
    assert sink.dead == []


async def test_a_model_that_nobody_can_read_is_a_dead_letter(pipeline, sink, scripts, acme):
    scripts.known = set()
    await pipeline.keep([acme(1)])

    assert [letter.reason for letter in sink.dead] == [Reason.UNKNOWN_MODEL]


async def test_a_device_that_sends_far_too_much_is_held_back_whatever_its_codec(pipeline, sink, acme):
    await pipeline.keep([acme(f_cnt) for f_cnt in range(200)])

    assert len(sink.kept) == 120
    assert {letter.reason for letter in sink.dead} == {Reason.FLOOD}
