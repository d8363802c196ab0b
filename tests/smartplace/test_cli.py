import json
import os
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import typer

from smartplace import __version__
from smartplace.cli import duration

ROOT = Path(__file__).parents[2]
DEMO_BOROUGH = ROOT / "simulators" / "thurrock.toml"

FAULTY = """
name = "Faulty"
colour = "red"

[[site]]
id = "Mill Yard"
name = ""
kind = "castle"
locality = "Grays"
lon = 0.325
lat = 91

[[site.bays]]
category = "general"
model = "nobody-1"
bay = [{ id = "bay-1", lon = 0.3, lat = 51.4, device = "xyz!" }]
"""


def test_decode_gives_machines_exactly_four_keys(smartplace):
    outcome = smartplace("decode", "bosch-tps110", "1", "01", "--json")

    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out) == {
        "model": "bosch-tps110",
        "kind": "event",
        "measurements": {"occupied": True},
        "raw": {},
    }
    assert list(json.loads(outcome.out)) == ["model", "kind", "measurements", "raw"]


@pytest.mark.parametrize(
    ("threshold", "state", "words"),
    [("1500", "occupied", "occupied"), ("650", None, "as it was, this says nothing"), ("600", "free", "free")],
)
def test_decode_says_what_a_distance_means_by_a_threshold(smartplace, threshold, state, words):
    call = ("decode", "milesight-em310-udl", "85", "0382bc02", "--threshold", threshold)
    assert json.loads(smartplace(*call, "--json").out)["state"] == state
    assert smartplace(*call).out.splitlines()[-1].split(maxsplit=1) == ["state", words]


def test_decode_gives_people_a_line_for_each_thing(smartplace):
    outcome = smartplace("decode", "nwave-nps405", "1", "00")

    assert outcome.out.splitlines()[0] == "nwave-nps405, event"
    assert [line.split() for line in outcome.out.splitlines()[1:3]] == [
        ["occupied", "False"],
        ["previous_state_minutes", "0"],
    ]


@pytest.mark.parametrize("payload", ["", "010203", "FFFF"])
def test_bytes_that_are_no_frame_are_one_line_and_exit_code_2(smartplace, payload):
    outcome = smartplace("decode", "bosch-tps110", "1", payload, "--json")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("smartplace: bosch-tps110: fPort 1, ")
    assert outcome.err.count("\n") == 1


def test_an_unknown_model_is_told_where_the_known_ones_are(smartplace):
    outcome = smartplace("decode", "nobody-1", "1", "01")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "smartplace: no device model 'nobody-1'; `smartplace decode --list` names them all\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("bosch-tps110", "1", "zz"), "hexadecimal"),
        (("bosch-tps110", "1", "0"), "hexadecimal"),
        (("bosch-tps110", "256", "00"), "f_port"),
        (("bosch-tps110",), "needed"),
        ((), "needed"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(smartplace, arguments, word):
    outcome = smartplace("decode", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert word in outcome.err
    assert "Traceback" not in outcome.err


def test_every_model_is_listed(smartplace):
    from devices.catalogue import MODELS

    assert [line.split()[0] for line in smartplace("decode", "--list").out.splitlines()] == [one.key for one in MODELS]


def test_a_downlink_for_machines_is_model_port_and_bytes(smartplace):
    outcome = smartplace(
        "encode-downlink", "milesight-vs340", "set-reporting-interval", "--param", "seconds=1200", "--json"
    )

    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out) == {"model": "milesight-vs340", "f_port": 85, "hex": "ff8e001400"}


def test_a_text_for_a_display_may_contain_anything_that_can_be_printed(smartplace):
    texts = "--param", "template=1", "--param", "block=1", "--param", "text=a=b, £3"
    outcome = smartplace("encode-downlink", "milesight-ds3604", "show-text", *texts)

    assert (outcome.code, outcome.out) == (0, "fPort 85: fb010008613d622c20c2a333\n")


def test_a_downlink_that_a_model_does_not_take_is_one_line_and_exit_code_2(smartplace):
    outcome = smartplace("encode-downlink", "bosch-tps110", "reboot", "--json")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "smartplace: bosch-tps110: reboot: the model does not take it; it takes none\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("dance",), "no command 'dance'"),
        (("reboot", "--param", "seconds"), "NAME=VALUE"),
        (("set-reporting-interval",), "needs seconds"),
        (("set-reporting-interval", "--param", "seconds=0"), "not in 1..65535"),
    ],
)
def test_a_command_for_a_device_says_what_is_wrong_with_it(smartplace, arguments, word):
    outcome = smartplace("encode-downlink", "milesight-ws202", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert word in " ".join(outcome.err.replace("│", " ").split())
    assert "Traceback" not in outcome.err


def test_the_version_is_that_of_the_package(smartplace):
    from importlib.metadata import version

    assert smartplace("--version").out == f"smartplace {__version__}\n"
    assert version("smartplace") == __version__


def test_every_command_says_what_it_does(smartplace):
    help_text = smartplace("--help").out

    for command in (
        "demo",
        "serve",
        "ingest",
        "simulate",
        "migrate",
        "import",
        "decode",
        "encode-downlink",
        "doctor",
        "openapi",
    ):
        assert f"  {command} " in help_text
        assert smartplace(command, "-h").code == 0


def test_the_demo_borough_has_no_fault(smartplace):
    outcome = smartplace("import", "--dry-run", DEMO_BOROUGH)

    assert (outcome.code, outcome.err) == (0, "")
    assert " sites, " in outcome.out
    assert outcome.out.endswith("nothing was changed (--dry-run)\n")


def test_every_fault_of_a_places_file_is_told(smartplace, tmp_path):
    (tmp_path / "faulty.toml").write_text(FAULTY)
    outcome = smartplace("import", "--dry-run", "faulty.toml")
    *faults, last = outcome.err.splitlines()

    assert (outcome.code, outcome.out) == (1, "")
    assert last == f"smartplace: faulty.toml has faults ({len(faults)}), nothing was changed"
    for word in ("colour", "Mill Yard", "name is empty", "castle", "lat", "nobody-1", "xyz!"):
        assert [fault for fault in faults if word in fault], word
    assert "..." not in outcome.err


@pytest.mark.parametrize("content", [b"\xff", b"= nonsense", b""], ids=["not text", "not TOML", "empty"])
def test_a_file_that_is_no_places_file_is_a_sentence(smartplace, tmp_path, content):
    (tmp_path / "other.toml").write_bytes(content)
    outcome = smartplace("import", "--dry-run", "other.toml")

    assert outcome.code == 1
    assert "other.toml" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_file_that_is_not_there_is_a_sentence(smartplace):
    assert "nowhere.toml" in smartplace("import", "nowhere.toml").err
    outcome = smartplace("demo", "--places", "nowhere.toml")
    assert outcome.code == 1
    assert "nowhere.toml" in outcome.err


@pytest.mark.db
def test_import_says_what_it_did(smartplace, database, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)
    outcome = smartplace("import", DEMO_BOROUGH)

    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "imported")


