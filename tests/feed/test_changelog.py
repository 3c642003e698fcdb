"""What changed in a feed, for people: which changes are told, as what, and what is none.

Expected values come from the promises of bridge/history.py and docs; the events are published by the real publisher.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings as hypothesis_settings, strategies as st
import pytest

from bridge.domain.event import Event, Place, Recurrence, Rule, Status
from bridge.domain.feed import Feed, Window
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import zone
from bridge.domain.uid import event_uid
from bridge.feed.agenda import AgendaItem, agenda_items
from bridge.feed.changelog import EventUpdate, find_changes
from bridge.feed.publication import Publication
from bridge.publish.publisher import publish
from bridge.publish.view.event import event_view, occurrences_in
from bridge.store import Store
from tests.publish.test_publisher import (
    BERLIN,
    DAY,
    FEED,
    MINUTE,
    WORK,
    event,
    publish_all,
    put,
    series,
)

TEAM = CalendarSource(calendar="team")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
WINDOW = Window(start=date(2026, 1, 1), end=date(2027, 1, 1))


def history(store: Store, slug: str = "team") -> Any:
    """Give what was recorded, in the order of time, as (kind, title)."""
    return [(row.kind, row.title) for row in reversed(store.changes.of(slug, since=LONG_AGO))]


def only(store: Store) -> Any:
    (row,) = store.changes.of("team", since=LONG_AGO)
    return row


def after(store: Store, now: datetime, before: Any, *events: Any, feed: Any = FEED) -> None:
    """Publish a feed for the first time, and again an hour later with other events."""
    publish_all(store, now, *before, feed=feed)
    assert history(store) == []
    publish_all(store, now + 60 * MINUTE, *events, feed=feed)


def at(day: Any, hour: Any, minute: Any = 0) -> Any:
    return datetime(2026, 3, day, hour, minute, tzinfo=BERLIN)


def in_cairo(one: Any) -> Any:
    """Put a series into a zone whose rules a calendar can't tell, so that it is expanded day by day."""
    cairo = zone("Africa/Cairo")
    return replace(one, start=one.start.replace(tzinfo=cairo), end=one.end.replace(tzinfo=cairo))


# --- what is told


@pytest.mark.parametrize(
    ("fields", "kind", "details"),
    [
        ({"title": "New"}, "renamed", {"title": {"before": "u", "after": "New"}}),
        (
            {"start": at(12, 11), "end": at(12, 12)},
            "moved",
            {
                "start": {
                    "before": "2026-03-12T10:00:00+01:00",
                    "after": "2026-03-12T11:00:00+01:00",
                },
                "end": {
                    "before": "2026-03-12T11:00:00+01:00",
                    "after": "2026-03-12T12:00:00+01:00",
                },
            },
        ),
        ({"place": Place(name="Hall 2")}, "changed", {"place": {"before": "", "after": "Hall 2"}}),
        (
            {"description": "Bring a pen"},
            "changed",
            {"description": {"before": "", "after": "Bring a pen"}},
        ),
        (
            {"url": "https://example.org/x"},
            "changed",
            {"url": {"before": "", "after": "https://example.org/x"}},
        ),
        ({"busy": False}, "changed", {"busy": {"before": True, "after": False}}),
        (
            {"status": Status.CANCELLED},
            "cancelled",
            {"cancelled": {"before": False, "after": True}},
        ),
    ],
)
def test_a_change_of_an_event_is_told_with_what_it_was_and_is(
    store: Store, now: datetime, fields: Any, kind: str, details: Any
) -> None:
    before = event("u")
    after(store, now, [before], replace(before, **fields))
    row = only(store)
    assert (row.kind, row.uid, row.details, row.at) == (kind, "u", details, now + 60 * MINUTE)


def test_of_several_things_the_most_important_names_the_change_and_all_are_told(
    store: Store, now: datetime
) -> None:
    before = event("u")
    after(store, now, [before], replace(before, title="New", start=at(13, 10), end=at(13, 11)))
    row = only(store)
    assert (row.kind, row.title) == ("moved", "New")
    assert set(row.details) == {"start", "end", "title"}


def test_events_that_come_and_go_are_told(store: Store, now: datetime) -> None:
    after(store, now, [event("a"), event("b")], event("b"), event("c"))
    assert sorted(history(store)) == [("added", "c"), ("gone", "a")]


