"""How it stands with a feed, in one word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.model import CalendarSource
from bridge.state import state_of
from bridge.store import SourceState

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FRESH = SourceState(
    source=CalendarSource(calendar="a"),
    active=True,
    next_check_at=NOW + MINUTE,
    last_attempt=NOW,
    last_success=NOW,
    failing_since=None,
    failures=0,
    error="",
    warning="",
    held_hash="",
    held_at=None,
    notes=(),
    events=1,
    rejections=0,
)
NEW = replace(FRESH, last_success=None)
FAILING = replace(FRESH, failing_since=NOW)
FAILING_FROM_THE_START = replace(NEW, failing_since=NOW)
DUE = replace(FRESH, next_check_at=NOW - 30 * MINUTE)
LATE = replace(FRESH, next_check_at=NOW - 31 * MINUTE)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([FRESH], "fresh"),
        ([DUE], "fresh"),
        ([LATE], "late"),
        ([NEW], "new"),
        ([FAILING], "failing"),
        ([FAILING_FROM_THE_START], "failing"),
        ([FRESH, LATE], "late"),
        ([LATE, NEW], "new"),
        ([NEW, LATE, FAILING, FRESH], "failing"),
        ([replace(LATE, failing_since=NOW)], "failing"),
    ],
)
def test_the_worst_of_its_sources_tells_the_state_of_a_feed(states, expected):
    assert state_of(states, now=NOW) == expected
