"""An event as one feed shows it. Expected values follow the rulebook (cited) and RFC 5545, worked out by hand;
the property tests compare with dateutil on wall times."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dateutil import rrule as dateutil_rrule
from hypothesis import given, settings, strategies as st
import pytest

from bridge.domain.event import Alarm, Event, Person, Place, Recurrence, Status
from bridge.domain.feed import Feed, Window
from bridge.domain.recurrence.parse import parse_rule
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import UTC_ZONE, fixed_zone, zone
from bridge.domain.uid import event_uid, slot_text
from bridge.publish.view.event import event_view, occurrences_in

BERLIN = zone("Europe/Berlin")
TODAY = date(2026, 3, 10)
FEED = Feed(slug="team", title="Team", sources=(CalendarSource(calendar="c"),))
CLASSIC = replace(FEED, exceptions="recurrence-id")
BUSY = replace(FEED, privacy="busy")


def at(text: str, where: Any = BERLIN) -> Any:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=where)


def single(
    start: str = "2026-03-12 10:00", hours: float = 1.0, where: Any = BERLIN, **fields: Any
) -> Any:
    begin = at(start, where) if isinstance(start, str) else start
    if isinstance(begin, datetime):
        end = (begin.astimezone(UTC) + timedelta(hours=hours)).astimezone(begin.tzinfo)
    else:
        end = begin + timedelta(days=hours)
    return Event(
        **{"uid": "u", "upstream_id": "up", "title": "Standup", "start": begin, "end": end} | fields
    )


def series(
    rule: Any,
    start: str = "2026-03-02 10:00",
    hours: float = 1.0,
    where: Any = BERLIN,
    excluded: Any = (),
    overrides: Any = (),
    **fields: Any,
) -> Any:
    event = single(start, hours, where, **fields)
    recurrence = Recurrence(rule=parse_rule(rule, event.start), excluded=tuple(excluded))
    return replace(event, recurrence=recurrence, overrides=tuple(overrides))


def override(slot: Any, start: Any, hours: float = 1.0, **fields: Any) -> Any:
    return single(
        start,
        hours,
        **{"recurrence_id": at(slot) if isinstance(slot, str) else slot, "title": "Moved"} | fields,
    )


def shaped(event: Any, feed: Any = FEED, today: Any = TODAY, since: Any = None) -> Any:
    return event_view(event, feed, today=today, cancelled_since=since)


def events(event: Any, feed: Any = FEED, today: Any = TODAY, since: Any = None) -> Any:
    return shaped(event, feed, today, since).events


def only(event: Any, feed: Any = FEED, today: Any = TODAY, since: Any = None) -> Any:
    (found,) = events(event, feed, today, since)
    return found


def starts(found: Any) -> Any:
    return [f"{event.start:%m-%d %H:%M}" for event in found]


def utc(found: Any) -> Any:
    return [event.start.astimezone(UTC).strftime("%m-%d %H:%M") for event in found]


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
    answer = shaped(single("2026-03-12 10:00"))
    assert answer.until == date(2026, 3, 13) + timedelta(days=90)
    assert shaped(single("2020-03-12 10:00")).until is None
    assert shaped(single("2030-03-12 10:00")).until == date(2030, 3, 13) - timedelta(days=540)


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
    answer = shaped(GONE, since=date(2026, 3, 1))
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


RICH = {
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
        uid=event_uid("busy", "team", "u"), title="Busy" if busy else "Free", busy=busy
    )
    assert found == expected


def test_a_feed_of_times_has_uids_of_its_own_that_stay() -> None:
    one, other = only(single(), BUSY), only(single(), replace(BUSY, slug="other"))
    assert len({one.uid, other.uid, "u"}) == 3
    assert one == only(single(), BUSY)


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
    assert only(event) == single(title="Busy")
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
    answer = shaped(series("FREQ=DAILY", start="2029-01-01 10:00"))
    assert answer.events == ()
    assert answer.until == date(2029, 1, 2) - timedelta(days=540)


# --- rules (rulebook 36, 45-47, 32, 28)


def test_a_start_that_does_not_fit_the_rule_stands_alone() -> None:
    """Rulebook 36; RFC 5545 3.8.5.3 counts DTSTART as the first of COUNT."""
    master, own = events(series("FREQ=WEEKLY;BYDAY=TU;COUNT=3", start="2026-03-02 10:00"))
    assert (starts([own]), own.uid, own.related_to) == (
        ["03-02 10:00"],
        event_uid("u", slot=own.start),
        "u",
    )
    assert (starts([master]), master.recurrence.rule.count) == (["03-03 10:00"], 2)


def test_a_rule_that_gives_nothing_but_its_start_is_a_single_event() -> None:
    found = only(series("FREQ=WEEKLY;BYDAY=TU;COUNT=1", start="2026-03-02 10:00"))
    assert (starts([found]), found.recurrence) == (["03-02 10:00"], None)


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        # 46: the 31st, which only long months have
        ("FREQ=MONTHLY;COUNT=5", "2026-01-31 10:00", ["01-31", "03-31", "05-31", "07-31", "08-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=30;COUNT=3", "2026-01-30 10:00", ["01-30", "03-30", "04-30"]),
        # 45: outside of Outlook's templates
        (
            "FREQ=MONTHLY;BYMONTHDAY=1,15;COUNT=4",
            "2026-03-01 10:00",
            ["03-01", "03-15", "04-01", "04-15"],
        ),
        ("FREQ=YEARLY;BYMONTH=3,6;COUNT=3", "2026-03-05 10:00", ["03-05", "06-05", "03-05"]),
        (
            "FREQ=DAILY;BYHOUR=9,17;COUNT=4",
            "2026-03-11 09:00",
            ["03-11", "03-11", "03-12", "03-12"],
        ),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1;COUNT=2", "2026-03-02 10:00", ["03-02", "03-09"]),
    ],
)
def test_rules_that_clients_read_differently_come_one_by_one(
    rule: Any, start: Any, expected: Any
) -> None:
    found = events(series(rule, start=start))
    assert [f"{event.start:%m-%d}" for event in found] == expected
    assert all(event.recurrence is None and event.related_to == "u" for event in found)
    assert len({event.uid for event in found}) == len(found)


def test_expanded_instances_keep_their_uids_from_day_to_day() -> None:
    monthly = series("FREQ=MONTHLY", start="2026-01-31 10:00")
    march = {event.uid: event for event in events(monthly)}
    july = {event.uid: event for event in events(monthly, today=date(2026, 7, 1))}
    assert march.keys() & july.keys()
    assert all(march[uid] == july[uid] for uid in march.keys() & july.keys())


def test_a_changed_instance_of_an_expanded_series_replaces_its_slot() -> None:
    moved = override("2026-03-31 10:00", "2026-04-02 10:00")
    found = events(
        series("FREQ=MONTHLY;COUNT=3", start="2026-01-31 10:00", overrides=[moved]), CLASSIC
    )
    assert [(f"{event.start:%m-%d}", event.title) for event in found] == [
        ("01-31", "Standup"),
        ("04-02", "Moved"),
        ("05-31", "Standup"),
    ]


def test_overlapping_instances_come_one_by_one() -> None:
    """Rulebook 45."""
    found = events(series("FREQ=DAILY;COUNT=3", hours=30))
    assert len(found) == 3
    assert not any(event.recurrence for event in found)


def test_a_series_in_the_hour_that_clocks_skip_or_repeat_comes_one_by_one() -> None:
    """Rulebook 32: 02:30 does not exist in Berlin on 29 March 2026 and exists twice on 25 October; RFC 5545 3.3.5."""
    found = events(
        series("FREQ=WEEKLY", start="2026-03-22 02:30"), replace(FEED, future=timedelta(days=240))
    )
    assert not any(event.recurrence for event in found)
    assert utc(found)[:3] == ["03-22 01:30", "03-29 01:30", "04-05 00:30"]
    assert "10-25 00:30" in utc(found)


def test_only_the_nights_of_the_change_leave_an_overnight_series() -> None:
    """The same exact duration for each instance (RFC 5545 3.8.5.3): engines read a night of 23 or 25 hours differently."""
    master, *alone = events(series("FREQ=DAILY", start="2026-03-02 22:00", hours=8))
    assert master.recurrence is not None
    assert [slot_text(slot)[:8] for slot in master.recurrence.excluded][:2] == [
        "20260328",
        "20261024",
    ]
    night = alone[0]
    assert (night.start, night.end) == (at("2026-03-28 22:00"), at("2026-03-29 07:00"))
    assert alone[1].end == at("2026-10-25 05:00")


def test_a_series_in_a_zone_that_cant_be_told_comes_one_by_one_in_utc() -> None:
    """Rulebook 28."""
    for where in (
        zone("Africa/Cairo"),
        zone("America/Vancouver"),
        fixed_zone(timedelta(hours=-3, minutes=-30)),
    ):
        found = events(series("FREQ=WEEKLY;COUNT=4", where=where))
        assert len(found) == 4
        assert all(event.start.tzinfo is UTC_ZONE for event in found)
        assert [event.start for event in found] == [
            at("2026-03-02 10:00", where) + timedelta(weeks=n) for n in range(4)
        ]


def test_an_old_daily_series_begins_later_with_the_same_instances() -> None:
    """Rulebook 47: FullCalendar stops after 1000."""
    found = only(series("FREQ=DAILY;INTERVAL=2", start="2016-01-01 10:00"))
    assert found.uid == "u"
    before_today = (TODAY - found.start.date()).days // 2
    assert 45 <= before_today < 900
    assert (found.start.date() - date(2016, 1, 1)).days % 2 == 0


def test_an_old_series_with_a_count_keeps_its_end() -> None:
    """4000 daily instances from 1 January 2016 end on 13 December 2026."""
    found = only(series("FREQ=DAILY;COUNT=4000", start="2016-01-01 10:00"))
    assert found.recurrence.rule.count == 4000 - (found.start.date() - date(2016, 1, 1)).days
    last = occurrences_in(found, Window(start=date(2026, 12, 1), end=date(2027, 1, 1)))[-1]
    assert f"{last.start:%m-%d}" == "12-13"


def test_a_series_from_before_todays_clock_rules_begins_where_they_hold() -> None:
    """New York's rules are those of 2007."""
    found = only(series("FREQ=YEARLY", start="1999-07-04 10:00", where=zone("America/New_York")))
    assert found.start.year >= 2025
    assert found.start.tzinfo.key == "America/New_York"


