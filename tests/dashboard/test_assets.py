import json
import re
import runpy
from hashlib import sha256

import pytest

from dashboard.static_files import STATIC_DIR

VENDOR = STATIC_DIR / "vendor"
ASSETS = STATIC_DIR.parent / "assets"


def test_vendored_files_are_those_of_the_manifest():
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    assert manifest["versions"] == {"govuk-frontend": "6.6.0", "redoc": "2.5.4"}
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    del found["manifest.json"]
    assert found == manifest["sha256"]


def test_the_manifest_is_that_of_the_lock_file():
    build = runpy.run_path(str(ASSETS / "build.py"))
    assert build["is_up_to_date"]()


def test_the_styles_have_no_typeface_crest_or_address_that_is_not_ours():
    css = (VENDOR / "govuk-frontend.min.css").read_text()
    assert not re.search(r"gds transport|@font-face|crown|crest|url\(|@import|sourceMappingURL", css, re.IGNORECASE)
    assert css.count("{") == css.count("}")


def test_the_scripts_load_nothing_from_elsewhere():
    for path in [*VENDOR.glob("*.js"), *STATIC_DIR.glob("*.js")]:
        assert not re.search(r"https?://cdn\.|src:\s*[\"']https?:", path.read_text()), path.name
    for path in STATIC_DIR.glob("*.css"):
        assert not re.search(r"url\(|@import", path.read_text()), path.name


def test_every_package_in_the_lock_file_has_a_hash_and_no_address():
    lock = json.loads((ASSETS / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in lock["packages"][""]["dependencies"].values())


def test_a_failed_fetch_is_told_in_one_line(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\necho 'npm error more' >&2\nexit 1\n")
    npm.chmod(0o755)
    build = runpy.run_path(str(ASSETS / "build.py"))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(SystemExit, match=r"^error: the front-end files could not be fetched: code ENOTFOUND$"):
        build["install"]()
