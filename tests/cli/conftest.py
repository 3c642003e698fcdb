"""The command line that the tests of commands use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import CommandLine, command_line


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """A command line with a feed of each product."""
    with command_line(tmp_path, monkeypatch) as line:
        yield line
