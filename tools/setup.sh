#!/usr/bin/env bash
# Makes .venv with exactly the dependencies of a lock file, and the front-end files. Called by `make setup`.
set -o errexit -o nounset -o pipefail
python=$1
lock=$2
cd "$(dirname "$0")/.."

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "make: Python 3.11 or newer is needed; '$python' is $("$python" --version 2>&1 || true). Set PYTHON=/path/to/python3" >&2
  exit 1
fi
if [ ! -x .venv/bin/pip ]; then
  # Debian and Ubuntu keep the standard library's venv in a package of its own.
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    tools/system-packages.sh "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
  fi
  "$python" -m venv .venv
fi
echo "Installing ${lock} (pinned, with hashes) ..."
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
.venv/bin/python dashboard/assets/build.py
