"""When a source is read again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.domain.event import Event, Recurrence, Rule
from bridge.domain.timezones import UTC_ZONE
from bridge.errors import LoginError, NotFoundError, ScopeError, SlowDownError, UnavailableError
from bridge.refresh import schedule


def event(start: Any, hours: Any = 1) -> Any:
    begin = start.astimezone(UTC_ZONE)
    return Event(
        uid="u", upstream_id="x", title="t", start=begin, end=begin + timedelta(hours=hours)
    )


def minutes(later: Any, now: datetime) -> Any:
    return (later - now) / timedelta(minutes=1)


def after_read(now: datetime, events: Any, dice: Any) -> Any:
    """Return the time of the next read after one with these events."""
    return schedule.after_success(now, schedule.close_spans(events, now, now), dice=dice)


@pytest.mark.parametrize(("dice", "expected"), [(0.0, 13.5), (0.5, 15.0), (0.999999, 16.5)])
def test_sources_that_began_together_are_spread(now: datetime, dice: Any, expected: Any) -> None:
    assert minutes(schedule.after_success(now, [], dice=dice), now) == pytest.approx(
        expected, abs=0.001
    )


@pytest.mark.parametrize(
    ("starts_in", "expected"),
    [
        (timedelta(hours=2), 5),
        (timedelta(hours=2, seconds=1), 15),
        (timedelta(minutes=-59), 5),
        (timedelta(hours=-1), 15),
    ],
)
def test_before_and_during_an_event_it_is_read_more_often(
    now: datetime, starts_in: Any, expected: Any
) -> None:
    at = after_read(now, [event(now + starts_in)], dice=0.5)
    assert minutes(at, now) == expected


def test_all_day_events_and_series_do_not_count_as_close(now: datetime) -> None:
    """Of a busy calendar some series is always close, and Zoho bounds the requests."""
    whole_day = Event(
        uid="u", upstream_id="x", title="t", start=now.date(), end=now.date() + timedelta(days=1)
    )
    series = replace(event(now), recurrence=Recurrence(rule=Rule(freq="DAILY")))
    assert minutes(after_read(now, [whole_day, series], dice=0.5), now) == 15


def test_one_close_event_is_enough(now: datetime) -> None:
    at = after_read(now, [event(now + timedelta(days=9)), event(now)], dice=0.0)
    assert minutes(at, now) == 4.5


@pytest.mark.parametrize(
    ("failures", "expected"), [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (50, 60)]
)
def test_each_failure_in_a_row_waits_longer(now: datetime, failures: Any, expected: Any) -> None:
    assert (
        minutes(
            schedule.after_failure(now, failures, UnavailableError("text", text="x"), dice=0), now
        )
        == expected
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [(1200, 20), (1, 1), (None, 1), (90_000, 1500)],
    ids=["long", "short", "nothing", "a day"],
)
def test_zoho_is_not_asked_before_it_said(now: datetime, told: Any, expected: Any) -> None:
    error = SlowDownError("text", text="x", retry_after=told)
    assert minutes(schedule.after_failure(now, 0, error, dice=0), now) == expected


def test_sources_that_failed_together_are_spread(now: datetime) -> None:
    error = UnavailableError("text", text="x")
    assert minutes(schedule.after_failure(now, 2, error, dice=0.5), now) == pytest.approx(4.2)


def test_a_bug_is_tried_again_like_any_failure(now: datetime) -> None:
    assert minutes(schedule.after_failure(now, 1, ZeroDivisionError(), dice=0), now) == 2


@pytest.mark.parametrize(
    "error",
    [LoginError("text", text="x"), ScopeError("text", text="x"), NotFoundError("text", text="x")],
)
def test_what_a_person_has_to_mend_is_asked_for_twice_an_hour(now: datetime, error: Any) -> None:
    assert minutes(schedule.after_failure(now, 9, error, dice=0), now) == 30
