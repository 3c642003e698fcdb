"""An event as one feed shows it: window, cancelled events, privacy, changed instances.

Expected values follow the rulebook (cited) and RFC 5545, worked out by hand.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from dateutil.rrule import rrulestr
from hypothesis import given, strategies as st
import pytest

from bridge.domain.event import Alarm, Person, Place, Status
from bridge.domain.feed import Window
from bridge.domain.timezones import UTC_ZONE, fixed_zone, zone, zone_by_key
from bridge.domain.uid import event_uid, hidden_uid, slot_text
from bridge.publish.view.event import occurrences_in
from tests.publish.view_events import (
    BUSY,
    CLASSIC,
    FEED,
    SALT,
    TODAY,
    at,
    events,
    only,
    override,
    series,
    single,
    starts,
    view,
)

# --- the window (rulebook 62) and single events


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (single("2025-12-09 23:00"), False),  # ended before 10 December 2025, 90 days ago, began
        (single("2025-12-09 23:30", 2, UTC_ZONE), True),  # reaches into it
        (single("2025-12-09 23:00", 1, UTC_ZONE), False),  # ends the moment the window begins
        (single("2025-12-10 00:00", 0, UTC_ZONE), True),  # a moment counts where it is
        (single("2027-08-31 23:59", 1, UTC_ZONE), True),  # the last day: 540 days ahead
        (single("2027-09-01 00:00", 1, UTC_ZONE), False),
        (single(date(2025, 12, 9), 1), False),
        (single(date(2025, 12, 9), 2), True),
        (single(date(2027, 8, 31), 1), True),
        (single(date(2027, 9, 1), 1), False),
    ],
)
def test_a_single_event_is_shown_when_it_overlaps_the_window(event: Any, shown: Any) -> None:
    assert bool(events(event)) is shown


def test_what_is_shown_today_holds_until_the_event_leaves() -> None:
    answer = view(single("2026-03-12 10:00"))
    assert answer.until == date(2026, 3, 13) + timedelta(days=90)
    assert view(single("2020-03-12 10:00")).until is None
    assert view(single("2030-03-12 10:00")).until == date(2030, 3, 13) - timedelta(days=540)


@pytest.mark.parametrize(
    ("event", "zone_key"),
    [
        (single("2026-03-12 10:00"), "Europe/Berlin"),
        (single("2026-03-12 10:00", where=UTC_ZONE), "UTC"),
        (
            single("2026-03-12 10:00", where=fixed_zone(timedelta(hours=5, minutes=30))),
            "UTC",
        ),  # only an offset is known
        (
            single("2026-03-12 10:00", where=zone("Africa/Cairo")),
            "UTC",
        ),  # one pair of rules can't tell it (28)
        (
            single("2026-12-12 10:00", where=zone("America/Vancouver")),
            "UTC",
        ),  # too new for clients' own data
        (single("1999-03-12 10:00", where=zone("America/New_York")), "UTC"),  # before today's rules
    ],
)
def test_a_zone_is_named_only_where_every_client_reads_it_right(event: Any, zone_key: Any) -> None:
    """Rulebook 24-28, 29."""
    feed = replace(FEED, past=timedelta(days=12_000))
    found = only(event, feed)
    assert found.start.tzinfo.key == zone_key
    assert found.start == event.start
    assert found.end == event.end


def test_an_event_without_a_title_gets_one() -> None:
    """Rulebook 54: SUMMARY always."""
    assert only(single(title="  ")).title == "(No title)"


# --- cancelled events (rulebook 50, decision in docs/decisions.md)

GONE = single(status=Status.CANCELLED, alarms=(Alarm(trigger=timedelta(minutes=-10)),))


def test_a_cancelled_event_is_marked_free_and_silent_for_thirty_days() -> None:
    answer = view(GONE, since=date(2026, 3, 1))
    (found,) = answer.events
    assert (found.title, found.status, found.busy, found.alarms) == (
        "[Cancelled] Standup",
        Status.CONFIRMED,
        False,
        (),
    )
    assert answer.until == date(2026, 3, 31)
    assert events(GONE, today=date(2026, 3, 30), since=date(2026, 3, 1))
    assert not events(GONE, today=date(2026, 3, 31), since=date(2026, 3, 1))


def test_a_cancelled_event_may_carry_its_status_or_be_dropped() -> None:
    found = only(GONE, replace(FEED, cancelled="status"), since=TODAY)
    assert (found.title, found.status, found.alarms) == ("Standup", Status.CANCELLED, ())
    assert not events(GONE, replace(FEED, cancelled="drop"), since=TODAY)


@pytest.mark.parametrize("cancelled", ["mark", "status", "drop"])
@pytest.mark.parametrize("form", ["detached", "recurrence-id"])
def test_a_cancelled_instance_is_an_empty_slot_whatever_the_feed_says(
    cancelled: Any, form: Any
) -> None:
    """Rulebook 50: one instance: EXDATE."""
    gone = override("2026-03-04 10:00", "2026-03-04 10:00", status=Status.CANCELLED)
    found = only(
        series("FREQ=DAILY", overrides=[gone]), replace(FEED, cancelled=cancelled, exceptions=form)
    )
    assert found.overrides == ()
    assert [slot_text(slot) for slot in found.recurrence.excluded] == ["20260304T090000Z"]


# --- privacy


RICH: dict[str, Any] = {
    "title": "Salaries",
    "description": "secret",
    "html": "<p>secret</p>",
    "place": Place(name="secret"),
    "url": "https://secret.example",
    "join_url": "https://secret.example/j",
    "image_url": "https://secret.example/i",
    "categories": ("secret",),
    "people": (Person(name="secret", role="organizer"),),
    "language": "de",
    "alarms": (Alarm(trigger=timedelta(minutes=-10)),),
}


@pytest.mark.parametrize("busy", [True, False])
def test_a_feed_of_times_tells_nothing_else(busy: Any) -> None:
    found = only(single(**RICH, busy=busy), BUSY)
    expected = single(
        "2026-03-12 09:00",
        where=UTC_ZONE,
        uid=hidden_uid("u", SALT),
        title="Busy" if busy else "Free",
        busy=busy,
    )
    assert found == expected


def test_a_feed_of_times_has_uids_that_only_its_salt_leads_to() -> None:
    """Also of each instance that stands alone: no UID is the same with another salt."""
    moved = override("2026-03-04 10:00", "2026-03-04 15:00")
    for event in (single(), series("FREQ=DAILY;COUNT=3", overrides=[moved])):
        own, again, other = (
            {shown.uid for shown in view(event, BUSY, salt=salt).events} for salt in ("a", "a", "b")
        )
        assert own == again
        assert not own & other
        assert not own & {shown.uid for shown in view(event).events}


@given(
    where=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Africa/Cairo"]),
    hours=st.integers(1, 40),
    rule=st.sampled_from(["", "FREQ=DAILY;COUNT=4", "FREQ=WEEKLY;COUNT=3"]),
)
def test_a_feed_of_times_names_a_zone_only_with_a_repeat(where: str, hours: int, rule: str) -> None:
    zone = zone_by_key(where)
    moved = override(at("2026-03-12 10:00", zone), "2026-03-12 15:00", where=zone)
    event = series(rule, "2026-03-12 10:00", hours, zone, overrides=[moved]) if rule else None
    shown = events(event or single("2026-03-12 10:00", hours, zone), BUSY)
    assert shown
    for each in shown:
        assert each.recurrence or {each.start.tzinfo, each.end.tzinfo} == {UTC_ZONE}


def test_a_feed_of_times_hides_the_changed_instances_too() -> None:
    moved = override("2026-03-04 10:00", "2026-03-04 15:00", **RICH)
    for feed in (BUSY, replace(BUSY, exceptions="recurrence-id")):
        told = repr(events(series("FREQ=DAILY", overrides=[moved], **RICH), feed))
        assert "secret" not in told
        assert "Salaries" not in told


def test_a_feed_of_times_leaves_cancelled_events_out() -> None:
    assert not events(GONE, BUSY, since=TODAY)


def test_a_private_event_is_busy_in_a_full_feed_unless_it_may_be_shown() -> None:
    event = single(**RICH, private=True)
    assert only(event) == single(uid=hidden_uid("u", SALT), title="Busy")
    assert only(event, replace(FEED, show_private=True)).title == "Salaries"


def test_a_private_instance_of_an_open_series_is_hidden_and_the_rest_is_not() -> None:
    moved = override("2026-03-04 10:00", "2026-03-04 15:00", **RICH | {"private": True})
    found = events(series("FREQ=DAILY;COUNT=9", overrides=[moved]))
    assert [event.title for event in found] == ["Standup", "Busy"]
    assert "secret" not in repr(found)


# --- exceptions (rulebook 40-43)


def test_a_changed_instance_stands_alone_and_its_slot_is_empty() -> None:
    """Rulebook 42, in the default form."""
    moved = override("2026-03-04 10:00", "2026-03-05 15:00")
    master, alone = events(series("FREQ=DAILY", overrides=[moved]))
    assert [slot_text(slot) for slot in master.recurrence.excluded] == ["20260304T090000Z"]
    assert (master.uid, master.overrides) == ("u", ())
    assert alone == replace(
        moved, uid=event_uid("u", slot=at("2026-03-04 10:00")), recurrence_id=None, related_to="u"
    )


def test_the_classical_form_keeps_the_override() -> None:
    moved = override("2026-03-04 10:00", "2026-03-04 15:00")
    master = only(
        series("FREQ=DAILY", overrides=[moved], excluded=[at("2026-03-06 10:00")]), CLASSIC
    )
    assert master.overrides == (moved,)
    assert [slot_text(slot) for slot in master.recurrence.excluded] == ["20260306T090000Z"]


def test_an_override_that_crosses_a_neighbour_stands_alone_in_the_classical_form_too() -> None:
    """Rulebook 42: Outlook forbids an exception to land on another instance's day or to pass it."""
    moved = override("2026-03-04 10:00", "2026-03-05 15:00")
    master, alone = events(series("FREQ=DAILY", overrides=[moved]), CLASSIC)
    assert [slot_text(slot) for slot in master.recurrence.excluded] == ["20260304T090000Z"]
    assert (alone.title, alone.recurrence_id) == ("Moved", None)


