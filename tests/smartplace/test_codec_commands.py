# ruff: noqa: E501
import json

import psycopg
import pytest

pytestmark = pytest.mark.db


@pytest.fixture
def codec(smartplace, database, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)

    def run(*arguments):
        return smartplace("codec", *arguments)

    return run


@pytest.fixture
def upload(codec, acme, tmp_path):
    def run(*more, **other):
        texts = {"source": acme.source, "mapping": json.dumps(acme.mapping), "examples": json.dumps(acme.examples)}
        for name, text in {**texts, **other}.items():
            (tmp_path / name).write_text(text)
        files = [part for name in texts for part in (f"--{name}", str(tmp_path / name))]
        words = ["--vendor", "Acme", "--name", "Bay sensor", "--senses", "bay", "--heartbeat", "60"]
        return codec("upload", "acme-bay", *files, *words, *more)

    return run


def test_a_codec_is_uploaded_listed_shown_and_tried(upload, codec, acme):
    told = upload()
    listed = json.loads(codec("list", "--json").out)["codecs"]
    tried = codec("try", "acme-bay", "2", "0118")

    assert (told.code, told.out.splitlines()[-1]) == (0, "acme-bay version 1 is active")
    assert [(one["model"], one["version"], one["active"]) for one in listed] == [("acme-bay", 1, True)]
    assert codec("show", "acme-bay").out == acme.source + "\n"
    assert tried.out.startswith("acme-bay version 1, heartbeat\n  occupied                     True\n")
    assert "warning  battery low" in tried.out


def test_a_codec_that_contradicts_its_examples_is_refused_with_the_difference(upload, codec, acme):
    told = upload(source=acme.source.replace('? "taken"', '? "busy"'))

    assert told.code == 1
    assert 'FAILED  1  a car arrives\n            data.state: expected "taken", got "busy"' in told.out
    assert told.err == "smartplace: acme-bay was refused, nothing was changed\n"
    assert codec("list").out == ""


def test_a_command_is_written_without_being_sent(upload, codec, acme):
    missing = codec("encode", "acme-bay", "reboot")
    table = {
        "set-reporting-interval": {
            "data": {"minutes": "$seconds"},
            "parameters": {"seconds": {"low": 60, "high": 3600, "unit": 60}},
        }
    }
    asked = {"name": "set-reporting-interval", "parameters": {"seconds": 1800}}
    examples = [*acme.examples[:-1], acme.examples[-1] | {"command": asked}]
    told = upload(mapping=json.dumps(acme.mapping | {"commands": table}), examples=json.dumps(examples))

    assert "there is no JavaScript codec 'acme-bay'" in missing.err
    assert told.code == 0, told
    assert codec("encode", "acme-bay", "set-reporting-interval", "--param", "seconds=600").out == "fPort 3: 010a\n"
    assert "it takes set-reporting-interval" in codec("encode", "acme-bay", "reboot").err


def test_an_older_version_is_activated(upload, codec, acme):
    upload()
    upload(source=acme.source + "// newer")

    assert codec("activate", "acme-bay", "1").out == "acme-bay version 1 is active\n"
    assert [line.split()[1:3] for line in codec("list").out.splitlines()][1] == ["1", "active"]


def test_nothing_is_kept_in_a_dry_run(upload, codec):
    assert upload("--dry-run").out.splitlines()[-1] == "nothing was changed (--dry-run)"
    assert codec("list").out == ""


def test_what_is_wrong_is_one_sentence(upload, codec):
    upload()

    assert upload(mapping="{").err.endswith("is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n")  # fmt: skip
    assert codec("activate", "acme-bay", "9").err == "smartplace: there is no JavaScript codec 'acme-bay' version 9\n"
    assert codec("try", "acme-bay", "1", "").err == "smartplace: refused: 1 or 2 bytes expected\n"
    assert codec("try", "acme-bay", "1", "xx").code == 2


PLACES = """
name = "One bay"
simulated = true

[[site]]
id = "mill-yard"
name = "Mill Yard"
kind = "car_park"
locality = "Grays"
lon = 0.325
lat = 51.475

[[site.bays]]
category = "general"
model = "acme-bay"
bay = [{ id = "mill-yard-1", lon = 0.3251, lat = 51.4751, device = "70b3d50000000001" }]
"""


def test_places_may_name_a_model_that_was_uploaded(smartplace, upload, database, tmp_path):
    file = tmp_path / "places.toml"
    file.write_text(PLACES)
    refused = smartplace("import", str(file))
    upload()
    imported = smartplace("import", str(file))

    assert (refused.code, "no device model 'acme-bay'" in refused.err) == (1, True)
    assert imported.err == ""
    assert (imported.code, imported.out.splitlines()[-1]) == (0, "imported")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT model, silent_after_s FROM device").fetchall() == [("acme-bay", 9000)]


def test_a_register_may_name_a_model_that_was_uploaded(upload, smartplace, tmp_path):
    file = tmp_path / "devices.csv"
    file.write_text("record,id,model\ndevice,70b3d50000000001,acme-bay\n")
    before = smartplace("import", str(file))
    upload()
    after = smartplace("import", str(file))

    assert (before.code, "no device model 'acme-bay'" in before.err) == (1, True)
    assert "1 added" in after.out
    assert smartplace("export").out.splitlines()[1].count(",9000,") == 1
