"""Feeds that the admin made beside those of the settings, alike in every kind of database."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource
from bridge.feed.publication import Publication
from bridge.store import Store
from bridge.store.feeds import FeedError
from tests.clock import NOW

WORK, TEAM, PORTAL = (
    CalendarSource(calendar="work"),
    CalendarSource(calendar="team"),
    BackstageSource(portal="1"),
)
MINUTE = timedelta(minutes=1)


def feed(slug: str, *sources: Any, **options: Any) -> Any:
    return Feed(slug=slug, title=slug.title(), sources=sources or (WORK,), **options)


def slugs(store: Store) -> Any:
    return [one.slug for one in store.feeds.active()]


def publish(store: Store, slug: str, revision: Any = 0) -> None:
    assert store.publications.publish(slug, Publication(revision=revision, now=NOW))


def read(store: Store, source: Any, now: datetime) -> None:
    store.sources.claim(source.key, holder="t", now=now, term=MINUTE)
    values = {"saved": [], "removed": [], "rejected": [], "notes": []}
    assert store.sources.succeed(
        source.key, holder="t", now=now, next_check_at=now + 15 * MINUTE, **values
    )


@pytest.fixture
def configured(any_store: Store, now: datetime) -> Any:
    any_store.feeds.replace([feed("b", WORK), feed("a", TEAM)], now=now)
    return any_store


def test_an_admins_feed_survives_every_change_of_the_settings(
    configured: Any, now: datetime
) -> None:
    """With its sources, though the settings name them no more, and with its address."""
    mix = feed("mix", TEAM, WORK, privacy="busy", alarms=False, public=True)
    configured.feeds.add(mix, now=now)
    links = configured.links.of("mix")
    for wanted in ([feed("c", PORTAL)], [], [feed("b", WORK)]):
        configured.feeds.replace(wanted, now=now)
        assert configured.feeds.active() == (*wanted, mix)
        assert {state.source for state in configured.sources.states()} >= {TEAM, WORK}
        assert configured.links.of("mix") == links
        assert links[0].active


def test_the_settings_come_first_and_the_admins_feeds_follow_by_age(
    configured: Any, now: datetime
) -> None:
    for slug in ("z", "m", "y"):
        configured.feeds.add(feed(slug), now=now)
    assert slugs(configured) == ["b", "a", "z", "m", "y"]
    configured.feeds.replace([feed("c"), feed("a"), feed("b")], now=now)
    assert slugs(configured) == ["c", "a", "b", "z", "m", "y"]
    assert [row.by_admin for row in configured.feeds.all()] == [False] * 3 + [True] * 3


def test_a_slug_of_the_settings_wins_and_is_told(configured: Any, now: datetime) -> None:
    configured.feeds.add(feed("mix", TEAM, WORK), now=now)
    assert configured.feeds.replace([feed("mix", PORTAL), feed("b")], now=now) == ("mix",)
    assert configured.feeds.active() == (feed("mix", PORTAL), feed("b"))
    assert not any(row.by_admin for row in configured.feeds.all())
    assert configured.feeds.replace([feed("mix", PORTAL)], now=now) == ()
    configured.feeds.replace([], now=now)
    assert slugs(configured) == []


@pytest.mark.parametrize("taken", ["b", "gone", "mix", "removed"])
def test_an_address_that_was_given_out_never_opens_another_feed(
    configured: Any, now: datetime, taken: Any
) -> None:
    """Neither of a feed that is served nor of one that was: its old links would open the new one."""
    configured.feeds.replace([feed("b"), feed("gone")], now=now)
    configured.feeds.replace([feed("b")], now=now)
    for slug in ("mix", "removed"):
        configured.feeds.add(feed(slug), now=now)
    configured.feeds.remove("removed", now=now)
    before = configured.feeds.all()
    with pytest.raises(FeedError, match=f'"{taken}"'):
        configured.feeds.add(feed(taken, TEAM), now=now)
    assert configured.feeds.all() == before


def test_a_removed_feed_keeps_all_and_comes_back(configured: Any, now: datetime) -> None:
    mix = feed("mix", WORK, PORTAL)
    configured.feeds.add(mix, now=now)
    publish(configured, "mix")
    links = configured.links.of("mix")
    configured.feeds.remove("mix", now=now)
    assert slugs(configured) == ["b", "a"]
    assert PORTAL not in {state.source for state in configured.sources.states()}
    assert WORK in {state.source for state in configured.sources.states()}
    assert configured.links.of("mix")[0].active is False
    configured.feeds.replace([feed("b")], now=now)
    assert slugs(configured) == ["b"]
    configured.feeds.change(mix, now=now)
    assert configured.feeds.active() == (feed("b"), mix)
    assert configured.links.of("mix") == links
    assert configured.publications.current("mix").revision == 1


def test_what_is_new_or_changed_is_pending_until_it_is_published(
    configured: Any, now: datetime
) -> None:
    def pending() -> Any:
        return [row.feed.slug for row in configured.feeds.all() if row.pending]

    for slug in ("b", "a"):
        publish(configured, slug)
    configured.feeds.add(feed("mix", WORK), now=now)
    assert pending() == ["mix"]
    publish(configured, "mix")
    assert pending() == []
    configured.feeds.change(feed("mix", WORK, privacy="busy"), now=now)
    assert pending() == ["mix"]
    publish(configured, "mix", revision=1)
    assert pending() == []


def test_a_changed_feed_keeps_its_place_and_lets_its_former_sources_go(
    configured: Any, now: datetime
) -> None:
    for source in (WORK, TEAM):
        read(configured, source, now)
    configured.feeds.add(feed("mix", WORK, TEAM), now=now)
    configured.feeds.add(feed("other", WORK), now=now)
    configured.feeds.replace([], now=now)
    changed = replace(feed("mix", WORK), title="New name")
    configured.feeds.change(changed, now=now)
    assert configured.feeds.active() == (changed, feed("other", WORK))
    assert [state.source for state in configured.sources.states()] == [WORK]


@pytest.mark.parametrize("slug", ["b", "nothing"])
def test_only_what_the_admin_made_is_changed_or_removed(
    configured: Any, now: datetime, slug: str
) -> None:
    before = configured.feeds.all()
    with pytest.raises(FeedError, match=r"bridge\.toml"):
        configured.feeds.change(feed(slug, PORTAL), now=now)
    with pytest.raises(FeedError, match=r"bridge\.toml"):
        configured.feeds.remove(slug, now=now)
    assert configured.feeds.all() == before


def test_sources_are_known_by_the_feed_that_shows_them_alone(
    configured: Any, now: datetime
) -> None:
    """The settings' name before the admin's; a source that no feed reads now is known and said to be idle."""
    configured.feeds.replace([feed("b", WORK), feed("two", WORK, TEAM)], now=now)
    configured.feeds.add(replace(feed("mine", WORK), title="A name of my own"), now=now)
    configured.feeds.add(feed("ours", PORTAL), now=now)
    configured.feeds.remove("ours", now=now)
    known = {one.source: (one.title, one.active) for one in configured.feeds.known_sources()}
    assert known == {WORK: ("B", True), TEAM: ("A", True), PORTAL: ("Ours", False)}
