import json

import pytest

from domain import api_keys

pytestmark = pytest.mark.db


@pytest.fixture
def token(smartplace, database, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)

    def run(*arguments):
        return smartplace("token", *arguments)

    return run


def create(token, *more):
    return token("create", "--scope", "ingest", "--label", "High Street gateway", *more)


def test_a_new_key_is_the_only_thing_on_stdout(token):
    outcome = create(token)

    assert outcome.code == 0
    assert api_keys.read(outcome.out.strip())
    assert "only time" in outcome.err


def test_a_key_is_listed_without_its_secret(token):
    key = create(token, "--days", "30").out.strip()
    key_id, secret = api_keys.read(key)
    listed = token("list").out

    assert key_id in listed
    assert "High Street gateway" in listed
    assert "never used" in listed
    assert secret not in listed + token("list", "--json").out


def test_machines_get_every_key_with_its_times(token):
    create(token)
    (found,) = json.loads(token("list", "--json").out)["tokens"]

    assert (found["label"], found["scopes"]) == ("High Street gateway", ["ingest"])
    assert found["expires_at"].endswith("Z")
    assert (found["last_used_at"], found["revoked_at"]) == (None, None)


def test_a_revoked_key_is_listed_as_such(token):
    key_id, _ = api_keys.read(create(token).out.strip())

    assert token("revoke", key_id).out == f"revoked {key_id}\n"
    assert f"{key_id}  ingest    revoked" in token("list").out


def test_revoking_what_is_not_there_is_one_sentence(token):
    outcome = token("revoke", "nobody00")

    assert outcome.code == 1
    assert outcome.err == "smartplace: there is no key 'nobody00' to revoke; `smartplace token list` names them all\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scope", "ingest"),
        ("--label", "x"),
        ("--scope", "everything", "--label", "x"),
        ("--scope", "ingest", "--label", " "),
        ("--scope", "ingest", "--label", "two\nlines"),
        ("--scope", "ingest", "--label", "x" * 101),
        ("--scope", "ingest", "--label", "x", "--days", "0"),
        ("--scope", "ingest", "--label", "x", "--days", "366"),
    ],
)
def test_a_wrong_wish_makes_no_key(token, arguments):
    assert token("create", *arguments).code == 2
    assert token("list").out == ""


def test_without_a_database_it_is_one_sentence(smartplace, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    outcome = smartplace("token", "list")

    assert outcome.code == 1
    assert outcome.err.splitlines()[-1].startswith("smartplace: the database does not answer: ")
