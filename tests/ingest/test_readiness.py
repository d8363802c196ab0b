"""The checks of an ingest process, the word that it gives to others, and the small application that says both."""

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest

from domain.errors import Reason, StoreUnavailableError
from domain.readiness import Check
from ingest.metered import Meter, MeteredSink, StoreWord
from ingest.pipeline import Pipeline
from ingest.probes import create_app
from ingest.readiness import Readiness
from tests.ingest.conftest import OPEN_GATE
from tests.ingest.test_notices import LOG_TOPIC, log_event

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at


class Register:
    """Remembers what it was told; is away for the next `outages` calls."""

    def __init__(self):
        self.told = []
        self.outages = 0

    async def report(self, report):
        if self.outages:
            self.outages -= 1
            raise StoreUnavailableError("away")
        self.told.append(report)

    async def take_back(self, worker):
        if self.outages:
            raise StoreUnavailableError("away")
        self.told = [report for report in self.told if report.worker != worker]


@pytest.fixture
def clock(noon):
    return Clock(noon)


@pytest.fixture
def parts(clock):
    return SimpleNamespace(
        link=SimpleNamespace(ready=True, reconnects=0, sessions_lost=0),
        store=StoreWord(answered_at=clock.at),
        canary=SimpleNamespace(is_late=False, age=timedelta(seconds=3)),
        spool=SimpleNamespace(fill=0.25),
    )


@pytest.fixture
def readiness(parts, clock):
    return Readiness("worker-1", **vars(parts), silent_after=timedelta(seconds=30), now=clock)


def red(readiness):
    return [check.name for check in readiness.look() if not check.ok]


async def test_each_part_turns_its_own_check_red(readiness, parts, clock):
    assert [check.name for check in readiness.look()] == ["subscribed", "database", "spool", "canary"]
    assert red(readiness) == []
    parts.link.ready = False
    assert red(readiness) == ["subscribed"]
    parts.link.ready, parts.spool.fill = True, 0.51
    assert red(readiness) == ["spool"]
    parts.spool.fill, parts.canary.is_late = 0.5, True
    assert red(readiness) == ["canary"]
    parts.canary.age = None
    assert red(readiness) == ["canary"]
    parts.canary.is_late, parts.canary.age, parts.store.failed = False, timedelta(0), True
    assert red(readiness) == ["database"]
    # One that neither fails nor answers.
    parts.store.failed = False
    clock.at += timedelta(seconds=31)
    assert red(readiness) == ["database"]


async def test_others_hear_at_once_what_changes_and_what_does_not_every_while(
    readiness, parts, clock, noon, monkeypatch
):
    monkeypatch.setattr("ingest.readiness._LOOK_EVERY_S", 0)
    register = Register()

    async def told(count):
        async with asyncio.timeout(20):
            while len(register.told) < count:
                await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(register.told) == count
        return register.told[-1]

    telling = asyncio.create_task(readiness.tell(register, every_s=10))
    assert (await told(1)).worker == "worker-1"
    register.outages = 3
    parts.canary.is_late = True
    report = await told(2)
    assert (report.canary_late, report.subscribed, report.spool_fill, report.said_at) == (True, True, 0.25, noon)
    clock.at += timedelta(seconds=10)
    assert (await told(3)).said_at == clock.at
    telling.cancel()


@pytest.mark.parametrize("outages", [0, 1])
async def test_at_its_end_a_process_takes_its_word_back_if_it_can(readiness, parts, outages):
    parts.link.ready = False
    register = Register()
    telling = asyncio.create_task(readiness.tell(register, every_s=10))
    async with asyncio.timeout(20):
        while not register.told:
            await asyncio.sleep(0)
    register.outages = outages
    telling.cancel()

    with pytest.raises(asyncio.CancelledError):
        await telling
    assert len(register.told) == outages


@pytest.fixture
def metered(sink, clock):
    meter, word = Meter("mqtt"), StoreWord(answered_at=clock.at)
    return SimpleNamespace(sink=MeteredSink(sink, meter, word, now=clock), meter=meter, word=word)


async def test_a_batch_is_counted_when_it_is_committed(metered, sink, source, delivery, clock, monkeypatch):
    monkeypatch.setattr("ingest.pipeline._BACKOFF_S", (0, 0))
    pipeline = Pipeline(source, metered.sink, gate=OPEN_GATE, now=clock, batch_rows=100, linger_s=0)
    clock.at += timedelta(seconds=10)
    sink.outages = 2
    notices = [delivery(log_event(code=code), topic=LOG_TOPIC) for code in ("UPLINK_MIC", "NEW", "NEWER")]
    await pipeline.keep([delivery(), delivery(), delivery(b"{"), *notices])

    meter = metered.meter
    assert (meter.accepted, meter.duplicates, meter.failures) == (1, 1, 2)
    assert meter.rejected == {Reason.NOT_JSON: 1}
    assert meter.notices == {"UPLINK_MIC": 1, "other": 2}
    # It was sent at 11:59:59.12, received at 12:00:01, and committed at 12:00:10.
    assert meter.lag_s.sum == pytest.approx(2 * 10.876544, abs=1e-3)
    assert meter.delay_s.sum == pytest.approx(2 * 9)
    assert (meter.batch.sum, meter.batch.buckets[-1][1], meter.commit_s.buckets[-1][1]) == (6, 1, 1)


async def test_the_store_is_away_until_it_answers_again(metered, sink, clock):
    sink.outages = 1
    for action in (metered.sink.refresh, lambda: metered.sink.tick(as_of=clock.at)):
        clock.at += timedelta(seconds=1)
        try:
            await action()
        except StoreUnavailableError:
            assert metered.word.failed
    assert (metered.word.failed, metered.word.answered_at) == (False, clock.at)


@pytest.mark.parametrize(("ok", "status", "kind"), [(True, 200, "json"), (False, 503, "problem+json")])
async def test_the_probes_say_what_is_wrong(noon, ok, status, kind):
    checks = [
        Check(name="database", ok=ok, detail="It last answered 9 s ago.", since=noon),
        Check(name="spool", ok=True, detail="The spool is 3% full.", since=noon),
    ]
    app = create_app(lambda: checks, lambda accept: (accept.encode(), "text/plain"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/readyz")
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/metrics", headers={"Accept": "x/y"})).text == "x/y"

    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, f"application/{kind}")
    assert answer.headers["cache-control"] == "no-store"
    assert body["checks"][0] == {
        "name": "database",
        "ok": ok,
        "detail": "It last answered 9 s ago.",
        "since": datetime.strftime(noon, "%Y-%m-%dT%H:%M:%S.000Z"),
    }
    assert ok or body["detail"] == "It last answered 9 s ago."
