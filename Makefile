# Two commands on a fresh machine: `make demo` and `make test`. Both set up a virtual environment of their own first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MEDSPACY ?= .venv-medspacy

.PHONY: help setup demo test test-slow test-spark check format docs accuracy audited bench bench-large fuzz clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: $(STAMP) ## Make the virtual environment and install frictionlens for development

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

demo: $(STAMP) ## Scan the samples and show what a scan says
	$(BIN)/frictionlens scan samples/ --allow-problems

test: $(STAMP) ## Run the tests
	$(BIN)/python -m pytest --numprocesses auto

test-slow: $(STAMP) ## Run the tests that take minutes
	$(BIN)/python -m pytest -m slow

test-spark: $(STAMP) ## Run the tests on a local Spark; needs Java
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[spark]"
	$(BIN)/python -m pytest -m spark

bench: $(STAMP) $(MEDSPACY)/.installed ## Measure speed against other ways to run the same rules, write docs/performance.md
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[bench,spark]" || true
	$(BIN)/python benchmarks/speed.py --medspacy $(MEDSPACY)/bin/python
	$(BIN)/python benchmarks/readers.py

bench-large: $(STAMP) ## Measure files of 1 GB and 10 GB and an array of 2 GB; takes hours and 30 GB of disk
	$(BIN)/python benchmarks/speed.py --large

# medspaCy wants an older spaCy, so it lives by itself; without it the comparison says that it is missing.
$(MEDSPACY)/.installed:
	$(PYTHON) -m venv $(MEDSPACY)
	-$(MEDSPACY)/bin/python -m pip install --quiet --disable-pip-version-check medspacy
	@touch $@

check: $(STAMP) ## Lint, types, layers, rules, generated documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/frictionlens rules lint
	$(BIN)/python docs/generate.py --check
	$(BIN)/python benchmarks/accuracy_docs.py --check

format: $(STAMP) ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## Write the generated documents anew
	$(BIN)/python docs/generate.py

accuracy: $(STAMP) ## Measure the rules, print the tables and write them into docs/accuracy.md
	$(BIN)/python benchmarks/accuracy_docs.py

audited: $(STAMP) ## Count labelled findings per rule anew (needs ../shared/gold), then everything that hangs on it
	$(BIN)/python benchmarks/audit_gold.py
	$(BIN)/python benchmarks/accuracy_docs.py
	$(BIN)/python docs/generate.py

fuzz: $(STAMP) ## Fuzz the readers for FUZZ_SECONDS (60); with the extra `fuzz` also coverage-guided
	$(BIN)/python -m tests.fuzz

clean: ## Remove what was built
	rm -rf $(VENV) $(MEDSPACY) .fuzz build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
