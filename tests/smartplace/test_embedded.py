import json
import os
import socket
import stat
import subprocess
from contextlib import closing

import psycopg
import pytest

from domain.errors import CommandError
from smartplace.embedded import account
from smartplace.embedded.broker import EmbeddedBroker
from smartplace.embedded.ports import LOOPBACK, claim, free_port, is_free
from smartplace.embedded.postgres import EmbeddedPostgres, wheel_binaries


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def make_server(tmp_path):
    def make(**changes):
        values = {"binaries": wheel_binaries(), "data_dir": tmp_path / "postgres", "port": 1, "password": "s3cret"}
        return EmbeddedPostgres(**{**values, **changes})

    return make


@pytest.fixture
def broker(tmp_path):
    return EmbeddedBroker(data_dir=tmp_path / "broker", port=1884, control_port=4223, password="s3cret")


def test_a_port_that_is_asked_for_is_given_or_refused(taken):
    port = free_port()

    assert claim(port, option="--port", usual=taken) == port
    with pytest.raises(CommandError, match=rf"^port {taken} is in use; choose another with --mqtt-port$"):
        claim(taken, option="--mqtt-port")


def test_the_usual_port_is_taken_if_it_is_free(taken):
    port = free_port()

    assert claim(None, option="--port", usual=port) == port
    assert claim(None, option="--port", usual=taken) != taken
    assert is_free(claim(None, option="--port"))


def test_two_who_ask_before_either_listens_get_two_ports(monkeypatch):
    monkeypatch.setattr("smartplace.embedded.ports.random.sample", lambda ports, **_: list(ports))

    assert free_port() != free_port()


def test_a_port_that_is_taken_on_every_address_is_taken_on_loopback():
    with closing(socket.create_server(("0.0.0.0", 0))) as server:
        assert not is_free(server.getsockname()[1])


def test_a_folder_of_another_major_version_is_refused_and_left_alone(make_server, tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("14\n")

    with pytest.raises(CommandError, match=r"was made by PostgreSQL 14, this is 18: start anew with --reset$"):
        make_server().initialise()
    assert [path.name for path in (tmp_path / "postgres").iterdir()] == ["PG_VERSION"]


def test_programs_that_are_not_there_are_one_sentence(make_server, tmp_path):
    with pytest.raises(CommandError, match=r"^initdb (failed with exit code|cannot be started)"):
        make_server(binaries=tmp_path).initialise()


def test_programs_that_are_not_there_are_one_sentence_for_a_plain_user(make_server, tmp_path, monkeypatch):
    monkeypatch.setattr("smartplace.embedded.postgres.unprivileged_prefix", tuple)

    with pytest.raises(CommandError, match=r"^initdb cannot be started: .*No such file"):
        make_server(binaries=tmp_path).initialise()


def test_a_folder_with_something_else_is_left_alone(make_server, tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "somebody's").touch()

    with pytest.raises(CommandError, match="is no database"):
        make_server().initialise()

    assert [path.name for path in (tmp_path / "postgres").iterdir()] == ["somebody's"]


def test_an_initdb_that_was_cut_short_is_done_again(make_server, tmp_path):
    (tmp_path / "postgres.unfinished").mkdir()
    (tmp_path / "postgres.unfinished" / "PG_VERSION").write_text("18")

    make_server().initialise()

    assert (tmp_path / "postgres" / "postgresql.conf").exists()
    assert not (tmp_path / "postgres.unfinished").exists()


def test_a_failing_program_shows_what_it_said(make_server, monkeypatch):
    monkeypatch.setattr("smartplace.embedded.postgres.USER", "pg_reserved")

    with pytest.raises(CommandError, match=r"^initdb failed with exit code 1") as failed:
        make_server().initialise()

    assert "superuser name" in failed.value.log_tail


def test_no_password_is_on_a_command_line(make_server, broker):
    assert "s3cret" not in " ".join([*make_server().command(), *broker.command()])


@pytest.mark.db
def test_it_listens_on_loopback_and_asks_for_the_password(postgres_18):
    with psycopg.connect(postgres_18.conninfo("postgres")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == (LOOPBACK,)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
    with pytest.raises(psycopg.OperationalError, match=r"password authentication failed"):
        psycopg.connect(postgres_18.conninfo("postgres"), password="wrong")


@pytest.mark.db
def test_what_is_there_already_is_kept(postgres_18):
    postgres_18.initialise()
    postgres_18.create_database("migrated")

    with psycopg.connect(postgres_18.conninfo("migrated")) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM schema_migration").fetchone() == (True,)


def test_nothing_that_must_not_be_root_runs_as_root():
    done = subprocess.run([*account.unprivileged_prefix(), "id", "-u"], capture_output=True, text=True, check=True)

    assert int(done.stdout) != 0
    assert bool(account.unprivileged_prefix()) is (os.geteuid() == 0)


def test_root_without_user_namespaces_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(account.os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "which", lambda _program: None)

    with pytest.raises(CommandError, match=r"run this as a plain user"):
        account.unprivileged_prefix.__wrapped__()


def test_the_broker_listens_on_loopback_only_and_asks_for_the_password(broker):
    broker.initialise()
    config = json.loads(broker.config_file.read_text())

    assert (config["listen"], config["mqtt"]["listen"]) == ("127.0.0.1:4223", "127.0.0.1:1884")
    assert config["authorization"]["users"] == [{"user": "smartplace", "password": "s3cret"}]
    assert not {"http", "monitor_port", "cluster", "leafnodes", "websocket", "no_auth_user"} & config.keys()


def test_only_its_owner_can_read_the_configuration(broker, monkeypatch):
    modes = []
    original = type(broker.config_file).write_text

    def write_text(path, *arguments, **more):
        modes.append(stat.S_IMODE(path.stat().st_mode) if path.exists() else None)
        return original(path, *arguments, **more)

    monkeypatch.setattr(type(broker.config_file), "write_text", write_text)
    before = os.umask(0)
    try:
        broker.initialise()
    finally:
        os.umask(before)

    # Also in the moment in which the password is written.
    assert modes == [0o600]
    assert stat.S_IMODE(broker.config_file.stat().st_mode) == 0o600


def test_a_new_configuration_keeps_what_the_broker_keeps(broker):
    broker.initialise()
    (broker.data_dir / "jetstream").mkdir()
    (broker.data_dir / "jetstream" / "kept").touch()
    broker.initialise()

    assert (broker.data_dir / "jetstream" / "kept").exists()
