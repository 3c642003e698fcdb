"""Copies of one event in several sources of a merged feed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from bridge.domain.event import Event, Status
from bridge.domain.source import CalendarSource, ConnectSource
from bridge.domain.source_rule import Condition, SourceRule
from bridge.domain.timezones import UTC_ZONE
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.factories import MINUTE, event, put, series
from tests.publish.feeds import FEED, TEAM, WORK, blobs, titles, uids

MERGED = replace(FEED, sources=(WORK, TEAM))
GROUPS = tuple(ConnectSource(group=group, network="n") for group in "12")


def scrum(uid: str, moved: int) -> Event:
    """Return a series of one title, with a moved instance."""
    changed = series(uid, moved, title="Scrum")
    overrides = tuple(replace(override, title="Scrum") for override in changed.overrides)
    return replace(changed, overrides=overrides)


def publish_both(
    store: Store,
    at: datetime,
    work: Sequence[Event],
    team: Sequence[Event],
    **options: Any,
) -> None:
    """Make these the events of the two sources, and publish the merged feed."""
    feed = replace(MERGED, **options)
    store.feeds.replace([feed], now=at)
    for source, events in zip(feed.sources, (work, team), strict=True):
        put(store, at, *events, source=source)
    publish(store, feed.slug, now=at)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # One upstream uid in two calendars.
        (event("a", upstream_id="x"), event("b", upstream_id="x", title="Other")),
        (event("a", upstream_id="x"), event("b", upstream_id="x", hours=2)),
        (series("a", upstream_id="x"), series("b", 11, upstream_id="x")),
        # The same title, start, end and repeat.
        (event("a", title="Call"), event("b", title="call")),
        (event("a", title="Café"), event("b", title="Cafe\N{COMBINING ACUTE ACCENT}", busy=False)),
        (
            event("a", title="Call"),
            event("b", title="Call", start=datetime(2026, 3, 12, 9, tzinfo=UTC_ZONE)),
        ),
        (
            event("a", title="Fair", start=date(2026, 3, 12)),
            event("b", title="Fair", start=date(2026, 3, 12)),
        ),
        (scrum("a", 11), scrum("b", 11)),
    ],
)
def test_copies_are_shown_once_from_the_first_source(
    store: Store, now: datetime, first: Event, second: Event
) -> None:
    publish_both(store, now, [first], [second])
    assert set(uids(store)) >= {"a"}
    assert "b" not in uids(store)
    publish_both(store, now, [first], [second], duplicates="keep")
    assert set(uids(store)) >= {"a", "b"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (event("a", title="Call"), event("b", title="Talk")),
        (event("a", title="Call"), event("b", title="Call", hours=2)),
        (event("a", title=""), event("b", title="")),
        (event("a", title="Call"), event("b", title="Call", status=Status.CANCELLED)),
        (event("a", title="Call"), event("b", title="Call", rule={"freq": "DAILY", "count": 3})),
        # An instance in which the two series differ would be lost.
        (scrum("a", 11), scrum("b", 12)),
        (
            event("a", title="Fair", start=date(2026, 3, 12)),
            event("b", title="Fair", start=datetime(2026, 3, 12), hours=24),
        ),
    ],
)
def test_events_that_differ_are_both_shown(
    store: Store, now: datetime, first: Event, second: Event
) -> None:
    publish_both(store, now, [first], [second])
    assert set(uids(store)) >= {"a", "b"}


def test_equal_events_of_one_source_are_no_copies(store: Store, now: datetime) -> None:
    twice = [event("a", title="Call"), event("b", title="Call")]
    publish_both(store, now, twice, [event("c", title="Call")])
    assert sorted(uids(store)) == ["a", "b"]


def test_instances_of_one_series_are_told_apart_by_their_start(store: Store, now: datetime) -> None:
    """Two calendars were invited to other instances of one series, which has one upstream uid."""
    first, same, other = (
        event(uid, title="T", upstream_id="x", related_to="s", start=datetime(2026, 3, day, 10))
        for uid, day in (("a", 12), ("b", 12), ("c", 13))
    )
    publish_both(store, now, [first], [same, other])
    assert uids(store) == ["a", "c"]


def test_the_copy_takes_the_place_of_an_event_that_its_source_loses(
    store: Store, now: datetime
) -> None:
    """Under its own UID, and back; only the sources are read, and nothing else changes."""
    call, copy, other = event("a", title="Call"), event("b", title="Call"), event("c")
    publish_both(store, now, [call, other], [copy])
    before = blobs(store)
    put(store, now, other)
    publish(store, MERGED.slug, now=now + MINUTE)
    assert set(blobs(store)) == {"b", "c"}
    put(store, now, call, other)
    publish(store, MERGED.slug, now=now + 2 * MINUTE)
    assert set(blobs(store)) == {"a", "c"}
    assert blobs(store)["c"] == before["c"]


def test_a_copy_that_appears_in_either_source_alone_is_found(store: Store, now: datetime) -> None:
    publish_both(store, now, [], [event("b", title="Call")])
    assert uids(store) == ["b"]
    put(store, now, event("a", title="Call"))
    assert publish(store, MERGED.slug, now=now + MINUTE).written
    assert uids(store) == ["a"]
    put(store, now, event("b", title="Call, moved"), source=TEAM)
    publish(store, MERGED.slug, now=now + 2 * MINUTE)
    assert sorted(uids(store)) == ["a", "b"]
    assert not publish(store, MERGED.slug, now=now + 2 * MINUTE).written


@pytest.mark.parametrize("private", [True, False])
def test_the_first_source_alone_decides_what_is_told(
    store: Store, now: datetime, private: bool
) -> None:
    """Details that the first source hides do not come in by the second, nor the other way."""
    mine = event("a", title="Call", private=private, upstream_id="x")
    theirs = event("b", title="Call", private=not private, upstream_id="x", description="Secret")
    publish_both(store, now, [mine], [theirs])
    assert titles(store) == ["Busy" if private else "Call"]
    assert b"Secret" not in b"".join(blobs(store).values())


def test_an_event_that_a_rule_leaves_out_hides_no_copy(store: Store, now: datetime) -> None:
    rule = SourceRule(source=WORK.key, without=Condition(words=("call",)))
    publish_both(store, now, [event("a", title="Call")], [event("b", title="Call")], rules=(rule,))
    assert uids(store) == ["b"]


@pytest.mark.parametrize("duplicates", ["once", "keep"])
def test_one_event_of_two_groups_is_shown_where_a_rule_allows_it(
    store: Store, now: datetime, duplicates: Any
) -> None:
    """It has the same UID in both, so that a feed can show it only once."""
    rule = SourceRule(source=GROUPS[0].key, without=Condition(words=("call",)))
    for rules, expected in (((), "Call, first"), ((rule,), "Call, second")):
        publish_both(
            store,
            now,
            [event("a", title="Call, first")],
            [event("a", title="Call, second")],
            sources=GROUPS,
            duplicates=duplicates,
            rules=rules,
        )
        assert titles(store) == [expected]


def test_a_copy_of_a_copy_is_shown_if_it_is_no_copy_of_what_is_shown(
    store: Store, now: datetime
) -> None:
    third = CalendarSource(calendar="third")
    feed = replace(MERGED, sources=(WORK, TEAM, third))
    store.feeds.replace([feed], now=now)
    put(store, now, event("a", upstream_id="x", title="A"))
    put(store, now, event("b", upstream_id="x", title="B"), source=TEAM)
    put(store, now, event("c", title="B"), source=third)
    publish(store, feed.slug, now=now)
    assert sorted(uids(store)) == ["a", "c"]


# --- properties

EVENTS = st.lists(
    st.builds(
        lambda title, up, day, hours: (title, up, day, hours),
        st.sampled_from(["Call", "Talk", ""]),
        st.sampled_from(["x", "y", "z", "own"]),
        st.integers(10, 12),
        st.sampled_from([1, 2]),
    ),
    max_size=4,
    unique_by=lambda values: values[1],
)


def made(side: str, values: Sequence[tuple[str, str, int, int]]) -> list[Event]:
    """Return the events of one side. The upstream id "own" is of this side alone."""
    return [
        event(
            f"{side}-{up}",
            title=title,
            upstream_id=up if up != "own" else f"own-{side}",
            start=datetime(2026, 3, day, 10),
            hours=hours,
        )
        for title, up, day, hours in values
    ]


def same(one: Event, other: Event) -> bool:
    alike = (one.title, one.start, one.end) == (other.title, other.start, other.end)
    return one.upstream_id == other.upstream_id or (bool(one.title) and alike)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.booleans(), EVENTS), min_size=1, max_size=5))
def test_no_event_of_a_single_source_is_lost_whatever_source_changes(
    tmp_path_factory: pytest.TempPathFactory, steps: Sequence[tuple[bool, Any]]
) -> None:
    """After each change of one source, the feed has what a comparison of all pairs finds."""
    at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    path = tmp_path_factory.mktemp("store") / "bridge.sqlite3"
    store = Store.open(f"sqlite:///{path}", SecretKeys("k" * 40))
    store.feeds.replace([MERGED], now=at)
    held: dict[str, list[Event]] = {"w": [], "t": []}
    for is_first, values in steps:
        at += timedelta(hours=1)
        side = "w" if is_first else "t"
        held[side] = made(side, values)
        put(store, at, *held[side], source=WORK if is_first else TEAM)
        publish(store, MERGED.slug, now=at)
        expected = {e.uid for e in held["w"]}
        expected |= {e.uid for e in held["t"] if not any(same(e, other) for other in held["w"])}
        shown = {uid for uid in uids(store) if uid[1] == "-"}
        assert shown == expected
    store.close()
