# `make help` lists the targets. Python 3.11 or newer, and a package registry that pip can reach, are all they need.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test campaign bench lint format docs lock setup setup-dev clean

PYTHON ?= python3
UV := uv==0.13.9
LOCKING := build/locking

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## Set up, then watch a small marketplace at work (less than a minute)
	.venv/bin/tradepost demo

test: setup-dev ## Set up, then run every test
	.venv/bin/pytest

campaign: setup-dev ## Run the tests that chance and faults drive for much longer
	TRADEPOST_LONG=1 .venv/bin/pytest tests/properties tests/faults tests/http/test_schemathesis.py

bench: setup ## Measure against hand-written SQL, side by side on a server of its own
	.venv/bin/python -m bench

lint: setup-dev ## Check formatting, mistakes, types and the direction of imports
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: setup-dev ## Format the code, and mend what can be mended by itself
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

docs: setup ## Print the lifecycle into docs/lifecycle.md and README.md
	@mkdir -p build
	.venv/bin/tradepost lifecycle --format markdown > build/lifecycle.md
	.venv/bin/tradepost lifecycle --format diagram > build/diagram.txt
	@awk '/^<!-- end of the diagram/ {print "```"; inside = 0} \
	      !inside {print} \
	      /^<!-- the diagram/ {print "```text"; while ((getline line < "build/diagram.txt") > 0) print line; inside = 1}' \
	      README.md > build/README.md
	@mv build/lifecycle.md docs/lifecycle.md && mv build/README.md README.md

lock: .venv/bin/python ## Renew the lock files: the newest versions that pyproject.toml allows
	$(PYTHON) -m venv $(LOCKING)
	$(LOCKING)/bin/pip install --quiet $(UV)
	index=$${PIP_INDEX_URL:-$$(.venv/bin/pip config get global.index-url 2>/dev/null)}; \
	lock="$(LOCKING)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	      --custom-compile-command 'make lock' $${index:+--default-index $$index} --group build pyproject.toml"; \
	eval "$$lock --output-file requirements.lock" && \
	eval "$$lock --output-file requirements-dev.lock --constraint requirements.lock --extra dev"

setup: .venv/ready ## Make .venv with the locked packages and Tradepost itself (quick when nothing changed)

setup-dev: .venv/ready-dev ## The same, with what tests and checks need

clean: ## Remove what was made here: .venv, caches and output (never the data of a marketplace)
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist out
	find src tests docs .ci -name __pycache__ -type d -prune -exec rm -rf {} +

INSTALL := .venv/bin/pip install --quiet --disable-pip-version-check

.venv/ready: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing Tradepost into .venv ..."
	@$(INSTALL) --require-hashes --requirement requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-dev: requirements-dev.lock .venv/ready
	@echo "Installing what tests and checks need into .venv ..."
	@$(INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Tradepost needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1):" \
	         "name a newer one, as in: make PYTHON=python3.11 run" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	    echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: python3-venv)." >&2; exit 1; }
