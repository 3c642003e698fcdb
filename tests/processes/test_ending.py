"""Each command ends within 15 seconds of a signal, in the middle of a read, and nothing is lost.

Zoho answers a byte a second. Expected: the promise in docs/deploy.md.
"""

from collections.abc import Iterator
from pathlib import Path
import signal
import sqlite3

import pytest

from tests.command_line import CommandLine, command_line, signals_ignored
from tests.served import free_port
from tests.waiting import wait_for

SECONDS = 15

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/environ").exists(), reason="finds processes by Linux's /proc"
    ),
]


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    with signals_ignored(), command_line(tmp_path, monkeypatch) as line:
        yield line


def leases(line: CommandLine) -> list[str]:
    """Return the sources that a process holds."""
    with sqlite3.connect(line.data_dir / "bridge.sqlite3") as connection:
        query = "SELECT key FROM sources WHERE lease_holder IS NOT NULL"
        return [key for (key,) in connection.execute(query)]


PRODUCTS = ("backstage", "connect", "calendar")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("worker", 0),
        ("serve", 0),
        ("refresh", None),
        ("verify portal", None),
        ("verify calendar", None),
        ("doctor", None),
        ("discover", None),
    ],
)
def test_a_command_ends_in_the_middle_of_a_read(
    line: CommandLine, command: str, code: int | None, number: signal.Signals
) -> None:
    """The stored events and feeds stay, no lease is left, and no failure counts."""
    if command.startswith("verify"):
        assert line("refresh").exit_code == 0
        line.sandbox.forget_requests()
    before = line.feeds()
    for product in PRODUCTS:
        line.sandbox.faults.add(f"{product}.*", "drip", pieces=10**6, pause=1)
    arguments = command.split()
    if command == "serve":
        arguments += ["--port", str(free_port())]
    process = line.process(*arguments)
    wait_for(lambda: any(r.route.startswith(PRODUCTS) for r in line.sandbox.requests), "a read")
    process.send_signal(number)
    output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == (128 + number if code is None else code), errors
    assert "Traceback" not in output + errors
    assert line.left() == {}
    assert leases(line) == []
    line.sandbox.faults.clear()
    after = line.feeds()
    if command.startswith("verify"):
        assert after == before
    assert all(row["state"] != "failing" for row in after.values())
    if command == "refresh":
        assert line("refresh").exit_code == 0, "the sources can be read again at once"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_ends_while_it_fills_its_feeds(line: CommandLine, number: signal.Signals) -> None:
    temporary = line.toml.parent / "tmp"
    temporary.mkdir()
    demo = line.process("demo", "--port", str(free_port()), TMPDIR=str(temporary))
    wait_for(lambda: list(temporary.glob("*/bridge.sqlite3")), "the demo's database")
    demo.send_signal(number)
    _, errors = demo.communicate(timeout=SECONDS)
    assert "Traceback" not in errors
    assert line.left() == {}
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_web_server_ends(line: CommandLine, number: signal.Signals) -> None:
    web = line.process("web", "--port", str(free_port()))
    wait_for(lambda: len(line.left()) > 1, "the web server's own processes")
    web.send_signal(number)
    _, errors = web.communicate(timeout=SECONDS)
    assert "Traceback" not in errors
    assert line.left() == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_login_ends_while_zoho_looks_at_its_code(
    line: CommandLine, number: signal.Signals
) -> None:
    line.sandbox.faults.add("oauth.token", "drip", pieces=10**6, pause=1)
    environ = {name: line.environ[name] for name in ("ZOHO_CLIENT_ID", "ZOHO_CLIENT_SECRET")}
    login = line.process("login", "--code", "1000.code", ZOHO_REFRESH_TOKEN="", **environ)
    wait_for(lambda: line.sandbox.requests, "the request")
    login.send_signal(number)
    _, errors = login.communicate(timeout=SECONDS)
    assert login.returncode in (130, -signal.SIGTERM)
    assert "Traceback" not in errors
