"""``docs/deploy.md`` names settings, commands and addresses that exist, and logs no secret."""

import configparser
from pathlib import Path
import re
import shlex

import click
import pytest

from bridge.cli import main
from bridge.config.table import environment_names
from bridge.store.crypto import SecretKeys

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
PLATFORM = {"PORT", "WEB_CONCURRENCY"}  # options of `web` and `serve` in the environment


def command_of(name: str) -> click.Command:
    command = main.get_command(click.Context(main), name)
    assert command is not None, name
    return command


def check_command(line: str) -> None:
    """Raise an error if the command or an option of a shell line does not exist."""
    words = shlex.split(line)
    assert Path(words[0]).name == "zoho-bridge"
    command = command_of(words[1])
    command.make_parser(click.Context(command)).parse_args(words[2:])


def test_every_setting_in_the_document_exists() -> None:
    names = set(re.findall(r"\b(?:BRIDGE|ZOHO)_[A-Z_]+\b|\bDATABASE_URL\b", TEXT))
    assert len(names) > 12
    assert names <= set(environment_names())


def test_web_and_serve_read_the_variables_of_platforms() -> None:
    assert {name for name in PLATFORM if f"`{name}`" in TEXT} == PLATFORM
    for name in ("web", "serve"):
        assert {parameter.envvar for parameter in command_of(name).params} >= PLATFORM


def test_every_command_in_the_document_exists() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["web", "worker"]
    lines = [line.partition(": ")[2] for line in lines]
    for _, unit in ((kind, body) for kind, body in CODE if kind == "ini"):
        lines += re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert len(lines) == 4
    for line in [*lines, *re.findall(r"`(zoho-bridge \w+)`", TEXT)]:
        check_command(line)


def test_a_unit_reads_exactly_the_secrets_that_it_loads() -> None:
    units = [body for kind, body in CODE if kind == "ini"]
    assert len(units) == 2
    for body in units:
        parsed = configparser.ConfigParser(strict=False, interpolation=None)
        parsed.read_string(body)
        assert set(parsed.sections()) == {"Unit", "Service", "Install"}
        credentials = set(re.findall(r"^LoadCredential=(\w+):/", body, re.MULTILINE))
        settings = dict(re.findall(r"^Environment=(\w+)_FILE=%d/(\w+)$", body, re.MULTILINE))
        assert set(settings.values()) == credentials
        assert all(name.endswith(file.upper()) for name, file in settings.items())


def logged_uri(uri: str) -> str:
    """Return what nginx logs of a request's target: by the first matching rule, or the default."""
    (block,) = re.findall(
        r"^map \$request_uri \$bridge_uri \{\n(.*?)^\}", TEXT, re.DOTALL | re.MULTILINE
    )
    rules = re.findall(r'^ +"~(.+)" +(\S+);$', block, re.MULTILINE)
    assert len(rules) == 2
    for pattern, text in rules:
        match = re.search(pattern.replace("(?<", "(?P<"), uri)
        if match:
            return match.expand(re.sub(r"\$(\w+)", r"\\g<\1>", text))
    (default,) = re.findall(r"^ +default +(\S+);$", block, re.MULTILINE)
    return str(default)


TOKEN = SecretKeys("k" * 40).link_token("team", "default", 1)


@pytest.mark.parametrize(
    ("uri", "log"),
    [
        (f"/f/{TOKEN}/team.ics?alarms=off", "/f/.../team.ics"),
        (f"/f/{TOKEN}/team/some-uid.ics", "/f/.../team/some-uid.ics"),
        (f"/f/{TOKEN}{TOKEN}/team.ics", "/f/.../team.ics"),  # a filtered feed
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
def test_nginx_logs_no_token(uri: str, log: str) -> None:
    assert logged_uri(uri) == log
    assert TOKEN not in logged_uri(uri)
