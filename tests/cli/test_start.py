"""The start of the command line: the help loads no command, and agrees with all of them."""

import os
from pathlib import Path
import subprocess
import sys

import click
import pytest

from bridge.cli import COMMANDS, main
from tests.command_line import CommandLine

HEAVY = {"sqlalchemy", "flask", "httpx", "icalendar", "structlog", "cryptography"}
PROGRAM = """
import sys
from bridge.cli import main
try:
    main(prog_name="zoho-bridge")
finally:
    print("loaded:", *sys.modules)
"""
COMPLETION = {"_ZOHO_BRIDGE_COMPLETE": "bash_complete"}


def run(folder: Path, *arguments: str, **environ: str) -> tuple[str, set[str]]:
    """Run a command in a fresh Python; return what it prints, and the modules it has loaded."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    process = subprocess.run(
        command, env=os.environ | environ, cwd=folder, capture_output=True, text=True, check=False
    )
    printed, _, modules = process.stdout.rpartition("loaded:")
    return printed, set(modules.split())


def completion(*words: str) -> dict[str, str]:
    """Return the environment in which bash asks for the last of some words."""
    line = {"COMP_WORDS": " ".join(("zoho-bridge", *words)), "COMP_CWORD": str(len(words))}
    return COMPLETION | line


@pytest.mark.parametrize("arguments", [("--help",), ("-V",), ("completion", "bash"), ("feed",), ()])
def test_what_calls_no_feed_loads_no_database_no_web_and_no_client(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    _, loaded = run(tmp_path, *arguments)
    assert "click" in loaded
    assert not loaded & HEAVY


def test_completing_a_command_loads_none(tmp_path: Path) -> None:
    printed, loaded = run(tmp_path, **completion("fe"))
    assert printed.splitlines() == ["plain,feeds"]
    assert not loaded & HEAVY


@pytest.mark.parametrize("name", ["feeds", "export", "config", "links", "history"])
def test_a_command_that_asks_nobody_loads_no_client_and_no_log(
    line: CommandLine, tmp_path: Path, name: str
) -> None:
    _, loaded = run(
        tmp_path, name, *(() if name in ("feeds", "config") else ("x",)), **line.environ
    )
    assert "sqlalchemy" in loaded
    assert not loaded & {"flask", "httpx", "icalendar", "structlog", "granian", "huey"}
    assert "sqlalchemy.dialects.postgresql" not in loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_the_first_sentence_of_each(name: str) -> None:
    _, command, _ = main.resolve_command(click.Context(main), [name])
    assert command is not None
    assert command.get_short_help_str(80) == COMMANDS[name]
    assert COMMANDS[name].endswith(".")


@pytest.mark.parametrize(("typed", "hint"), [("feed", "'feeds'"), ("refesh", "'refresh'")])
def test_a_misspelt_command_is_answered_by_its_name(
    line: CommandLine, typed: str, hint: str
) -> None:
    result = line(typed)
    assert result.exit_code == 2
    assert f"Did you mean {hint}?" in result.stderr


def test_a_misspelt_command_of_a_group_is_answered_too(line: CommandLine) -> None:
    assert "Did you mean 'rotate'?" in line("links", "rotat").stderr


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("demo", "completion")])
def test_every_command_that_reads_settings_takes_their_file(name: str) -> None:
    _, command, _ = main.resolve_command(click.Context(main), [name])
    for inner in getattr(command, "commands", {"": command}).values():
        assert [p.name for p in inner.params].count("config") == 1


def test_the_file_of_an_option_wins(line: CommandLine, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[bridge]\npublic_url = "https://other.example"\n')
    assert "https://other.example" in line("config", "--config", str(other)).stdout
    assert "https://other.example" not in line("config").stdout
    assert line("config", "--config", str(tmp_path / "none.toml")).exit_code == 2
