# The few commands everyone needs. `make check` is what CI runs after the tests.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install test check demo translations

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

# Puts new strings into the catalogues, untranslated, and compiles them: fill in what it names, and run it again.
translations: install
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ --add-location=file --sort-by-file -o .venv/messages.pot .
	$(BIN)/pybabel -q update -i .venv/messages.pot -d bridge/translations --init-missing -l de \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap
	$(BIN)/pybabel compile -d bridge/translations --statistics
