"""What the files around the program say about it is so: README, Procfile, CI, and what a process loads.

That every setting is documented is the configuration's test; that imports point down is import-linter's, in CI.
"""

from pathlib import Path
import re
import shlex
import subprocess
import sys
import tomllib
from typing import Any

import click
import pytest

from bridge.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = main.list_commands(click.Context(main))


def commands_in(text: str) -> Any:
    """Find the commands named in a text, with what follows each up to the end of the code."""
    return re.findall(r"zoho-bridge ([a-z]+)([^`\n#]*)", text)


def test_the_readme_lists_every_command_and_no_other() -> None:
    table = README.split("## Commands")[1].split("##")[0]
    assert sorted(name for name, _ in commands_in(table)) == sorted(COMMANDS)


@pytest.mark.parametrize(
    "file", [*sorted(path.name for path in ROOT.glob("docs/*.md")), "README.md", "Procfile"]
)
def test_a_command_that_a_document_names_is_one_that_it_may_call(file: Any) -> None:
    """Options included: a renamed one would leave a recipe that fails."""
    path = ROOT / file if (ROOT / file).exists() else ROOT / "docs" / file
    for name, rest in commands_in(path.read_text("utf-8")):
        if (
            name == "login" and name not in COMMANDS
        ):  # to come; the settings' documentation names it already
            continue
        assert name in COMMANDS
        assert set(re.findall(r"--[a-z-]+", rest)) <= options_of(
            main.get_command(click.Context(main), name)
        )


def options_of(command: Any) -> Any:
    """Give the options of a command, and of those below it."""
    own = {option for one in command.params for option in one.opts}
    return own.union(*map(options_of, getattr(command, "commands", {}).values()))


def test_what_the_demo_and_serve_start_exists() -> None:
    for module in ("demo", "serve"):
        source = (ROOT / "bridge" / "cli" / f"{module}.py").read_text("utf-8")
        started = re.findall(r'bridge\("([a-z]+)"', source)
        assert sorted(started) == ["web", "worker"]
        assert set(started) <= set(COMMANDS)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """The script takes it from the README by this rule; there must be one, of a virtual environment of its own."""
    (command,) = re.findall(r"^    (.*pytest)$", README, re.MULTILINE)
    steps = [shlex.split(step) for step in command.split(" && ")]
    assert [step[-1] for step in steps] == [".venv", ".[test]", ".venv/bin/pytest"]
    (demo,) = re.findall(r"^    (.*zoho-bridge demo)$", README, re.MULTILINE)
    assert shlex.split(demo.split(" && ")[1])[-1] == "."


def test_pages_and_styles_are_shipped_with_the_program() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["templates"] == "bridge/templates"
    assert list(ROOT.glob("templates/*.html"))


def loaded_by(*modules: Any) -> Any:
    """Give the modules that a fresh Python holds after importing some."""
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def test_a_web_process_holds_no_way_to_zoho_and_renders_nothing() -> None:
    """The command that starts it included, since the web processes are its forks."""
    loaded = loaded_by("bridge.cli", "bridge.cli.web", "bridge.web")
    assert {"flask", "granian", "sqlalchemy"} <= loaded
    assert not loaded & {
        "httpx",
        "huey",
        "icalendar",
        "dateutil",
        "bridge.zoho.client",
        "bridge.sandbox",
        "bridge.publish.publisher",
    }
