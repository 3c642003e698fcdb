"""README's way from nothing to a subscribed calendar, step by step as it stands there.

The sandbox stands in for Zoho, and the tests' environment for the installed one, which CI builds.
"""

from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
import re
import signal
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest

from tests.cli.terminal import run_on_terminal
from tests.command_line import CommandLine, command_line
from tests.served import first_match, free_port
from tests.waiting import pipe, wait_for

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
STEPS = README.split("## From nothing to a subscribed calendar")[1].split("\n## ")[0]
COMMANDS = re.findall(r"^    (\S.*)$", STEPS, re.MULTILINE)
BRIDGE = [command for command in COMMANDS if command.startswith("zoho-bridge ")]

pytestmark = pytest.mark.slow


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """A new folder without settings; only the addresses lead to the sandbox."""
    with command_line(tmp_path, monkeypatch) as line:
        line.toml.unlink()
        for name in ("ZOHO_CLIENT_ID", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN", "BRIDGE_CONFIG"):
            del line.environ[name]
        monkeypatch.chdir(tmp_path)
        yield line


def published_address(line: CommandLine) -> str:
    """Return the address of a feed with events, empty before there is one."""
    rows = line.feeds().values()
    return next((row["url"] for row in rows if row["events"] and row["url"]), "")


def test_the_steps_begin_with_a_clone_and_end_with_serve() -> None:
    assert COMMANDS[0].startswith("git clone ")
    assert [command.split()[1] for command in BRIDGE] == ["login", "discover", "serve"]


def test_the_steps_lead_to_a_feed_and_to_the_admin_pages(line: CommandLine) -> None:
    login, discover, serve = (command.split()[1:] for command in BRIDGE)
    tokens = line.sandbox.tokens
    answers = [
        ("[us]:", "zoho.eu\n"),
        ("Client id:", f"{tokens.client_id}\n"),
        ("not shown):", f"{tokens.client_secret}\n"),
        ("Code:", f"{tokens.issue_code()}\n"),
    ]
    code, screen = run_on_terminal(line, *login, answers=answers)
    assert code == 0, screen
    assert line(*discover).exit_code == 0
    assert {row["state"] for row in line.feeds().values()} == {"new"}
    server = line.process(*serve, PORT=str(free_port()))
    text = ""
    while "admin-link` prints" not in text:
        part = pipe(server.stdout).readline()
        assert part, pipe(server.stderr).read()
        text += part
    url = first_match(r"(http://\S+/admin/link/\S+)", text)
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    form = {"csrf": first_match(r'name="csrf" value="([^"]+)"', browser.open(url).read().decode())}
    with browser.open(url, urlencode(form).encode()) as page:
        assert (page.status, page.url.endswith("/admin/")) == (200, True)
    address = wait_for(lambda: published_address(line), "a publication")
    with urlopen(address, timeout=30) as feed:
        assert feed.status == 200
        assert feed.read().startswith(b"BEGIN:VCALENDAR")
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0
