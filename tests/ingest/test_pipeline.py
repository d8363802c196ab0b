import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

from domain.errors import Reason, StoreUnavailableError
from ingest import pipeline as pipeline_module
from ingest import reading
from ingest.flood import FloodGate
from ingest.pipeline import Pipeline

pytestmark = pytest.mark.anyio


@pytest.fixture
def pipeline(source, sink, noon, monkeypatch):
    monkeypatch.setattr(pipeline_module, "_BACKOFF_S", (0, 0))
    return Pipeline(
        source, sink, gate=FloodGate(per_minute=30, burst=120), now=lambda: noon, batch_rows=100, linger_s=0
    )


async def test_a_good_frame_is_kept_and_then_acknowledged(pipeline, source, sink, delivery):
    item = delivery()
    await pipeline.keep([item])

    assert [frame.decoded.measurements for frame in sink.kept.values()] == [{"occupied": True}]
    assert source.acknowledged == [item.token]


async def test_nothing_is_acknowledged_before_the_store_has_it(pipeline, source, sink, delivery):
    acknowledged_at_write = []
    write = sink.write

    async def observed(accepted, rejected, **more):
        acknowledged_at_write.append(len(source.acknowledged))
        return await write(accepted, rejected, **more)

    sink.write = observed
    sink.outages = 2
    await pipeline.keep([delivery(), delivery(b"{")])

    assert acknowledged_at_write == [0, 0, 0]
    assert len(source.acknowledged) == 2


async def test_while_the_store_is_away_nothing_is_acknowledged_nor_set_aside(pipeline, source, sink, delivery):
    sink.outages = 10**9
    keeping = asyncio.create_task(pipeline.keep([delivery()]))
    for _ in range(50):
        await asyncio.sleep(0)
    assert (source.acknowledged, sink.dead) == ([], [])

    sink.outages = 0
    await keeping
    assert len(source.acknowledged) == len(sink.kept) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fPort": 99}, Reason.UNDECODABLE),
        ({"data": ""}, Reason.UNDECODABLE),
        ({"data": "AQEBAQ=="}, Reason.UNDECODABLE),
        ({"deviceInfo": {"devEui": "ffffffffffffffff"}}, Reason.IDENTITY_MISMATCH),
    ],
)
async def test_a_bad_frame_is_set_aside_whole_and_acknowledged(
    pipeline, source, sink, delivery, event, changes, reason
):
    item = delivery(event(**changes))
    await pipeline.keep([item])

    (letter,) = sink.dead
    assert (letter.reason, letter.payload, letter.topic) == (reason, item.payload, item.topic)
    assert source.acknowledged == [item.token]


async def test_a_device_installed_a_moment_ago_is_found(pipeline, sink, delivery):
    sink.installed_later, sink.models = sink.models, {}
    await pipeline.keep([delivery()])

    assert len(sink.kept) == 1


async def test_an_unknown_device_is_a_dead_letter(pipeline, sink, delivery):
    sink.models = {}
    await pipeline.keep([delivery()])

    assert [(letter.reason, letter.device_id) for letter in sink.dead] == [(Reason.UNKNOWN_DEVICE, "70b3d50000000001")]


async def test_a_model_without_a_codec_is_a_dead_letter(pipeline, sink, delivery):
    sink.models = {"70b3d50000000001": "acme-p1"}
    await pipeline.keep([delivery()])

    assert sink.dead[0].reason is Reason.UNKNOWN_MODEL


async def test_a_row_that_the_store_refuses_does_not_cost_its_batch(pipeline, source, sink, delivery, event):
    sink.poison = {7, 23}
    items = [delivery(event(fCnt=number)) for number in range(32)]
    await pipeline.keep(items)

    assert len(sink.kept) == 30
    assert sorted(letter.payload for letter in sink.dead) == sorted(items[n].payload for n in (7, 23))
    assert {letter.reason for letter in sink.dead} == {Reason.REFUSED_BY_STORE}
    assert len(source.acknowledged) == 32


async def test_the_present_is_confirmed_only_while_frames_can_arrive(pipeline, source, sink, noon):
    source.ready = False
    ticking = asyncio.create_task(pipeline.tick(every_s=0))
    for _ in range(20):
        await asyncio.sleep(0)
    assert sink.ticks == []

    source.ready = True
    while not sink.ticks:
        await asyncio.sleep(0)
    ticking.cancel()
    assert sink.ticks[0] == noon


