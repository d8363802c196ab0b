import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path

import gmqtt
import psycopg
import pytest

from smartplace.clock import utc_now
from smartplace.embedded.ports import free_port
from store.frames import FrameStore
from store.places import import_places
from store.pool import open_pool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def examine(smartplace):
    """The exit code, and the findings by what was looked at."""

    def examine(*arguments):
        outcome = smartplace("doctor", "--json", *arguments)
        findings = json.loads(outcome.out)["findings"]
        return outcome.code, {finding["what"]: finding for finding in findings}

    return examine


@pytest.fixture
def nowhere(monkeypatch):
    """Neither a database nor a broker."""
    port = free_port()
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", f"postgresql://nobody:hush-hush@127.0.0.1:{port}/nothing")
    monkeypatch.setenv("SMARTPLACE_MQTT_PORT", str(port))


@pytest.fixture
def with_database(database, small_borough, monkeypatch):
    """A database with places, from which ingest was last heard a moment ago; `with_database(age)` for longer."""
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)

    async def fill():
        async with open_pool(database, size=1) as pool:
            await import_places(pool, small_borough, at=utc_now())
            await FrameStore(pool).tick(as_of=utc_now())

    asyncio.run(fill())

    def age(by):
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE platform SET as_of = as_of - %s", [by])

    return age


@pytest.fixture
def with_broker(nats, broker_account, monkeypatch):
    username, password = broker_account
    monkeypatch.setenv("SMARTPLACE_MQTT_PORT", str(nats.port))
    monkeypatch.setenv("SMARTPLACE_MQTT_VERSION", "3.1.1")
    monkeypatch.setenv("SMARTPLACE_MQTT_USERNAME", username)
    monkeypatch.setenv("SMARTPLACE_MQTT_PASSWORD", password)


@pytest.mark.db
@pytest.mark.broker
def test_a_healthy_installation_is_fine(examine, with_database, with_broker):
    code, findings = examine("--broker-config", ROOT / "mosquitto" / "mosquitto.conf")

    assert code == 0
    assert "wrong" not in {finding["verdict"] for finding in findings.values()}
    for what in (
        "Python",
        "Settings",
        "PostgreSQL",
        "Schema",
        "Database clock",
        "Ingest",
        "MQTT broker",
        "MQTT session",
    ):
        assert findings[what]["verdict"] == "fine", findings[what]
    assert findings["mosquitto.conf"]["verdict"] == "fine"
    assert findings["Ingest"]["found"].endswith(" s ago, 5 devices")
    assert all(set(finding) == {"what", "verdict", "found", "advice"} for finding in findings.values())
    assert all(bool(finding["advice"]) is (finding["verdict"] != "fine") for finding in findings.values())


def test_nothing_there_is_two_findings_and_no_secret(examine, nowhere):
    code, findings = examine()

    assert code == 1
    assert findings["Database"]["found"].startswith("the database does not answer: ")
    assert findings["MQTT broker"]["verdict"] == "wrong"
    assert "Connect" in findings["MQTT broker"]["found"]
    assert "hush" not in json.dumps(findings)


@pytest.mark.db
def test_missing_steps_are_named(examine, nowhere, empty_database, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", empty_database)
    code, findings = examine()

    assert code == 1
    assert " steps are missing: 0001_places, " in findings["Schema"]["found"]
    assert findings["Schema"]["advice"] == "run `smartplace migrate`"
    assert "Ingest" not in findings


@pytest.mark.db
def test_somebody_elses_database_is_a_finding_and_no_traceback(examine, nowhere, database, monkeypatch):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE dead_letter CASCADE")
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)
    code, findings = examine()

    assert code == 1
    assert "dead_letter" in findings["Database"]["found"]


@pytest.mark.db
def test_an_ingest_that_fell_silent_is_wrong(examine, nowhere, with_database):
    with_database(timedelta(minutes=2))
    code, findings = examine()

    assert code == 1
    assert findings["Ingest"]["verdict"] == "wrong"
    assert re.fullmatch(r"last confirmed 1\d\d s ago", findings["Ingest"]["found"])
    assert "smartplace ingest" in findings["Ingest"]["advice"]


