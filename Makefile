# Every target first sets up .venv. That needs Python >= 3.11 with venv, and a package registry that pip can reach.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# The lower bound keeps the locks the same whichever Python makes them.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml

.PHONY: run demo test pytest check bench lock version clean setup setup-dev

run: setup
	$(BIN)/annals serve

demo: setup
	$(BIN)/annals demo

# Where Python is told to keep no bytecode, each of a hundred servers would compile Annals anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: setup-dev
	$(MAKE) --no-print-directory --jobs=2 check pytest

pytest: setup-dev
	$(BIN)/pytest -n 3 --dist loadgroup

check: setup-dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: setup-dev
	$(BIN)/python -m tests.benchmarks

lock: setup-dev
	$(COMPILE) --group build -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock

# make version BUMP=patch, BUMP=minor, BUMP=major or SET=2.1.0
version: setup-dev
	$(BIN)/bump-my-version bump $(if $(SET),--new-version $(SET),$(BUMP))
	$(MAKE) setup

clean:
	rm -rf .venv .*_cache .hypothesis dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# One chain of stamps, so that setups never run side by side and a development .venv also serves `run`.
# It starts from an empty .venv: what an interrupted setup or an older lock left behind is gone.
setup: .venv/.project
setup-dev: .venv/.dev

.venv/.runtime: requirements.lock
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo >&2 \
		'$(PYTHON) must be Python 3.11 or newer with venv (Debian, Ubuntu: apt install python3-venv).' \
		'To use another one: make PYTHON=/path/to/python'; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --require-hashes -r requirements.lock
	@touch $@

.venv/.project: pyproject.toml .venv/.runtime
	$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.project
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
