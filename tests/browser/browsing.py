"""Chromium at a running demo, for the tests that walk through the pages as a person does.

A message in a page's console, an exception, or a request to another machine fails the test.
Playwright keeps an event loop in its thread while it is open, so each module has a browser of its
own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
import os
from pathlib import Path
import shutil
import subprocess
import sys
import threading
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest

from tests.served import free_port

PACKAGES = Path(__file__).parent / "node_modules"
PHONE, COMPUTER = 375, 1280
WIDTHS = (320, PHONE, 760, COMPUTER)
LOOKS = [(scheme, locale) for scheme in ("light", "dark") for locale in ("en-GB", "de-DE")]
_SECONDS = 60
_PATIENCE = 10_000  # milliseconds that a test waits for something to appear


# ``visit(url, width=375, scheme="dark", javascript=False)`` returns a Playwright page. ``status``
# is that of the page: the console reports an error.
Visit: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A running ``zoho-bridge demo``: ``feeds`` are the addresses it printed, by title."""

    root: str
    feeds: Mapping[str, str]

    def page(self, title: str) -> str:
        """Return the address of a feed's page."""
        address = self.feeds[title]
        return (
            f"{address.removesuffix('.ics')}/"
            if "/feeds/" in address
            else address.rsplit("/", 1)[0] + "/"
        )


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo in a process of its own, as a visitor starts it."""
    port = free_port()
    folder = tmp_path_factory.mktemp("demo")
    names = ("BRIDGE_", "ZOHO_", "DATABASE_URL", "PORT", "WEB_CONCURRENCY")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "bridge", "demo", "--port", str(port)],
            env={**inherited, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        )
    late = threading.Timer(_SECONDS, process.kill)
    late.start()
    try:
        lines = _until_ready(process)
        late.cancel()
        if process.poll() is not None:
            pytest.fail(f"the demo ended: {log.read_text()}")
        titles = (line.strip() for line in lines[0::2])
        yield Demo(
            root=f"http://127.0.0.1:{port}",
            feeds=dict(zip(titles, map(str.strip, lines[1::2]), strict=True)),
        )
    finally:
        late.cancel()
        process.terminate()
        process.communicate(timeout=_SECONDS)


def _until_ready(process: subprocess.Popen[str]) -> list[str]:
    """Read the demo's output until it is ready; return the lines of its feeds: title, address."""
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        if "to look around" in line:
            break
        if line.startswith("  "):
            lines.append(line)
    return lines


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, headless."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install '.[test]'"
    )
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Visit]:
    """Open an address in a new browser context; further options are those of Playwright's contexts.

    Fails the test if a page reports an error or sends a request to another machine.
    """
    contexts = []
    problems: list[str] = []

    def open_page(
        url: str,
        *,
        width: int = COMPUTER,
        scheme: str = "light",
        javascript: bool = True,
        status: int = 200,
        **options: Any,
    ) -> Any:
        settings = {"locale": "en-GB", "timezone_id": "Europe/Berlin", **options}
        context = chromium.new_context(
            viewport={"width": width, "height": 812},
            color_scheme=scheme,
            java_script_enabled=javascript,
            **settings,
        )
        context.set_default_timeout(_PATIENCE)
        contexts.append(context)
        context.route(lambda address: not _is_here(address), lambda route: _refuse(route, problems))
        context.on("console", lambda message: _note(message, problems, status))
        context.on("weberror", lambda error: problems.append(str(error.error)))
        page = context.new_page()
        assert page.goto(url).status == status
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems


def violations(page: Any, **options: Any) -> list[str]:
    """Return axe's violations of a page, one line each; ``options`` are those of ``axe.run``."""
    page.evaluate(_axe())
    found = page.evaluate(
        "options => axe.run(document, options)", {"resultTypes": ["violations"], **options}
    )
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]} -- {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def flaws(page: Any) -> list[str]:
    """Return what is wrong with a page in any width: axe's violations, scrolling sideways.

    All its sections are open.
    """
    found = []
    page.evaluate("for (const section of document.querySelectorAll('details')) section.open = true")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 812})
        wide = ["scrolls sideways"] if scrolls_sideways(page) else []
        found += [f"{page.url} at {width}: {flaw}" for flaw in (*wide, *violations(page))]
    return found


def package(path: str) -> Path:
    """Return a file of the npm packages; skip the test without them."""
    found = PACKAGES / path
    if not found.exists():
        pytest.skip(
            "the packages of tests/browser are not installed: npm ci --prefix tests/browser"
        )
    return found


def scrolls_sideways(page: Any) -> bool:
    """Whether a page is wider than its window."""
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )


@cache
def _axe() -> str:
    return package("axe-core/axe.min.js").read_text(encoding="utf-8")


def _is_here(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost")


def _refuse(route: Any, problems: list[str]) -> None:
    """Refuse a request to another machine, but that for the picture of an event."""
    if route.request.resource_type == "image" and "/event/" in route.request.frame.url:
        body = '<svg xmlns="http://www.w3.org/2000/svg"/>'
        route.fulfill(body=body, content_type="image/svg+xml")
        return
    problems.append(f"asked {route.request.url}")
    route.abort()


def _note(message: Any, problems: list[str], status: int) -> None:
    refused_form = 422
    expected = any(f"status of {s}" in message.text for s in {status, refused_form} - {200})
    if message.type in ("error", "warning") and not expected:
        problems.append(f"console: {message.text}")
