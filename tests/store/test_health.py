"""Health of sources, and the state of a feed that follows from it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.domain.problems import text_problem
from bridge.domain.records import SourceState
from bridge.domain.source import CalendarSource
from bridge.store.health import feed_state, source_health

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
    error=None,
    warning=None,
    held_at=None,
    notes=(),
    events=1,
    rejections=0,
)
NEW = replace(FRESH, last_success=None)
FAILING = replace(FRESH, failing_since=NOW)
FAILING_FROM_THE_START = replace(NEW, failing_since=NOW)
DUE = replace(FRESH, next_check_at=NOW - 30 * MINUTE)
AHEAD = replace(FRESH, last_attempt=NOW + 6 * MINUTE, last_success=NOW + 6 * MINUTE)
LATE = replace(FRESH, next_check_at=NOW - 31 * MINUTE)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([FRESH], "fresh"),
        ([DUE], "fresh"),
        ([LATE], "late"),
        ([AHEAD], "new"),
        ([NEW], "new"),
        ([FAILING], "failing"),
        ([FAILING_FROM_THE_START], "failing"),
        ([FRESH, LATE], "late"),
        ([LATE, NEW], "new"),
        ([NEW, LATE, FAILING, FRESH], "failing"),
        ([replace(LATE, failing_since=NOW)], "failing"),
        ([replace(FRESH, waiting_until=NOW + MINUTE)], "fresh"),
        ([FRESH, replace(NEW, waiting_until=NOW + MINUTE)], "new"),
        ([replace(FAILING, waiting_until=NOW + MINUTE)], "failing"),
    ],
)
def test_the_worst_source_decides_the_state_of_a_feed(
    states: Sequence[SourceState], expected: str
) -> None:
    assert feed_state(states, now=NOW) == expected


HELD = replace(
    FRESH,
    warning=text_problem("Half of it is gone."),
    held_at=NOW - MINUTE,
    last_success=NOW - 16 * MINUTE,
)
FAILING_AND_OVERDUE = replace(FAILING, next_check_at=NOW - 31 * MINUTE)


@pytest.mark.parametrize(
    ("state", "kind", "since", "overdue_since"),
    [
        (FRESH, "fresh", NOW, None),
        (replace(FRESH, waiting_until=NOW + MINUTE), "waiting", NOW, None),
        (replace(NEW, waiting_until=NOW + MINUTE), "waiting", None, None),
        (replace(LATE, waiting_until=NOW), "late", NOW - 31 * MINUTE, NOW - 31 * MINUTE),
        (DUE, "fresh", NOW, None),
        (LATE, "late", NOW - 31 * MINUTE, NOW - 31 * MINUTE),
        (NEW, "new", None, None),
        (replace(NEW, next_check_at=NOW - 31 * MINUTE), "new", None, NOW - 31 * MINUTE),
        (FAILING, "failing", NOW, None),
        (FAILING_AND_OVERDUE, "failing", NOW, NOW - 31 * MINUTE),
        (HELD, "held", NOW - MINUTE, None),
        (replace(HELD, failing_since=NOW), "failing", NOW, None),
        (
            replace(HELD, next_check_at=NOW - 31 * MINUTE),
            "late",
            NOW - 31 * MINUTE,
            NOW - 31 * MINUTE,
        ),
    ],
)
def test_the_health_of_a_source_has_the_time_when_it_began(
    state: SourceState, kind: str, since: datetime | None, overdue_since: datetime | None
) -> None:
    """A failing source that is also overdue has both times."""
    health = source_health(state, now=NOW)
    assert (health.kind, health.since, health.overdue_since) == (kind, since, overdue_since)


def test_a_feed_stays_fresh_while_a_read_is_held() -> None:
    assert feed_state([HELD], now=NOW) == "fresh"
