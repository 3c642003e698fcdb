"""The page of an event: its facts, the calendars it can be added to, and who may see it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
import json
from pathlib import Path
import re
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource
from bridge.feed.agenda import AgendaItem
from bridge.feed.publication import EntryAgenda, Publication
from bridge.store import Store
from bridge.web.urls import event_links
from tests.factories import FEED, event, publish_events
from tests.served import document, first_match, web_app

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
WORK, FAIR = CalendarSource(calendar="work"), BackstageSource(portal="1")
Show: TypeAlias = Callable[..., TestResponse]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


TALK = AgendaItem(
    uid="talk",
    title="Zones & daylight",
    zone="America/New_York",
    times=((at("2026-03-11 14:00"), at("2026-03-11 15:00")),),
    place="Hall 1, Köln",
    description="plain",
    html='<p>What <b>DST</b> is. <a href="https://example.org">More</a></p>',
    url="https://example.org/talk",
    join_url="https://meet.example.org/1",
    image_url="https://images.example.org:8443/a.png?x=1",
    track="Practice",
    categories=("Practice", "Talk"),
    speakers=("Ada", "José"),
    organizers=("Northwind",),
    source=FAIR.key,
)
DAILY = AgendaItem(
    uid="daily",
    title="Stand-up",
    repeats=True,
    zone="Europe/Berlin",
    times=tuple((at(f"2026-03-{d:02} 08:15"), at(f"2026-03-{d:02} 08:30")) for d in range(1, 31)),
    source=WORK.key,
)


@pytest.fixture
def client(store: Store, tmp_path: Path, time_machine: TimeMachineFixture) -> FlaskClient:
    time_machine.move_to(NOW, tick=False)
    return web_app(store, tmp_path).test_client()


@pytest.fixture
def show(store: Store, client: FlaskClient) -> Show:
    """Publish a feed with these items, and return a page of it."""

    def open_page(path: str, *items: AgendaItem, **feed: Any) -> TestResponse:
        fields: Any = {"slug": "fair", "title": "Fair", "sources": (WORK, FAIR), "public": True}
        store.feeds.replace([Feed(**fields | feed)], now=NOW)
        revision = store.publications.basis("fair").revision
        agenda = [EntryAgenda(uid=item.uid, items=(item,)) for item in items]
        store.publications.publish(
            "fair",
            Publication(revision=revision, documents=[document(b"x")], agenda=agenda, now=NOW),
        )
        return client.get(f"/feeds/fair/{path}")

    return open_page


def test_the_page_tells_all_that_the_feed_does(show: Show) -> None:
    answer = show("event/talk?zone=Europe/Berlin&lang=en-GB", TALK)
    text = answer.text
    for part in (
        "<h1>Zones &amp; daylight</h1>",
        "Wednesday, 11 March 2026, 15:00",
        "Wednesday, 11 March 2026, 10:00",
        "(New York)",
        "Hall 1, Köln",
        "Ada, José",
        "Northwind",
        '<span class="track">Talk</span>',
        "What <b>DST</b> is.",
        'href="https://meet.example.org/1"',
        'href="https://example.org/talk"',
        "https://www.google.com/maps/search/?api=1&amp;query=Hall%201%2C%20K%C3%B6ln",
        "Zoho Backstage",
        '<meta property="og:image" content="https://images.example.org:8443/a.png?x=1">',
        '<meta property="og:title" content="Zones &amp; daylight">',
    ):
        assert part in text
    assert text.count('class="track">Practice<') == 1
    policy = answer.headers["Content-Security-Policy"]
    assert "img-src 'self' data: https://images.example.org:8443;" in policy


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "https://a.example;script-src *",
        "https://user@b.example/x",
        "data:,x",
    ],
)
def test_an_odd_picture_is_not_shown_and_widens_no_policy(show: Show, address: str) -> None:
    answer = show("event/x", AgendaItem(uid="x", title="X", times=TALK.times, image_url=address))
    assert "<img class" not in answer.text
    assert "og:image" not in answer.text
    assert "img-src 'self' data:;" in answer.headers["Content-Security-Policy"]


def test_the_shared_address_names_no_zone_and_no_language(show: Show) -> None:
    text = show("event/daily?zone=Asia/Tokyo&lang=de&at=20260312T081500Z", DAILY).text
    address = "http://localhost/feeds/fair/event/daily?at=20260312T081500Z"
    assert f'<link rel="canonical" href="{address}">' in text
    assert first_match(r'id="link"[^>]* value="([^"]+)"', text) == address
    assert "17:15" in text


def test_a_series_shows_the_date_asked_for_else_the_next_one(show: Show) -> None:
    for query, day in [
        ("?at=20260305T081500Z", "5 March"),
        ("", "11 March"),
        ("?at=20260305", "11 March"),
        ("?at=x", "11 March"),
    ]:
        text = show(f"event/daily{query}", DAILY).text
        facts = first_match(r"<dl(.*?)</dl>", text)
        assert day in facts
        assert text.count('class="row simple"') == 10
    past = show("event/daily", AgendaItem(uid="daily", title="Old", times=DAILY.times[:3]))
    assert "3 March" in past.text


def test_an_event_goes_into_calendars_on_the_web() -> None:
    """In UTC, with the exclusive end of all-day events, each parameter encoded once."""
    start, end = datetime(2026, 3, 11, 14, tzinfo=UTC), datetime(2026, 3, 11, 15, tzinfo=UTC)
    links = event_links(TALK, start, end)
    google = parse_qs(urlsplit(links["google"]).query)
    assert google["text"] == ["Zones & daylight"]
    assert google["dates"] == ["20260311T140000Z/20260311T150000Z"]
    assert google["location"] == ["Hall 1, Köln"]
    outlook = urlsplit(links["outlook"])
    assert (outlook.hostname, urlsplit(links["office"]).hostname) == (
        "outlook.live.com",
        "outlook.office.com",
    )
    fields = parse_qs(outlook.query)
    assert fields["rru"] == ["addevent"]
    assert fields["subject"] == ["Zones & daylight"]
    assert (fields["startdt"], fields["enddt"]) == (
        ["2026-03-11T14:00:00Z"],
        ["2026-03-11T15:00:00Z"],
    )
    assert "+" not in outlook.query  # Outlook shows it as a plus
    days = AgendaItem(uid="d", title="D", all_day=True)
    links = event_links(days, date(2026, 3, 11), date(2026, 3, 13))
    assert parse_qs(urlsplit(links["google"]).query)["dates"] == ["20260311/20260313"]
    assert parse_qs(urlsplit(links["office"]).query)["allday"] == ["true"]


def test_the_file_is_named_after_its_event(store: Store, client: FlaskClient) -> None:
    """Rulebook H13: inline, so that Google reads it; saved only if asked."""
    feed = Feed(slug="w", title="Work", sources=FEED.sources, public=True)
    publish_events(store, NOW, event("u", title="Fête: Köln"), feed=feed)
    (entry,) = store.publications.entries("w")
    headers = client.get(f"/feeds/w/{entry}.ics?download=1").headers
    name = "F%C3%AAte%3A%20K%C3%B6ln.ics"
    expected = f"attachment; filename=\"w-event.ics\"; filename*=UTF-8''{name}"
    assert headers["Content-Disposition"] == expected


def test_a_feed_of_times_has_no_pages_of_events(show: Show) -> None:
    """Nor links to them, whatever the row's item is."""
    assert show("event/talk", TALK, privacy="busy").status_code == 404
    text = show("?view=month", TALK, privacy="busy").text
    assert "event/talk" not in text
    assert "Zoho Backstage" not in text


