"""Which feeds there are to be: docs/decisions.md, "What differs from common practice"."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.domain.event import Event
from bridge.domain.feed import Feed
from bridge.domain.source import AvailableSource, BackstageSource, CalendarSource, ConnectSource
from bridge.domain.timezones import zone
from bridge.errors import LoginError, ScopeError
from bridge.publish.pending import activate_feeds, publish_pending
from bridge.publish.publisher import publish
from bridge.refresh.diff import decide
from bridge.refresh.discovery import Discovery, discover, make_feeds
from bridge.sources.protocols import ParseResult
from bridge.store import Store

A, B, C = (CalendarSource(calendar=name) for name in "abc")
GROUP = ConnectSource(group="1", network="9")
PORTAL = BackstageSource(portal="5")
REFUSED = LoginError("text", text="The refresh token is refused: log in again.")


class Api:
    """Answers of Zoho by path; an error is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def get(self, product: str, path: Any, *_args: Any, **_kwargs: Any) -> Any:
        answer = self.answers[product]
        if isinstance(answer, Exception):
            raise answer
        return answer[path]


CALENDARS = {"/calendars": {"calendars": [{"uid": "a", "name": "Work"}]}}
PORTALS = {"/portals": {"portals": [{"id": "5", "name": "Summit"}]}}
NETWORKS = {
    "/allScopes": {"allScopes": {"scopes": [{"id": "9", "name": "Northwind"}]}},
    "/userGroups": {"userGroups": {"groups": [{"id": "1", "name": "Créative team"}]}},
}


def found(source: Any, title: str = "Title") -> Any:
    return AvailableSource(source=source, title=title)


def feed(slug: str, *sources: Any, **options: Any) -> Any:
    return Feed(slug=slug, title=slug, sources=sources, **options)


def slugs(feeds: Any) -> Any:
    return [feed.slug for feed in feeds]


# --- discovery


def test_every_product_is_asked() -> None:
    discovery = discover(Api(calendar=CALENDARS, backstage=PORTALS, connect=NETWORKS))
    assert {one.source: one.title for one in discovery.sources} == {
        A: "Work",
        PORTAL: "Summit",
        GROUP: "Créative team",
    }
    assert discovery.failures == {}


@pytest.mark.parametrize("product", ["calendar", "backstage", "connect"])
def test_a_product_that_fails_does_not_hide_the_others(product: str) -> None:
    answers = {"calendar": CALENDARS, "backstage": PORTALS, "connect": NETWORKS}
    error = ScopeError("text", text="The token lacks a scope.")
    discovery = discover(Api(**answers | {product: error}))
    assert {one.source.kind for one in discovery.sources} == answers.keys() - {product}
    assert discovery.failures == {product: error}


# --- feeds of what was found


def test_each_found_source_becomes_a_feed() -> None:
    feeds = make_feeds(
        Discovery(
            sources=(found(A, "Work"), found(GROUP, "Créative team"), found(PORTAL, "Summit"))
        ),
        [],
    )
    assert {(feed.slug, feed.title, feed.sources) for feed in feeds} == {
        ("work", "Work", (A,)),
        ("creative-team", "Créative team", (GROUP,)),
        ("summit", "Summit", (PORTAL,)),
    }
    assert all(
        feed == Feed(slug=feed.slug, title=feed.title, sources=feed.sources) for feed in feeds
    )


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Work", "work"),
        ("  R&D / Labs (EU)  ", "r-d-labs-eu"),
        ("Größe 🗓️ 2026", "groe-2026"),
        ("פגישות", "calendar"),
        ("", "calendar"),
        ("---", "calendar"),
        ("x" * 200, "x" * 48),
        ("a" * 47 + " b", "a" * 47),
    ],
)
def test_an_address_is_made_of_the_name(title: str, slug: str) -> None:
    """1 to 64 of a-z, 0-9 and - (docs/settings.md)."""
    (only,) = make_feeds(Discovery(sources=(found(A, title),)), [])
    assert only.slug == slug
    assert only.title == (title or slug)


def test_equal_names_get_numbers_that_do_not_depend_on_the_order_of_the_answer() -> None:
    both = (found(A, "Work"), found(B, "Work!"), found(C, "work"))
    expected = {A: "work", B: "work-2", C: "work-3"}
    for order in (both, both[::-1]):
        assert {
            one.sources[0]: one.slug for one in make_feeds(Discovery(sources=order), [])
        } == expected


