"""Feeds of the settings and of the admin pages, in every kind of database."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Literal

import pytest

from bridge.domain.source import BackstageSource, CalendarSource
from bridge.feed.agenda import AgendaItem
from bridge.feed.changelog import Change
from bridge.feed.publication import EntryAgenda
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.store.feeds import FeedError
from bridge.store.verifications import Verification
from tests.factories import DAY
from tests.store.samples import document, entry, event_to_save, feed, publish, save_read

WORK, TEAM, PORTAL = (
    CalendarSource(calendar="work"),
    CalendarSource(calendar="team"),
    BackstageSource(portal="1"),
)


def slugs(store: Store) -> list[str]:
    return [feed.slug for feed in store.feeds.active()]


def pending(store: Store) -> list[str]:
    return [row.feed.slug for row in store.feeds.all() if row.pending]


@pytest.fixture
def configured(any_store: Store, now: datetime) -> Store:
    any_store.feeds.replace([feed("b", WORK), feed("a", TEAM)], now=now)
    return any_store


def test_an_admins_feed_survives_every_change_of_the_settings(
    configured: Store, now: datetime
) -> None:
    """With its sources, although the settings do not name them, and with its address."""
    mix = feed("mix", TEAM, WORK, privacy="busy", alarms=False, public=True)
    configured.feeds.add(mix, now=now)
    links = configured.links.of("mix")
    for settings in ([feed("c", PORTAL)], [], [feed("b", WORK)]):
        configured.feeds.replace(settings, now=now)
        assert configured.feeds.active() == (*settings, mix)
        assert {state.source for state in configured.sources.states()} >= {TEAM, WORK}
        assert configured.links.of("mix") == links
        assert links[0].active


def test_the_settings_come_first_and_the_admins_feeds_follow_by_age(
    configured: Store, now: datetime
) -> None:
    for slug in ("z", "m", "y"):
        configured.feeds.add(feed(slug, WORK), now=now)
    assert slugs(configured) == ["b", "a", "z", "m", "y"]
    configured.feeds.replace([feed("c", WORK), feed("a", WORK), feed("b", WORK)], now=now)
    assert slugs(configured) == ["c", "a", "b", "z", "m", "y"]
    assert [row.by_admin for row in configured.feeds.all()] == [False] * 3 + [True] * 3


def test_the_settings_take_over_a_slug_and_return_it(configured: Store, now: datetime) -> None:
    configured.feeds.add(feed("mix", TEAM, WORK), now=now)
    assert configured.feeds.replace([feed("mix", PORTAL), feed("b", WORK)], now=now) == ("mix",)
    assert configured.feeds.active() == (feed("mix", PORTAL), feed("b", WORK))
    assert not any(row.by_admin for row in configured.feeds.all())
    assert configured.feeds.replace([feed("mix", PORTAL)], now=now) == ()
    configured.feeds.replace([], now=now)
    assert slugs(configured) == []


@pytest.mark.parametrize("taken", ["b", "gone", "mix", "removed"])
def test_an_address_never_opens_another_feed(configured: Store, now: datetime, taken: str) -> None:
    """The links of a current or former feed would otherwise open the new feed."""
    configured.feeds.replace([feed("b", WORK), feed("gone", WORK)], now=now)
    configured.feeds.replace([feed("b", WORK)], now=now)
    for slug in ("mix", "removed"):
        configured.feeds.add(feed(slug, WORK), now=now)
    configured.feeds.remove("removed", now=now)
    before = configured.feeds.all()
    with pytest.raises(FeedError, match=f'"{taken}"'):
        configured.feeds.add(feed(taken, TEAM), now=now)
    assert configured.feeds.all() == before


def test_a_removed_feed_keeps_all_and_can_return(configured: Store, now: datetime) -> None:
    mix = feed("mix", WORK, PORTAL)
    configured.feeds.add(mix, now=now)
    assert publish(configured, "mix")
    links = configured.links.of("mix")
    configured.feeds.remove("mix", now=now)
    assert slugs(configured) == ["b", "a"]
    assert PORTAL not in {state.source for state in configured.sources.states()}
    assert WORK in {state.source for state in configured.sources.states()}
    assert configured.links.of("mix")[0].active is False
    configured.feeds.replace([feed("b", WORK)], now=now)
    assert slugs(configured) == ["b"]
    configured.feeds.change(mix, now=now)
    assert configured.feeds.active() == (feed("b", WORK), mix)
    assert configured.links.of("mix") == links
    assert configured.publications.basis("mix").revision == 1


def test_a_new_or_changed_feed_is_pending_until_it_is_published(
    configured: Store, now: datetime
) -> None:
    for slug in ("b", "a"):
        assert publish(configured, slug)
    configured.feeds.add(feed("mix", WORK), now=now)
    assert pending(configured) == ["mix"]
    assert publish(configured, "mix")
    assert pending(configured) == []
    configured.feeds.change(feed("mix", WORK, alarms=False), now=now)
    assert pending(configured) == ["mix"]
    assert publish(configured, "mix", revision=1)
    assert pending(configured) == []


def test_a_changed_feed_keeps_its_place_and_loses_its_former_sources(
    configured: Store, now: datetime
) -> None:
    for source in (WORK, TEAM):
        save_read(configured, now, source=source)
    configured.feeds.add(feed("mix", WORK, TEAM), now=now)
    configured.feeds.add(feed("other", WORK), now=now)
    configured.feeds.replace([], now=now)
    changed = replace(feed("mix", WORK), title="New name")
    configured.feeds.change(changed, now=now)
    assert configured.feeds.active() == (changed, feed("other", WORK))
    assert [state.source for state in configured.sources.states()] == [WORK]


@pytest.mark.parametrize("slug", ["b", "nothing"])
def test_only_feeds_of_the_admin_pages_can_be_changed_or_removed(
    configured: Store, now: datetime, slug: str
) -> None:
    before = configured.feeds.all()
    with pytest.raises(FeedError, match=r"bridge\.toml"):
        configured.feeds.change(feed(slug, PORTAL), now=now)
    with pytest.raises(FeedError, match=r"bridge\.toml"):
        configured.feeds.remove(slug, now=now)
    assert configured.feeds.all() == before


def test_sources_are_known_by_the_feed_that_shows_them_alone(
    configured: Store, now: datetime
) -> None:
    """The settings' name before the admin's; a source that no feed reads is known and inactive."""
    configured.feeds.replace([feed("b", WORK), feed("two", WORK, TEAM)], now=now)
    configured.feeds.add(replace(feed("mine", WORK), title="A name of my own"), now=now)
    configured.feeds.add(feed("ours", PORTAL), now=now)
    configured.feeds.remove("ours", now=now)
    known = {
        known.source: (known.title, known.active) for known in configured.feeds.known_sources()
    }
    assert known == {WORK: ("B", True), TEAM: ("A", True), PORTAL: ("Ours", False)}


def test_feeds_come_back_as_configured_in_order(any_store: Store, now: datetime) -> None:
    settings = [
        feed(
            "b",
            WORK,
            TEAM,
            privacy="busy",
            past=timedelta(days=3),
            exceptions="recurrence-id",
            public=True,
        ),
        feed("a", WORK),
    ]
    any_store.feeds.replace(settings, now=now)
    assert any_store.feeds.active() == tuple(settings)
    assert [f.slug for f in any_store.feeds.reading(WORK.key)] == ["b", "a"]
    assert [f.slug for f in any_store.feeds.reading(TEAM.key)] == ["b"]


def test_a_feed_removed_from_the_settings_keeps_all_it_has_and_can_return(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed("team", WORK)], now=now)
    any_store.links.ensure("team", now=now)
    publish(any_store, documents=[document()])
    any_store.feeds.replace([], now=now)
    assert any_store.feeds.active() == ()
    assert any_store.sources.states() == ()
    assert any_store.sources.due(now=now) == ()
    assert any_store.links.of("team")[0].active is False
    any_store.feeds.replace([feed("team", WORK)], now=now)
    assert any_store.publications.document("team", "default") == document()
    assert any_store.links.of("team")[0].active is True


def test_a_new_source_is_due_at_once_and_a_known_source_keeps_its_time(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed("team", WORK)], now=now)
    assert any_store.sources.due(now=now) == (WORK.key,)
    save_read(any_store, now, source=WORK)
    any_store.feeds.replace([feed("team", WORK, TEAM)], now=now)
    assert any_store.sources.due(now=now) == (TEAM.key,)


def test_a_merged_feed_lists_events_in_the_order_of_its_sources(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed("team", TEAM, WORK)], now=now)
    save_read(any_store, now, source=WORK, saved=[event_to_save("a")])
    save_read(any_store, now, source=TEAM, saved=[event_to_save("z")])
    assert [stored.uid for stored in any_store.publications.current("team").stored] == ["z", "a"]


def stored_uids(store: Store) -> list[str]:
    return [stored.uid for stored in store.publications.current("team").stored]


def test_a_former_source_is_shown_until_the_new_sources_are_read(
    any_store: Store, now: datetime
) -> None:
    """A mistyped id in bridge.toml must not empty a feed: what was read last stays."""
    any_store.feeds.replace([feed("team", WORK)], now=now)
    save_read(any_store, now, source=WORK, saved=[event_to_save("a")])
    any_store.feeds.replace([feed("team", TEAM)], now=now)
    any_store.feeds.replace([feed("team", TEAM)], now=now)
    assert any_store.feeds.reading(WORK.key) == (), "it is shown, and not read"
    assert stored_uids(any_store) == ["a"]
    assert any_store.sources.due(now=now) == (TEAM.key,)
    save_read(any_store, now, source=TEAM, saved=[event_to_save("z")])
    assert stored_uids(any_store) == ["z"]
    any_store.feeds.replace([feed("team", TEAM)], now=now)
    assert stored_uids(any_store) == ["z"]


def test_a_source_removed_from_a_feed_disappears_at_once(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed("team", WORK, TEAM)], now=now)
    save_read(any_store, now, source=WORK, saved=[event_to_save("a")])
    save_read(any_store, now, source=TEAM, saved=[event_to_save("z")])
    any_store.feeds.replace([feed("team", TEAM)], now=now)
    assert stored_uids(any_store) == ["z"]


def test_the_salt_of_hidden_uids_is_the_same_after_a_rebuild_and_with_a_new_secret_key(
    tmp_path: Path, now: datetime
) -> None:
    """Else each event that a feed hides would be replaced. A backup holds it."""
    salts = []
    for name, keys in (("a", ["one"]), ("b", ["one"]), ("a", ["two", "one"]), ("c", ["two"])):
        store = Store.open(f"sqlite:///{tmp_path}/{name}.sqlite3", SecretKeys(*keys))
        store.feeds.replace([feed("team", TEAM), feed("work", WORK)], now=now)
        salts.append([store.feeds.salt("team"), store.feeds.salt("work")])
        store.close()
    assert salts[0] == salts[1] == salts[2]
    assert len({*salts[0], *salts[3]}) == 4


# What a feed with these options shows the details of.
_DETAILS: dict[tuple[Literal["full", "busy"], bool], set[str]] = {
    ("busy", False): set(),
    ("busy", True): set(),
    ("full", False): {"public"},
    ("full", True): {"public", "private"},
}


@pytest.mark.parametrize("by_admin", [False, True])
@pytest.mark.parametrize(("before", "after"), list(product(_DETAILS, repeat=2)))
def test_a_feed_that_hides_more_serves_nothing_until_it_is_published_again(
    any_store: Store,
    now: datetime,
    before: tuple[Literal["full", "busy"], bool],
    after: tuple[Literal["full", "busy"], bool],
    by_admin: bool,
) -> None:
    """No document, agenda, filter, change or comparison is left, and its entries keep stamps."""
    old, new = (
        feed("team", WORK, privacy=privacy, show_private=private)
        for privacy, private in (before, after)
    )
    start = int(now.timestamp())
    shown = AgendaItem(uid="u1", title="Salaries", times=((start, start + 60),))
    item = EntryAgenda(uid="u1", items=(shown,), labels=frozenset({("source", "x")}))
    if by_admin:
        any_store.feeds.add(old, now=now)
    else:
        any_store.feeds.replace([old], now=now)
    publish(
        any_store,
        entries=[entry()],
        documents=[document()],
        agenda=[item],
        changes=[Change(uid="u1", kind="added", title="Salaries", details={})],
    )
    any_store.verifications.save(
        [
            Verification(
                source_key=WORK.key,
                slug="team",
                at=now,
                first_day=now.date(),
                last_day=now.date(),
                details={},
            )
        ]
    )
    if by_admin:
        any_store.feeds.change(new, now=now)
    else:
        any_store.feeds.replace([new], now=now)
    hides_more = not _DETAILS[before] <= _DETAILS[after]
    served = (
        any_store.publications.head("team", "default"),
        any_store.publications.document("team", "default"),
        any_store.agenda.between("team", now - DAY, now + DAY),
        any_store.agenda.labels("team"),
        any_store.changes.of("team", since=now - DAY),
        any_store.verifications.of("team"),
    )
    assert [bool(each) for each in served] == [not hides_more] * len(served)
    assert any_store.publications.entries("team")["u1"].sequence == 3
    assert pending(any_store) == ["team"] * (hides_more or by_admin)
    late = publish(any_store, revision=1, documents=[document()])
    assert late is not hides_more, "a publication of the earlier definition, begun before"
