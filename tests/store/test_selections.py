"""Limits and changes of selections, in every kind of database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.selection import Ticks
from bridge.store import Store, selections
from bridge.store.selections import SelectionError

TICKS = Ticks(labels=(("hall", "Hall A"), ("track", "Data")), events=("u",), reminder=15)
FEED = Feed(slug="a", title="A", sources=(CalendarSource(calendar="c"),))


@pytest.fixture
def filled(any_store: Store, now: datetime) -> Store:
    any_store.feeds.replace([FEED], now=now)
    return any_store


def test_what_was_ticked_is_found_again(filled: Store, now: datetime) -> None:
    link = filled.links.of("a")[0]
    for parent in (link, None):
        token = filled.selections.add("a", parent, TICKS, client="c", now=now)
        found = filled.selections.find(token, now=now)
        assert found is not None
        assert (found.slug, found.link, found.ticks) == ("a", parent, TICKS)
    assert filled.selections.count("a", now=now) == {"": 1, link.token_hash: 1}
    assert filled.selections.find("x" * 24, now=now) is None


def test_a_client_makes_at_most_twenty_an_hour(filled: Store, now: datetime) -> None:
    def add(client: str, at: datetime) -> str:
        return filled.selections.add("a", None, TICKS, client=client, now=at)

    for _ in range(20):
        add("c", now)
    with pytest.raises(SelectionError) as caught:
        add("c", now + timedelta(minutes=59))
    assert caught.value.of_client
    assert add("d", now)
    assert add("c", now + timedelta(minutes=61))
    filled.selections.forget(now=now + timedelta(minutes=61))
    with filled.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT client FROM selections").scalars().all()
    assert sorted(map(bool, rows)) == [False] * 21 + [True]  # addresses of clients are forgotten


def test_clients_at_the_same_time_do_not_pass_the_limit(filled: Store, now: datetime) -> None:
    start = Barrier(8)

    def add(_number: int) -> int:
        start.wait()
        made = 0
        for _ in range(5):
            try:
                filled.selections.add("a", None, TICKS, client="c", now=now)
            except SelectionError:
                continue
            made += 1
        return made

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, range(8))) == 20


def test_a_link_and_a_public_feed_have_limits(
    filled: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (selections.MOST_OF_LINK, selections.MOST_OF_PUBLIC_FEED) == (1_000, 100_000)
    monkeypatch.setattr(selections, "MOST_OF_LINK", 2)
    monkeypatch.setattr(selections, "MOST_OF_PUBLIC_FEED", 3)
    first = filled.links.of("a")[0]
    second = filled.links.add("a", "second", now=now)
    for parent, most in ((first, 2), (second, 2), (None, 3)):
        for _ in range(most):
            filled.selections.add("a", parent, TICKS, client=f"{parent}", now=now)
        with pytest.raises(SelectionError) as caught:
            filled.selections.add("a", parent, TICKS, client="other", now=now)
        assert not caught.value.of_client
    # Selections without a poll make room.
    later = now + selections.UNUSED + timedelta(minutes=1)
    assert filled.selections.add("a", None, TICKS, client="other", now=later)


def test_of_two_changes_of_one_state_the_first_wins(filled: Store, now: datetime) -> None:
    token = filled.selections.add("a", None, TICKS, client="c", now=now)
    state = filled.selections.find(token, now=now)
    assert state is not None
    first, second = Ticks(events=("x",)), Ticks(events=("y",))
    assert filled.selections.change(state, first, now=now)
    assert not filled.selections.change(state, second, now=now)
    changed = filled.selections.find(token, now=now)
    assert changed is not None
    assert changed.ticks == first
    assert changed.changed_at > state.changed_at
    assert filled.selections.change(changed, second, now=now)
