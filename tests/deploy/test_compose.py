"""docker-compose.yml says what was designed, and its settings exist. The file is read here, not run."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from smartplace.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
SETTINGS: dict[str, dict[str, str]] = {name: service.get("environment", {}) for name, service in SERVICES.items()}
VARIABLE = re.compile(r"\$\{(\w+)(:[?-])")
EXAMPLE = (ROOT / ".env.example").read_text()
ONE_OFF = "migrate"
UNWATCHED = {ONE_OFF, "simulators"}

each_service = pytest.mark.parametrize("name", SERVICES)


def test_every_setting_is_a_field_of_settings() -> None:
    used = {name for settings in SETTINGS.values() for name in settings if name.startswith(PREFIX)}
    assert used
    assert used <= {f"{PREFIX}{field}".upper() for field in Settings.model_fields}


def test_every_variable_is_documented_and_none_else() -> None:
    documented = set(re.findall(r"^#?([A-Z]\w+)=", EXAMPLE, re.MULTILINE))
    assert documented == {name for name, _ in VARIABLE.findall(TEXT)}


def test_what_has_no_default_is_refused_when_empty() -> None:
    required = set(re.findall(r"^([A-Z]\w+)=$", EXAMPLE, re.MULTILINE))
    assert required == {name for name, kind in VARIABLE.findall(TEXT) if kind == ":?"}


def test_defaults_in_the_example_are_those_of_the_file() -> None:
    shown = dict(re.findall(r"^#([A-Z]\w+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert shown == dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))


def test_the_documented_command_fills_in_every_secret(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE)
    command = re.search(r"^# +(umask .*)$", EXAMPLE, re.MULTILINE)
    assert command
    subprocess.run(["sh", "-c", command[1]], cwd=tmp_path, check=True, timeout=30)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    made = re.findall(r"^([A-Z]\w+)=(.*)$", (tmp_path / ".env").read_text(), re.MULTILINE)
    assert [name for name, _ in made] == re.findall(r"^([A-Z]\w+)=$", EXAMPLE, re.MULTILINE)
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for _, secret in made)
    assert len({secret for _, secret in made}) == len(made)


@each_service
def test_no_secret_is_in_the_file(name: str) -> None:
    for variable, value in SETTINGS[name].items():
        if re.search("PASSWORD|SECRET|KEY|DATABASE_URL", variable):
            assert VARIABLE.search(value), variable


@each_service
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    assert re.search(r":\d+\.\d+[\w.-]*$", SERVICES[name]["image"])


def test_our_image_carries_our_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {s["image"] for s in SERVICES.values() if "build" in s} == {f"smartplace:{version}"}


@each_service
def test_ports_are_open_on_this_host_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


@each_service
def test_a_service_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]
    assert not {"privileged", "network_mode", "cap_add", "pid"} & set(service)


@each_service
def test_a_service_comes_back_and_is_watched(name: str) -> None:
    assert SERVICES[name]["restart"] == ("no" if name == ONE_OFF else "unless-stopped")
    assert ("healthcheck" in SERVICES[name]) == (name not in UNWATCHED)
    assert SERVICES[name]["stop_grace_period"]


@each_service
def test_a_service_waits_until_what_it_needs_is_ready(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if needed == ONE_OFF else "service_healthy"
        assert how["condition"] == expected
        assert set(SERVICES[needed].get("profiles", ())) <= set(SERVICES[name].get("profiles", ()))


def test_profiles_add_to_the_working_core() -> None:
    core = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert core == {"database", "mosquitto", "migrate", "ingest", "api"}


def test_what_keeps_data_keeps_it_in_a_named_volume() -> None:
    volumes = set(yaml.safe_load(TEXT)["volumes"])
    mounted = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", ()) if not v.startswith("./")}
    assert mounted == volumes


def test_frames_wait_in_a_volume_of_ingest_while_the_database_is_away() -> None:
    ingest = SERVICES["ingest"]
    folder = Path(ingest["environment"]["SMARTPLACE_SPOOL_FILE"]).parent
    assert f"spool:{folder}" in ingest["volumes"]
    # A new volume belongs to whom the folder of the image belongs to.
    assert f"chown 10001:10001 {folder}\n" in (ROOT / "Dockerfile").read_text()


@each_service
def test_mounted_files_exist_and_are_read_only(name: str) -> None:
    for volume in SERVICES[name].get("volumes", ()):
        if volume.startswith("./"):
            source, _, mode = volume.split(":")
            assert (ROOT / source).exists()
            assert mode == "ro"


def test_two_clients_of_the_broker_never_share_an_id() -> None:
    ids = [Settings.model_fields["mqtt_client_id"].default]
    ids += [value for settings in SETTINGS.values() for name, value in settings.items() if name.endswith("CLIENT_ID")]
    chirpstack = tomllib.loads((ROOT / "chirpstack/chirpstack.toml").read_text())
    ids += [chirpstack["integration"]["mqtt"]["client_id"]]
    ids += [region["gateway"]["backend"]["mqtt"]["client_id"] for region in chirpstack["regions"]]
    assert len(set(ids)) == len(ids) == 5


def test_chirpstack_publishes_with_acknowledgement_and_keeps_its_session() -> None:
    mqtt = tomllib.loads((ROOT / "chirpstack/chirpstack.toml").read_text())["integration"]["mqtt"]
    assert (mqtt["qos"], mqtt["clean_session"], mqtt["json"]) == (1, False, True)


def test_chirpstack_gets_each_variable_that_its_file_names() -> None:
    named = set(re.findall(r"\$(\w+)", (ROOT / "chirpstack/chirpstack.toml").read_text()))
    assert named == set(SETTINGS["chirpstack"])
