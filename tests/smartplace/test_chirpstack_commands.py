"""`smartplace chirpstack` from the register in a database to a ChirpStack on a socket and back."""

import asyncio
import json
from pathlib import Path

import pytest

from smartplace.places import load_places
from smartplace.settings import load

pytestmark = pytest.mark.db

SECRET = "00112233445566778899aabbccddeeff"
EUIS = [f"70b3d5000000000{number}" for number in (1, 2, 3, 4)]


@pytest.fixture
def command(smartplace, database, chirpstack, chirpstack_module, small_borough, monkeypatch, tmp_path):
    settings = {
        "DATABASE_URL": database,
        "CHIRPSTACK_URL": chirpstack.url,
        "CHIRPSTACK_API_KEY": chirpstack_module.API_KEY,
        "CHIRPSTACK_TENANT_ID": chirpstack_module.TENANT,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SMARTPLACE_{name}", value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys.csv").write_text(
        "dev_eui,join_eui,app_key\n" + "".join(f"{eui},0000000000000001,{SECRET}\n" for eui in EUIS)
    )
    asyncio.run(load_places(load(), small_borough))
    return lambda *arguments: smartplace("chirpstack", *arguments)


def test_from_nothing_to_agreement_and_back(command, chirpstack):
    before = chirpstack.contents()
    outcomes = [command("drift"), command("apply", "--dry-run", "--keys", "keys.csv")]
    assert [outcome.code for outcome in outcomes] == [3, 3]
    assert chirpstack.contents() == before

    outcomes += [command("apply", "--keys", "keys.csv"), command("drift")]
    assert [outcome.code for outcome in outcomes[2:]] == [0, 0]
    assert set(chirpstack.devices) == set(chirpstack.keys) == set(EUIS)
    assert dict(chirpstack.devices[EUIS[0]].tags) == {
        "model": "bosch-tps110",
        "asset": "mill-yard-1",
        "site": "mill-yard",
    }

    outcomes.append(command("undo", "chirpstack-undo.jsonl"))
    assert outcomes[-1].code == 0
    assert chirpstack.contents() == before
    assert not [one for one in outcomes if SECRET in one.out + one.err]


def test_no_key_is_in_the_file_of_changes(command, tmp_path):
    command("apply", "--keys", "keys.csv")

    assert SECRET not in (tmp_path / "chirpstack-undo.jsonl").read_text()


def test_without_keys_what_is_left_is_drift(command):
    outcome = command("apply")

    assert outcome.code == 3
    assert "4 disagreements are left" in outcome.err


def test_machines_get_every_finding(command):
    findings = json.loads(command("drift", "--json").out)["findings"]

    assert {one["drift"] for one in findings} == {"missing_application", "missing_profile", "missing", "no_keys"}
    assert {one["subject"] for one in findings if one["drift"] == "missing"} == set(EUIS)


def test_a_second_apply_does_not_write_over_the_notes_of_the_first(command, chirpstack):
    command("apply")
    chirpstack.devices[EUIS[0]].skip_fcnt_check = True

    outcome = command("apply")

    assert (outcome.code, "--undo-file" in outcome.err) == (1, True)
    assert chirpstack.devices[EUIS[0]].skip_fcnt_check


def test_a_wrong_key_is_one_sentence(command, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_CHIRPSTACK_API_KEY", "a-wrong-key")

    outcome = command("drift")

    assert (outcome.code, outcome.err) == (1, "smartplace: ListApplications: unauthenticated\n")


def test_what_is_not_set_up_is_named(command, monkeypatch):
    monkeypatch.delenv("SMARTPLACE_CHIRPSTACK_TENANT_ID")

    outcome = command("drift")

    assert (outcome.code, "SMARTPLACE_CHIRPSTACK_TENANT_ID" in outcome.err) == (1, True)


def test_the_things_stack_needs_its_settings_too(smartplace):
    outcome = smartplace("things-stack", "drift")

    assert (outcome.code, "SMARTPLACE_THINGS_STACK_APPLICATION" in outcome.err) == (1, True)


def test_the_things_stack_is_compared(smartplace, command, load_module, monkeypatch):
    module = load_module(Path(__file__).parents[1] / "network" / "test_things_stack.py")
    state = module.State()
    for eui in EUIS[1:]:
        state.add(eui)
    with module.serving(state) as url:
        monkeypatch.setenv("SMARTPLACE_THINGS_STACK_URL", url)
        monkeypatch.setenv("SMARTPLACE_THINGS_STACK_API_KEY", module.KEY)
        monkeypatch.setenv("SMARTPLACE_THINGS_STACK_APPLICATION", "parking")
        outcome = smartplace("things-stack", "drift", "--json")

    assert outcome.code == 3
    findings = json.loads(outcome.out)["findings"]
    assert [one["subject"] for one in findings if one["drift"] == "missing"] == EUIS[:1]
    assert {one["drift"] for one in findings} == {"missing", "no_keys", "wrong_tag"}
