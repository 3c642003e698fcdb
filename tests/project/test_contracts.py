"""The files around the package agree with it: README, documents, Procfile, CI, and imports.

The configuration's tests check that every setting is documented, import-linter checks the layers.
"""

from pathlib import Path
import re
import shlex
import subprocess
import sys
import tomllib

import click
import pytest

from bridge.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = main.list_commands(click.Context(main))
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "bench" / "README.md"]


def commands_in(text: str) -> list[tuple[str, str]]:
    """Return the commands in a text, each with the rest of its code."""
    return re.findall(r"zoho-bridge ([a-z]+(?:-[a-z]+)*)([^`\n#]*)", text)


def options_of(command: click.Command | None) -> set[str]:
    """Return the options of a command and of its subcommands."""
    assert command is not None
    options = {name for parameter in command.params for name in parameter.opts}
    return options.union(*map(options_of, getattr(command, "commands", {}).values()))


def test_the_readme_lists_every_command_and_no_other() -> None:
    table = README.split("## Commands")[1].split("##")[0]
    assert sorted(name for name, _ in commands_in(table)) == sorted(COMMANDS)


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "Procfile"], ids=lambda path: path.name)
def test_the_commands_and_options_in_a_document_exist(path: Path) -> None:
    for name, rest in commands_in(path.read_text("utf-8")):
        if name == "login" and path.name == "CHANGELOG.md":  # names an option that was removed
            continue
        assert name in COMMANDS
        command = main.resolve_command(click.Context(main), [name])[1]
        assert set(re.findall(r"--[a-z-]+", rest)) <= options_of(command)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_files_that_a_document_links_to_exist(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert "://" in target or (path.parent / target).exists(), target


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *ROOT.glob("docs/*.md")], ids=lambda p: p.name
)
def test_the_paths_that_a_document_names_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    for name in re.findall(r"`((?:bridge|tests|docs|templates)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name


def test_the_demo_and_serve_start_commands_that_exist() -> None:
    for module in ("demo", "serve"):
        source = (ROOT / "bridge" / "cli" / f"{module}.py").read_text("utf-8")
        started = re.findall(r'bridge\("([a-z]+)"', source)
        assert sorted(started) == ["web", "worker"]
        assert set(started) <= set(COMMANDS)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """``.ci/run`` finds it by the same rule: a line that ends with pytest."""
    (command,) = re.findall(r"^    (.*pytest)$", README, re.MULTILINE)
    steps = [shlex.split(step) for step in command.split(" && ")]
    assert [step[-1] for step in steps] == [".venv", ".[test]", ".venv/bin/pytest"]
    (demo,) = re.findall(r"^    (.*zoho-bridge demo)$", README, re.MULTILINE)
    assert shlex.split(demo.split(" && ")[1])[-1] == "."


def test_the_wheel_contains_pages_and_styles() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["templates"] == "bridge/templates"
    assert list(ROOT.glob("templates/*.html"))


def loaded_modules(*imports: str) -> set[str]:
    """Return the modules that a fresh Python has loaded after some imports."""
    program = f"import sys, {', '.join(imports)}; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(run.stdout.split())


def test_a_web_process_can_neither_call_zoho_nor_render() -> None:
    """The command that starts it counts, too: web processes are its forks."""
    loaded = loaded_modules("bridge.cli", "bridge.cli.web", "bridge.web")
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