@pytest.mark.db
def test_migrate_names_each_step_once(smartplace, empty_database, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", empty_database)

    assert smartplace("migrate").out.splitlines()[0] == "applied 0001_places"
    assert smartplace("migrate").out == "the schema is up to date\n"


@pytest.mark.parametrize("command", [("migrate",), ("import", DEMO_BOROUGH)], ids=lambda command: command[0])
def test_a_database_that_is_away_is_a_sentence(command):
    # In a process of its own: what libraries log before anybody configures it would be on stderr, too.
    done = subprocess.run(
        [sys.executable, "-m", "smartplace", *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SMARTPLACE_DATABASE_URL": "postgresql://nobody:hush-hush@127.0.0.1:1/nothing"},
    )

    assert done.returncode == 1
    assert done.stderr.startswith("smartplace: the database does not answer: ")
    assert done.stderr.count("\n") == 1
    assert "hush" not in done.stderr


def test_the_openapi_document_needs_nothing_that_runs(smartplace):
    outcome = smartplace("openapi")

    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out)["openapi"].startswith("3.1")


def test_a_misspelt_setting_is_told_and_ignored(smartplace, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_HTTP_PROT", "1")
    outcome = smartplace("openapi")

    assert outcome.code == 0
    assert outcome.err == "smartplace: SMARTPLACE_HTTP_PROT is no setting (misspelt?) and is ignored\n"


@pytest.mark.parametrize("option", ["--port", "--mqtt-port", "--database-port"])
def test_a_demo_on_a_port_in_use_names_the_option_and_leaves_nothing(tmp_path, left_behind, option):
    mark = f"MARK_{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "smartplace", "demo", option, str(port), "--data-dir", str(tmp_path / "demo")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, mark: "1"},
        )

    assert done.returncode == 1
    assert done.stderr == f"smartplace: port {port} is in use; choose another with {option}\n"
    assert left_behind(mark) == []
    assert not (tmp_path / "demo" / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(smartplace, port):
    outcome = smartplace("demo", "--port", port)

    assert outcome.code == 2
    assert "'--port'" in outcome.err


def test_a_wrong_setting_stops_the_demo_with_a_sentence(smartplace, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_BATCH_ROWS", "0")
    outcome = smartplace("demo")

    assert outcome.code == 1
    assert outcome.err.splitlines()[-1].startswith("smartplace: wrong settings: SMARTPLACE_BATCH_ROWS: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_long_running_command_ends_quietly_when_it_is_told_to(tmp_path, until, number):
    from smartplace.embedded.ports import free_port

    port = free_port()
    nowhere = {
        "SMARTPLACE_MQTT_PORT": str(port),
        "SMARTPLACE_DATABASE_URL": f"postgresql://nobody@127.0.0.1:{port}/nothing",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "smartplace", "ingest"], stderr=log, env={**os.environ, **nowhere}
        )
    with process:
        try:
            until(lambda: "mqtt_retry" in (tmp_path / "log").read_text(), what="a first attempt")
        finally:
            process.send_signal(number)

    assert process.wait(60) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", timedelta()),
        ("90", timedelta(seconds=90)),
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("6h", timedelta(hours=6)),
        ("3d", timedelta(days=3)),
        ("1.5h", timedelta(minutes=90)),
        (" 2m ", timedelta(minutes=2)),
        ("366d", timedelta(days=366)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, expected):
    assert duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "h", "-1h", "3w", "1h30m", "1 h", "1,5h", "1e3", "inf", "nan", "367d", "9" * 30 + "d"]
)
def test_what_is_no_duration_is_refused(smartplace, text):
    with pytest.raises(typer.BadParameter, match=r"write 90s, 15m, 6h or 3d|at most 366d"):
        duration(text)
    outcome = smartplace("simulate", "--history", text) if not text.startswith("-") else None
    assert outcome is None or outcome.code == 2
