"""The files of the project: what is committed, or would be by `git add .`."""

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def packages(pyproject):
    """The names of our packages."""
    return pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="session")
def modules(packages):
    """Every Python file of our packages."""
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py") if not _is_foreign(path))


def _is_foreign(path):
    return "node_modules" in path.parts


@pytest.fixture(scope="session")
def files():
    """Every file, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