def test_an_event_that_comes_back_is_added(store: Store, now: datetime) -> None:
    publish_all(store, now, event("a"), event("b"))
    publish_all(store, now + MINUTE, event("b"))
    publish_all(store, now + 2 * MINUTE, event("a"), event("b"))
    assert history(store) == [("gone", "a"), ("added", "a")]


def test_a_cancelled_event_is_cancelled_once_however_the_feed_shows_it(
    store: Store, now: datetime
) -> None:
    """Marked, it goes after 30 days, which is the passing of days and no news."""
    before = event("u", start=datetime(2026, 6, 1, 10))
    cancelled = replace(before, status=Status.CANCELLED)
    publish_all(store, now, before)
    publish_all(store, now + MINUTE, cancelled)
    publish(store, "team", now=now + 30 * DAY)
    assert store.publications.head("team", "default").events == 0
    assert history(store) == [("cancelled", "u")]


def test_an_event_that_takes_place_after_all_is_a_change(store: Store, now: datetime) -> None:
    cancelled = event("u", status=Status.CANCELLED)
    after(store, now, [cancelled], replace(cancelled, status=Status.CONFIRMED))
    assert only(store).kind == "changed"


# --- series


def test_an_instance_that_was_moved_is_told_as_that_and_not_as_added(
    store: Store, now: datetime
) -> None:
    after(store, now, [series("s")], series("s", 11))
    row = only(store)
    assert (row.kind, row.title) == ("moved", "s")
    assert row.uid == event_uid("s", slot=at(11, 9))
    assert row.details["start"] == {
        "before": "2026-03-11T09:00:00+01:00",
        "after": "2026-03-11T10:00:00+01:00",
    }


@pytest.mark.parametrize("exceptions", ["detached", "recurrence-id"])
def test_an_instance_that_was_renamed_is_told_in_either_form(
    store: Store, now: datetime, exceptions: Any
) -> None:
    feed = replace(FEED, exceptions=exceptions)
    plain = series("s")
    one = event("s", start=datetime(2026, 3, 11, 9), recurrence_id=at(11, 9), title="Special")
    after(store, now, [plain], replace(plain, overrides=(one,)), feed=feed)
    assert history(store) == [("renamed", "Special")]


def test_an_instance_that_was_taken_out_is_cancelled(store: Store, now: datetime) -> None:
    plain = series("s")
    assert plain.recurrence is not None
    without = replace(plain.recurrence, excluded=(at(12, 9),))
    after(store, now, [plain], replace(plain, recurrence=without))
    row = only(store)
    assert row.kind == "cancelled"
    assert row.details["start"] == {"before": "2026-03-12T09:00:00+01:00", "after": None}


def test_a_series_that_moves_is_one_change(store: Store, now: datetime) -> None:
    plain = series("s")
    after(store, now, [plain], replace(plain, start=at(9, 14), end=at(9, 15)))
    row = only(store)
    assert (row.kind, row.uid) == ("moved", "s")
    assert row.details["occurrences"] == {"before": 30, "after": 30}


def test_a_series_that_is_renamed_is_one_change(store: Store, now: datetime) -> None:
    plain = series("s", 11)
    new = replace(
        plain, title="New", overrides=tuple(replace(o, title="New") for o in plain.overrides)
    )
    after(store, now, [plain], new)
    assert history(store) == [("renamed", "New")]


def test_more_occurrences_are_added(store: Store, now: datetime) -> None:
    plain = series("s")
    longer = replace(plain, recurrence=Recurrence(rule=Rule(freq="DAILY", count=33)))
    after(store, now, [plain], longer)
    row = only(store)
    assert (row.kind, row.details["occurrences"]) == ("added", {"before": 0, "after": 3})


def test_an_instance_that_stays_without_its_series_is_not_added(
    store: Store, now: datetime
) -> None:
    """It passes from its series to itself, with its UID."""
    kept = event(
        event_uid("s", slot=at(11, 9)), start=datetime(2026, 3, 11, 9), title="s", related_to="s"
    )
    after(store, now, [series("s")], kept)
    row = only(store)
    assert (row.kind, row.title, row.details["occurrences"]["before"]) == ("gone", "s", 29)


# --- what is no change


def test_the_first_publication_is_no_change(store: Store, now: datetime) -> None:
    publish_all(store, now, event("a"), series("s"))
    assert history(store) == []


