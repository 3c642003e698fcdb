"""``docs/deploy.md`` and ``deploy/`` name settings and commands that exist, and log no secret."""

import configparser
import os
from pathlib import Path
import re
import shlex
import shutil
import subprocess

import click
import pytest

from bridge.cli import main
from bridge.config.table import environment_names
from bridge.store.crypto import SecretKeys

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
UNITS = [path.read_text() for path in sorted((ROOT / "deploy").glob("*.service"))]
NGINX = (ROOT / "deploy" / "nginx.conf").read_text()
COMPOSE = [(ROOT / name).read_text() for name in ("compose.yaml", "compose.postgres.yaml")]
ALL = "\n".join([TEXT, *UNITS, NGINX, *COMPOSE, (ROOT / "Containerfile").read_text()])
PLATFORM = {"PORT", "WEB_CONCURRENCY"}  # options of `web` and `serve` in the environment


def command_of(name: str) -> click.Command:
    command = main.resolve_command(click.Context(main), [name])[1]
    assert command is not None, name
    return command


def check_command(line: str) -> None:
    """Raise an error if the command or an option of a shell line does not exist."""
    words = shlex.split(line)
    assert Path(words[0]).name == "zoho-bridge"
    command = command_of(words[1])
    command.make_parser(click.Context(command)).parse_args(words[2:])


def test_every_setting_in_the_document_exists() -> None:
    names = set(re.findall(r"\b(?:BRIDGE|ZOHO)_[A-Z_]+\b|\bDATABASE_URL\b", ALL))
    assert len(names) > 12
    of_the_files = {"BRIDGE_DOMAIN", "BRIDGE_UPSTREAM"}  # of .env and of the Caddyfile
    assert names - of_the_files <= set(environment_names())


def test_web_and_serve_read_the_variables_of_platforms() -> None:
    assert {name for name in PLATFORM if f"`{name}`" in TEXT} == PLATFORM
    for name in ("web", "serve"):
        assert {parameter.envvar for parameter in command_of(name).params} >= PLATFORM


def test_every_command_in_the_document_exists() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["web", "worker"]
    lines = [line.partition(": ")[2] for line in lines]
    for unit in UNITS:
        lines += re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert len(lines) == 4
    for line in [*lines, *re.findall(r"`(zoho-bridge \w+)`", TEXT)]:
        check_command(line)


def test_a_unit_reads_exactly_the_secrets_that_it_loads() -> None:
    assert len(UNITS) == 2
    for body in UNITS:
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
        r"^map \$request_uri \$bridge_uri \{\n(.*?)^\}", NGINX, re.DOTALL | re.MULTILINE
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


def test_compose_files_run_commands_that_exist() -> None:
    commands = re.findall(r"^    command: \[(.*)\]$", "\n".join(COMPOSE), re.MULTILINE)
    assert commands == ["web", "worker"]
    steps = re.findall(r"run --rm (?:bridge|worker) (.*)$", "\n".join(COMPOSE), re.MULTILINE)
    assert len(steps) == 4
    for line in [*commands, *steps]:
        check_command(f"zoho-bridge {line}")


def test_a_container_listens_beyond_its_loopback() -> None:
    file = (ROOT / "Containerfile").read_text()
    assert "BRIDGE_HOST=0.0.0.0" in file
    for name in ("web", "serve", "health"):
        options = {parameter.envvar for parameter in command_of(name).params}
        assert {"BRIDGE_HOST", "PORT"} <= options


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_reads_its_configuration(tmp_path: Path) -> None:
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    text = re.sub(r"/etc/letsencrypt/\S+/fullchain.pem", str(tmp_path / "cert.pem"), NGINX)
    text = re.sub(r"/etc/letsencrypt/\S+/privkey.pem", str(tmp_path / "key.pem"), text)
    text = text.replace("/var/log/nginx", str(tmp_path))
    file = tmp_path / "nginx.conf"
    file.write_text(
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/e.log;\nevents {{}}\nhttp {{\n{text}\n}}\n"
    )
    subprocess.run(["nginx", "-t", "-c", str(file)], check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("caddy"), reason="caddy is not installed")
def test_caddy_reads_its_configuration(tmp_path: Path) -> None:
    subprocess.run(
        [
            "caddy",
            "validate",
            "--adapter",
            "caddyfile",
            "--config",
            str(ROOT / "deploy" / "Caddyfile"),
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    for path in (ROOT / "deploy").glob("*.service"):
        text = path.read_text().replace(
            "/opt/zoho-bridge/bin/zoho-bridge", shutil.which("true") or ""
        )
        (tmp_path / path.name).write_text(text)
    command = ["systemd-analyze", "verify", *map(str, tmp_path.glob("*.service"))]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not [line for line in result.stderr.splitlines() if "zoho-bridge" in line]
