"""Promises of all commands: help, exit codes, JSON, completion in the shell, Ctrl+C.

Expected values come from README's table of commands and the settings' documentation.
"""

from collections.abc import Iterator, Sequence
import json
from pathlib import Path
import re
import shutil
import signal
import subprocess
import tomllib

import click
from click.testing import CliRunner
import pytest

from bridge.cli import main
from tests.command_line import GROUP, NETWORK, CommandLine

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


# Help


def command_names() -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, those of a group among them."""
    context = click.Context(main)
    for name in main.list_commands(context):
        yield (name,)
        yield from ((name, inner) for inner in getattr(command_at((name,)), "commands", ()))


def command_at(names: Sequence[str]) -> click.Command:
    """Return the command of some words."""
    command: click.Command = main
    for name in names:
        assert isinstance(command, click.Group)
        _, inner, _ = command.resolve_command(click.Context(command), [name])
        assert inner is not None
        command = inner
    return command


def options_of(names: Sequence[str]) -> set[str]:
    """Return the options of a command, and of the commands below it."""
    command = command_at(names)
    options = {option for parameter in command.params for option in parameter.opts}
    inner = (
        command.list_commands(click.Context(command)) if isinstance(command, click.Group) else ()
    )
    return options.union(*(options_of((*names, name)) for name in inner))


@pytest.mark.parametrize("names", [(), *command_names()], ids=" ".join)
def test_every_command_explains_itself_with_examples(names: tuple[str, ...]) -> None:
    """An example is a command line that the command itself accepts."""
    result = CliRunner().invoke(main, [*names, "--help"], prog_name="zoho-bridge")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: zoho-bridge ")
    assert max(map(len, result.stdout.splitlines())) <= 90
    _, _, examples = result.stdout.partition("  Examples:\n")
    lines = [line.strip() for line in re.split(r"\n\s*\n", examples)[0].splitlines()]
    assert lines
    assert all(f"zoho-bridge {' '.join(names)}".strip() in line for line in lines)
    assert set(re.findall(r"(?<= )--[a-z-]+", " ".join(lines))) <= options_of(names)


def test_the_list_of_commands_fits_80_columns_and_names_the_exit_codes() -> None:
    shown = main.get_help(click.Context(main, info_name="zoho-bridge", terminal_width=78))
    assert re.findall(r"^ +(\d+)  +\w", shown, re.MULTILINE) == ["0", "1", "2", "130"]
    assert "..." not in shown.split("Commands:")[1]
    assert max(map(len, shown.split("Commands:")[1].splitlines())) <= 80


def test_the_readme_has_the_same_exit_codes() -> None:
    table = README.split("## Exit codes")[1].split("##")[0]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == ["0", "1", "2", "130"]


# JSON


def test_links_json_is_an_array_of_objects(line: CommandLine) -> None:
    line("refresh", "group")
    (row,) = json.loads(line("links", "list", "group", "--json").stdout)
    assert list(row) == ["label", "url", "problem", "created_at", "used_at", "ends_at"]
    assert row["url"] == line.feeds()["group"]["url"]


@pytest.mark.parametrize(
    "arguments", [["feeds"], ["discover"], ["refresh", "group"], ["doctor"], ["config"]]
)
def test_standard_output_is_only_json_and_holds_no_secret(
    line: CommandLine, arguments: list[str]
) -> None:
    line("refresh", "group")
    tokens = line.sandbox.tokens
    result = line(*arguments, "--json", ZOHO_DATACENTER="eu")
    json.loads(result.stdout)
    assert "\x1b" not in result.stdout
    for secret in (tokens.client_secret, tokens.refresh_token):
        assert secret not in result.output


def test_config_shows_the_settings_without_secrets(line: CommandLine) -> None:
    result = line("config", BRIDGE_ADMIN_PASSWORD="open sesame, please", ZOHO_DATACENTER="eu")
    assert result.exit_code == 0
    sources = tomllib.loads(result.stdout)["feed"][1]["sources"]
    assert sources == [{"connect": GROUP, "network": NETWORK}]
    assert "# default" not in result.stdout
    assert "# default" in line("config", "--all").stdout
    tokens = line.sandbox.tokens
    for secret in (tokens.client_secret, tokens.refresh_token, "open sesame"):
        assert secret not in result.output
    assert "ZOHO_DATACENTER" in result.stderr


def test_config_names_the_file_of_a_key_that_the_bridge_made(line: CommandLine) -> None:
    assert "secret_key" not in line("config").stdout
    assert 'secret_key = "not set"' in line("config", "--all").stdout
    line("feeds")
    shown = tomllib.loads(line("config").stdout)["bridge"]["secret_key"]
    assert shown == f"set (from file {line.data_dir / 'secret.key'})"
    given = tomllib.loads(line("config", BRIDGE_SECRET_KEY="k" * 40).stdout)["bridge"]
    assert given["secret_key"] == "set (from environment)"


# The shell


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_the_shell_accepts(line: CommandLine, shell: str) -> None:
    result = line("completion", shell)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "_ZOHO_BRIDGE_COMPLETE" in result.stdout
    if program := shutil.which(shell):
        check = subprocess.run([program, "-n"], input=result.stdout, text=True, check=False)
        assert check.returncode == 0


def complete(line: CommandLine, words: str) -> list[str]:
    """Return the completions of the last word, as bash asks for them."""
    environ = {
        "_ZOHO_BRIDGE_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    result = CliRunner().invoke(main, [], env=line.environ | environ, prog_name="zoho-bridge")
    return [row.partition(",")[2] for row in result.stdout.splitlines() if row]


def test_commands_options_and_feeds_are_completed(line: CommandLine) -> None:
    line("refresh", "group")
    assert complete(line, "zoho-bridge dis") == ["discover"]
    assert complete(line, "zoho-bridge discover --wr") == ["--write"]
    assert complete(line, "zoho-bridge export g") == ["group"]
    assert complete(line, "zoho-bridge refresh p") == ["portal"]
    assert complete(line, "zoho-bridge links list c") == ["calendar"]


def test_completion_creates_nothing_and_shows_no_errors(line: CommandLine) -> None:
    assert complete(line, "zoho-bridge export g") == []
    assert not line.data_dir.exists()
    line.toml.write_text("broken")
    assert complete(line, "zoho-bridge export g") == []


@pytest.mark.slow
def test_ctrl_c_during_a_read_exits_with_130(line: CommandLine) -> None:
    """README: exit codes. Reads that have begun are finished, the others are skipped."""
    line.sandbox.faults.add("calendar.events", "delay", seconds=1)
    process = line.process("refresh")
    while not any(request.route == "connect.events" for request in line.sandbox.requests):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert "Aborted" not in stderr
