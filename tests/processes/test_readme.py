"""README's way from nothing to a subscribed calendar, line by line as it stands there.

From a clone of this repository on, in an empty home with a virtual environment of its own. The
sandbox stands in for Zoho; pip needs PyPI.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.cookiejar import CookieJar
import os
from pathlib import Path
import re
import signal
import subprocess
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest

from tests.cli.terminal import run_program
from tests.served import first_match, free_port
from tests.waiting import pipe, wait_for
from tests.zoho_sandbox import Sandbox

HERE = Path(__file__).parents[2]
STEPS = (
    (HERE / "README.md")
    .read_text("utf-8")
    .split("## From nothing to a subscribed calendar")[1]
    .split("\n## ")[0]
)
LINES = re.findall(r"^    (\S.*)$", STEPS.replace("https://…", str(HERE)), re.MULTILINE)
BRIDGE = [line for line in LINES if line.startswith("zoho-bridge ")]
FIRST = LINES.index(BRIDGE[0])
NEW_TERMINAL = ["cd zoho-calendar-bridge", *LINES[FIRST - 2 : FIRST]]

pytestmark = pytest.mark.slow


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


@pytest.fixture
def environ(tmp_path: Path, sandbox: Sandbox) -> Mapping[str, str]:
    """An empty home and no settings; only the addresses lead to the sandbox."""
    prefixes = ("BRIDGE_", "ZOHO_", "DATABASE_URL", "PORT", "WEB_CONCURRENCY", "VIRTUAL_ENV")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(prefixes)}
    login = ("ZOHO_CLIENT_ID", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN")
    to_zoho = {name: text for name, text in sandbox.environment().items() if name not in login}
    return {**kept, **to_zoho, "HOME": str(tmp_path), "PORT": str(free_port()), "TERM": "xterm"}


def script(*lines: str) -> str:
    return "\n".join(["set -e", "cd", *lines])


def test_the_steps_begin_with_a_clone_and_end_with_serve() -> None:
    assert "git clone" in LINES[1]
    assert [line.split()[1] for line in BRIDGE] == ["login", "discover", "serve"]
    assert LINES[-1] == BRIDGE[-1]


def test_the_steps_lead_to_a_feed_and_to_the_admin_pages(
    sandbox: Sandbox, environ: Mapping[str, str]
) -> None:
    tokens = sandbox.tokens
    answers = [
        ("[us]:", "zoho.eu\n"),
        ("Client id:", f"{tokens.client_id}\n"),
        ("not shown):", f"{tokens.client_secret}\n"),
        ("Code:", f"{tokens.issue_code()}\n"),
    ]
    *before, serve = LINES
    code, screen = run_program("bash", "-c", script(*before), answers=answers, env=environ)
    assert code == 0, screen
    command = ["bash", "-c", script(*NEW_TERMINAL, f"exec {serve}")]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            text = ""
            while "admin-link` prints" not in text:
                part = pipe(server.stdout).readline()
                assert part, text
                text += part
            sign_in(first_match(r"(http://\S+/admin/link/\S+)", text))
            wait_for(lambda: is_served(environ), "a publication")
            server.send_signal(signal.SIGTERM)
            assert server.wait(30) == 0
        finally:
            server.kill()


def sign_in(link: str) -> None:
    """Press the button of the link that ``serve`` prints; it opens /admin/."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    form = {"csrf": first_match(r'name="csrf" value="([^"]+)"', browser.open(link).read().decode())}
    with browser.open(link, urlencode(form).encode()) as page:
        assert (page.status, page.url.endswith("/admin/")) == (200, True)


def is_served(environ: Mapping[str, str]) -> bool:
    """Whether an address that ``zoho-bridge feeds`` prints answers with a calendar."""
    command = ["bash", "-c", script(*NEW_TERMINAL, "zoho-bridge feeds")]
    printed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    for url in re.findall(r"http://\S+\.ics", printed.stdout):
        with suppress(HTTPError), urlopen(url, timeout=30) as feed:  # 404 until it is published
            if feed.status == 200 and feed.read().count(b"BEGIN:VEVENT") > 1:
                return True
    return False
