"""Polls in every kind of database: summed by day, and read by address and program."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.store import Store
from bridge.store.readers import Reader
from tests.store.samples import feed, polls, stored_polls

TODAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def two_feeds(any_store: Store, now: datetime) -> Store:
    any_store.feeds.replace([feed("team"), feed("open", public=True)], now=now)
    return any_store


def test_polls_are_added_to_those_of_the_day(two_feeds: Store) -> None:
    """In any order of processes and times: polls are summed and the latest time is stored."""
    late, early = NOON + timedelta(hours=3), NOON
    two_feeds.readers.count([polls(TODAY, 5, unchanged=4, at=late), polls(TODAY, 1, slug="open")])
    two_feeds.readers.count(
        [polls(TODAY, 2, unchanged=1, at=early), polls(TODAY, 9, program="Thunderbird")]
    )
    assert two_feeds.readers.of("team", now=late) == (
        Reader(
            link="",
            program="Thunderbird",
            polls=9,
            unchanged=0,
            polls_a_day=9.0,
            last_at=NOON.replace(hour=8),
        ),
        Reader(link="", program="curl", polls=7, unchanged=5, polls_a_day=7.0, last_at=late),
    )
    assert [reader.polls for reader in two_feeds.readers.of("open", now=late)] == [1]
    assert two_feeds.readers.of("none", now=late) == ()


def test_seven_days_are_summed_by_address_and_program(two_feeds: Store) -> None:
    """The mean of polls a day counts from the first poll within the seven days."""
    days = [TODAY - timedelta(days=back) for back in (7, 6, 3, 0)]
    two_feeds.readers.count([polls(day, 26, unchanged=13, link="a") for day in days])
    two_feeds.readers.count([polls(TODAY - timedelta(days=1), 30, link="b")])
    first, second = two_feeds.readers.of("team", now=NOON)
    assert (first.link, first.polls, first.unchanged) == ("a", 78, 39)
    assert first.polls_a_day == pytest.approx(78 / 6.5)
    assert (second.link, second.polls) == ("b", 30)
    assert second.polls_a_day == pytest.approx(20)
    assert first.last_at == NOON.replace(hour=8)


def test_polls_of_more_than_thirty_days_ago_are_deleted(two_feeds: Store) -> None:
    two_feeds.readers.count([polls(TODAY - timedelta(days=back), 1) for back in (29, 30, 31, 400)])
    two_feeds.readers.forget(now=NOON)
    assert [(TODAY - row.day).days for row in stored_polls(two_feeds)] == [30, 29]
