# The few commands everyone needs: see CONTRIBUTING.md.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install test check fix everything demo translations

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
	$(BIN)/mypy bridge tests bench
	$(BIN)/lint-imports
	$(BIN)/codespell

fix: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Slow tests, a browser, other calendar engines, PostgreSQL, Redis, the wheel: on Debian.
everything:
	.ci/run

demo: install
	$(BIN)/zoho-bridge demo

# Add new strings to the catalogues, untranslated, and compile them. Then translate and repeat.
translations: install
	$(BIN)/pybabel -q extract -F babel.cfg -k N_ --add-location=file --sort-by-file -o .venv/messages.pot .
	$(BIN)/pybabel -q update -i .venv/messages.pot -d bridge/web/translations --init-missing -l de \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap
	$(BIN)/pybabel compile -d bridge/web/translations --statistics
