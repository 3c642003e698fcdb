"""The changelog of a feed: which changes it has, of which kind, and what is not a change.

Expected values come from the documentation. The real publisher publishes the events.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from hypothesis import given, settings as hypothesis_settings, strategies as st
import pytest

from bridge.domain.event import Event, Place, Recurrence, Rule, Status
from bridge.domain.feed import Feed, Window
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import zone_by_key
from bridge.domain.uid import event_uid
from bridge.feed.agenda import AgendaItem, agenda_items
from bridge.feed.changelog import Change, EventUpdate, find_changes
from bridge.feed.publication import Publication
from bridge.publish.publisher import publish
from bridge.publish.view.event import event_view, occurrences_in
from bridge.store import Store
from bridge.store.changes import ChangeRow
from tests.factories import BERLIN, DAY, FEED, MINUTE, WORK, event, publish_events, put, series

TEAM = CalendarSource(calendar="team")
CAIRO = zone_by_key("Africa/Cairo")
SLOW = pytest.mark.slow
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
WINDOW = Window(start=date(2026, 1, 1), end=date(2027, 1, 1))


def history(store: Store, slug: str = "team") -> list[tuple[str, str]]:
    """Return the recorded changes as (kind, title), oldest first."""
    return [(row.kind, row.title) for row in reversed(store.changes.of(slug, since=LONG_AGO))]


def only_change(store: Store) -> ChangeRow:
    (row,) = store.changes.of("team", since=LONG_AGO)
    return row


def publish_twice(
    store: Store, now: datetime, before: Iterable[Event], *after: Event, feed: Feed = FEED
) -> None:
    """Publish a feed for the first time, and an hour later with other events."""
    publish_events(store, now, *before, feed=feed)
    assert history(store) == []
    publish_events(store, now + 60 * MINUTE, *after, feed=feed)


def march(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=BERLIN)


def cairo_series(uid: str, start: datetime) -> Event:
    """Return a weekly series in a zone without a VTIMEZONE, which the publisher expands."""
    return event(uid, start=start.replace(tzinfo=CAIRO), rule={"freq": "WEEKLY"})


# --- what is a change


@pytest.mark.parametrize(
    ("fields", "kind", "details"),
    [
        ({"title": "New"}, "renamed", {"title": {"before": "u", "after": "New"}}),
        (
            {"start": march(12, 11), "end": march(12, 12)},
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
def test_a_change_of_an_event_has_the_values_before_and_after(
    store: Store, now: datetime, fields: dict[str, Any], kind: str, details: dict[str, Any]
) -> None:
    before = event("u")
    publish_twice(store, now, [before], replace(before, **fields))
    row = only_change(store)
    assert (row.kind, row.uid, row.details, row.at) == (kind, "u", details, now + 60 * MINUTE)


def test_of_several_differences_the_most_important_names_the_change(
    store: Store, now: datetime
) -> None:
    before = event("u")
    publish_twice(
        store, now, [before], replace(before, title="New", start=march(13, 10), end=march(13, 11))
    )
    row = only_change(store)
    assert (row.kind, row.title) == ("moved", "New")
    assert set(row.details) == {"start", "end", "title"}


def test_new_and_missing_events_are_changes(store: Store, now: datetime) -> None:
    publish_twice(store, now, [event("a"), event("b")], event("b"), event("c"))
    assert sorted(history(store)) == [("added", "c"), ("gone", "a")]


def test_an_event_that_returns_is_added(store: Store, now: datetime) -> None:
    publish_events(store, now, event("a"), event("b"))
    publish_events(store, now + MINUTE, event("b"))
    publish_events(store, now + 2 * MINUTE, event("a"), event("b"))
    assert history(store) == [("gone", "a"), ("added", "a")]


def test_a_cancelled_event_is_cancelled_once_however_the_feed_shows_it(
    store: Store, now: datetime
) -> None:
    """A marked event leaves the feed after 30 days, which is not a change."""
    before = event("u", start=datetime(2026, 6, 1, 10))
    cancelled = replace(before, status=Status.CANCELLED)
    publish_events(store, now, before)
    publish_events(store, now + MINUTE, cancelled)
    publish(store, "team", now=now + 30 * DAY)
    head = store.publications.head("team", "default")
    assert head is not None
    assert head.events == 0
    assert history(store) == [("cancelled", "u")]


def test_an_event_that_takes_place_after_all_is_a_change(store: Store, now: datetime) -> None:
    cancelled = event("u", status=Status.CANCELLED)
    publish_twice(store, now, [cancelled], replace(cancelled, status=Status.CONFIRMED))
    assert only_change(store).kind == "changed"


# --- series


def test_a_moved_instance_is_moved_and_not_added(store: Store, now: datetime) -> None:
    publish_twice(store, now, [series("s")], series("s", 11))
    row = only_change(store)
    assert (row.kind, row.title) == ("moved", "s")
    assert row.uid == event_uid("s", slot=march(11, 9))
    assert row.details["start"] == {
        "before": "2026-03-11T09:00:00+01:00",
        "after": "2026-03-11T10:00:00+01:00",
    }


@pytest.mark.parametrize("exceptions", ["detached", "recurrence-id"])
def test_a_renamed_instance_is_a_change_in_either_form(
    store: Store, now: datetime, exceptions: Literal["detached", "recurrence-id"]
) -> None:
    feed = replace(FEED, exceptions=exceptions)
    plain = series("s")
    special = event(
        "s", start=datetime(2026, 3, 11, 9), recurrence_id=march(11, 9), title="Special"
    )
    publish_twice(store, now, [plain], replace(plain, overrides=(special,)), feed=feed)
    assert history(store) == [("renamed", "Special")]


def test_a_removed_instance_is_cancelled(store: Store, now: datetime) -> None:
    plain = series("s")
    assert plain.recurrence is not None
    without = replace(plain.recurrence, excluded=(march(12, 9),))
    publish_twice(store, now, [plain], replace(plain, recurrence=without))
    row = only_change(store)
    assert row.kind == "cancelled"
    assert row.details["start"] == {"before": "2026-03-12T09:00:00+01:00", "after": None}


def test_a_series_that_moves_is_one_change(store: Store, now: datetime) -> None:
    plain = series("s")
    publish_twice(store, now, [plain], replace(plain, start=march(9, 14), end=march(9, 15)))
    row = only_change(store)
    assert (row.kind, row.uid) == ("moved", "s")
    assert row.details["occurrences"] == {"before": 30, "after": 30}


def test_a_series_that_is_renamed_is_one_change(store: Store, now: datetime) -> None:
    plain = series("s", 11)
    new = replace(
        plain, title="New", overrides=tuple(replace(o, title="New") for o in plain.overrides)
    )
    publish_twice(store, now, [plain], new)
    assert history(store) == [("renamed", "New")]


def test_additional_occurrences_are_added(store: Store, now: datetime) -> None:
    plain = series("s")
    longer = replace(plain, recurrence=Recurrence(rule=Rule(freq="DAILY", count=33)))
    publish_twice(store, now, [plain], longer)
    row = only_change(store)
    assert (row.kind, row.details["occurrences"]) == ("added", {"before": 0, "after": 3})


def test_an_instance_that_stays_without_its_series_is_not_added(
    store: Store, now: datetime
) -> None:
    """It keeps the UID that it had in its series."""
    kept = event(
        event_uid("s", slot=march(11, 9)), start=datetime(2026, 3, 11, 9), title="s", related_to="s"
    )
    publish_twice(store, now, [series("s")], kept)
    row = only_change(store)
    assert (row.kind, row.title, row.details["occurrences"]["before"]) == ("gone", "s", 29)


# --- what is no change


def test_the_first_publication_is_no_change(store: Store, now: datetime) -> None:
    publish_events(store, now, event("a"), series("s"))
    assert history(store) == []


def test_the_first_read_of_a_source_is_no_change_after_a_publication(
    store: Store, now: datetime
) -> None:
    store.feeds.replace([FEED], now=now)
    publish(store, "team", now=now)
    put(store, now, event("a"))
    publish(store, "team", now=now + MINUTE)
    assert history(store) == []


def test_the_first_event_of_an_empty_source_is_added(store: Store, now: datetime) -> None:
    publish_twice(store, now, [], event("a"))
    assert history(store) == [("added", "a")]


def test_the_first_event_after_an_empty_read_is_added(store: Store, now: datetime) -> None:
    """The first read of the source changed nothing in the feed, but the next change counts."""
    store.feeds.replace([FEED], now=now)
    publish(store, "team", now=now)
    put(store, now)
    publish(store, "team", now=now + MINUTE)
    put(store, now, event("a"))
    publish(store, "team", now=now + 2 * MINUTE)
    assert history(store) == [("added", "a")]


def test_a_new_definition_of_the_feed_is_no_change(store: Store, now: datetime) -> None:
    publish_events(store, now, event("a"))
    publish_events(
        store, now + MINUTE, event("a"), feed=replace(FEED, title="Other", privacy="busy")
    )
    assert history(store) == []


def test_only_later_changes_of_a_new_source_are_changes(store: Store, now: datetime) -> None:
    both = replace(FEED, sources=(WORK, TEAM))
    publish_events(store, now, event("a"))
    store.feeds.replace([both], now=now)
    publish(store, "team", now=now + MINUTE)
    put(store, now, event("b"), source=TEAM)
    publish(store, "team", now=now + 2 * MINUTE)
    assert history(store) == []
    put(store, now, event("b"), event("c"), source=TEAM)
    publish(store, "team", now=now + 3 * MINUTE)
    assert history(store) == [("added", "c")]


@pytest.mark.parametrize(
    ("step", "end"), [(33, 120), pytest.param(1, 25, marks=SLOW), pytest.param(11, 300, marks=SLOW)]
)
def test_passing_days_are_no_change(store: Store, now: datetime, step: int, end: int) -> None:
    """Events enter and leave the window, and series and expanded series start later."""
    events = (
        event("old", start=datetime(2026, 2, 1, 10)),
        event("far", start=datetime(2027, 10, 15, 10)),
        event("d", start=datetime(2020, 1, 1, 9), rule={"freq": "DAILY"}),
        event("m", start=datetime(2026, 1, 31, 9), rule={"freq": "MONTHLY", "bymonthday": (31,)}),
        cairo_series("c", datetime(2026, 1, 31, 9)),
    )
    publish_events(store, now, *events)
    for days in range(step, end, step):
        publish(store, "team", now=now + days * DAY)
    assert history(store) == []


@pytest.mark.parametrize(
    "days", [23, *(pytest.param(days, marks=SLOW) for days in (1, 5, 22, 40, 120))]
)
def test_an_edit_after_some_days_is_the_only_change(store: Store, now: datetime, days: int) -> None:
    daily = event("d", start=datetime(2020, 1, 1, 9), rule={"freq": "DAILY"})
    cairo = cairo_series("c", datetime(2020, 1, 1, 9))
    publish_events(store, now, daily, cairo)
    publish_events(store, now + days * DAY, replace(daily, title="D"), replace(cairo, title="C"))
    assert sorted(history(store)) == [("renamed", "C"), ("renamed", "D")]


def test_the_changelog_reveals_no_more_than_the_feed(store: Store, now: datetime) -> None:
    """With privacy="busy": only times, under UIDs of the feed."""
    feed = replace(FEED, privacy="busy")
    before = event("u", description="secret", place=Place(name="secret"))
    publish_events(store, now, before, feed=feed)
    publish_events(
        store,
        now + MINUTE,
        replace(before, title="secret plan", description="secret two"),
        feed=feed,
    )
    assert history(store) == []
    publish_events(
        store, now + 2 * MINUTE, replace(before, start=march(13, 9), end=march(13, 10)), feed=feed
    )
    row = only_change(store)
    assert (row.kind, row.title) == ("moved", "Busy")
    assert row.uid != "u"
    assert "secret" not in str(row)


def test_agenda_items_of_unchanged_events_are_not_read(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_events(store, now, *(event(f"e{n}") for n in range(5)))
    reads: list[list[str]] = []
    items_of = store.agenda.of

    def record(slug: str, uids: Iterable[str]) -> Any:
        reads.append(list(uids))
        return items_of(slug, reads[-1])

    monkeypatch.setattr(store.agenda, "of", record)
    publish_events(
        store,
        now + MINUTE,
        replace(event("e0"), title="New"),
        *(event(f"e{n}") for n in range(1, 5)),
    )
    assert reads == [["e0"]]


# --- retention


def test_changes_are_stored_for_thirty_days(any_store: Store, now: datetime) -> None:
    publish_events(any_store, now, event("a"))
    publish_events(any_store, now + DAY, event("a"), event("b"))
    publish_events(any_store, now + 31 * DAY, event("a"), event("b"), event("c"))
    assert history(any_store) == [("added", "b"), ("added", "c")]
    publish_events(
        any_store, now + 31 * DAY + 2 * MINUTE, event("a"), event("b"), event("c", title="C")
    )
    assert history(any_store) == [("added", "c"), ("renamed", "C")]


def test_the_latest_changes_come_first_up_to_the_limit(any_store: Store, now: datetime) -> None:
    publish_events(any_store, now, event("a"))
    for number in range(5):
        publish_events(any_store, now + (number + 1) * DAY, event("a", title=f"ä {number}"))
    rows = any_store.changes.of("team", since=now + 3 * DAY, most=2)
    assert [row.title for row in rows] == ["ä 4", "ä 3"]
    assert len(any_store.changes.of("team", since=now + 3 * DAY)) == 3
    assert any_store.changes.of("other", since=LONG_AGO) == ()


def test_a_refused_publication_leaves_no_change(any_store: Store, now: datetime) -> None:
    """The documents and their changes are one transaction."""
    publish_events(any_store, now, event("a"))
    revision = any_store.publications.basis("team").revision
    change = Change(uid="a", kind="gone", title="a")
    late = Publication(revision=revision - 1, changes=[change], now=now)
    assert not any_store.publications.publish("team", late)
    assert history(any_store) == []


# --- properties

TITLES = st.sampled_from(["A", "B"])
HOURS = st.integers(8, 11)


@st.composite
def agendas(draw: st.DrawFn) -> list[AgendaItem]:
    """Return the agenda items of a series or of a single event, as a feed shows them."""
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
    view = event_view(base, FEED, salt="", today=date(2026, 3, 1), cancelled_since=None)
    return [
        item for part in view.events for item in agenda_items(part, occurrences_in(part, WINDOW))
    ]


def occurrences(items: list[AgendaItem]) -> list[tuple[int, int, str]]:
    return sorted((start, end, item.title) for item in items for start, end in item.times)


@given(before=agendas(), after=agendas())
@hypothesis_settings(max_examples=100)
def test_there_is_a_change_exactly_if_the_occurrences_differ(
    before: list[AgendaItem], after: list[AgendaItem]
) -> None:
    changes = find_changes([EventUpdate(event_uid="u", before=before, after=after, days=WINDOW)])
    assert bool(changes) == (occurrences(before) != occurrences(after))
    for change in changes:
        assert change.kind in ("added", "moved", "renamed", "cancelled")
        equal = {name for name, both in change.details.items() if both["before"] == both["after"]}
        assert equal <= {"start", "occurrences"}


@given(items=agendas())
def test_no_difference_is_no_change_and_a_new_event_is_one(items: list[AgendaItem]) -> None:
    assert find_changes([EventUpdate(event_uid="u", before=items, after=items, days=WINDOW)]) == ()
    (added,) = find_changes([EventUpdate(event_uid="u", after=items, days=WINDOW)])
    (gone,) = find_changes([EventUpdate(event_uid="u", before=items, days=WINDOW)])
    assert (added.kind, gone.kind) == ("added", "gone")
    elsewhere = Window(start=WINDOW.end, end=WINDOW.end + timedelta(days=30))
    assert find_changes([EventUpdate(event_uid="u", before=items, days=elsewhere)]) == ()