def test_an_unknown_event_is_not_found(show: Show) -> None:
    for uid in ("nothing", "x" * 300, "%00", "%C3%A9", "..%2F.."):
        assert show(f"event/{uid}", TALK).status_code == 404


def test_a_cancelled_event_is_struck_out_in_the_pages_language(show: Show) -> None:
    """Whether the feed marks its title or its status."""
    marked = AgendaItem(uid="a", title="[Cancelled] Gala", times=TALK.times)
    status = AgendaItem(uid="b", title="Ball", times=TALK.times, status="CANCELLED")
    for path, count in (("?lang=de", 2), ("event/a?lang=de", 1), ("event/b?lang=de", 1)):
        text = show(path, marked, status).text
        assert text.count('<span class="badge bad">Abgesagt</span>') == count
        assert "[Cancelled]" not in text
    assert '<h1 class="struck">Gala</h1>' in show("event/a", marked).text


# --- what search engines and programs find


def test_only_an_indexed_public_full_feed_is_for_search_engines(show: Show) -> None:
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"indexed": True}, True),
        ({}, False),
        ({"indexed": True, "privacy": "busy"}, False),
    ]
    for feed, allowed in cases:
        answer = show("", TALK, **feed)
        assert (answer.headers["X-Robots-Tag"] == "all") == allowed
        assert ("application/ld+json" in answer.text) == allowed
    assert show("event/talk", TALK, indexed=True).headers["X-Robots-Tag"] == "all"
    assert show("event/nothing", TALK, indexed=True).headers["X-Robots-Tag"] == "noindex"


