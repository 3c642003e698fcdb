"""What a complete read of a source changes.

Docs/decisions.md, "Identity and change" and "What differs".
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from bridge.domain import codec
from bridge.domain.event import Event, Status
from bridge.domain.problems import text_problem
from bridge.domain.records import EventRow, EventToSave
from bridge.domain.rejection import Rejection, reasons
from bridge.refresh.diff import BELIEVE_AFTER, Decision, decide
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


def mark(rows: dict[str, EventRow], *uids: str, since: datetime = NOW) -> dict[str, EventRow]:
    """Return stored events of which an earlier read missed some."""
    return rows | {uid: replace(rows[uid], missing_since=since) for uid in uids}


def test_an_event_is_removed_when_a_second_read_misses_it_too() -> None:
    before, read = known(event("a"), event("b")), found(event("a"))
    first = decide(before, read, now=NOW)
    assert (first.removed, first.missing, first.warning) == ((), ("b",), None)
    second = decide(mark(before, "b"), read, now=NOW + MINUTE)
    assert (second.removed, second.missing) == (("b",), ())


def test_an_event_that_returns_is_no_longer_missing() -> None:
    """A list that shifts while it is read misses an event that exists."""
    before = mark(known(event("a"), event("b")), "b")
    decision = decide(before, found(event("a"), event("b")), now=NOW + MINUTE)
    assert (decision.removed, decision.returned) == ((), ("b",))


def test_an_event_that_zoho_says_was_deleted_is_removed_at_once() -> None:
    before = known(event("a"), event("b"), event("c"))
    decision = decide(
        before, found(event("a")), now=NOW, is_deleted=lambda row: row.upstream_id == "up-b"
    )
    assert (decision.removed, decision.missing) == (("b",), ("c",))


def test_zoho_is_asked_about_few_events_and_none_that_is_over() -> None:
    events = many(30, past=3)
    asked: list[str] = []

    def is_deleted(row: EventRow) -> bool:
        asked.append(row.uid)
        return True

    decide(known(*events), found(*events[5:30]), now=NOW, is_deleted=is_deleted)
    assert asked == [f"c{n:02}" for n in range(5)]
    decide(known(*events), found(*events[6:]), now=NOW, is_deleted=is_deleted)
    assert len(asked) == 5


def test_an_event_that_came_but_could_not_be_read_stays_as_it_was() -> None:
    read = found(event("a"), rejections=[rejected("up-b")])
    before = mark(known(event("a"), event("b"), event("c")), "b", "c")
    decision = decide(before, read, now=NOW)
    assert (decision.saved, decision.removed) == ((), ("c",))


def test_a_rejection_that_only_mended_its_event_says_nothing_about_what_is_missing() -> None:
    """Its event is among those found.

    One that is missing under the same upstream id (an instance) is gone.
    """
    read = found(event("a"), event("b"), rejections=[rejected("up-b", kept=True)])
    before = known(event("a"), event("b"), event("b-3", upstream_id="up-b"))
    assert decide(before, read, now=NOW).removed == ("b-3",)


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
    ("before", "missing", "is_sudden"),
    [
        (1, 1, False),  # the only event
        (2, 2, True),  # all of them
        (9, 8, False),
        (10, 5, False),  # half is not more than half
        (10, 6, True),
        (21, 11, True),
        (500, 250, False),
        (500, 251, True),
    ],
)
def test_all_coming_events_or_more_than_half_of_ten_are_a_sudden_loss(
    before: int, missing: int, is_sudden: bool
) -> None:
    events = many(before)
    decision = decide(known(*events), found(*events[missing:]), now=NOW)
    assert (decision.removed, len(decision.missing)) == ((), missing)
    assert (decision.warning is not None) is is_sudden
    if is_sudden:
        sentence = f"{missing} of {before} coming events are missing"
        assert str(decision.warning).startswith(sentence)


def test_events_that_are_over_do_not_count_as_a_loss() -> None:
    """An old event leaves the window, and Zoho's answer."""
    events = many(20, past=40)
    decision = decide(known(*events), found(*events[:20]), now=NOW)
    assert decision.warning is None
    assert len(decision.missing) == 40


