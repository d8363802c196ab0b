"""What real processes say of themselves: every figure that is documented, and checks that turn red."""

import re
from pathlib import Path

import httpx
import psycopg
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from smartplace.embedded.ports import free_port
from tests.conftest import SMALL_BOROUGH, until
from tests.e2e.conftest import Message, uplink

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.broker]

BAY, MODEL = "70b3d50000000001", "bosch-tps110"
TOKEN = "only for the tests"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
GUIDE = Path(__file__).parents[2] / "docs" / "monitoring.md"


class Watched:
    """A platform whose ingest can be asked."""

    def __init__(self, platform):
        self.platform = platform
        self.ingest_url = f"http://127.0.0.1:{platform.settings['ingest_http_port']}"

    def begin(self):
        """Begin to ingest."""
        self.platform.import_places(SMALL_BOROUGH)
        self.platform.start("ingest")

    def start(self):
        self.begin()
        self.platform.start("serve")
        until(self.platform.is_ready, what="a platform that is ready")

    def serve_metrics(self, **headers):
        return self.platform.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **headers})

    def ingest_metrics(self, **headers):
        return httpx.get(f"{self.ingest_url}/metrics", headers=headers, timeout=10)

    def checks(self, process):
        """Status and checks of a process by name, once it answers."""
        url = f"{self.ingest_url}/readyz" if process == "ingest" else f"{self.platform.url}/readyz"
        answer = httpx.get(url, timeout=10)
        return answer.status_code, {check["name"]: check for check in answer.json()["checks"]}, answer.json()

    def until_red(self, process, name):
        def found():
            status, checks, body = self.checks(process)
            return (checks[name], body) if status == 503 and name in checks and not checks[name]["ok"] else None

        return until(found, what=f"{name} of {process} that is red")


def as_asked(folder):
    """The settings of a platform that can be asked."""
    return {"ingest_http_port": free_port(), "metrics_token": TOKEN, "spool_file": folder / "spool.db"}


@pytest.fixture(scope="module")
def watch(module_platform):
    """One that runs, for tests after which it runs as before."""
    module_platform.settings.update(as_asked(module_platform.folder))
    watch = Watched(module_platform)
    watch.start()
    return watch


@pytest.fixture
def watched(database, new_platform, tmp_path):
    """Makes one with settings of its own, not yet started."""

    def make(**settings):
        return Watched(new_platform(database, **as_asked(tmp_path), **settings))

    return make


def names(answer):
    """The names of the metrics in an exposition; one that is documented ends in `_total` if it is a counter."""
    assert answer.status_code == 200
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation for family in families)
    return {family.name + ("_total" if family.type == "counter" else ""): family.type for family in families}


def samples(answer):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def documented():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (both|ingest|serve) \| \S.*\|$", GUIDE.read_text(), re.MULTILINE)
    both = {name: kind for name, kind, process in rows if process == "both"}
    return (
        both | {name: kind for name, kind, process in rows if process == "ingest"},
        both | {name: kind for name, kind, process in rows if process == "serve"},
    )


def test_every_metric_is_documented_and_every_documented_one_is_there(watch):
    of_ingest, of_serve = documented()

    assert len(of_serve) > 15
    assert names(watch.ingest_metrics()) == of_ingest
    assert names(watch.serve_metrics()) == of_serve
    for answer in (watch.ingest_metrics(accept=OPENMETRICS), watch.serve_metrics(accept=OPENMETRICS)):
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert {family.name for family in openmetrics.text_string_to_metric_families(answer.text)} >= {
            "smartplace_ready",
            "smartplace_uplinks_accepted",
        }