@pytest.mark.parametrize(
    ("rule", "start", "slot", "before"),
    [
        ("FREQ=WEEKLY", "2026-03-02 10:00", "2026-10-26 10:00", "2026-10-19 08:00"),
        ("FREQ=DAILY", "2026-03-02 10:00", "2026-10-25 10:00", "2026-10-24 08:00"),
        ("FREQ=MONTHLY;BYDAY=-1MO", "2026-03-30 10:00", "2026-10-26 10:00", "2026-09-28 08:00"),
    ],
)
def test_an_override_crosses_a_neighbour_from_before_the_end_of_summer_time(
    rule: str, start: str, slot: str, before: str
) -> None:
    """From 10:00 to 10:00 a week later there is an hour more on the night of 25 October 2026.

    The days are dateutil's, in local time.
    """
    wall = datetime.strptime(start, "%Y-%m-%d %H:%M")
    days = [f"{day:%Y-%m-%d}" for day in islice(rrulestr(rule, dtstart=wall), 300)]
    assert days[days.index(slot[:10]) - 1] == before[:10]
    moved = override(slot, before)
    found = events(series(rule, start=start, overrides=[moved]), CLASSIC)
    assert [event.overrides for event in found] == [()] * len(found)
    assert "Moved" in [event.title for event in found]


