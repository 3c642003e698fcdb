"""A kill in the middle of a backup, a restore or a migration leaves the old state or the new.

SIGKILL lets no process tidy up, so files and database have to be whole at each step of a command.
"""

from collections.abc import Iterator
from pathlib import Path
import signal
import subprocess
import sys

import pytest

from bridge.store.schema import SCHEMA_VERSION
from tests.cli.place import Databases, Place, published
from tests.command_line import CommandLine
from tests.store import dumps

KEY = "a-key-of-the-tests-with-40-characters..."
ROOT = Path(__file__).parents[2]
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("kind", BOTH)]


def run_to(step: int, place: Place, *arguments: str) -> int:
    """Run a command that kills itself at a step; with step 0 return the number of its steps."""
    command = [sys.executable, "-m", "tests.cli.killed_command", str(step), *arguments]
    # Files of bytecode would be further steps.
    environ = {**place.line.environ, **place.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == (-signal.SIGKILL if step else 0), ended.stderr
    return 0 if step else int(ended.stderr.split()[-1])


def some(steps: int) -> Iterator[int]:
    """Yield steps of a command: a few of the many, and each of the last, where files change."""
    yield from range(1, steps - 12, steps // 5)
    yield from range(max(steps - 12, 1), steps + 1)


@pytest.fixture
def old(line: CommandLine, tmp_path: Path, databases: Databases, kind: str) -> Place:
    """A bridge with published feeds."""
    place = Place(line, tmp_path / "old", databases(kind))
    place.environ["BRIDGE_SECRET_KEY"] = KEY
    return published(place)


def test_a_killed_backup_leaves_the_older_file_or_a_whole_one(old: Place, tmp_path: Path) -> None:
    before, file = old.state(), tmp_path / "bridge.backup"
    older = b"older"
    whole = 0
    for step in some(run_to(0, old, "backup", str(file))):
        file.write_bytes(older)
        run_to(step, old, "backup", str(file))
        if file.read_bytes() != older:
            whole += 1
            new = Place(old.line, tmp_path / f"new{step}")
            new("restore", str(file))
            assert new.state() == before
    assert whole < 3  # else a kill came too late to prove anything
    old("backup", str(file))
    assert old.state() == before


def test_a_killed_restore_leaves_an_empty_bridge_or_a_whole_one(
    old: Place, tmp_path: Path, databases: Databases, kind: str
) -> None:
    """A second restore finds out: it restores all, or refuses because the first one was complete."""
    before, file = old.state(), tmp_path / "bridge.backup"
    old("backup", str(file))
    toml = old.config.read_text()
    outcomes = set()
    steps = run_to(0, Place(old.line, tmp_path / "whole", databases(kind)), "restore", str(file))
    for step in some(steps):
        new = Place(old.line, tmp_path / f"new{step}", databases(kind))
        run_to(step, new, "restore", str(file))
        again = new.line("restore", str(file), **new.environ)
        outcomes.add(again.exit_code)
        assert again.exit_code == 0 or "not empty" in again.stderr
        new.environ["BRIDGE_SECRET_KEY_FILE"] = str(new.key)
        assert (new.state(), new.config.read_text()) == (before, toml)
    assert 0 in outcomes


def older(line: CommandLine, folder: Path, url: str) -> tuple[Place, str]:
    """Return a bridge with a database of the schema before the current one, and its address."""
    place = Place(line, folder, url)
    place.config.write_text("")
    place.environ["BRIDGE_SECRET_KEY"] = KEY
    database = url or f"sqlite:///{folder}/bridge.sqlite3"
    dumps.restore(database, SCHEMA_VERSION - 1)
    return place, database


def test_a_killed_migration_leaves_the_older_schema_or_the_new_one(
    line: CommandLine, tmp_path: Path, databases: Databases, kind: str
) -> None:
    place, database = older(line, tmp_path / "whole", databases(kind))
    before = dumps.schema_of(database)
    steps = run_to(0, place, "feeds")
    after = dumps.schema_of(database)
    assert after != before
    versions = set()
    for step in some(steps):
        place, database = older(line, tmp_path / f"killed{step}", databases(kind))
        run_to(step, place, "feeds")
        versions.add(version := dumps.version_of(database))
        assert dumps.schema_of(database) == (after if version == SCHEMA_VERSION else before)
        place("feeds")
        assert dumps.schema_of(database) == after
    assert SCHEMA_VERSION - 1 in versions
