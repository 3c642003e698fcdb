"""What a complete read of a source changes.

Docs/decisions.md, "Identity and change" and "What differs".
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bridge.domain import codec
from bridge.domain.event import Event, Status
from bridge.domain.problems import problem, text_problem
from bridge.domain.records import EventRow, EventToSave
from bridge.domain.rejection import Rejection, reasons
from bridge.refresh.diff import BELIEVE_AFTER, Decision, PendingLoss, decide
from bridge.sources.protocols import ParseResult
from tests.clock import NOW
from tests.factories import BERLIN, event

MINUTE = timedelta(minutes=1)


def rejected(upstream_id: str, *, kept: bool = False) -> Rejection:
    return Rejection(
        kind="repaired" if kept else "dropped",
        upstream_id=upstream_id,
        problems=(text_problem("It is strange."),),
    )


def found(*events: Event, rejections: Iterable[Rejection] = ()) -> ParseResult:
    return ParseResult(events=tuple(events), rejections=tuple(rejections))


def rows_of(decision: Decision) -> dict[str, EventRow]:
    names = ("uid", "upstream_id", "content_hash", "cancelled_since", "ends_at")
    return {
        row.uid: EventRow(**{name: getattr(row, name) for name in names}) for row in decision.saved
    }


def known(*events: Event, now: datetime = NOW) -> dict[str, EventRow]:
    """Return the rows that are stored after a first read of these events."""
    return rows_of(decide({}, found(*events), now=now))


def many(count: int, *, past: int = 0) -> list[Event]:
    """Return ``count`` coming events, and others that are over."""
    coming = [
        event(f"c{n:02}", start=datetime(2026, 4, 1, 10) + n * timedelta(days=1))
        for n in range(count)
    ]
    return coming + [
        event(f"p{n:02}", start=datetime(2026, 1, 1, 10) + n * timedelta(days=1))
        for n in range(past)
    ]


def only(decision: Decision) -> EventToSave:
    (row,) = decision.saved
    return row


def pending_of(decision: Decision) -> PendingLoss:
    assert decision.pending is not None
    return decision.pending


# --- what is saved


def test_the_first_read_saves_every_event_whole() -> None:
    row = only(decide({}, found(event()), now=NOW))
    assert (row.uid, row.upstream_id, row.cancelled_since) == ("u", "up-u", None)
    assert codec.decode(row.payload) == event()
    assert row.content_hash == codec.content_hash(event())


def test_what_did_not_change_is_not_written_again() -> None:
    decision = decide(known(event("a"), event("b")), found(event("b"), event("a")), now=NOW)
    assert decision == Decision()


def test_only_the_changed_event_is_written() -> None:
    read = found(event("a"), event("b", title="Renamed"), event("c"))
    decision = decide(known(event("a"), event("b"), event("c")), read, now=NOW)
    assert only(decision).uid == "b"
    assert decision.removed == ()


def test_an_event_that_comes_twice_is_taken_once_and_told() -> None:
    decision = decide({}, found(event(title="First"), event(title="Second")), now=NOW)
    assert codec.decode(only(decision).payload).title == "First"
    assert [(r.upstream_id, r.kind) for r in decision.rejections] == [("up-u", "dropped")]
    assert "twice" in reasons(decision.rejections[0])


def test_the_parsers_rejections_are_handed_on() -> None:
    told = (rejected("x"), rejected("y", kept=True))
    assert decide({}, found(rejections=told), now=NOW).rejections == told


# --- cancelled since


CANCELLED = event(status=Status.CANCELLED)


def test_a_cancelled_event_remembers_when_that_was_first_seen() -> None:
    before = known(CANCELLED)
    assert before["u"].cancelled_since == NOW
    later = decide(
        before,
        found(replace(CANCELLED, title="Now with a reason")),
        now=NOW + 60 * MINUTE,
    )
    assert only(later).cancelled_since == NOW


def test_an_event_that_takes_place_again_forgets_that_it_was_cancelled() -> None:
    again = decide(known(CANCELLED), found(event()), now=NOW + MINUTE)
    assert only(again).cancelled_since is None
    twice = decide(rows_of(again), found(CANCELLED), now=NOW + 2 * MINUTE)
    assert only(twice).cancelled_since == NOW + 2 * MINUTE


# --- what is removed


def test_an_event_that_a_complete_read_misses_is_gone() -> None:
    assert decide(known(event("a"), event("b")), found(event("a")), now=NOW).removed == ("b",)


def test_an_event_that_came_but_could_not_be_read_stays_as_it_was() -> None:
    read = found(event("a"), rejections=[rejected("up-b")])
    decision = decide(known(event("a"), event("b"), event("c")), read, now=NOW)
    assert (decision.saved, decision.removed) == ((), ("c",))


def test_a_rejection_that_only_mended_its_event_says_nothing_about_what_is_missing() -> None:
    """Its event is among those found.

    One that is missing under the same upstream id (an instance) is gone.
    """
    read = found(event("a"), rejections=[rejected("up-b", kept=True)])
    assert decide(known(event("a"), event("b")), read, now=NOW).removed == ("b",)


def test_while_something_without_an_id_came_nothing_is_removed() -> None:
    """Whatever could not even be told by its id may be any of the events that are missing."""
    read = found(event("a"), event("new"), rejections=[rejected("")])
    decision = decide(known(event("a"), event("b"), event("c")), read, now=NOW)
    assert decision.removed == ()
    assert only(decision).uid == "new"


def test_an_unreadable_series_keeps_its_instances_too() -> None:
    """Its instances then come as if they stood alone.

    Taking both would show them twice (rulebook 19).
    """
    series = event("s", upstream_id="up", rule={"freq": "DAILY"})
    instance = event("s-3", upstream_id="up", related_to="s", title="Moved")
    stranger = event("t-1", upstream_id="other", related_to="t")
    read = found(instance, stranger, rejections=[rejected("up")])
    decision = decide(known(series), read, now=NOW)
    assert decision.removed == ()
    assert only(decision).uid == "t-1"


def test_instances_whose_series_was_never_read_are_taken() -> None:
    instance = event("s-3", upstream_id="up", related_to="s")
    read = found(instance, rejections=[rejected("up")])
    assert only(decide({}, read, now=NOW)).uid == "s-3"


def test_a_series_that_can_be_read_again_takes_the_place_of_its_instances() -> None:
    instance = event("s-3", upstream_id="up", related_to="s")
    series = event("s", upstream_id="up", rule={"freq": "DAILY"})
    decision = decide(known(instance), found(series), now=NOW)
    assert (only(decision).uid, decision.removed) == ("s", ("s-3",))


# --- sudden loss


@pytest.mark.parametrize(
    ("before", "missing", "held"),
    [
        (20, 10, False),  # half is not more than half
        (20, 11, True),
        (21, 11, True),
        (20, 20, True),
        (19, 19, False),  # a small calendar may well be emptied at once
        (500, 250, False),
        (500, 251, True),
    ],
)
def test_more_than_half_of_many_coming_events_gone_at_once_is_not_believed(
    before: Any, missing: Any, held: Any
) -> None:
    events = many(before)
    decision = decide(known(*events), found(*events[missing:]), now=NOW)
    assert (decision.pending is not None) is held
    assert len(decision.removed) == (0 if held else missing)
    if held:
        assert pending_of(decision).at == NOW
        assert str(pending_of(decision).warning).startswith(
            f"{missing} of {before} coming events are missing"
        )


def test_events_that_are_over_do_not_count_as_a_loss() -> None:
    """An old event leaves the window, and Zoho's answer, by itself."""
    events = many(20, past=40)
    decision = decide(known(*events), found(*events[:20]), now=NOW)
    assert decision.pending is None
    assert len(decision.removed) == 40


