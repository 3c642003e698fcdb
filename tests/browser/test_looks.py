"""Every public page in Chromium: each width, scheme and language, checked by axe, and on paper."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
import shutil
import subprocess
import threading
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort
import pytest
from werkzeug.serving import make_server

from bridge.domain.event import Place, Status
from bridge.domain.feed import Feed
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.browser.browsing import LOOKS, WIDTHS, Demo, Visit, flaws, scrolls_sideways
from tests.factories import BERLIN, DAY, WORK, event, publish_events, series
from tests.served import web_app

pytestmark = pytest.mark.browser

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 2
NARROWEST = 280  # of a frame
ERRORS = (400, 403, 404, 410, 413, 429, 500, 503)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an app from this process; yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def root(tmp_path: Path) -> Iterator[str]:
    """The address of a server with a public feed of unusual events, and a page for each error."""
    store = Store.open(f"sqlite:///{tmp_path}/bridge.db", SecretKeys("k" * 40))
    now = datetime.now(BERLIN)
    today = now.date()
    shown = series("daily", title="Stand-up", start=now + DAY, rule={"freq": "DAILY", "count": 9})
    picture = "https://images.example.org/a.png"
    events = [
        shown,
        event("cancelled", title="Cancelled", start=now + DAY, status=Status.CANCELLED),
        event("tentative", title="Tentative", start=now + DAY, status=Status.TENTATIVE),
        event("whole", title="All day", start=today + DAY),
        replace(event("days", title="Days", start=today), end=today + 3 * DAY),
        event("nights", title="Nights", start=now, hours=60, place=Place(name=LONG)),
        event("long", title=LONG, start=now + DAY, description=LONG * 5, image_url=picture),
    ]
    feed = Feed(slug="team", title=LONG, sources=(WORK,), public=True, indexed=True)
    publish_events(store, now, *events, feed=feed)
    app = web_app(store, tmp_path, BRIDGE_ADMIN_PASSWORD="a password for the browser")
    app.add_url_rule("/error/<int:code>", "error", view_func=abort)
    try:
        with serving(app) as address:
            yield address
    finally:
        store.close()


def public_pages(demo: Demo) -> list[str]:
    """Return the addresses of the demo's pages, one of each kind."""
    everything, selection = demo.page("Everything"), demo.page("Everything: a selection")
    return [
        *(f"{everything}?{query}" for query in ("view=week", "view=month", "q=review", "q=zzz")),
        *(f"{selection}{query}" for query in ("", "?choose=1")),
        demo.page("Team India (times only)"),
        demo.page("Northwind conference: agenda"),
        *(f"{everything}embed{query}" for query in ("", "?view=week", "?days=5")),
        everything,
    ]


@pytest.mark.parametrize(("scheme", "locale"), LOOKS)
def test_every_public_page_looks_right(demo: Demo, visit: Visit, scheme: str, locale: str) -> None:
    page = visit(f"{demo.root}/", scheme=scheme, locale=locale)
    found = []
    for url in public_pages(demo):
        page.goto(url)
        found += flaws(page)
    page.locator("#selection button").click()  # nothing is ticked
    page.get_by_role("alert").wait_for()
    assert found + flaws(page) == []


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_every_public_page_is_whole_without_javascript(
    demo: Demo, visit: Visit, locale: str
) -> None:
    """Nothing is offered that needs it."""
    page = visit(f"{demo.root}/", locale=locale, javascript=False)
    for url in public_pages(demo):
        page.goto(url)
        assert page.locator("h1, .row, .chip").filter(visible=True).count() > 0
        assert page.locator("[data-copy], [data-share]").filter(visible=True).count() == 0
        for width in (NARROWEST, *WIDTHS) if "/embed" in url else WIDTHS:
            page.set_viewport_size({"width": width, "height": 812})
            assert not scrolls_sideways(page), (url, width)


@pytest.mark.parametrize(("scheme", "locale"), LOOKS)
def test_unusual_events_and_errors_look_right(
    root: str, visit: Visit, scheme: str, locale: str
) -> None:
    """A long word is cut or broken; an event of each kind has a page."""
    look = {"scheme": scheme, "locale": locale}
    page = visit(f"{root}/", **look)
    found = flaws(page)
    page.goto(f"{root}/feeds/team/")
    found += flaws(page)
    links = {link.get_attribute("href") for link in page.locator("a.row").all()}
    events = [f"feeds/team/{link}" for link in links if "at=" not in link]
    assert len(events) == 6
    series_of = next(link for link in links if "at=" in link)
    views = [f"feeds/team/{path}" for path in (series_of, "?view=week", "?view=month", "embed")]
    for path in (*events, *views, "feeds/team/embed?view=list", "admin/sign-in"):
        page.goto(f"{root}/{path}")
        found += flaws(page)
    for status in ERRORS:
        found += flaws(visit(f"{root}/error/{status}", status=status, **look))
    assert found == []


def on_paper(page: Any) -> list[str]:
    """Return the text of each printed sheet without blanks: narrow columns break words."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not installed (Debian: apt-get install poppler-utils)")
    pdf = page.pdf(format="A4")
    printed = subprocess.run([program, "-", "-"], input=pdf, capture_output=True, check=True)
    return ["".join(sheet.split()) for sheet in printed.stdout.decode().split("\f")]


@pytest.mark.parametrize(
    ("feed", "path"),
    [
        ("Everything: a selection", ""),
        ("Northwind events", "embed?view=list"),
        *(("Everything", path) for path in ("", "?view=week", "?view=month", "embed")),
    ],
)
def test_paper_has_the_agenda_alone(demo: Demo, visit: Visit, feed: str, path: str) -> None:
    """No button, no form, and no address: that of a secret feed is its secret."""
    page = visit(demo.page(feed) + path)
    sheets = on_paper(page)
    text = "".join(sheets)
    assert sheets[0].startswith(feed.split(":", maxsplit=1)[0].replace(" ", ""))
    names = ["".join(name.split()) for name in page.locator("#agenda .name").all_inner_texts()]
    names = [name for name in names if name.isascii()]
    assert len(names) > 5
    assert [name for name in names if name not in text] == []
    assert any(name in sheets[0] for name in names)
    secret = urlsplit(page.url).path.split("/")[2]
    parts = ("http", secret, "Subscribe", "Stepbystep", "Later", "Show", "Search", "Copy")
    assert [part for part in parts if part in text] == []
    page.emulate_media(media="print")
    assert (
        page.locator("button, input, select, textarea, form, nav").filter(visible=True).count() == 0
    )


def test_a_printed_event_has_its_facts_alone(demo: Demo, visit: Visit) -> None:
    page = visit(demo.page("Everything") + "?q=Breakfast+briefing")
    page.locator("a.row").first.click()
    page.get_by_role("heading", name="Breakfast briefing").wait_for()
    (sheet,) = filter(None, on_paper(page))
    assert sheet.startswith("Breakfastbriefing")
    assert "FieraMilano" in sheet
    assert [part for part in ("http", "/f/", "calendar", "Share", "only") if part in sheet] == []
