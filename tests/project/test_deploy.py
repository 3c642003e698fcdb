"""docs/deploy.md says what is so: settings, commands and addresses that exist, and a log without secrets."""

import configparser
from pathlib import Path
import re
import shlex
from typing import Any

import click
import pytest

from bridge.cli import main
from bridge.config.table import environment_names
from bridge.store.crypto import SecretKeys

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
PLATFORM = {"PORT", "WEB_CONCURRENCY"}  # options of `web` and `serve` that the environment may give


def check_command(line: str) -> None:
    """Fail unless a line is a command of the bridge with options that exist."""
    words = shlex.split(line)
    assert Path(words[0]).name == "zoho-bridge"
    context = click.Context(main)
    command = main.get_command(context, words[1])
    assert command is not None, line
    command.make_parser(click.Context(command)).parse_args(words[2:])


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"\b(?:BRIDGE|ZOHO)_[A-Z_]+\b|\bDATABASE_URL\b", TEXT))
    assert len(named) > 12
    assert named <= set(environment_names())


def test_what_a_platform_sets_is_read() -> None:
    assert {name for name in PLATFORM if f"`{name}`" in TEXT} == PLATFORM
    for name in ("web", "serve"):
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert {parameter.envvar for parameter in command.params} >= PLATFORM


def test_every_command_that_is_named_exists() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["web", "worker"]
    lines = [line.partition(": ")[2] for line in lines]
    for _, unit in ((kind, body) for kind, body in CODE if kind == "ini"):
        lines += re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert len(lines) == 4
    for line in [*lines, *re.findall(r"`(zoho-bridge \w+)`", TEXT)]:
        check_command(line)


def test_a_unit_reads_no_secret_that_it_was_not_given() -> None:
    """What is loaded as a credential is read from there, and nothing else is."""
    units = [body for kind, body in CODE if kind == "ini"]
    assert len(units) == 2
    for body in units:
        parsed = configparser.ConfigParser(strict=False, interpolation=None)
        parsed.read_string(body)
        assert set(parsed.sections()) == {"Unit", "Service", "Install"}
        given = set(re.findall(r"^LoadCredential=(\w+):/", body, re.MULTILINE))
        read = dict(re.findall(r"^Environment=(\w+)_FILE=%d/(\w+)$", body, re.MULTILINE))
        assert set(read.values()) == given
        assert all(name.endswith(given.upper()) for name, given in read.items())


def logged(uri: str) -> str:
    """Return what nginx logs of a request's target: by the first matching rule, or the default."""
    (block,) = re.findall(
        r"^map \$request_uri \$bridge_uri \{\n(.*?)^\}", TEXT, re.DOTALL | re.MULTILINE
    )
    rules = re.findall(r'^ +"~(.+)" +(\S+);$', block, re.MULTILINE)
    assert len(rules) == 2
    for pattern, shown in rules:
        match = re.search(pattern.replace("(?<", "(?P<"), uri)
        if match:
            return match.expand(re.sub(r"\$(\w+)", r"\\g<\1>", shown))
    (default,) = re.findall(r"^ +default +(\S+);$", block, re.MULTILINE)
    return str(default)


TOKEN = SecretKeys("k" * 40).link_token("team", "default", 1)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        (f"/f/{TOKEN}/team.ics?alarms=off", "/f/.../team.ics"),
        (f"/f/{TOKEN}/team/some-uid.ics", "/f/.../team/some-uid.ics"),
        (f"/f/{TOKEN}{TOKEN}/team.ics", "/f/.../team.ics"),  # of what somebody chose of a feed
        ("/feeds/open.ics?x=1", "/feeds/open.ics"),
        ("/admin/feeds/team/", "/admin/feeds/team/"),
        (f"/f/{TOKEN}", "-"),
        (f"//f/{TOKEN}/team.ics", "-"),
        (f"/%66/{TOKEN}/team.ics", "-"),
        (f"/feeds/../f/{TOKEN}/team.ics", "-"),
        (f"/feeds/%2e%2e%2ff%2f{TOKEN}/", "/feeds/"),
        (f"/f//{TOKEN}/team.ics", "-"),
    ],
)
def test_nginx_logs_no_token(uri: Any, shown: Any) -> None:
    assert logged(uri) == shown
    assert TOKEN not in logged(uri)