@pytest.mark.parametrize("feed", [FEED, CLASSIC])
def test_an_instance_moved_out_of_the_window_still_frees_its_slot(feed: Any) -> None:
    moved = override("2026-03-11 10:00", "2029-01-01 10:00")
    found = events(series("FREQ=DAILY", overrides=[moved]), feed)
    occurring = [
        o
        for event in found
        for o in occurrences_in(event, Window(start=date(2026, 3, 10), end=date(2026, 3, 13)))
    ]
    assert starts(occurring) == ["03-10 09:00", "03-12 09:00"]


@pytest.mark.parametrize("feed", [FEED, CLASSIC])
def test_an_instance_moved_into_the_window_is_shown_when_its_series_has_ended(feed: Any) -> None:
    moved = override("2020-03-02 10:00", "2026-03-11 10:00")
    found = only(series("FREQ=DAILY;COUNT=3", start="2020-03-01 10:00", overrides=[moved]), feed)
    assert (found.title, found.recurrence, found.recurrence_id) == ("Moved", None, None)


@pytest.mark.parametrize("slot", ["2026-03-04 11:00", "2026-02-01 10:00"])
def test_an_override_of_no_slot_of_the_series_stands_alone(slot: Any) -> None:
    """Rulebook 43: clients drop an override that replaces nothing, or the feed with it."""
    moved = override(slot, "2026-03-05 15:00")
    master, alone = events(series("FREQ=DAILY", overrides=[moved]), CLASSIC)
    assert (master.overrides, master.recurrence.excluded) == ((), ())
    assert (alone.recurrence_id, alone.title) == (None, "Moved")