def test_the_first_read_of_a_source_is_no_change_even_when_the_feed_was_published_before(
    store: Store, now: datetime
) -> None:
    store.feeds.replace([FEED], now=now)
    publish(store, "team", now=now)
    put(store, now, event("a"))
    publish(store, "team", now=now + MINUTE)
    assert history(store) == []


def test_the_first_event_of_an_empty_source_is_added(store: Store, now: datetime) -> None:
    after(store, now, [], event("a"))
    assert history(store) == [("added", "a")]


def test_an_empty_source_that_was_read_before_has_begun(store: Store, now: datetime) -> None:
    """Its first read changed nothing that is published, and yet what comes next is a change."""
    store.feeds.replace([FEED], now=now)
    publish(store, "team", now=now)
    put(store, now)
    publish(store, "team", now=now + MINUTE)
    put(store, now, event("a"))
    publish(store, "team", now=now + 2 * MINUTE)
    assert history(store) == [("added", "a")]


def test_another_definition_is_no_change(store: Store, now: datetime) -> None:
    publish_all(store, now, event("a"))
    publish_all(store, now + MINUTE, event("a"), feed=replace(FEED, title="Other", privacy="busy"))
    assert history(store) == []


def test_a_source_that_joins_a_feed_is_no_change_and_what_it_then_does_is(
    store: Store, now: datetime
) -> None:
    both = replace(FEED, sources=(WORK, TEAM))
    publish_all(store, now, event("a"))
    store.feeds.replace([both], now=now)
    publish(store, "team", now=now + MINUTE)
    put(store, now, event("b"), source=TEAM)
    publish(store, "team", now=now + 2 * MINUTE)
    assert history(store) == []
    put(store, now, event("b"), event("c"), source=TEAM)
    publish(store, "team", now=now + 3 * MINUTE)
    assert history(store) == [("added", "c")]


@pytest.mark.parametrize(("step", "end"), [(1, 25), (11, 120), (45, 300)])
def test_days_that_pass_are_no_change(store: Store, now: datetime, step: Any, end: Any) -> None:
    """Events enter and leave, series roll forward at a quarter, expanded ones are cut anew each day."""
    shown = (
        event("old", start=datetime(2026, 2, 1, 10)),
        event("far", start=datetime(2027, 10, 15, 10)),
        event("d", start=datetime(2020, 1, 1, 9), rule={"freq": "DAILY"}),
        event("m", start=datetime(2026, 1, 31, 9), rule={"freq": "MONTHLY", "bymonthday": (31,)}),
        in_cairo(event("c", start=datetime(2026, 1, 31, 9), rule={"freq": "WEEKLY"})),
    )
    publish_all(store, now, *shown)
    for days in range(step, end, step):
        publish(store, "team", now=now + days * DAY)
    assert history(store) == []


@pytest.mark.parametrize("days", [1, 5, 22, 23, 40, 120])
def test_an_edit_after_days_tells_the_edit_and_not_the_days(
    store: Store, now: datetime, days: Any
) -> None:
    daily = event("d", start=datetime(2020, 1, 1, 9), rule={"freq": "DAILY"})
    cairo = in_cairo(event("c", start=datetime(2020, 1, 1, 9), rule={"freq": "WEEKLY"}))
    publish_all(store, now, daily, cairo)
    publish_all(store, now + days * DAY, replace(daily, title="D"), replace(cairo, title="C"))
    assert sorted(history(store)) == [("renamed", "C"), ("renamed", "D")]


def test_what_a_feed_does_not_show_is_not_told(store: Store, now: datetime) -> None:
    """privacy="busy": times only, under UIDs of the feed's own."""
    feed = replace(FEED, privacy="busy")
    before = event("u", description="secret", place=Place(name="secret"))
    publish_all(store, now, before, feed=feed)
    publish_all(
        store,
        now + MINUTE,
        replace(before, title="secret plan", description="secret two"),
        feed=feed,
    )
    assert history(store) == []
    publish_all(
        store, now + 2 * MINUTE, replace(before, start=at(13, 9), end=at(13, 10)), feed=feed
    )
    row = only(store)
    assert (row.kind, row.title) == ("moved", "Busy")
    assert row.uid != "u"
    assert "secret" not in str(row)