def test_a_source_that_is_found_twice_is_one_feed() -> None:
    assert slugs(make_feeds(Discovery(sources=(found(A, "Work"), found(A, "Work"))), [])) == [
        "work"
    ]


def test_a_source_that_was_renamed_keeps_its_address() -> None:
    (only,) = make_feeds(Discovery(sources=(found(A, "New name"),)), [feed("work", A)])
    assert (only.slug, only.title) == ("work", "New name")


def test_a_source_keeps_the_settings_of_its_feed() -> None:
    """Should ``bridge.toml`` be lost, a feed of times only must not begin to tell more."""
    busy = feed("work", A, privacy="busy", alarms=False, past=timedelta(days=1))
    (only,) = make_feeds(Discovery(sources=(found(A, "Work"),)), [busy])
    assert only == replace(busy, title="Work")


def test_a_new_source_gets_no_address_that_another_feed_has() -> None:
    merged = feed("all", A, B)
    feeds = make_feeds(
        Discovery(sources=(found(A, "All"), found(B, "Work"))), [merged], [feed("work", C)]
    )
    assert {one.sources[0]: one.slug for one in feeds} == {A: "all-2", B: "work-2"}


def test_an_address_that_was_given_out_never_leads_to_another_source() -> None:
    """Its subscribers would see a calendar that nobody gave them."""
    feeds = make_feeds(Discovery(sources=(found(B, "Work"),)), [], [feed("work", A)])
    assert slugs(feeds) == ["work-2"]


def test_a_source_that_comes_back_gets_its_old_address_again() -> None:
    old = feed("work", A, privacy="busy")
    feeds = make_feeds(Discovery(sources=(found(A, "Work"), found(B, "Work"))), [], [old])
    assert feeds[0] == replace(old, title="Work")
    assert slugs(feeds) == ["work", "work-2"]


def test_a_source_that_is_found_no_more_has_no_feed() -> None:
    feeds = make_feeds(
        Discovery(sources=(found(A, "Work"),)), [feed("work", A), feed("old", B), feed("two", A, B)]
    )
    assert slugs(feeds) == ["work"]


def test_the_feeds_of_a_product_that_could_not_be_asked_stay() -> None:
    known = [feed("work", A), feed("group", GROUP), feed("summit", PORTAL)]
    discovery = Discovery(
        sources=(found(PORTAL, "Summit"),), failures={"calendar": REFUSED, "connect": REFUSED}
    )
    assert slugs(make_feeds(discovery, known, [feed("gone", B)])) == ["summit", "work", "group"]


def test_a_product_that_shows_nothing_at_all_is_not_believed() -> None:
    """An empty list where there was something may be an outage.

    A real end shows as a source that can't be read.
    """
    known = [feed("work", A), feed("group", GROUP)]
    assert slugs(make_feeds(Discovery(sources=(found(GROUP, "Group"),)), known)) == [
        "group",
        "work",
    ]


# --- what is wanted is served


def put(store: Store, now: datetime, source: Any, title: str) -> None:
    start = now.astimezone(zone("Europe/Berlin"))
    one = Event(
        uid=title, upstream_id="x", title=title, start=start, end=start + timedelta(hours=1)
    )
    saved = decide({}, ParseResult(events=(one,)), now=now).saved
    values: dict[str, Any] = {"removed": (), "rejected": (), "notes": ()}
    store.sources.claim(source.key, holder="t", now=now, term=timedelta(minutes=1))
    assert store.sources.succeed(
        source.key, holder="t", now=now, next_check_at=now, saved=saved, **values
    )


def body(store: Store, slug: str, variant: str = "default") -> bytes:
    document = store.publications.document(slug, variant)
    assert document is not None
    return document.body


def test_each_feed_has_an_address_and_documents_at_once(store: Store, now: datetime) -> None:
    """A client that comes before the first read gets a whole feed, with the placeholder (rulebook
    17).
    """
    activate_feeds(store, [feed("a", A), feed("b", B, public=True)], now=now)
    for slug in ("a", "b"):
        assert len(store.links.of(slug)) == 1
        for variant in ("default", "quiet", "web"):
            assert body(store, slug, variant).count(b"BEGIN:VEVENT") == 1
    assert store.sources.due(now=now) == (A.key, B.key)