def test_a_sudden_loss_holds_removals_alone() -> None:
    events = many(30)
    read = found(replace(events[0], title="New"), event("new"))
    decision = decide(known(*events), read, now=NOW, is_deleted=lambda _: True)
    assert decision.warning is not None
    assert ({row.uid for row in decision.saved}, decision.removed) == ({"c00", "new"}, ())


@pytest.mark.parametrize(
    ("later", "is_believed"),
    [
        (MINUTE, False),
        (BELIEVE_AFTER - timedelta(seconds=1), False),
        (BELIEVE_AFTER, True),
        (10 * BELIEVE_AFTER, True),
    ],
)
def test_a_sudden_loss_is_believed_after_ten_minutes(later: timedelta, is_believed: bool) -> None:
    assert timedelta(minutes=10) == BELIEVE_AFTER
    events = many(30)
    before = known(*events)
    first = decide(before, found(*events[20:]), now=NOW)
    second = decide(mark(before, *first.missing), found(*events[20:]), now=NOW + later)
    assert len(second.removed) == (20 if is_believed else 0)
    assert (second.warning is None) is is_believed
    assert second.missing == ()


def test_a_hold_ends_even_when_each_read_misses_one_more() -> None:
    """Each event has ten minutes of its own: 20 that go one by one do not keep the others."""
    events = many(40)
    rows, removed = known(*events), set[str]()
    for minute in range(0, 61, 5):
        now, read = NOW + minute * MINUTE, found(*events[21 + minute // 5 :])
        decision = decide(rows, read, now=now)
        removed |= set(decision.removed)
        rows = mark(rows, *decision.missing, since=now)
        rows = {uid: row for uid, row in rows.items() if uid not in removed}
    assert removed == {f"c{n:02}" for n in range(32)}


READS = st.lists(st.tuples(st.integers(1, 8), st.frozensets(st.integers(0, 11))), max_size=12)


@given(reads=READS)
def test_two_reads_remove_and_ten_minutes_suffice(reads: list[tuple[int, frozenset[int]]]) -> None:
    """Whatever reads miss: one alone removes nothing, and no hold outlasts its ten minutes."""
    events, now = many(12), NOW
    rows = known(*events)
    missed_since: dict[str, datetime] = {}
    for minutes, missed in reads:
        now += minutes * MINUTE
        read = found(*(event for n, event in enumerate(events) if n not in missed))
        absent = rows.keys() - {event.uid for event in read.events}
        decision = decide(rows, read, now=now)
        missed_since = {uid: missed_since.get(uid, now) for uid in absent}
        assert all(missed_since[uid] < now for uid in decision.removed)
        stale = {uid for uid, since in missed_since.items() if now - since >= BELIEVE_AFTER}
        assert stale <= set(decision.removed)
        saved = {row.uid: row for row in decision.saved}
        rows = mark(rows | saved, *decision.missing, since=now)
        rows = {
            uid: replace(row, missing_since=None) if uid in decision.returned else row
            for uid, row in rows.items()
            if uid not in decision.removed
        }


def test_when_the_missing_events_are_back_the_loss_is_forgotten() -> None:
    events = many(30)
    before = known(*events)
    first = decide(before, found(), now=NOW)
    assert first.warning is not None
    second = decide(mark(before, *first.missing), found(*events), now=NOW + MINUTE)
    assert (second.warning, second.removed, len(second.returned)) == (None, (), 30)


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
    assert decide(known(*endless), found(*endless[11:]), now=NOW).warning is not None


def test_series_that_are_over_do_not() -> None:
    over = [
        event(f"s{n}", start=datetime(2020, 1, 1, 9), rule={"freq": "WEEKLY", "count": 50})
        for n in range(30)
    ]
    decision = decide(known(*over), found(), now=NOW)
    assert (decision.warning, len(decision.missing)) == (None, 30)


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