async def test_an_outage_does_not_end_the_ticking(pipeline, sink):
    sink.outages = 3
    ticking = asyncio.create_task(pipeline.tick(every_s=0))
    async with asyncio.timeout(10):
        while not sink.ticks:
            await asyncio.sleep(0)
    ticking.cancel()


async def test_old_frames_are_forgotten_now_and_then(source, sink, noon):
    moments = [noon]
    forgotten = []

    async def forget(*, before):
        forgotten.append(before)
        raise StoreUnavailableError if len(forgotten) == 1 else asyncio.CancelledError

    sink.forget_frames = forget
    pipeline = Pipeline(
        source, sink, gate=FloodGate(per_minute=30, burst=120), now=lambda: moments[0], batch_rows=1, linger_s=0
    )
    with pytest.raises(asyncio.CancelledError):
        await pipeline.tick(every_s=0)

    # The first try failed: it was tried again at once, not an hour later.
    assert forgotten == [noon - timedelta(days=15)] * 2


async def test_the_excess_of_a_flood_is_set_aside_and_costs_nobody_else_anything(pipeline, sink, delivery, event):
    other = "70b3d50000000002"
    sink.models[other] = "bosch-tps110"
    flood = [delivery(event(fCnt=n)) for n in range(400)]
    quiet = delivery(event(deviceInfo={"devEui": other}), topic=f"application/a/device/{other}/event/up")

    await pipeline.keep([*flood, quiet])

    assert len(sink.kept) == 120 + 1
    assert {letter.reason for letter in sink.dead} == {"flood"}
    assert len(sink.dead) == 280
    # Of one hour a hundred keep their bytes; the others are counted on the last of them.
    assert len({letter.same_as for letter in sink.dead}) == 100


async def test_a_device_that_has_calmed_down_is_heard_again(pipeline, sink, delivery, event):
    await pipeline.keep([delivery(event(fCnt=n)) for n in range(400)])
    later = [{"time": "2026-11-20T12:00:00Z", "gwTime": "2026-11-20T11:50:00Z"}]

    await pipeline.keep([delivery(event(fCnt=500, rxInfo=later))])

    assert any(f_cnt == 500 for _, _, f_cnt, _ in sink.kept)


async def test_the_excess_of_garbage_is_counted_and_costs_nobody_else_anything(pipeline, sink, delivery, event):
    garbage = [delivery(b"\xff%d" % number) for number in range(1000)]
    other = "application/1/device/70b3d50000000002/event/up"
    await pipeline.keep([*garbage, delivery(b"\xff", topic=other), delivery(event(fCnt=1))])

    assert [letter.reason for letter in sink.dead].count("not_json") == 121
    floods = [letter for letter in sink.dead if letter.reason == "flood"]
    assert (len(floods), len({letter.same_as for letter in floods})) == (880, 100)
    assert len(sink.kept) == 1


async def test_garbage_in_the_name_of_another_device_does_not_use_up_its_rate(pipeline, sink, delivery, event):
    topic = "application/1/device/70b3d50000000002/event/up"
    await pipeline.keep([delivery(event(fCnt=number), topic=topic) for number in range(1000)])
    assert {letter.reason for letter in sink.dead} == {"identity_mismatch", "flood"}
    await pipeline.keep([delivery(event(fCnt=1, rxInfo=[{"gatewayId": "0016c001f153a14c"}]))])
    assert len(sink.kept) == 1


async def test_a_backlog_of_what_can_be_read_later_is_kept_whole(pipeline, sink, delivery, event):
    unregistered = {"devEui": "70b3d50000009999", "applicationId": "1", "tags": {}}
    topic = "application/1/device/70b3d50000009999/event/up"
    await pipeline.keep([delivery(event(fCnt=n, deviceInfo=unregistered), topic=topic) for n in range(500)])

    assert [letter.reason for letter in sink.dead] == ["unknown_device"] * 500


