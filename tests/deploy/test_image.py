"""The Dockerfile keeps the promises that can be read from it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text()
FINAL = TEXT[TEXT.rindex("\nFROM ") :]


def test_the_base_is_pinned_and_the_same_in_both_stages() -> None:
    bases = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])


def test_every_package_is_checked_against_its_hash_or_comes_from_here() -> None:
    for line in re.findall(r"\bpip\b.* install .*", TEXT):
        assert "--require-hashes" in line or "--no-index" in line
    assert "index-url" not in TEXT


def test_it_runs_as_nobody_special() -> None:
    assert re.search(r"^USER 10001:10001$", FINAL, re.MULTILINE)


def test_the_final_stage_has_no_build_tools() -> None:
    assert re.findall(r"COPY (.*)", FINAL) == ["--from=build /opt/smartplace /opt/smartplace"]
    assert "pip uninstall" in FINAL
    assert "install " not in FINAL.replace("uninstall ", "")


def test_the_context_is_what_the_wheel_is_built_from() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    packages = re.search(r"^packages = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages
    assert allowed == {*re.findall(r'"(\w+)"', packages[1]), "LICENSE", "README.md", "pyproject.toml", "requirements"}