def test_a_new_feed_is_never_seen_without_an_address(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the process ends between the feeds and their documents."""
    monkeypatch.setattr("bridge.publish.pending.publish", lambda *_args, **_options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        activate_feeds(store, [feed("a", A), feed("b", B)], now=now)
    assert [one.slug for one in store.feeds.active()] == ["a", "b"]
    assert [[link.label for link in store.links.of(slug)] for slug in "ab"] == [
        ["default"],
        ["default"],
    ]


def test_wanting_the_same_again_changes_nothing(store: Store, now: datetime) -> None:
    activate_feeds(store, [feed("a", A)], now=now)
    put(store, now, A, "Secret")
    publish(store, "a", now=now)
    before = body(store, "a"), store.links.of("a"), store.publications.basis("a").revision
    activate_feeds(store, [feed("a", A)], now=now + timedelta(days=1))
    assert (
        body(store, "a"),
        store.links.of("a"),
        store.publications.basis("a").revision,
    ) == before


def test_changed_settings_hold_at_once_in_every_feed(store: Store, now: datetime) -> None:
    wanted = [feed("a", A), feed("ab", A, B)]
    activate_feeds(store, wanted, now=now)
    put(store, now, A, "Secret")
    for one in wanted:
        publish(store, one.slug, now=now)
        assert b"Secret" in body(store, one.slug)
    activate_feeds(
        store, [replace(one, privacy="busy", title="New name") for one in wanted], now=now
    )
    for one in wanted:
        for variant in ("default", "quiet", "web"):
            assert b"Secret" not in body(store, one.slug, variant)
            assert b"SUMMARY:Busy" in body(store, one.slug, variant)
        assert b"X-WR-CALNAME:New name" in body(store, one.slug)


def test_a_new_feed_of_a_known_source_is_filled_at_once(store: Store, now: datetime) -> None:
    activate_feeds(store, [feed("a", A)], now=now)
    put(store, now, A, "Known")
    activate_feeds(store, [feed("a", A), feed("second", A)], now=now)
    assert b"SUMMARY:Known" in body(store, "second")


def test_a_feed_that_is_not_wanted_keeps_all_and_comes_back(store: Store, now: datetime) -> None:
    activate_feeds(store, [feed("a", A)], now=now)
    put(store, now, A, "Known")
    publish(store, "a", now=now)
    before, links = body(store, "a"), store.links.of("a")
    activate_feeds(store, [], now=now)
    assert store.feeds.active() == ()
    assert body(store, "a") == before
    activate_feeds(store, [feed("a", A)], now=now + timedelta(days=1))
    assert body(store, "a") == before
    assert store.links.of("a") == links


# --- beside what the admin made


def test_the_admins_feeds_are_published_with_the_others(store: Store, now: datetime) -> None:
    """After an upgrade that changes the form of the bytes, nothing else would publish them before
    the next read.
    """
    activate_feeds(store, [feed("a", A)], now=now)
    put(store, now, A, "Known")
    store.feeds.add(feed("mix", A, B), now=now)
    activate_feeds(store, [feed("a", A)], now=now)
    assert b"SUMMARY:Known" in body(store, "mix")


def test_a_changed_feed_of_the_admins_is_published_without_reading_anything(
    store: Store, now: datetime
) -> None:
    """``privacy = "busy"`` must hold soon, also while Zoho can't be reached."""
    activate_feeds(store, [feed("a", A)], now=now)
    put(store, now, A, "Secret")
    store.feeds.add(feed("mix", A), now=now)
    publish_pending(store, now=now)
    assert b"SUMMARY:Secret" in body(store, "mix")
    store.feeds.change(feed("mix", A, privacy="busy"), now=now)
    publish_pending(store, now=now)
    for variant in ("default", "quiet", "web"):
        assert b"Secret" not in body(store, "mix", variant)
    revision = store.publications.basis("mix").revision
    publish_pending(store, now=now)
    assert store.publications.basis("mix").revision == revision


def test_a_feed_that_takes_the_place_of_the_admins_is_logged(store: Store, now: datetime) -> None:
    store.feeds.add(feed("mix", A, B), now=now)
    with capture_logs() as lines:
        activate_feeds(store, [feed("mix", C)], now=now)
    assert [(line["log_level"], line["feed"]) for line in lines] == [("warning", "mix")]


def test_a_found_source_never_takes_the_address_of_an_admins_feed() -> None:
    feeds = make_feeds(Discovery(sources=(found(A, "Work"),)), [], taken=["work"])
    assert slugs(feeds) == ["work-2"]
