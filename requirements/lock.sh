#!/usr/bin/env bash
# Pins every dependency with hashes and names no package host. Run by `make lock` after a change in pyproject.toml.
set -o errexit -o nounset -o pipefail
cd "$(dirname "$0")/.."
pin() {
  .venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header "$@"
}
pin --extra demo --extra setup --extra dev --output-file requirements/dev.lock   # everything
pin --extra demo --extra setup --constraint requirements/dev.lock --output-file requirements/demo.lock   # make setup, make demo
pin --constraint requirements/dev.lock --output-file requirements/server.lock   # the container image