def test_an_all_day_override_of_a_timed_series_stands_alone() -> None:
    """Rulebook 40: RECURRENCE-ID and DTSTART of one kind; an engine shows the other as timed."""
    moved = override("2026-03-04 10:00", date(2026, 3, 5), 1)
    master, alone = events(series("FREQ=DAILY", overrides=[moved]), CLASSIC)
    assert [slot_text(slot) for slot in master.recurrence.excluded] == ["20260304T090000Z"]
    assert alone.all_day


def test_excluded_slots_that_the_rule_would_not_fill_are_left_out() -> None:
    found = only(series("FREQ=WEEKLY", excluded=[at("2026-03-10 10:00"), at("2026-03-16 10:00")]))
    assert [slot_text(slot) for slot in found.recurrence.excluded] == ["20260316T090000Z"]


def test_a_series_with_nothing_left_is_left_out() -> None:
    """Rulebook 48."""
    empty = series("FREQ=DAILY;COUNT=2", excluded=[at("2026-03-02 10:00"), at("2026-03-03 10:00")])
    assert events(empty) == ()
    assert events(series("FREQ=DAILY;COUNT=2", start="2020-03-02 10:00")) == ()


def test_a_series_with_only_changed_instances_left_is_those() -> None:
    moved = override("2026-03-02 10:00", "2026-03-05 15:00")
    one_left = series("FREQ=DAILY;COUNT=1", overrides=[moved])
    found = only(one_left)
    assert (found.title, found.recurrence, found.recurrence_id) == ("Moved", None, None)
    occurring = occurrences_in(
        only(one_left, CLASSIC), Window(start=date(2026, 3, 1), end=date(2026, 4, 1))
    )
    assert [(f"{event.start:%m-%d}", event.title) for event in occurring] == [("03-05", "Moved")]


def test_instances_of_a_private_series_are_private_whether_they_say_so_or_not() -> None:
    moved = override("2026-03-04 10:00", "2026-03-04 15:00", **RICH)
    for feed in (FEED, CLASSIC):
        found = events(series("FREQ=DAILY;COUNT=9", overrides=[moved], private=True), feed)
        assert "secret" not in repr(found)
        assert "Salaries" not in repr(found)


def test_instances_of_a_cancelled_series_are_cancelled_with_it() -> None:
    moved = override("2026-03-04 10:00", "2026-03-04 15:00", alarms=(Alarm(trigger=timedelta(0)),))
    cancelled = series("FREQ=DAILY;COUNT=9", overrides=[moved], status=Status.CANCELLED)
    found = events(cancelled, since=TODAY)
    assert [event.title for event in found] == ["[Cancelled] Standup", "[Cancelled] Moved"]
    assert not any(event.busy or event.alarms for event in found)


@pytest.mark.parametrize(
    "rule", ["FREQ=YEARLY;INTERVAL=3", "FREQ=YEARLY", "FREQ=MONTHLY;INTERVAL=7"]
)
def test_an_endless_series_late_in_the_year_is_not_looked_at_to_the_end_of_all_years(
    rule: Any,
) -> None:
    found = only(series(rule, start="2019-12-11 10:00"))
    assert found.recurrence is not None


def test_a_series_far_ahead_is_not_shown_yet() -> None:
    answer = view(series("FREQ=DAILY", start="2029-01-01 10:00"))
    assert answer.events == ()
    assert answer.until == date(2029, 1, 2) - timedelta(days=540)
