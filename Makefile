# Two commands on a fresh machine: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
MEDIA ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test soak lint types contracts check bench bench-ingest bench-encode bench-store bench-query bench-serve bench-read bench-fusion bench-scale clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

install: $(INSTALLED) ## create .venv and install Medley into it, once

$(INSTALLED): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Medley needs Python 3.11: '$(PYTHON)' is not on the PATH (try: make PYTHON=python3 $(MAKECMDGOALS))."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Medley into $(VENV) (two to three minutes, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[offline,ocr,rank,dev]'
	@touch $@

demo: $(INSTALLED) ## make a folder of media searchable and search it (MEDIA=folder: your own)
	@$(BIN)/python examples/demo.py $(if $(MEDIA),--media "$(MEDIA)")

test: $(INSTALLED) ## run the tests
	@$(BIN)/python -m pytest -q -n 2 $(ARGS)

soak: $(INSTALLED) ## run what takes too long for a test: thousands of damaged files, killed runs, folders that change at random (ARGS=--help)
	@for name in $(filter-out __init__,$(basename $(notdir $(wildcard tests/soak/*.py)))); do \
		$(BIN)/python -m tests.soak.$$name $(ARGS) || exit 1; done

lint: $(INSTALLED) ## check the style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(INSTALLED) ## check the types
	@$(BIN)/mypy

contracts: $(INSTALLED) ## check who may import whom
	@$(BIN)/lint-imports

check: lint types contracts test ## all of the above

bench: $(INSTALLED) ## measure speed and retrieval quality
	@$(BIN)/python -m benchmarks $(ARGS)

bench-ingest: $(INSTALLED) ## measure ingest against its floors, and what it costs to look again at 100,000 files
	@$(BIN)/python -m benchmarks ingest overhead reconcile $(ARGS)

bench-encode: $(INSTALLED) ## measure what encoders add to their bare models (ARGS='--device cuda --only clip')
	@$(BIN)/python -m benchmarks.encode $(ARGS)

bench-store: $(INSTALLED) ## measure what the store costs over its engine (ARGS=--full: at 100,000 points, with the index)
	@$(BIN)/python -m benchmarks.store $(ARGS)

bench-query: $(INSTALLED) ## measure what a search costs over encoding and the engine (ARGS=--full: at 100,000 points too)
	@$(BIN)/python -m benchmarks.query $(ARGS)

bench-serve: $(INSTALLED) ## fifty clients against `medley serve` for a minute: errors, latency, memory
	@$(BIN)/python -m benchmarks.serve $(ARGS)

bench-read: $(INSTALLED) ## measure files a second by format, against the bare library calls (ARGS=--only jpg,mp4)
	@$(BIN)/python -m benchmarks.read $(ARGS)

bench-fusion: $(INSTALLED) ## measure which fusion finds more than the best single vector (ARGS='--seeds 1 --only pairs')
	@$(BIN)/python -m benchmarks.fusion $(ARGS)

bench-scale: $(INSTALLED) ## measure what a second worker of a cluster adds (ARGS='--workers 8')
	@$(BIN)/python -m benchmarks.scale $(ARGS)

clean: ## remove what was made here: .venv, caches, the demo's media and collection
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis examples/media examples/.medley build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
