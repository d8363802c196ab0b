"""`smartplace demo`: one command, everything works, and nothing of it is left, however it ends."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from devices.catalogue import silent_after
from simulators.demo import demo_places
from tests.conftest import until
from tests.e2e.conftest import LONGEST_STOP_S, Message, logged_in

CHILDREN = ["postgres", "broker", "ingest", "serve", "simulate"]
NOBODY = 65534
GARBAGE = Message("application/1/device/70b3d50000000001/event/up", b"a marker of the tests")

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.broker]


def assert_nothing_survives(demo) -> None:
    until(lambda: not demo.survivors(), what=f"the end of {demo.survivors()}", within_s=LONGEST_STOP_S)


def test_its_last_screen_says_all(running_demo):
    print(f"ready after {running_demo.ready_after_s:.1f} s")
    screen = running_demo.said
    for word in ("Places", "A sign", "For asset managers", "API reference", "MQTT", "Kept in", "Stop with Ctrl-C"):
        assert word in screen
    assert str(running_demo.data_dir) in screen
    assert "✗" not in screen
    assert all(line == line.rstrip() for line in screen.splitlines() if "http" in line)


def test_every_address_on_the_screen_answers(running_demo):
    addresses = [word for line in running_demo.said.splitlines() for word in line.split() if word.startswith("http")]
    assert len(addresses) >= 6
    for address in addresses:
        if not address.endswith("/v1/events"):
            answer = httpx.get(address, follow_redirects=True, timeout=10)
            assert (address, answer.status_code) == (address, 200)


def test_every_curl_line_on_the_screen_works(running_demo):
    lines = [line.strip() for line in running_demo.said.splitlines() if line.strip().startswith("curl ")]
    assert len(lines) == 3
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    for line in lines:
        command = [*shlex.split(line), "--silent", "--show-error", "--fail", "--max-time", "60"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as curl:
            if "-N" in line:
                # Only the stream of events has no end.
                assert any('"revision":' in said for said in curl.stdout), line
                curl.terminate()
            else:
                said, _ = curl.communicate()
                assert (curl.returncode, '"revision":' in said) == (0, True), (line, said)


def test_the_log_in_on_the_screen_opens_the_pages_for_asset_managers(running_demo):
    assert "Dead letters" in running_demo.dead_letters()


def test_nearly_every_bay_is_known_when_it_says_that_it_is_ready(running_demo):
    counts = httpx.get(f"{running_demo.url}/v1/bays?limit=1").json()["counts"]
    assert counts["capacity"] > 300
    assert counts["unknown"] < counts["capacity"] * 0.1


def test_the_car_park_that_is_counted_at_its_gates_is_known_from_the_start(running_demo):
    def known():
        counts = httpx.get(f"{running_demo.url}/v1/sites/tanners-deck").json()["counts"]
        return counts if counts["unknown"] == 0 else None

    counts = until(known, what="a count")
    assert counts["capacity"] == counts["free"] + counts["occupied"] == 120
    with logged_in(running_demo.url, running_demo.password) as client:
        assert "Counted by demo" in client.get("/manage/counting").text


def test_a_device_that_is_told_something_says_how_it_is_set_now(running_demo):
    told = next(device for device in demo_places(silent_after).devices if device.model == "milesight-em310-udl")
    with logged_in(running_demo.url, running_demo.password) as client:
        page = f"/manage/devices/{told.device_id}/commands"
        form = {"command": "set-reporting-interval", "seconds": "1200", "hours": "1"}
        assert client.post(page, data=form).status_code == 303
        until(lambda: 'data-agreement="same"' in client.get(page).text, what="a device that says how it is set")


def test_a_second_demo_in_the_same_folder_is_refused_in_one_sentence(running_demo, start_demo):
    second = start_demo(running_demo.data_dir)
    assert second.wait_ended() == 1
    assert second.said.count("\n") == 1
    assert second.said.startswith("smartplace: another demo is running in ")
    assert running_demo.process.poll() is None


def test_a_port_in_use_is_refused_in_one_sentence(running_demo, start_demo):
    port = httpx.URL(running_demo.url).port
    second = start_demo(None, "--port", str(port))
    assert second.wait_ended() == 1
    assert second.said == f"smartplace: port {port} is in use; choose another with --port\n"


def test_passwords_and_data_are_for_their_owner_alone(running_demo):
    assert running_demo.data_dir.stat().st_mode & 0o077 == 0
    assert (running_demo.data_dir / "passwords.json").stat().st_mode & 0o077 == 0
    for pid, line in running_demo.survivors().items():
        assert running_demo.password not in line, pid


@pytest.fixture(scope="module")
def small_demo(start_demo, small_borough_file, tmp_path_factory):
    """Starts demos of two places in one folder, one after the other."""
    folder = tmp_path_factory.mktemp("small") / "data"

    def start(*arguments: str, wait: bool = True):
        demo = start_demo(folder, "--places", str(small_borough_file), *arguments)
        if wait:
            demo.wait_ready()
        return demo

    return start


@pytest.mark.parametrize("name", CHILDREN)
def test_when_a_child_is_killed_the_demo_says_which_and_ends_with_all_others(small_demo, name):
    demo = small_demo()
    family = demo.survivors()
    assert len(family) > len(CHILDREN)
    os.kill(demo.pid_of(name), signal.SIGKILL)
    assert demo.wait_ended() == 1
    assert_nothing_survives(demo)
    report = demo.said.partition("Stop with Ctrl-C.")[2].strip().splitlines()
    assert report[-1] == f"smartplace: {name} was killed by SIGKILL"
    assert report[0] == f"last lines of {demo.data_dir}/logs/{name}.log:"
    assert "Traceback" not in "".join(report)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_stops_and_nothing_survives(small_demo, number):
    demo = small_demo()
    began = time.monotonic()
    demo.process.send_signal(number)
    assert demo.wait_ended() == 0
    print(f"stopped after {time.monotonic() - began:.1f} s")
    assert demo.survivors() == {}
    assert "✓ Stopping" in demo.said
    for name in ("ingest", "serve", "simulate"):
        assert "Traceback" not in (demo.data_dir / "logs" / f"{name}.log").read_text()


def test_a_page_that_is_open_does_not_hold_it_back(small_demo):
    demo = small_demo()
    with httpx.stream("GET", f"{demo.url}/v1/events", timeout=10) as stream:
        lines = stream.iter_lines()  # nobody holding it would close the stream
        assert next(lines)
        demo.process.terminate()
        assert demo.wait_ended() == 0
    assert demo.survivors() == {}


def test_killed_itself_it_leaves_nothing_behind(small_demo):
    demo = small_demo()
    demo.process.kill()
    assert demo.wait_ended() == -signal.SIGKILL
    assert_nothing_survives(demo)


@pytest.mark.parametrize("step", ["PostgreSQL", "MQTT broker", "Ingest"])
def test_told_to_stop_while_it_starts_it_stops_and_the_next_start_works(small_demo, step):
    demo = small_demo("--reset", wait=False)
    demo.wait_said(f"✓ {step}")
    demo.process.send_signal(signal.SIGINT)
    assert demo.wait_ended() == 0
    assert demo.survivors() == {}


def test_told_to_stop_while_it_makes_the_database_the_next_start_works(start_demo, small_borough_file, tmp_path):
    folder = tmp_path / "data"
    first = start_demo(folder, "--places", str(small_borough_file))
    until((folder / "postgres" / "PG_VERSION").exists, what="a database that is being made")
    first.process.send_signal(signal.SIGINT)
    assert first.wait_ended() == 0
    assert first.survivors() == {}
    second = start_demo(folder, "--places", str(small_borough_file))
    second.wait_ready()
    second.end()


def test_the_next_start_keeps_everything_and_reset_clears_it(small_demo):
    first = small_demo()
    with first.publisher() as publisher:
        publisher.publish(GARBAGE)
    until(lambda: GARBAGE.payload.hex(" ")[:47] in first.dead_letters(), what="a dead letter")
    revision, password = first.revision(), first.password
    first.end()

    second = small_demo()
    assert second.password == password
    assert GARBAGE.payload.hex(" ")[:47] in second.dead_letters()
    assert second.revision() > revision
    second.end()

    third = small_demo("--reset")
    assert third.password != password
    assert "There are none" in third.dead_letters()
    third.end()
    assert third.survivors() == {}


def test_a_plain_user_can_run_it(start_demo, small_borough_file, tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("this is a plain user already")
    prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    folder = tmp_path_factory.mktemp("plain")
    # The way to it, up to the folder that is this user's alone: pytest's own.
    for path in (folder, folder.parent, folder.parent.parent):
        path.chmod(0o755)
    os.chown(folder, NOBODY, NOBODY)
    small_borough_file.parent.chmod(0o755)
    # Asked of a child of a child: setpriv itself still may what root may.
    again = f"import subprocess, smartplace.cli; subprocess.run([{sys.executable!r}, '-c', ''], check=True)"
    if subprocess.run([*prefix, sys.executable, "-c", again], capture_output=True, check=False).returncode:
        pytest.skip("a plain user cannot read this Python")
    demo = start_demo(folder / "data", "--places", str(small_borough_file), prefix=prefix, HOME=str(folder))
    demo.wait_ready()
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in demo.survivors()} == {NOBODY}
    demo.process.send_signal(signal.SIGINT)
    assert demo.wait_ended() == 0
    assert demo.survivors() == {}


def test_a_codec_in_a_folder_is_uploaded_and_its_sensors_are_played(start_demo, small_borough_file):
    folder = Path(__file__).parents[2] / "docs" / "examples" / "acme-bay"
    demo = start_demo(None, "--places", str(small_borough_file), "--codec", str(folder))
    demo.wait_ready()

    def bays():
        return httpx.get(f"{demo.url}/v1/bays?site=trial-acme-bay").json()

    until(lambda: bays()["counts"]["unknown"] == 0, what="bays that JavaScript knows")
    assert bays()["counts"]["capacity"] == 6
    assert "data-letter" not in demo.dead_letters()