def test_cards_of_events_that_did_not_change_are_not_read(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_all(store, now, *(event(f"e{n}") for n in range(5)))
    asked = []
    real = store.agenda.of
    monkeypatch.setattr(
        store.agenda, "of", lambda slug, uids: asked.append(list(uids)) or real(slug, uids)
    )
    publish_all(
        store,
        now + MINUTE,
        replace(event("e0"), title="New"),
        *(event(f"e{n}") for n in range(1, 5)),
    )
    assert asked == [["e0"]]


# --- kept


def test_history_is_kept_for_thirty_days(any_store: Store, now: datetime) -> None:
    publish_all(any_store, now, event("a"))
    publish_all(any_store, now + DAY, event("a"), event("b"))
    publish_all(any_store, now + 31 * DAY, event("a"), event("b"), event("c"))
    assert history(any_store) == [("added", "b"), ("added", "c")]
    publish_all(
        any_store, now + 31 * DAY + 2 * MINUTE, event("a"), event("b"), event("c", title="C")
    )
    assert history(any_store) == [("added", "c"), ("renamed", "C")]


def test_history_gives_the_latest_first_and_no_more_than_asked_for(
    any_store: Store, now: datetime
) -> None:
    publish_all(any_store, now, event("a"))
    for number in range(5):
        publish_all(any_store, now + (number + 1) * DAY, event("a", title=f"ä {number}"))
    rows = any_store.changes.of("team", since=now + 3 * DAY, most=2)
    assert [row.title for row in rows] == ["ä 4", "ä 3"]
    assert len(any_store.changes.of("team", since=now + 3 * DAY)) == 3
    assert any_store.changes.of("other", since=LONG_AGO) == ()


def test_a_publication_that_is_refused_leaves_no_history(any_store: Store, now: datetime) -> None:
    """One transaction: what was not published did not happen."""
    publish_all(any_store, now, event("a"))
    revision = any_store.publications.current("team").revision
    from bridge.feed.changelog import Change

    refused = any_store.publications.publish("team", Publication(revision=revision - 1, changes=[Change(uid="a", kind="gone", title="a")], now=now))  # fmt: skip
    assert not refused
    assert history(any_store) == []


# --- properties

TITLES = st.sampled_from(["A", "B"])
HOURS = st.integers(8, 11)


@st.composite
def shown(draw: Any) -> Any:
    """Give the cards of a series or of a single event, as a feed shows them."""
    start = datetime(2026, 3, 9, draw(HOURS), tzinfo=BERLIN)
    rule = (
        Recurrence(rule=Rule(freq="DAILY", count=draw(st.integers(1, 6))))
        if draw(st.booleans())
        else None
    )
    base = Event(
        uid="u",
        upstream_id="u",
        title=draw(TITLES),
        start=start,
        end=start + 60 * MINUTE,
        recurrence=rule,
    )
    found = event_view(base, FEED_OF_DAY, today=date(2026, 3, 1), cancelled_since=None)
    return [card for one in found.events for card in agenda_items(one, occurrences_in(one, WINDOW))]


FEED_OF_DAY = Feed(slug="team", title="Team", sources=(WORK,))


def occurrences(cards: list[AgendaItem]) -> Any:
    return sorted((start, end, card.title) for card in cards for start, end in card.times)


@given(before=shown(), after=shown())
@hypothesis_settings(max_examples=200)
def test_there_is_a_change_exactly_where_the_occurrences_differ(before: Any, after: Any) -> None:
    found = find_changes([EventUpdate(event_uid="u", before=before, after=after, days=WINDOW)])
    assert bool(found) == (occurrences(before) != occurrences(after))
    for change in found:
        assert change.kind in ("added", "moved", "renamed", "cancelled")
        assert all(both["before"] != both["after"] or name in ("start", "occurrences") for name, both in change.details.items())  # fmt: skip


@given(cards=shown())
def test_the_same_is_no_change_and_all_or_nothing_is_one(cards: Any) -> None:
    assert find_changes([EventUpdate(event_uid="u", before=cards, after=cards, days=WINDOW)]) == ()
    (added,) = find_changes([EventUpdate(event_uid="u", after=cards, days=WINDOW)])
    (gone,) = find_changes([EventUpdate(event_uid="u", before=cards, days=WINDOW)])
    assert (added.kind, gone.kind) == ("added", "gone")
    elsewhere = Window(start=WINDOW.end, end=WINDOW.end + timedelta(days=30))
    assert find_changes([EventUpdate(event_uid="u", before=cards, days=elsewhere)]) == ()
