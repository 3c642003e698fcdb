"""What the pages of a feed look like: colours of sources, running and ended events, links."""

from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
import re

from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarProfile, CalendarSource
from bridge.domain.timezones import UTC_ZONE
from bridge.publish.publisher import publish
from bridge.store import Store
from tests.factories import event, put
from tests.served import web_app

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC_ZONE)
HOUR = timedelta(hours=1)
WORK, HOME, SPORT = (CalendarSource(calendar=name) for name in ("work", "home", "sport"))
BOTH = Feed(slug="both", title="Both", sources=(WORK, HOME, SPORT), public=True, color="#123456")
ONE = Feed(slug="one", title="One", sources=(WORK,), public=True)


@pytest.fixture
def client(store: Store, tmp_path: Path, time_machine: TimeMachineFixture) -> FlaskClient:
    """A browser at a merged feed, of which two calendars have the same colour in Zoho."""
    time_machine.move_to(NOW, tick=False)
    store.feeds.replace([BOTH, ONE], now=NOW)
    green, red = CalendarProfile(color="#8cbf40"), CalendarProfile(color="#a50e0e")
    ended = event("ended", title="Ended", start=NOW - 2 * HOUR, end=NOW - HOUR)
    running = event("running", title="Running", start=NOW - HOUR, end=NOW + HOUR)
    later = event("later", title="Later", start=NOW + HOUR, end=NOW + 2 * HOUR)
    put(store, NOW, ended, source=WORK, profile=green)
    put(store, NOW, running, source=HOME, profile=green)
    put(store, NOW, later, source=SPORT, profile=red)
    for feed in (BOTH, ONE):
        publish(store, feed.slug, now=NOW)
    return web_app(store, tmp_path).test_client()


@pytest.mark.parametrize("path", ["", "embed", "?view=week"])
def test_each_source_has_a_colour_of_its_own(client: FlaskClient, path: str) -> None:
    """Its calendar's in Zoho, unless an earlier one has the same."""
    page = client.get(f"/feeds/both/{path}")
    style = re.search("<style>(.+)</style>", page.text)
    assert style is not None
    assert style[1].startswith("main{--source:#123456}.source-0{--source:#8cbf40}.source-1{")
    assert style[1].endswith(".source-2{--source:#a50e0e}")
    assert len(set(re.findall("#[0-9a-f]{6}", style[1]))) == 4
    assert "source-2" in page.text.split("<body")[1]
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}';" in page.headers["Content-Security-Policy"]


def test_a_feed_of_one_calendar_has_its_colour(client: FlaskClient) -> None:
    assert "<style>main{--source:#8cbf40}</style>" in client.get("/feeds/one/").text


def test_today_begins_with_what_is_not_over(client: FlaskClient) -> None:
    """What has ended is one click away, and what runs now is marked."""
    today = client.get("/feeds/both/").text.split('id="day-2026-03-10"')[1]
    folded, rest = today.split("</details>", 1)
    assert "1 event has ended" in folded
    assert re.findall('name">([A-Za-z]+)<', folded) == ["Ended"]
    assert re.findall('name">([A-Za-z]+)<', rest) == ["Running", "Later"]
    assert re.findall('badge now">([A-Za-z]+)<', rest) == ["Now"]
    earlier = client.get("/feeds/both/?from=2026-03-09").text
    assert "has ended" not in earlier
    assert 'running"' in client.get("/feeds/both/?view=week").text


def test_the_page_leads_to_every_form_of_the_feed(client: FlaskClient) -> None:
    page = client.get("/feeds/both/").text.split("<body")[1]
    for ending in ("atom", "json", "mobileconfig"):
        path = f"/feeds/both.{ending}"
        assert f'href="{path}"' in page
        assert client.get(path).status_code == 200
