"""Agenda items in the store: the occurrences of a span by index, searches, and whole items."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest
from sqlalchemy import text

from bridge.domain.event import Person
from bridge.domain.source_rule import fold
from bridge.feed.agenda import AgendaItem, agenda_items
from bridge.feed.publication import EntryAgenda
from bridge.store import Store
from bridge.store.agenda import AgendaTable
from tests.factories import event
from tests.store.samples import feed, publish

START = datetime(2026, 3, 10, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def item(uid: str, *days: int, length: timedelta = HOUR, **fields: Any) -> AgendaItem:
    """Return an item with an occurrence at noon of each of the days after START."""
    starts = [START + day * DAY + 12 * HOUR for day in days]
    times = tuple((int(s.timestamp()), int((s + length).timestamp())) for s in starts)
    return AgendaItem(**{"uid": uid, "title": uid, "times": times, **fields})


def fill(store: Store, *items: AgendaItem, now: datetime = START) -> AgendaTable:
    """Publish a feed with an entry of each item."""
    store.feeds.replace([feed()], now=now)
    publish(store, agenda=[EntryAgenda(uid=item.uid, items=(item,)) for item in items])
    return store.agenda


def days(items: tuple[AgendaItem, ...]) -> dict[str, list[int]]:
    """Return the days after START of the occurrences of each item."""
    first = int(START.timestamp())
    return {i.uid: [(start - first) // 86400 for start, _ in i.times] for i in items}


def test_a_span_has_the_occurrences_that_touch_it(any_store: Store) -> None:
    table = fill(any_store, item("daily", *range(10)), item("fair", 1, length=5 * DAY))
    found = table.between("team", START + 3 * DAY, START + 5 * DAY)
    assert days(found) == {"daily": [3, 4], "fair": [1]}
    assert table.between("other", START, START + 5 * DAY) == ()


@pytest.mark.parametrize(
    ("latest", "expected"), [(False, {"daily": [3, 4, 5]}), (True, {"daily": [7, 8, 9]})]
)
def test_only_so_many_occurrences_are_read(
    any_store: Store, latest: bool, expected: dict[str, list[int]]
) -> None:
    table = fill(any_store, item("daily", *range(20)))
    span = (START + 3 * DAY, START + 10 * DAY)
    assert days(table.between("team", *span, most=3, latest=latest)) == expected


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("munchen", ["a"]),
        ("MÜNCHEN  fete", ["a"]),
        ("strasse", ["b"]),
        ("fest", ["a", "b"]),
        ("fest oslo", []),
        ("100%", ["b"]),
        ("0%0", []),
        ("_", []),
        ("cancelled", []),
        ("title", []),
    ],
)
def test_a_search_finds_words_of_title_and_place(
    any_store: Store, words: str, found: list[str]
) -> None:
    """Without case and accents, each word anywhere; "%" and "_" stand for themselves."""
    table = fill(
        any_store,
        item("a", 1, title="[Cancelled] Fête: Fest", place="Rathaus, München"),
        item("b", 1, title="Fest 100% 2000", place="Straße 7"),
        item("c", 1, title="(No title)"),
    )
    items = table.between("team", START, START + 9 * DAY, words=words)
    assert sorted(i.uid for i in items) == found


@given(typed=st.text())
def test_words_are_the_same_in_another_case(typed: str) -> None:
    """Folding twice changes nothing, so a folded word is found in a folded text."""
    assert fold(fold(typed)) == fold(typed)


def test_an_item_comes_whole_with_all_its_texts_and_times(any_store: Store) -> None:
    """In lists the description is cut, and the rich text is left out."""
    whole = item("a", 1, 2, 3, description="d" * 5000, html="<p>d</p>", speakers=("Ada",))
    table = fill(any_store, whole, item("b", 1))
    assert table.of("team", ["a", "x"]) == {"a": (whole,)}
    (listed,) = table.between("team", START + 2 * DAY, START + 3 * DAY, words="a")
    assert (listed.description, listed.html, listed.speakers) == ("d" * 2000, "", ("Ada",))


def test_a_changed_entry_replaces_its_items_and_times(any_store: Store) -> None:
    table = fill(any_store, item("a", 1, 2), item("b", 1))
    changed = (item("a", 5), item("a", 6, title="other"))
    agenda = [EntryAgenda(uid="a", items=changed), EntryAgenda(uid="b")]
    publish(any_store, revision=1, agenda=agenda)
    assert table.of("team", ["a", "b"]) == {"a": changed}
    found = table.between("team", START, START + 9 * DAY)
    assert sorted(i.title for i in found) == ["a", "other"]


def test_a_span_is_found_by_an_index(store: Store) -> None:
    """SQLite's plan names the index, and no step reads a whole table."""
    fill(store, item("a", 1))
    query = (
        "EXPLAIN QUERY PLAN SELECT starts_at, ends_at, uid, number FROM occurrences "
        "WHERE slug = 'team' AND ends_at >= 1 AND starts_at < 2 ORDER BY starts_at, ends_at, uid"
    )
    with store.database.read() as connection:
        plan = " ".join(str(row) for row in connection.execute(text(query)))
    assert "USING COVERING INDEX" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def test_an_item_names_people_track_and_source() -> None:
    people = (Person(name="Ada", role="speaker"), Person(name="Bo", role="organizer"))
    shown = event("a", people=people, track="Data", categories=("Talk",), image_url="https://x/y")
    (made,) = agenda_items(shown, [shown], "calendar:work")
    assert (made.speakers, made.organizers, made.track) == (("Ada",), ("Bo",), "Data")
    assert (made.categories, made.image_url, made.source) == (
        ("Talk",),
        "https://x/y",
        "calendar:work",
    )


def test_a_cancelled_event_is_named_without_its_mark() -> None:
    for title, status, cancelled, name in [
        ("[Cancelled] Fair", "CONFIRMED", True, "Fair"),
        ("Fair", "CANCELLED", True, "Fair"),
        ("Fair", "CONFIRMED", False, "Fair"),
        ("[Cancelled] (No title)", "CONFIRMED", True, ""),
    ]:
        made = item("a", title=title, status=status)
        assert (made.cancelled, made.name) == (cancelled, name)