def test_a_daily_series_over_a_very_wide_window_is_shown_whole() -> None:
    feed = replace(FEED, past=timedelta(days=1500))
    found = events(series("FREQ=DAILY", start="2016-01-01 10:00"), feed)
    window = Window(start=feed.window(TODAY).start, end=TODAY)
    assert sum(len(occurrences_in(event, window)) for event in found) == 1500


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=YEARLY"])
def test_a_plain_series_is_left_as_it_is_and_for_long(rule: Any) -> None:
    event = series(rule, start="2026-03-10 10:00")
    answer = shaped(event)
    assert answer.events == (event,)
    assert answer.until >= TODAY + timedelta(days=300)


def test_all_day_series_have_no_clock_to_meet() -> None:
    event = series("FREQ=WEEKLY", start=date(2026, 3, 2), hours=2)
    assert only(event) == event


# --- flavour web (rulebook 31)


def test_the_web_flavour_is_every_occurrence_by_itself_in_utc() -> None:
    moved = override("2026-03-30 10:00", "2026-03-31 15:00", alarms=(Alarm(trigger=timedelta(0)),))
    master = only(
        series("FREQ=WEEKLY", overrides=[moved], excluded=[at("2026-03-09 10:00")]), CLASSIC
    )
    found = occurrences_in(master, Window(start=date(2026, 3, 1), end=date(2026, 4, 7)))
    assert starts(found) == [
        "03-02 09:00",
        "03-16 09:00",
        "03-23 09:00",
        "03-31 13:00",
        "04-06 08:00",
    ]
    assert all(
        event.start.tzinfo is UTC_ZONE and not event.recurrence and not event.alarms
        for event in found
    )
    assert [event.title for event in found].count("Moved") == 1
    assert len({event.uid for event in found}) == 5