def test_what_came_is_counted_and_no_device_is_a_label(watch):
    log = uplink(BAY, MODEL, 1, 1, b"\x01").topic.replace("/event/up", "/event/log")
    notice = b'{"deviceInfo": {"devEui": "%b"}, "code": "%b", "level": "ERROR"}'
    with watch.platform.publisher() as publisher:
        once = uplink(BAY, MODEL, 1, 1, b"\x01")
        publisher.publish(once, once, uplink(BAY, MODEL, 2, 1, b"\x00"), Message(once.topic, b"{"))
        publisher.publish(Message(log, notice % (BAY.encode(), b"UPLINK_MIC")))
        publisher.publish(Message(log, notice % (BAY.encode(), b"INVENTED_TODAY")))

    def counted():
        found = samples(watch.ingest_metrics())
        return (
            found["smartplace_uplinks_accepted_total", ("source", "mqtt")],
            found["smartplace_uplinks_duplicate_total", ("source", "mqtt")],
            found["smartplace_uplinks_rejected_total", ("reason", "not_json"), ("source", "mqtt")],
            found["smartplace_network_notices_total", ("code", "UPLINK_MIC"), ("source", "mqtt")],
            found["smartplace_network_notices_total", ("code", "other"), ("source", "mqtt")],
        )

    until(lambda: counted() == (2, 1, 1, 1, 1), what="all of them counted")
    found = samples(watch.ingest_metrics())
    assert found["smartplace_uplink_lag_seconds_count", ("source", "mqtt")] == 3
    # They were sent five seconds before, and heard a little later.
    assert found["smartplace_uplink_lag_seconds_sum", ("source", "mqtt")] > 12
    assert found["smartplace_uplink_lag_seconds_bucket", ("le", "2.5"), ("source", "mqtt")] == 0
    assert BAY not in watch.ingest_metrics().text


def test_a_canary_that_is_late_turns_both_red_and_nothing_is_confirmed(watched):
    # It sings once and is expected again at once: soon nobody is ready, and perhaps nobody ever was.
    watch = watched(canary_seconds=60, canary_late_s=3)
    watch.platform.serving()
    watch.begin()
    until(watch.platform.is_heard, what="an ingest that was heard")
    check, body = watch.until_red("ingest", "canary")
    assert check["detail"] in body["detail"]
    check, body = watch.until_red("serve", "canary")
    assert check["detail"] in body["detail"]
    assert check["since"] > watch.platform.started_at.isoformat()
    as_of = watch.platform.value("SELECT as_of FROM platform")
    # Nor by a frame that comes: more may wait behind it, for hours.
    with watch.platform.publisher() as publisher:
        publisher.publish(uplink(BAY, MODEL, 1, 1, b"\x01"))
    until(lambda: watch.platform.value("SELECT count(*) FROM uplink"), what="a frame that is kept")
    seen = samples(watch.ingest_metrics())["smartplace_canary_age_seconds",]
    until(lambda: samples(watch.ingest_metrics())["smartplace_canary_age_seconds",] > seen + 3, what="three ticks more")
    assert watch.platform.value("SELECT as_of FROM platform") == as_of
    # The subscription itself is well.
    assert samples(watch.ingest_metrics())["smartplace_ready", ("check", "subscribed")] == 1


def test_a_spool_that_fills_turns_both_red_until_it_is_empty(watched):
    watch = watched(spool_after_s=0.5, spool_bytes=20_000)
    watch.start()
    with watch.platform.publisher() as publisher, psycopg.connect(watch.platform.conninfo) as connection:
        connection.execute("LOCK TABLE uplink IN ACCESS EXCLUSIVE MODE")
        publisher.publish(*(uplink(BAY, MODEL, n, 1, bytes([n % 2])) for n in range(14)))
        _, body = watch.until_red("ingest", "spool")
        assert re.search(r"The spool is \d+% full\.", body["detail"])
        watch.until_red("serve", "spool")
        assert samples(watch.ingest_metrics())["smartplace_spool_messages",] > 5

    until(lambda: [watch.checks(one)[0] for one in ("ingest", "serve")] == [200, 200], what="two that are ready")
    found = samples(watch.ingest_metrics())
    assert found["smartplace_spool_bytes",] == 0
    assert found["smartplace_uplinks_accepted_total", ("source", "spool")] > 5


def test_without_a_broker_it_says_so(watch):
    watch.platform._broker_process.terminate()
    watch.until_red("ingest", "subscribed")
    watch.until_red("serve", "subscribed")
    watch.platform.start_broker()
    until(lambda: [watch.checks(one)[0] for one in ("ingest", "serve")] == [200, 200], what="two that are ready")
    assert samples(watch.ingest_metrics())["smartplace_broker_reconnects_total", ("source", "mqtt")] >= 1


def test_whoever_has_no_token_reads_nothing_and_a_taken_port_is_one_sentence(watch):
    assert watch.platform.get("/metrics").status_code == 401
    assert watch.platform.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    with watch.platform.process("ingest") as second:
        assert second.wait(30) == 1
    log = watch.platform.log("ingest").read_text()
    assert re.search(r"^smartplace: SMARTPLACE_INGEST_HTTP_PORT: port \d+ on 127\.0\.0\.1 cannot be had", log, re.M)
    assert "Traceback" not in log