@pytest.mark.db
def test_a_platform_without_devices_is_told_to_import(examine, nowhere, database, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)

    assert "smartplace import" in examine()[1]["Ingest"]["advice"]


@pytest.mark.broker
def test_a_wrong_password_is_wrong(examine, nowhere, with_broker, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_MQTT_PASSWORD", "hush-hush")
    code, findings = examine()

    assert code == 1
    assert findings["MQTT broker"]["verdict"] == "wrong"
    assert "hush" not in json.dumps(findings)


@pytest.mark.broker
def test_a_broker_that_turns_away_who_comes_back_at_once_is_fine(examine, nowhere, with_broker, monkeypatch):
    """NATS does, for a second, if it has not yet noticed that the first visitor left: on a busy machine."""
    disconnect = gmqtt.Client.disconnect
    leaving = []

    async def leave_late(client):
        async def later():
            await asyncio.sleep(0.3)
            await disconnect(client)

        if len(leaving) == 2:
            await disconnect(client)
        else:
            leaving.append(asyncio.ensure_future(later()))

    monkeypatch.setattr(gmqtt.Client, "disconnect", leave_late)
    monkeypatch.setattr("smartplace.broker_probe._CLEAN_UP_WITHIN_S", 1.5)
    _code, findings = examine()

    assert [findings[what]["verdict"] for what in ("MQTT broker", "MQTT session")] == ["fine", "fine"]


def test_a_certificate_authority_that_is_not_there_is_a_finding(examine, nowhere, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_MQTT_TLS", "true")
    monkeypatch.setenv("SMARTPLACE_MQTT_CA_FILE", "/nowhere/ca.pem")
    code, findings = examine()

    assert code == 1
    assert findings["MQTT broker"]["found"] == "SMARTPLACE_MQTT_CA_FILE /nowhere/ca.pem: No such file or directory"


def test_an_unknown_setting_is_doubtful(examine, nowhere, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_MQTT_HSOT", "x")

    assert examine()[1]["Settings"]["found"] == "unknown: SMARTPLACE_MQTT_HSOT"


def test_a_dangerous_broker_configuration_is_doubtful(examine, nowhere, tmp_path):
    (tmp_path / "mosquitto.conf").write_text("allow_anonymous true\n")
    _code, findings = examine("--broker-config", tmp_path / "mosquitto.conf")

    assert findings["mosquitto.conf"]["verdict"] == "doubtful"


def test_a_broker_configuration_that_is_not_there_is_no_good_news(smartplace, nowhere):
    outcome = smartplace("doctor", "--broker-config", "nowhere.conf")

    assert outcome.code == 2
    assert "nowhere.conf" in outcome.err


@pytest.mark.parametrize("version", ["15.2", "18.1 (Debian 18.1-1.pgdg12+2)", "19beta1", "20devel"])
def test_every_spelling_of_a_version_is_understood(version):
    from smartplace.doctor import _server

    assert _server(version).verdict == "fine"
    assert _server("14.20").verdict == "wrong"


def test_for_people_it_is_a_line_each_and_what_to_do(smartplace, nowhere):
    outcome = smartplace("doctor")
    quiet = smartplace("doctor", "--quiet")

    assert outcome.code == quiet.code == 1
    assert "✓ Python " in outcome.out
    assert "✗ Database " in outcome.out
    assert "  → start it, and check SMARTPLACE_DATABASE_URL" in outcome.out
    assert "✓" not in quiet.out
    assert "✗ Database " in quiet.out


def test_too_few_open_files_for_every_sign_are_noticed(examine, nowhere, monkeypatch):
    monkeypatch.setattr("smartplace.doctor.allowed", lambda: 1024)
    _, findings = examine()
    told = findings["Open files"]
    assert told["verdict"] == "doubtful"
    assert "768 can follow" in told["advice"]
