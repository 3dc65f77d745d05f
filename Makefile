# Isthmus: each target does its own set-up. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
UV_VERSION := 0.13.9
TOOLS := .tools
# A uv that is already there is used; otherwise one is put below .tools, touching nothing else.
UV := $(shell command -v uv 2>/dev/null || echo $(CURDIR)/$(TOOLS)/bin/uv)
export UV_PYTHON ?= $(shell $(PYTHON) -c 'import sys; print(sys.executable)')
export UV_NO_PROGRESS ?= 1
# Hundreds of processes of the tests would compile every module anew otherwise.
unexport PYTHONDONTWRITEBYTECODE
RUN := $(UV) run --frozen --no-sync
SYNC := $(UV) sync --frozen --quiet
STAMP := .venv/.stamp

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(TOOLS)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit("Isthmus needs Python 3.11 to 3.14; this is " + sys.version.split()[0] + "; try make PYTHON=python3.12 ...") if not (3, 11) <= sys.version_info < (3, 15) else None'
	@$(PYTHON) -m venv $(TOOLS) 2>/dev/null && $(TOOLS)/bin/python -m pip install -q uv==$(UV_VERSION) \
	  || { $(PYTHON) -m pip install -q --target $(TOOLS)/lib uv==$(UV_VERSION) && mkdir -p $(TOOLS)/bin && cp $(TOOLS)/lib/bin/uv $(TOOLS)/bin/uv; }

$(STAMP): pyproject.toml uv.lock | $(if $(findstring $(TOOLS),$(UV)),$(TOOLS)/bin/uv)
	@$(SYNC) --group dev --extra sandbox --extra dagster --extra ldap --extra otel --extra pictures --extra postgres --extra mysql --extra salesforce --extra serve --extra sftp --extra storage --extra soap
	@touch $@

setup: $(STAMP)  ## make the environment (.venv) from the lock file

demo: $(STAMP)  ## the whole job on a sandbox world: read, unify, provision, report
	@$(RUN) isthmus sandbox demo

demo-full: $(STAMP)  ## the demo with heavy systems besides (gets them, or leaves them out with why)
	@ISTHMUS_TEST_INSTALL=1 $(RUN) isthmus sandbox demo --full

demo-change: $(STAMP)  ## edit records at the demo's sources and show what follows
	@$(RUN) isthmus sandbox change

demo-clean: $(STAMP)  ## forget the demo's world
	@$(RUN) isthmus sandbox clean

test: $(STAMP)  ## the test suite (no system package needed)
	@$(RUN) pytest -n 2

test-all: $(STAMP)  ## everything, slow and real-system tests too (installs what they want)
	@ISTHMUS_TEST_INSTALL=1 ISTHMUS_TEST_THOROUGH=1 $(RUN) pytest -n 2 -m "not real"
	@ISTHMUS_TEST_INSTALL=1 $(RUN) pytest -n 2 --dist loadfile --no-loadscope-reorder -m real

test-real: $(STAMP)  ## tests against real third-party systems (installs them, or skips with why)
	@ISTHMUS_TEST_INSTALL=1 $(RUN) pytest -n 2 --dist loadfile --no-loadscope-reorder -m real -rs

check: $(STAMP)  ## lint, types, import directions
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) lint-imports --no-cache

format: $(STAMP)  ## format the code
	@$(RUN) ruff check --fix-only .
	@$(RUN) ruff format .

bench: $(STAMP)  ## the benchmarks, each beside a peer or the raw ceiling
	@$(RUN) python -m benchmarks

dagster: $(STAMP)  ## the demo's project in Dagster's own pages
	@$(RUN) isthmus sandbox dagster

.PHONY: help setup demo demo-full demo-change demo-clean test test-all test-real check format bench dagster
