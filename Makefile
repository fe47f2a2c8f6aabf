# `make run` and `make test` need make, git and Python 3.11 or newer; everything else comes into .venv.

BIN := .venv/bin
RUN := .venv/.stamp-run
DEV := .venv/.stamp-dev
INPUTS := pyproject.toml constraints.txt scripts/install.sh

.PHONY: run test test-slow check format snapshots bench bench-quick clean help

run: $(RUN) ## start llmtui; fetches the embedded model the first time
	@test -e .venv/.no-embedded || $(BIN)/llmtui models pull --quiet embedded || \
		echo "Starting without the embedded model; \`llmtui models pull embedded\` fetches it later."
	@$(BIN)/llmtui

# Programs in a terminal are watched by the clock: they run alone.
test: $(DEV) ## the tests, less those that take long
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --ignore tests/e2e
	$(BIN)/python -m pytest tests/e2e

test-slow: $(DEV) ## the tests that take long: the embedded model, a real terminal, the wheel
	@test -e .venv/.no-embedded || $(BIN)/llmtui models pull --quiet embedded
	$(BIN)/python -m pytest -m slow

check: $(DEV) ## lint, format, types, layers, version
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_version.py

format: $(DEV) ## put the code into the one format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

snapshots: $(DEV) ## accept the screens as they are now
	$(BIN)/python -m pytest tests/snapshots --snapshot-update

bench: $(DEV) ## measure all, beside rivals of the package index; writes docs/benchmarks.md
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks

bench-quick: $(DEV) ## measure with few rounds and without rivals, to see that it works
	$(BIN)/python -m benchmarks --quick

clean: ## remove .venv and everything that was made
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile

$(RUN): $(INPUTS)
	@sh scripts/install.sh run
	@touch $(RUN)

$(DEV): $(INPUTS)
	@sh scripts/install.sh dev
	@touch $(RUN) $(DEV)
