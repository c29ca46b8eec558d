# make watch   a real CDC pipeline with the watchdog in front (or, with CONNECT_URL set, your own)
# make test    everything, the real stack included
# make help    the rest

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STACK := $(BIN)/python scripts/stack
ARGS ?=

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-20s %s\n", $$1, $$2}'

.PHONY: setup setup-test
setup:
	@PYTHON=$(PYTHON) scripts/setup.sh $(if $(CONNECT_URL),python)
setup-test:
	@PYTHON=$(PYTHON) scripts/setup.sh test

$(READY): requirements-dev.lock pyproject.toml
	@echo "setting up $(VENV) from requirements-dev.lock" >&2
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

.PHONY: venv
venv: setup ## the virtual environment, from the lock
	@$(MAKE) --silent $(READY)

# ── run ──

.PHONY: watch
watch: venv ## watch the drill stack, or the one that CONNECT_URL names
	@if [ -z "$${CONNECT_URL:-}" ]; then
		$(STACK) up
		eval "$$($(STACK) env)"
	fi
	exec $(BIN)/watchdog run $(ARGS)

.PHONY: stack-up stack-down stack-status stack-logs stack-env stack-sql
stack-up: venv ## Kafka, Connect, two databases and the drill pipeline, as real processes (REGISTRY=1: a registry, too)
	@$(STACK) up $(ARGS)
stack-down: ## end them all (ARGS=--wipe: with their data)
	@$(STACK) down $(ARGS)
stack-status: ## what runs where
	@$(STACK) status $(ARGS)
stack-logs: ## their logs (ARGS="connect -f")
	@$(STACK) logs $(ARGS)
stack-sql: ## run SQL from stdin at the target (ARGS=source-db: at the source)
	@$(STACK) sql $(ARGS)
stack-env: ## where it listens, for the watchdog's other verbs: eval "$$(make -s stack-env)"
	@$(STACK) env

.PHONY: chaos-schema-drift
chaos-schema-drift: venv ## break the pipeline: ARGS="--table oltp.orders --column unexpected_field [--revert]"
	@$(BIN)/python scripts/chaos/simulate_schema_drift.py $(ARGS)

# ── prove ──

.PHONY: check
check: venv ## format, lint, types, layers and the fast tests
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --ignore=tests/stack $(ARGS)

.PHONY: test
test: setup-test check ## everything, the real stack included
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/stack $(ARGS)

.PHONY: long
long: setup-test venv ## what takes too long for `make test`, on the real stack
	$(BIN)/python -m pytest -m long $(ARGS)

.PHONY: collect-failures
collect-failures: venv ## break connectors in every known way on a stack of its own, keep their traces (25 minutes)
	@STACK_DIR=$(CURDIR)/.stack-failures STACK_KAFKA_PORT=19292 STACK_CONNECT_PORT=18283 STACK_SOURCE_PORT=13406 \
		STACK_TARGET_PORT=13407 $(BIN)/python scripts/failures collect $(ARGS)

.PHONY: bench
bench: venv ## measure: detection latency, idle cost, looks at many tables, beside the bare clients and the peers
	$(BIN)/python scripts/bench $(ARGS)

.PHONY: lock
lock: ## renew both locks from pyproject.toml (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate pyproject.toml --group dev -o requirements-dev.lock