async def test_a_backlog_that_arrives_at_once_is_no_flood_in_any_order(pipeline, sink, delivery, event):
    def at(n):
        return [{"gwTime": f"2026-11-{1 + n // 24:02}T{n % 24:02}:15:00Z"}]

    numbers = [(n * 7) % 400 for n in range(400)]
    await pipeline.keep([delivery(event(fCnt=n, rxInfo=at(n))) for n in numbers])

    assert len(sink.kept) == 400
    assert sink.dead == []


class Killed(BaseException):
    """What `kill -9` is to a process: nothing runs after it."""


@pytest.fixture
def deadly(monkeypatch):
    """Reading these payloads ends the process."""
    payloads = set()
    open_envelope = reading.open_envelope

    def open_or_die(delivery):
        if delivery.payload in payloads:
            raise Killed
        return open_envelope(delivery)

    monkeypatch.setattr(reading, "open_envelope", open_or_die)
    return payloads


class ReadElsewhere:
    """A trial: what it reads dies there, or is read as it is here."""

    def __init__(self, deadly):
        self.deadly = deadly
        self.read_payloads = []

    async def read(self, deliveries, model_of, is_scripted):
        self.read_payloads += [item.payload for item in deliveries]
        guilty = [item.payload in self.deadly for item in deliveries]
        innocent = [item for item, is_guilty in zip(deliveries, guilty, strict=True) if not is_guilty]
        found = iter(await reading.read_here(innocent, model_of, is_scripted))
        return [
            reading.reject(item, Reason.DEADLY, "three died", None) if is_guilty else next(found)
            for item, is_guilty in zip(deliveries, guilty, strict=True)
        ]


@pytest.fixture
def trial(deadly):
    return ReadElsewhere(deadly)


@pytest.fixture
def new_process(source, sink, noon, trial, monkeypatch):
    """A pipeline as of a new process; everything that was not acknowledged comes again."""
    monkeypatch.setattr(pipeline_module, "_BACKOFF_S", (0, 0))

    def start():
        source.acknowledged.clear()
        gate = FloodGate(per_minute=30, burst=120)
        return Pipeline(source, sink, gate=gate, now=lambda: noon, batch_rows=100, linger_s=0, trial=trial.read)

    return start


async def test_a_message_that_ends_the_process_is_tried_elsewhere_after_two_deaths_and_costs_no_other(
    new_process, source, sink, delivery, event, deadly, trial
):
    payloads = [event(fCnt=number) for number in range(20)]
    deadly.add(payloads[7])
    deaths = 0
    while len(source.acknowledged) < len(payloads):
        try:
            await new_process().keep([delivery(payload, redelivered=deaths > 0) for payload in payloads])
        except Killed:
            deaths += 1
        assert deaths <= 2

    assert deaths == 2
    assert [(letter.reason, letter.payload) for letter in sink.dead] == [(Reason.DEADLY, payloads[7])]
    assert len(sink.kept) == 19
    # It stays a suspect: a copy that the broker sent meanwhile is not read here either.
    assert sink.suspects == {delivery(payloads[7]).key}
    await new_process().keep([delivery(payloads[7], redelivered=True)])
    trial.read_payloads.remove(payloads[7])
    # In the process that died of one message, all were in hand; after it, each was read once more, and not there.
    assert sorted(trial.read_payloads) == sorted(payloads)


@pytest.mark.parametrize("moment", ["while it reads", "before the store has it", "before it is acquitted"])
async def test_a_process_may_be_killed_from_outside_ever_so_often_and_nothing_is_set_aside(
    new_process, source, sink, trial, delivery, event, monkeypatch, moment
):
    def kill(*_):
        raise Killed

    async def kill_later(*_, **__):
        raise Killed

    items = [delivery(event(fCnt=number), redelivered=True) for number in range(5)]
    for _ in range(10):
        with monkeypatch.context() as patch:
            if moment == "while it reads":
                # The first time here, and then on trial.
                patch.setattr(reading, "open_envelope", kill)
                patch.setattr(trial, "read", kill_later)
            else:
                patch.setattr(sink, "write" if moment == "before the store has it" else "acquit", kill_later)
            with pytest.raises(Killed):
                await new_process().keep(items)
        assert sink.dead == []

    await new_process().keep(items)
    assert (sink.dead, len(sink.kept), sink.suspects) == ([], 5, set())
    assert len(source.acknowledged) == 5


