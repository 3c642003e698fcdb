"""A series as one feed shows it: portable rules, and single occurrences for the variant ``web``.

Expected values follow the rulebook (cited) and RFC 5545, worked out by hand.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bridge.domain.event import Alarm
from bridge.domain.feed import Window
from bridge.domain.timezones import UTC_ZONE, fixed_zone, zone
from bridge.domain.uid import event_uid, slot_text
from bridge.publish.view.event import occurrences_in
from tests.publish.view_events import (
    CLASSIC,
    FEED,
    TODAY,
    at,
    events,
    only,
    override,
    series,
    single,
    starts,
    utc,
    view,
)

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
    """Rulebook 32: 02:30 does not exist in Berlin on 29 March 2026 and exists twice on 25 October.

    RFC 5545 3.3.5.
    """
    found = events(
        series("FREQ=WEEKLY", start="2026-03-22 02:30"), replace(FEED, future=timedelta(days=240))
    )
    assert not any(event.recurrence for event in found)
    assert utc(found)[:3] == ["03-22 01:30", "03-29 01:30", "04-05 00:30"]
    assert "10-25 00:30" in utc(found)


def test_only_the_nights_of_the_change_leave_an_overnight_series() -> None:
    """The same exact duration for each instance (RFC 5545 3.8.5.3).

    Engines read a night of 23 or 25 hours differently.
    """
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
    answer = view(event)
    assert answer.events == (event,)
    assert answer.until is not None
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
        getattr(event.start, "tzinfo", None) is UTC_ZONE
        and not event.recurrence
        and not event.alarms
        for event in found
    )
    assert [event.title for event in found].count("Moved") == 1
    assert len({event.uid for event in found}) == 5


def test_the_web_flavour_keeps_the_uid_of_a_single_event_and_days_as_days() -> None:
    event = single(date(2026, 3, 12), 2)
    assert occurrences_in(only(event), Window(start=date(2026, 3, 1), end=date(2026, 4, 1))) == (
        event,
    )


def test_a_feed_shows_at_most_5000_occurrences_of_one_series() -> None:
    """An hourly series has 15,000 in the window of 90 and 540 days."""
    hourly = view(series("FREQ=HOURLY", start="2026-01-01 00:00"))
    assert (len(hourly.events), hourly.cut) == (5000, True)
    assert hourly.events[0].start < at("2026-01-01 02:00")
    twice = view(series("FREQ=DAILY;BYHOUR=9,17", start="2026-01-01 09:00"))
    assert not twice.cut
