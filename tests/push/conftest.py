"""Fixtures: a command line with the group's feed, and Zoho's sandbox at a fixed time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from tests.clock import Clock
from tests.command_line import CommandLine, command_line
from tests.zoho_sandbox import Sandbox


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    with command_line(tmp_path, monkeypatch) as line:
        line("refresh", "group")
        yield line


@pytest.fixture
def zoho() -> Iterator[Sandbox]:
    with Sandbox(Clock()) as sandbox, stamina.set_testing(True):
        yield sandbox
