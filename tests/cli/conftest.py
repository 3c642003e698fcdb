"""The command line that the tests of commands use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.place import Databases
from tests.command_line import CommandLine, command_line
from tests.conftest import postgres_schema


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """A command line with a feed of each product."""
    with command_line(tmp_path, monkeypatch) as line:
        yield line


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """A function that returns the address of a new database of a kind."""
    schemas = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            return ""
        schemas.append(postgres_schema())
        return next(schemas[-1])

    yield make
    for schema in schemas:
        list(schema)