async def test_a_process_that_is_killed_while_it_waits_for_the_store_leaves_no_suspects(pipeline, sink, delivery):
    sink.write = never
    keeping = asyncio.create_task(pipeline.keep([delivery(redelivered=True)]))
    for _ in range(50):
        await asyncio.sleep(0)
    keeping.cancel()

    assert sink.suspects == set()


async def test_what_is_noted_while_a_message_is_read_is_its_own_batch_alone(
    pipeline, sink, delivery, event, monkeypatch
):
    batches = [
        [delivery(event(fCnt=10 * batch + number), redelivered=batch < 2) for number in range(3)] for batch in range(3)
    ]
    by_payload = {item.payload: {each.key for each in batch} for batch in batches for item in batch}
    open_envelope, note = reading.open_envelope, sink.note

    def open_and_look(item):
        assert sink.suspects <= by_payload[item.payload]
        return open_envelope(item)

    async def note_slowly(keys):
        await note(keys)
        for _ in range(20):
            await asyncio.sleep(0)

    monkeypatch.setattr(reading, "open_envelope", open_and_look)
    sink.note = note_slowly
    await asyncio.gather(*(pipeline.keep(batch) for batch in batches))

    assert len(sink.kept) == 9


async def test_a_suspect_is_read_on_trial_alone_even_if_its_device_was_installed_a_moment_ago(
    new_process, sink, delivery, trial, monkeypatch
):
    item = delivery(redelivered=True)
    sink.suspects = {item.key}
    sink.installed_later = sink.models
    sink.models = {}
    await new_process().keep([item])

    assert len(sink.kept) == 1
    assert trial.read_payloads == [item.payload, item.payload]
    assert (sink.dead, sink.suspects) == ([], set())


async def test_a_dead_letter_whose_words_are_refused_is_kept_without_them(pipeline, source, sink, delivery):
    sink.refuses_letters = 1
    item = delivery(b"{")
    await pipeline.keep([item])

    (letter,) = sink.dead
    assert (letter.reason, letter.payload) == (Reason.NOT_JSON, b"{")
    assert source.acknowledged == [item.token]
    # Delivered again, it must be the same letter: reason, topic and payload name it.
    assert letter.topic == item.topic


async def test_a_store_that_takes_no_dead_letter_is_away_and_nothing_is_acknowledged(pipeline, source, sink, delivery):
    sink.refuses_letters = 10**9
    keeping = asyncio.create_task(pipeline.keep([delivery(b"{")]))
    for _ in range(50):
        await asyncio.sleep(0)
    assert source.acknowledged == []

    sink.refuses_letters = 0
    await keeping
    assert len(source.acknowledged) == len(sink.dead) == 1


async def test_the_present_is_not_confirmed_while_a_batch_cannot_be_kept(source, sink, noon, delivery):
    gate = FloodGate(per_minute=30, burst=120)
    later = noon + timedelta(seconds=7)
    pipeline = Pipeline(source, sink, gate=gate, now=lambda: later, batch_rows=100, linger_s=0)
    sink.write = never
    keeping = asyncio.create_task(pipeline.keep([delivery()]))
    ticking = asyncio.create_task(pipeline.tick(every_s=0))
    for _ in range(50):
        await asyncio.sleep(0)
    assert sink.ticks == []

    keeping.cancel()
    async with asyncio.timeout(10):
        while not sink.ticks:
            await asyncio.sleep(0)
    ticking.cancel()


async def test_the_present_is_not_confirmed_while_older_frames_are_in_the_spool(source, sink, noon):
    spool = SimpleNamespace(depth=3)
    gate = FloodGate(per_minute=30, burst=120)
    pipeline = Pipeline(source, sink, gate=gate, now=lambda: noon, batch_rows=1, linger_s=0, spool=spool)
    ticking = asyncio.create_task(pipeline.tick(every_s=0))
    for _ in range(50):
        await asyncio.sleep(0)
    assert sink.ticks == []

    spool.depth = 0
    async with asyncio.timeout(10):
        while not sink.ticks:
            await asyncio.sleep(0)
    ticking.cancel()


async def never(*_, **__):
    await asyncio.Event().wait()
