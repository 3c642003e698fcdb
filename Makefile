# The few commands everyone needs. `make check` is what CI runs after the tests.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install test check demo

install: $(BIN)/zoho-bridge

$(BIN)/zoho-bridge: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

test: install
	$(BIN)/pytest

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: install
	$(BIN)/zoho-bridge demo