def test_the_web_flavour_keeps_the_uid_of_a_single_event_and_days_as_days() -> None:
    event = single(date(2026, 3, 12), 2)
    assert occurrences_in(only(event), Window(start=date(2026, 3, 1), end=date(2026, 4, 1))) == (
        event,
    )


# --- properties

zones = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "UTC",
        "Africa/Cairo",
        "Australia/Lord_Howe",
    ]
)
rules = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=WEEKLY;BYDAY=MO,TH",
        "FREQ=WEEKLY;INTERVAL=2",
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=YEARLY",
        "FREQ=DAILY;COUNT=70",
        "FREQ=WEEKLY;COUNT=9",
        "FREQ=WEEKLY;UNTIL=20280630T235959Z",
        "FREQ=MONTHLY;COUNT=5",
    ]
)
moments = st.datetimes(datetime(2016, 1, 1), datetime(2027, 6, 1)).map(
    lambda t: t.replace(minute=t.minute // 30 * 30, second=0, microsecond=0)
)
feeds = st.builds(
    replace,
    st.just(FEED),
    past=st.sampled_from([timedelta(days=n) for n in (0, 30, 90, 400)]),
    future=st.sampled_from([timedelta(days=n) for n in (30, 200, 540)]),
    exceptions=st.sampled_from(["detached", "recurrence-id"]),
)


@st.composite
def upstream(draw: Any) -> Any:
    where = zone(draw(zones))
    start = draw(moments).replace(tzinfo=where)
    hours = draw(st.sampled_from([0, 1, 9, 26]))
    event = series(draw(rules), start=start, hours=hours, where=where)
    expected = walls(event)
    changes = draw(
        st.lists(st.tuples(st.integers(0, 400), st.integers(-72, 72), st.booleans()), max_size=3)
    )
    overrides, excluded = {}, {}
    for number, shift, removed in changes:
        slot = expected[number % len(expected)]
        if removed:
            excluded[slot] = slot
        else:
            moved = (slot.astimezone(UTC) + timedelta(hours=shift)).astimezone(where)
            overrides[slot] = override(slot, moved, hours=1)
    kept = tuple(slot for slot in excluded if slot not in overrides)
    return replace(
        event,
        recurrence=replace(event.recurrence, excluded=kept),
        overrides=tuple(overrides.values()),
    )


def walls(event: Any) -> Any:
    """The starts by dateutil on wall times up to 2029, DTSTART first even where it does not fit (RFC 5545 3.8.5.3)."""
    rule = event.recurrence.rule
    start = event.start
    parts = [f"FREQ={rule.freq};INTERVAL={rule.interval}"]
    parts += [f"COUNT={rule.count}"] if rule.count else []
    parts += [f"UNTIL={rule.until.astimezone(start.tzinfo):%Y%m%dT%H%M%S}"] if rule.until else []
    for name in ("byday", "bymonthday", "bysetpos"):
        if values := getattr(rule, name):
            parts.append(f"{name.upper()}={','.join(map(str, values))}")
    naive = start.replace(tzinfo=None)
    found = dateutil_rrule.rrulestr(";".join(parts), dtstart=naive)
    found = found.between(naive, datetime(2029, 1, 1), inc=True)
    if naive not in found:
        found = [naive, *(found[:-1] if rule.count and len(found) == rule.count else found)]
    zoned = (wall.replace(tzinfo=start.tzinfo) for wall in found)
    return [moment.astimezone(UTC).astimezone(start.tzinfo) for moment in zoned]


def told(event: Any, window: Any) -> Any:
    """The instances that upstream describes, in UTC."""
    length = event.end.astimezone(UTC) - event.start.astimezone(UTC)
    gone = {slot.astimezone(UTC) for slot in event.recurrence.excluded}
    gone |= {o.recurrence_id.astimezone(UTC) for o in event.overrides}
    spans = [
        (s.astimezone(UTC), s.astimezone(UTC) + length)
        for s in walls(event)
        if s.astimezone(UTC) not in gone
    ]
    spans += [(o.start.astimezone(UTC), o.end.astimezone(UTC)) for o in event.overrides]
    first, last = (
        datetime.combine(day, datetime.min.time(), UTC) for day in (window.start, window.end)
    )
    return sorted(
        span for span in spans if span[0] < last and (span[1] > first or span[0] >= first)
    )


def instances(found: Any, window: Any) -> Any:
    flat = [occurrence for event in found for occurrence in occurrences_in(event, window)]
    return sorted((event.start.astimezone(UTC), event.end.astimezone(UTC)) for event in flat)


@settings(max_examples=100, deadline=None)
@given(event=upstream(), feed=feeds, day=st.integers(0, 500))
def test_a_feed_shows_exactly_the_instances_that_upstream_describes(
    event: Any, feed: Any, day: Any
) -> None:
    today = date(2026, 1, 1) + timedelta(days=day)
    window = feed.window(today)
    found = events(event, feed, today)
    assert instances(found, window) == told(event, window)
    assert len({e.uid for e in found}) == len(found)


@settings(max_examples=50, deadline=None)
@given(event=upstream(), feed=feeds, day=st.integers(0, 500), later=st.integers(1, 500))
def test_an_answer_holds_until_the_day_it_names(
    event: Any, feed: Any, day: Any, later: Any
) -> None:
    today = date(2026, 1, 1) + timedelta(days=day)
    answer = shaped(event, feed, today)
    assert answer.until is None or answer.until > today
    other = today + timedelta(days=later)
    if answer.until is None or other < answer.until:
        assert shaped(event, feed, other).events == answer.events