def test_a_read_that_is_held_back_changes_nothing_at_all() -> None:
    events = many(30)
    decision = decide(known(*events), found(replace(events[0], title="New"), event("new")), now=NOW)
    assert decision.pending is not None
    assert (decision.saved, decision.removed, decision.rejections) == ((), (), ())


@pytest.mark.parametrize(
    ("later", "believed"),
    [
        (MINUTE, False),
        (BELIEVE_AFTER - timedelta(seconds=1), False),
        (BELIEVE_AFTER, True),
        (10 * BELIEVE_AFTER, True),
    ],
)
def test_a_loss_is_believed_when_a_second_read_ten_minutes_later_says_the_same(
    later: Any, believed: Any
) -> None:
    assert timedelta(minutes=10) == BELIEVE_AFTER
    events = many(30)
    before, read = known(*events), found(*events[20:])
    first = decide(before, read, now=NOW)
    second = decide(before, read, pending=first.pending, now=NOW + later)
    assert (second.pending is None) is believed
    assert len(second.removed) == (20 if believed else 0)
    if not believed:
        assert second.pending == first.pending, "the ten minutes count from the first read"
        assert pending_of(second).warning == pending_of(first).warning


def test_a_second_read_that_misses_others_begins_the_wait_anew() -> None:
    events = many(30)
    before = known(*events)
    first = decide(before, found(*events[20:]), now=NOW)
    second = decide(before, found(*events[:10]), pending=first.pending, now=NOW + BELIEVE_AFTER)
    assert second.pending is not None
    assert pending_of(second).hash != pending_of(first).hash
    assert pending_of(second).at == NOW + BELIEVE_AFTER
    third = decide(before, found(*events[:10]), pending=second.pending, now=NOW + 2 * BELIEVE_AFTER)
    assert len(third.removed) == 20


