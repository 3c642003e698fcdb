"""The colour of a feed: its own, else that of its only calendar in Zoho."""

from dataclasses import replace
from datetime import datetime

from bridge.domain.source import CalendarProfile
from bridge.feed.document import find_color
from bridge.publish.publisher import publish
from bridge.store import Store
from tests.factories import MINUTE, event, put
from tests.publish.feeds import FEED, TEAM, VARIANTS, WORK, blobs, body, publish_all


def set_profile(store: Store, at: datetime, color: str) -> None:
    """Save a complete read of the calendar that has a colour, and no other events."""
    assert store.sources.claim(WORK.key, holder="test", now=at, term=MINUTE)
    profile = CalendarProfile(color=color)
    assert store.sources.succeed(
        WORK.key, holder="test", now=at, next_check_at=at, saved=(), profile=profile
    )


def color(store: Store) -> str:
    (found,) = {find_color(body(store, variant)) for variant in VARIANTS}
    return found


def test_a_feed_has_its_own_colour_else_that_of_its_calendar(store: Store, now: datetime) -> None:
    publish_all(store, now, event("a"))
    before = blobs(store)
    assert color(store) == ""
    set_profile(store, now, "#112233")
    publish(store, FEED.slug, now=now + MINUTE)
    assert color(store) == "#112233"
    assert blobs(store) == before
    assert not publish(store, FEED.slug, now=now + MINUTE).written
    store.feeds.replace([replace(FEED, color="#8cbf40")], now=now)
    publish(store, FEED.slug, now=now + 2 * MINUTE)
    assert color(store) == "#8cbf40"


def test_a_merged_feed_has_no_colour_of_a_source(store: Store, now: datetime) -> None:
    feed = replace(FEED, sources=(WORK, TEAM))
    store.feeds.replace([feed], now=now)
    put(store, now, event("a"))
    set_profile(store, now, "#112233")
    publish(store, feed.slug, now=now)
    assert color(store) == ""
