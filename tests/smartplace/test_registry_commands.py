import json

import pytest

pytestmark = pytest.mark.db

CSV = (
    "record,id,site,name,kind,category,locality,lon,lat,model,device,asset\n"
    "site,yard,,Mill Yard,car_park,,Grays,0.325,51.475,,,\n"
    "asset,bay-1,yard,Bay 1,bay,general,,0.325,51.475,,,\n"
    "device,70b3d50000000001,,,,,,,,bosch-tps110,,\n"
    "installation,,,,,,,,,,70b3d50000000001,bay-1\n"
)


@pytest.fixture
def run(smartplace, database, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)
    return smartplace


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "yard.csv"
    path.write_text(CSV)
    return path


def test_a_file_goes_in_comes_out_and_is_taken_back(run, file, tmp_path):
    tried = run("import", str(file), "--dry-run").out
    assert tried == "4 added, 0 changed, 0 removed, 0 as they were\nnothing was changed (--dry-run)\n"
    assert "change set 1; `smartplace registry undo 1`" in run("import", str(file)).out
    assert "0 added, 0 changed, 0 removed, 4 as they were" in run("import", str(file)).out

    copy = tmp_path / "copy.csv"
    run("export", str(copy))
    assert run("export").out.splitlines() == copy.read_text().splitlines()
    assert "4 as they were" in run("import", str(copy)).out

    assert run("registry", "undo", "1").out == "0 added, 0 changed, 4 removed, 0 as they were; change set 2\n"
    newest, first = run("registry", "changes").out.splitlines()
    assert newest.endswith("command line: undo of 1: yard.csv (4 records)")
    assert first.endswith("command line: yard.csv (4 records, undone by 2)")
    assert len(run("export").out.splitlines()) == 1


def test_every_fault_is_printed_with_its_line(run, file):
    zoned = CSV.replace(",asset\n", ",asset,zone\n", 1)
    file.write_text(
        zoned.replace("0.325,51.475,,,\n", "500,95,,,\n", 1) + "asset,bay-2,yard,Bay 2,bay,,,0,0,,,,row-z\n"
    )
    outcome = run("import", str(file))
    assert outcome.code == 1
    assert [line.split(": ")[:2] for line in outcome.err.splitlines()[:4]] == [
        ["  line 2", "lat"], ["  line 2", "lon"], ["  line 6", "category"], ["  line 6", "zone"]]  # fmt: skip
    assert "yard.csv is refused (4 problems), nothing was changed" in outcome.err
    assert run("registry", "changes").out == ""


def test_a_key_for_the_registry_can_be_made(run):
    run("token", "create", "--scope", "registry", "--label", "GIS")
    assert json.loads(run("token", "list", "--json").out)["tokens"][0]["scopes"] == ["registry"]
