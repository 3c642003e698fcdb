"""The admin pages in Chromium: a walk through all actions, and every page checked by axe."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import http.client
import re
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.domain.feed import Feed
from bridge.domain.problems import text_problem
from bridge.domain.rejection import Rejection
from bridge.domain.source import BackstageSource, CalendarSource
from bridge.publish.pending import activate_feeds, publish_pending
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.readers import Polls
from bridge.store.verifications import Verification
from tests.browser.browsing import LOOKS, Visit, flaws
from tests.factories import event, put
from tests.served import web_server

pytestmark = pytest.mark.browser

PASSWORD = "a password for the browser"
WORK, TEAM, PORTAL = (
    CalendarSource(calendar="work"),
    CalendarSource(calendar="team"),
    BackstageSource(portal="1"),
)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Served:
    """A web server's store and address."""

    store: Store
    root: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A web server with a password, and a store in which every section of the pages has content."""
    folder = tmp_path_factory.mktemp("admin")
    with web_server(folder, BRIDGE_ADMIN_PASSWORD=PASSWORD) as (store, port):
        fill(store, datetime.now(UTC))
        yield Served(store=store, root=f"http://127.0.0.1:{port}")


def fill(store: Store, now: datetime) -> None:
    feeds = [
        Feed(slug="work", title="Work", sources=(WORK,)),
        Feed(slug="team", title="Team", sources=(TEAM,), privacy="busy"),
        Feed(slug="events", title="Events", sources=(PORTAL,), public=True),
    ]
    activate_feeds(store, feeds, now=now)
    for title in ("Planning", "Plans of the year", ""):  # the history has all kinds of changes
        put(store, now - 90 * MINUTE, *[event("plan", title=title)] if title else [], source=WORK)
        publish(store, "work", now=now - 90 * MINUTE)
    verification = Verification(
        source_key=WORK.key,
        slug="work",
        at=now,
        first_day=now.date(),
        last_day=now.date() + timedelta(days=30),
        equal=20,
        details={},
    )
    store.verifications.save([verification, replace(verification, source_key=TEAM.key)])
    rejected = [
        Rejection(
            kind="dropped",
            upstream_id="a1",
            problems=(text_problem("It has no start."),),
        ),
        Rejection(
            kind="repaired",
            upstream_id="b2",
            problems=(text_problem("Its end was missing."),),
        ),
    ]
    for source, at in ((WORK, now), (TEAM, now - 60 * MINUTE)):
        store.sources.claim(source.key, holder="t", now=at, term=MINUTE)
        store.sources.succeed(
            source.key,
            holder="t",
            now=at,
            next_check_at=at + 15 * MINUTE,
            saved=[],
            removed=[],
            rejected=rejected,
            notes=[text_problem("An attachment is not shown.")],
        )
    store.sources.claim(PORTAL.key, holder="t", now=now, term=MINUTE)
    store.sources.fail(
        PORTAL.key,
        holder="t",
        now=now,
        next_check_at=now + 30 * MINUTE,
        error=text_problem("Zoho is down."),
    )
    store.links.add("work", "Outlook of the sales team", now=now)
    store.links.rotate("work", "Outlook of the sales team", now=now, grace=timedelta(days=7))
    link = store.links.of("work")[0].token_hash
    polls = Polls(
        slug="work",
        link=link,
        program="Other",
        day=now.date(),
        polls=5,
        unchanged=4,
        last_at=now,
    )
    late = replace(polls, program="Google Calendar", last_at=now - timedelta(hours=9))
    store.readers.count([polls, late])
    for slug, title in (("mix", "Mixed"), ("removed", "Removed one")):
        store.feeds.add(Feed(slug=slug, title=title, sources=(WORK, TEAM)), now=now)
    store.feeds.remove("removed", now=now)


def sign_in(visit: Visit, root: str, **options: Any) -> Any:
    page = visit(f"{root}/admin/", **options)
    page.get_by_label("Admin password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Feeds").wait_for()
    return page


def becomes(url: str, expected: int) -> bool:
    """Wait until an address answers with a status: the server caches links for half a second."""
    give_up = time.monotonic() + 5
    while (current := status(url)) != expected and time.monotonic() < give_up:
        time.sleep(0.05)
    return current == expected


def status(url: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_the_admin_creates_a_feed_rotates_its_link_and_removes_it(
    served: Served, visit: Visit, javascript: bool
) -> None:
    store, root = served.store, served.root
    page = sign_in(visit, root, javascript=javascript)
    title = f"Sales {'with' if javascript else 'without'} JavaScript"
    page.get_by_role("link", name="New feed").click()
    page.get_by_label("Name in calendar programs").fill(title)
    page.get_by_role("button", name="Create feed").click()
    assert page.get_by_role("alert").inner_text().endswith("Select at least one source.")
    assert page.get_by_label("Name in calendar programs").input_value() == title
    for name in ("Work", "Events"):
        page.get_by_role("checkbox", name=re.compile(f"^{name}")).check()
    page.get_by_role("button", name="Create feed").click()
    assert page.get_by_role("heading", level=1).inner_text() == title
    page.get_by_text("Publishing.").wait_for()
    publish_pending(store, now=datetime.now(UTC))  # as the worker does
    page.reload()
    address = page.get_by_label("Address of “default”").input_value()
    assert becomes(address, 200)
    page.get_by_role("link", name="Rotate …").click()
    page.get_by_label("The old address").select_option("0")
    page.get_by_role("button", name="Rotate “default”").click()
    page.get_by_text("has a new address; the old one no longer works").wait_for()
    fresh = page.get_by_label("Address of “default”").input_value()
    assert fresh != address
    assert becomes(fresh, 200)
    assert becomes(address, 410)
    page.get_by_role("link", name="Remove …").click()
    page.get_by_role("button", name="Remove feed").click()
    page.get_by_text("You can restore it").wait_for()
    assert becomes(fresh, 404)
    page.get_by_role("button", name=f"Restore “{title}”").click()
    page.get_by_text("Feed restored").wait_for()
    publish_pending(store, now=datetime.now(UTC))
    assert becomes(fresh, 200)
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto(f"{root}/admin/")
    page.get_by_label("Admin password").wait_for()


def test_a_feed_is_created_with_the_keyboard_alone(served: Served, visit: Visit) -> None:
    """With Tab, Space and Enter every field can be reached, in the order on the page."""
    root = served.root
    page = sign_in(visit, root)
    page.goto(f"{root}/admin/feeds/new")
    page.get_by_label("Name in calendar programs").focus()
    page.keyboard.type("By keyboard")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="By keyboard").wait_for()


PAGES = [
    "",
    "?q=work&state=attention&sort=name",
    "?q=nothing",
    *(f"feeds/{slug}/" for slug in ("work", "events", "mix")),
    "feeds/new",
    "feeds/mix/edit",
    "feeds/mix/remove",
    *(f"feeds/work/{action}" for action in ("rotate?label=default", "revoke?all=1")),
]


@pytest.mark.parametrize(("scheme", "locale"), LOOKS)
def test_every_admin_page_looks_right(
    served: Served, visit: Visit, scheme: str, locale: str
) -> None:
    """At each width, with all sections open, also a form with mistakes."""
    look = {"scheme": scheme, "locale": locale}
    link = served.store.sessions.new_link(now=datetime.now(UTC))
    page = visit(f"{served.root}/admin/link/{link}", **look)
    found = flaws(page)
    page.locator("main button").click()
    page.wait_for_url("**/admin/")
    for path in PAGES:
        page.goto(f"{served.root}/admin/{path}")
        found += flaws(page)
    page.goto(f"{served.root}/admin/feeds/new")
    page.locator("button[name=preview]").click()
    page.get_by_role("alert").wait_for()
    found += flaws(page)
    used = visit(f"{served.root}/admin/link/{link}", status=410, **look)
    assert found + flaws(used) == []
