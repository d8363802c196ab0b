# Everything a newcomer needs: `make demo` to see it, `make test` to check it. CI runs the same commands.
SHELL := /bin/bash
.SHELLFLAGS := -o errexit -o nounset -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: help setup demo test faults check fuzz fmt lock clean

help:  ## Name the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/demo.stamp  ## A virtual environment in .venv from the lock file, and the front-end files

.venv/demo.stamp: requirements/demo.lock pyproject.toml dashboard/assets/package-lock.json dashboard/assets/build.py
	tools/setup.sh "$(PYTHON)" requirements/demo.lock
	@touch $@

.venv/dev.stamp: requirements/dev.lock .venv/demo.stamp
	tools/setup.sh "$(PYTHON)" requirements/dev.lock
	@touch $@

demo: setup  ## A whole working borough: make demo ARGS="--port 18080 --history 3d"
	@exec $(BIN)/smartplace demo $(ARGS)

test: .venv/dev.stamp check  ## Everything that CI runs: lint, types, contracts, all tests
	tools/system-packages.sh mosquitto chromium postgresql-15
	tools/test.sh $(BIN)/python $(ARGS)

faults: .venv/dev.stamp  ## Break the platform hundreds of times, and count (docs/reliability.md)
	tools/system-packages.sh mosquitto
	$(BIN)/python -m pytest tests/faults/test_injections.py -v --no-header --tb=short --injections 300 $(ARGS)

check: .venv/dev.stamp  ## Lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: .venv/dev.stamp  ## The long run: at least 10,000 examples for each codec in each of its properties
	$(BIN)/python -m pytest tests/devices/test_vectors.py -v --hypothesis-profile=fuzz --timeout=1800 -k "frame_or_refused" $(ARGS)

fmt: .venv/dev.stamp  ## Put every file into shape
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

lock: .venv/dev.stamp  ## Pin the dependencies anew
	requirements/lock.sh

clean:  ## Remove what can be made again
	rm -rf .venv .smartplace dashboard/static/vendor dashboard/assets/node_modules tests/timescale/node_modules