def test_a_secret_feed_is_never_indexed(store: Store, client: FlaskClient, show: Show) -> None:
    show("", TALK, indexed=True, public=False)
    store.links.ensure("fair", now=NOW)
    token = store.links.token(store.links.of("fair")[0])
    for path in ("", "event/talk"):
        answer = client.get(f"/f/{token}/{path}")
        assert answer.status_code == 200
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert "ld+json" not in answer.text


def test_the_events_are_schema_org_data(show: Show) -> None:
    evil = AgendaItem(uid="e", title="</script><b>", times=TALK.times)
    text = show("", TALK, evil, indexed=True).text
    found = json.loads(first_match(r'<script type="application/ld\+json">(.*?)</script>', text))
    talk = next(each for each in found if each["name"] == "Zones & daylight")
    assert talk["@type"] == "Event"
    assert talk["startDate"] == "2026-03-11T10:00:00-04:00"
    assert talk["url"] == "http://localhost/feeds/fair/event/talk"
    assert talk["location"]["name"] == "Hall 1, Köln"
    assert [person["name"] for person in talk["performer"]] == ["Ada", "José"]
    assert {each["name"] for each in found} == {"Zones & daylight", "</script><b>"}


def test_the_head_leads_programs_to_the_feed(show: Show) -> None:
    text = show("?view=month&zone=Asia/Tokyo", TALK).text
    root = "http://localhost/feeds/fair"
    alternate = dict(re.findall(r'rel="alternate" type="([^"]+)" [^>]*href="([^"]+)"', text))
    assert alternate == {
        "text/calendar": f"{root}.ics",
        "application/atom+xml": f"{root}.atom",
    }
    assert f'<link rel="canonical" href="{root}/">' in text
    assert '<meta property="og:title" content="Fair">' in text


def test_the_start_page_lists_the_public_feeds(
    store: Store, client: FlaskClient, show: Show
) -> None:
    show("", TALK)
    secret = Feed(slug="secret", title="Salaries", sources=(WORK,))
    public = Feed(slug="fair", title="A & B", sources=(WORK,), public=True)
    store.feeds.replace([secret, public], now=NOW)
    text = client.get("/").text
    assert 'href="/feeds/fair/"><span class="name">A &amp; B</span>' in text
    assert "Salaries" not in text


def test_every_client_finds_an_icon(client: FlaskClient) -> None:
    for path, start in (("/favicon.ico", b"\0\0\1\0"), ("/apple-touch-icon.png", b"\x89PNG")):
        answer = client.get(path)
        assert answer.data.startswith(start)
        answer.close()


# --- errors and copies


def test_errors_are_pages_for_browsers_and_text_for_programs(client: FlaskClient) -> None:
    browser = "text/html,application/xhtml+xml,*/*;q=0.8"
    page = client.get("/feeds/x/", headers={"Accept": browser, "Accept-Language": "de"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "<h1>Kalender nicht gefunden</h1>" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    for accept in ("", "*/*", "text/calendar", "application/json"):
        plain = client.get("/feeds/x/", headers={"Accept": accept})
        assert (plain.status_code, plain.mimetype) == (404, "text/plain")
    framed = client.get("/feeds/x/embed", headers={"Accept": browser})
    assert framed.headers["Content-Security-Policy"].endswith("frame-ancestors *")
    assert page.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_a_page_is_made_once_a_minute_but_never_shows_what_was_withheld(
    store: Store, show: Show, time_machine: TimeMachineFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    between = store.agenda.between

    def count(slug: str, *args: Any, **options: Any) -> Any:
        reads.append(slug)
        return between(slug, *args, **options)

    monkeypatch.setattr(store.agenda, "between", count)
    first = show("", TALK)
    number = len(reads)
    assert show("").data == first.data
    assert len(reads) == number
    time_machine.move_to(datetime(2026, 3, 10, 9, 31, 1, tzinfo=UTC), tick=False)
    show("")
    assert len(reads) > number
    assert "Zones" not in show("", privacy="busy").text
