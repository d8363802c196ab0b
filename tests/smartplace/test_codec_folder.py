"""A codec as a folder: the one that is shipped passes its own examples, and what is wrong with another is said."""

import shutil
from pathlib import Path

import pytest

from devices.mapping import parse_mapping
from domain.errors import CommandError
from scripting.gate import examine, parse_examples, untried
from scripting.runner import ScriptRunner
from smartplace.codec_folder import read_codec
from smartplace.places import read_places

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "acme-bay"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(EXAMPLE, tmp_path / "acme-bay"))


@pytest.mark.anyio
async def test_the_codec_to_copy_from_passes_its_own_examples():
    draft = read_codec(EXAMPLE)
    examples, table = parse_examples(draft.examples), parse_mapping(draft.mapping)
    assert untried(table, examples) == []
    runner = ScriptRunner()
    try:
        verdict = await examine(runner, draft.source, examples, table)
    finally:
        await runner.close()
    assert verdict.passed, verdict.results


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("codec.toml", "model = ", "is no TOML"),
        ("codec.toml", 'model = "a"', "vendor: Field required"),
        ("codec.toml", 'model = "a"\nheartbeat = 3', "heartbeat: Extra inputs"),
        ("mapping.json", "{", "is no JSON"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(folder, file, text, says):
    (folder / file).write_text(text)
    with pytest.raises(CommandError, match=f"{file}.*{says}"):
        read_codec(folder)


def test_a_missing_file_is_named(folder):
    (folder / "codec.js").unlink()
    with pytest.raises(CommandError, match=r"codec\.js cannot be read"):
        read_codec(folder)


def test_a_places_file_may_name_its_model(tmp_path):
    draft = read_codec(EXAMPLE)
    file = tmp_path / "places.toml"
    file.write_text(
        'name = "One"\nsimulated = true\n[[site]]\nid = "one"\nname = "One"\nkind = "street"\nlocality = "Grays"\n'
        'lon = 0.3\nlat = 51.4\n[[site.bays]]\ncategory = "general"\nmodel = "acme-bay"\ncount = 2\n'
        "from = [0.3, 51.4]\nto = [0.3, 51.4]\n"
    )
    places = read_places(file, {draft.model: draft})
    assert [site.site_id for site in places.sites] == ["one"]
    assert {device.silent_after for device in places.devices} == {draft.silent_after}
