# Everything a person or a machine does with a checkout. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
WEB_SOURCES := $(shell find web/src -type f 2>/dev/null) web/package.json web/vite.config.ts web/tsconfig.json
STATIC := src/underglass/static/app.js

.DEFAULT_GOAL := help
.PHONY: help install demo gallery test test-python test-web test-browser check types bench web clean

help:  ## List what can be made.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV)"
	@$(PIP) --upgrade pip hatchling editables
	@$(PIP) --requirement tools/requirements.txt
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

web/node_modules/installed: web/package.json web/package-lock.json $(VENV)/installed
	@echo "Installing the browser half's packages"
	@$(BIN)/python tools/node.py ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STATIC): $(WEB_SOURCES) web/node_modules/installed
	@echo "Building the browser half"
	@$(BIN)/python tools/node.py run --silent build

install: $(VENV)/installed $(STATIC)  ## Install everything, tests included, into .venv.
	@$(BIN)/python tools/chromium.py

web: $(STATIC)  ## Build the browser half.

demo: $(VENV)/installed $(STATIC)  ## Open the demo case in the browser (OPEN=0: print the URL only).
	@$(BIN)/underglass demo $(if $(filter 0,$(OPEN)),--no-open)

gallery: $(VENV)/installed  ## Draw the gallery of architectures anew.
	@$(BIN)/python tools/make_gallery.py

test: install test-web  ## Run every test: TypeScript, Python, browser; two files at a time.
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-python: $(VENV)/installed  ## Run the Python tests alone.
	@$(BIN)/python -m pytest -m "not browser"

test-web: web/node_modules/installed  ## Run the TypeScript tests alone.
	@$(BIN)/python tools/node.py run --silent test

test-browser: install  ## Run the browser tests alone.
	@$(BIN)/python -m pytest -m browser

check: $(VENV)/installed web/node_modules/installed  ## Lint, types on both sides, import layers, generated types, bundle sizes.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/generate_types.py --check
	@$(BIN)/python tools/node.py run --silent check

types: $(VENV)/installed  ## Generate the TypeScript types from the Python ones.
	@$(BIN)/python tools/generate_types.py

bench: install  ## Run every benchmark and write docs/benchmarks.md.
	@$(BIN)/python -m benchmarks

clean:  ## Remove what was built (not the cases).
	rm -rf $(VENV) web/node_modules src/underglass/static dist build
