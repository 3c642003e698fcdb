"""Fixtures of the tests of settings."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every test in a folder without a bridge.toml."""
    monkeypatch.chdir(tmp_path)