def test_when_the_missing_ones_are_back_all_is_well_and_the_doubt_forgotten() -> None:
    events = many(30)
    before = known(*events)
    first = decide(before, found(), now=NOW)
    second = decide(before, found(*events), pending=first.pending, now=NOW + MINUTE)
    assert (second.pending, second.removed) == (None, ())


def test_a_hold_of_long_ago_about_other_events_counts_for_nothing() -> None:
    events = many(30)
    old = PendingLoss(
        hash="0" * 64, at=NOW - timedelta(days=3), warning=problem("many-missing", gone=1, coming=2)
    )
    assert pending_of(decide(known(*events), found(), pending=old, now=NOW)).at == NOW


def test_series_that_go_on_count_among_the_coming_events() -> None:
    """All of them began long ago; what matters is when they end."""
    rules: list[dict[str, Any]] = [
        {"freq": "DAILY"},
        {"freq": "DAILY", "count": 5000},
        {"freq": "DAILY", "until": datetime(2026, 12, 1, 9, tzinfo=BERLIN)},
        {"freq": "WEEKLY", "count": 400},  # until 2027
    ]
    endless = [
        event(f"s{n}", start=datetime(2020, 1, 1, 9), rule=rule) for n, rule in enumerate(rules * 5)
    ]
    assert decide(known(*endless), found(*endless[11:]), now=NOW).pending is not None


def test_series_that_are_over_do_not() -> None:
    over = [
        event(f"s{n}", start=datetime(2020, 1, 1, 9), rule={"freq": "WEEKLY", "count": 50})
        for n in range(30)
    ]
    assert len(decide(known(*over), found(), now=NOW).removed) == 30


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (event(), datetime(2026, 3, 12, 10, tzinfo=UTC)),  # 11:00 in Berlin, winter
        (event(start=date(2026, 3, 12)), datetime(2026, 3, 13, tzinfo=UTC)),
        (event(rule={"freq": "DAILY"}), None),
        (event(rule={"freq": "DAILY", "count": 3}), datetime(2026, 3, 14, 10, tzinfo=UTC)),
        (
            event(rule={"freq": "WEEKLY", "count": 4}),
            datetime(2026, 4, 2, 9, tzinfo=UTC),
        ),  # summer by then
        # More than 1500 occurrences: from 1 January 2020 to 1 December 2026.
        (
            event(
                start=datetime(2020, 1, 1, 9),
                rule={"freq": "DAILY", "until": datetime(2026, 12, 1, 9, tzinfo=BERLIN)},
            ),
            datetime(2026, 12, 1, 9, tzinfo=UTC),
        ),
        (
            event(start=date(2026, 3, 12), rule={"freq": "DAILY", "until": date(2026, 3, 15)}),
            datetime(2026, 3, 16, tzinfo=UTC),
        ),
    ],
)
def test_the_end_of_an_event_is_that_of_its_last_occurrence(one: Any, expected: Any) -> None:
    assert known(one)["u"].ends_at == expected


def test_an_instance_moved_beyond_the_end_of_its_series_counts() -> None:
    slot = datetime(2026, 3, 12, 10, tzinfo=BERLIN)
    moved = event(start=datetime(2026, 9, 1, 10), recurrence_id=slot)
    series = event(rule={"freq": "DAILY", "count": 2}, overrides=(moved,))
    assert known(series)["u"].ends_at == datetime(2026, 9, 1, 9, tzinfo=UTC)
