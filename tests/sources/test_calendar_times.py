"""Start, end and zone of Zoho Calendar's timed and all-day events.

Expected values come from the documents, by hand: "events list" and "event details" are the pages of
Zoho Calendar's API, "rulebook" is docs/feed-rules.md. None comes from the code's own output.
"""

from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.domain.event import Status
from bridge.domain.uid import event_uid
from bridge.sources.calendar.parse import parse
from tests.sources.calendar_json import DOCUMENTED, SOURCE, at, day_wire, one, utc, wire
from tests.sources.parsed import recurrence_of, timed, zone_key

DAY = 86_400_000  # milliseconds


def test_the_documented_answer_means_its_two_events() -> None:
    """Zoho APIs 4.2, sample: a declined invitation, and a series on three weekdays."""
    parsed = parse({"calendar": {}, "pages": [DOCUMENTED], "details": {}}, SOURCE)
    declined, series = parsed.events

    assert parsed.rejections == ()
    assert (declined.title, declined.start, declined.end) == (
        "Teast af",
        utc("2017-07-18 15:20"),
        utc("2017-07-18 17:15"),
    )
    assert zone_key(declined.start) == "Asia/Kolkata"
    assert (declined.busy, declined.status, declined.private) == (False, Status.CONFIRMED, False)
    assert declined.alarms == ()
    assert declined.uid == event_uid(
        "calendar", SOURCE.calendar, "05bc508fac974ba4b99f56390137bcb4@zoho.com"
    )

    assert (series.title, series.start, series.end) == (
        "Test endured",
        utc("2017-07-15 10:00"),
        utc("2017-07-15 11:00"),
    )
    assert series.upstream_id == "0355da9f49884db8bef8c8f22c976dfc@zoho.com"
    assert series.busy is True
    assert [alarm.trigger for alarm in series.alarms] == [timedelta(minutes=-10)]
    rule = recurrence_of(series).rule
    assert (rule.freq, rule.interval, set(rule.byday), rule.count) == (
        "WEEKLY",
        1,
        {"MO", "WE", "SA"},
        None,
    )
    assert rule.until == datetime(2017, 8, 30, 10, 1, tzinfo=UTC)
    assert recurrence_of(series).excluded == ()
    assert series.people == declined.people == ()  # rulebook 60: nobody's address


INDIA = "Asia/Calcutta"
TIMED = [
    # cite, changes, start, end, zone, a word of the remark
    ("events list: dateandtime", {}, "2026-03-02 10:00", "2026-03-02 11:00", "Asia/Kolkata", None),
    (
        "dateandtime before the bare start",
        {"start": "20260302T010000", "end": "20260302T020000"},
        "2026-03-02 10:00",
        "2026-03-02 11:00",
        "Asia/Kolkata",
        None,
    ),
    (
        "Calendar object: the UTC form",
        at("Europe/Paris", "20260702T100000Z", "20260702T113000Z"),
        "2026-07-02 10:00",
        "2026-07-02 11:30",
        "Europe/Paris",
        None,
    ),
    (
        "date forms: the hour form",
        at("Europe/Paris", "20260702T10Z", "20260702T11Z"),
        "2026-07-02 10:00",
        "2026-07-02 11:00",
        "Europe/Paris",
        None,
    ),
    (
        "zones: no dateandtime, the calendar's zone (winter +1)",
        {"dateandtime": None, "start": "20260302T153000", "end": "20260302T163000"},
        "2026-03-02 14:30",
        "2026-03-02 15:30",
        "Europe/Berlin",
        None,
    ),
    (
        "zones: bare times inside dateandtime (summer -4)",
        at("America/New_York", "20260702T090000", "20260702T100000"),
        "2026-07-02 13:00",
        "2026-07-02 14:00",
        "America/New_York",
        None,
    ),
    (
        "zones: unknown name, the offset is kept",
        at("Mars/Phobos", "20260302T153000+0530", "20260302T163000+0530"),
        "2026-03-02 10:00",
        "2026-03-02 11:00",
        "UTC+05:30",
        "unknown-zone",
    ),
    (
        "zones: unknown name, a UTC time",
        at("Mars/Phobos", "20260302T153000Z", "20260302T163000Z"),
        "2026-03-02 15:30",
        "2026-03-02 16:30",
        "UTC",
        "unknown-zone",
    ),
    (
        "zones: unknown name, bare: the calendar's zone",
        at("Mars/Phobos", "20260302T153000", "20260302T163000"),
        "2026-03-02 14:30",
        "2026-03-02 15:30",
        "Europe/Berlin",
        "unknown-zone",
    ),
    (
        "zones: no name, the offset of the calendar's zone",
        at(None, "20260702T120000+0200", "20260702T130000+0200"),
        "2026-07-02 10:00",
        "2026-07-02 11:00",
        "Europe/Berlin",
        None,
    ),
    (
        "zones: no name, another offset: never guess",
        at(None, "20260302T153000+0530", "20260302T163000+0530"),
        "2026-03-02 10:00",
        "2026-03-02 11:00",
        "UTC+05:30",
        None,
    ),
    (
        "zones: offset and zone disagree, the instant wins",
        at("Europe/London", "20260302T153000+0530", "20260302T163000+0530"),
        "2026-03-02 10:00",
        "2026-03-02 11:00",
        "Europe/London",
        "offset-differs",
    ),
    (
        "RFC 5545 3.3.5: a bare time that the clocks skip has the offset before it",
        at("Europe/Berlin", "20260329T023000", "20260329T033000"),
        "2026-03-29 01:30",
        "2026-03-29 01:30",
        "Europe/Berlin",
        None,
    ),
    (
        "RFC 5545 3.3.5: an hour that exists twice, with different offsets",
        at("Europe/Berlin", "20261025T023000+0200", "20261025T021500+0100"),
        "2026-10-25 00:30",
        "2026-10-25 01:15",
        "Europe/Berlin",
        None,
    ),
    (
        "an end in another offset is the same instant",
        at(INDIA, "20260302T153000+0530", "20260302T110000Z"),
        "2026-03-02 10:00",
        "2026-03-02 11:00",
        "Asia/Kolkata",
        None,
    ),
    (
        "no end, the duration tells it",
        at(INDIA, "20260302T153000+0530") | {"duration": "5400000"},
        "2026-03-02 10:00",
        "2026-03-02 11:30",
        "Asia/Kolkata",
        "no-end-time",
    ),
    (
        "RFC 5545 3.6.1: neither ends when it starts",
        at(INDIA, "20260302T153000+0530"),
        "2026-03-02 10:00",
        "2026-03-02 10:00",
        "Asia/Kolkata",
        "no-end-time",
    ),
    (
        "rulebook 35: inverted, mended by the duration",
        at(INDIA, "20260302T153000+0530", "20260302T143000+0530") | {"duration": 3600000},
        "2026-03-02 10:00",
        "2026-03-02 11:00",
        "Asia/Kolkata",
        "end-before-start",
    ),
    (
        "rulebook 35: inverted, ends when it starts",
        at(INDIA, "20260302T153000+0530", "20260302T143000+0530") | {"duration": -1},
        "2026-03-02 10:00",
        "2026-03-02 10:00",
        "Asia/Kolkata",
        "end-before-start",
    ),
]


@pytest.mark.parametrize("case", TIMED, ids=itemgetter(0))
def test_timed_events_keep_their_instant(case: tuple[Any, ...]) -> None:
    _, changes, start, end, key, remark = case
    event, reasons = one(wire(**changes))
    assert (timed(event.start).astimezone(UTC), timed(event.end).astimezone(UTC)) == (
        utc(start),
        utc(end),
    )
    assert isinstance(timed(event.start).tzinfo, ZoneInfo)
    assert timed(event.start).tzinfo is timed(event.end).tzinfo
    assert zone_key(event.start) == key
    assert [remark in reason for reason in reasons] == ([True] if remark else [])


def test_a_bare_time_that_the_clocks_skip_shows_the_time_they_show() -> None:
    """RFC 5545 3.3.5: 02:30 does not exist in Berlin on 29 March 2026, it means 03:30."""
    event, _ = one(wire(**at("Europe/Berlin", "20260329T023000", "20260329T043000")))
    assert (timed(event.start).hour, timed(event.start).minute, timed(event.start).utcoffset()) == (
        3,
        30,
        timedelta(hours=2),
    )


def test_bare_times_without_any_zone_are_read_as_utc_and_reported() -> None:
    event, (reason,) = one(
        wire(dateandtime=None, start="20260302T153000", end="20260302T163000"),
        calendar={"timezone": None},
    )
    assert (timed(event.start).astimezone(UTC), zone_key(event.start)) == (
        utc("2026-03-02 15:30"),
        "UTC",
    )
    assert reason == {"no-zone"}


def test_a_calendar_may_name_its_zone_in_java_s_short_form() -> None:
    """Zoho APIs 6.3: PST was seen, which Java reads as America/Los_Angeles (winter -8)."""
    event, _ = one(
        wire(dateandtime=None, start="20260302T080000", end="20260302T090000"),
        calendar={"timezone": "PST"},
    )
    assert (timed(event.start).astimezone(UTC), zone_key(event.start)) == (
        utc("2026-03-02 16:00"),
        "America/Los_Angeles",
    )


ALL_DAY = [
    # cite, start, end, changes, first day, day after the last, a word of the remark
    (
        "no evidence: the end is the last day",
        "20260728",
        "20260728",
        {},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
    (
        "no evidence: the end is the last day, of three",
        "20260728",
        "20260730",
        {},
        "2026-07-28",
        "2026-07-31",
        None,
    ),
    (
        "duration: one day, end inclusive",
        "20260728",
        "20260728",
        {"duration": DAY},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
    (
        "duration: one day, end exclusive",
        "20260728",
        "20260729",
        {"duration": DAY},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
    (
        "duration as text: two days",
        "20260728",
        "20260729",
        {"duration": str(2 * DAY)},
        "2026-07-28",
        "2026-07-30",
        None,
    ),
    (
        "duration wins over multiday",
        "20260728",
        "20260729",
        {"duration": 2 * DAY, "multiday": False},
        "2026-07-28",
        "2026-07-30",
        None,
    ),
    (
        "duration that fits neither reading",
        "20260728",
        "20260729",
        {"duration": 9 * DAY},
        "2026-07-28",
        "2026-07-30",
        None,
    ),
    (
        "duration of no whole days",
        "20260728",
        "20260728",
        {"duration": DAY - 1},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
    ("duration zero", "20260728", "20260728", {"duration": 0}, "2026-07-28", "2026-07-29", None),
    (
        "multiday false: an end the next day is exclusive",
        "20260728",
        "20260729",
        {"multiday": False},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
    (
        "multiday as text",
        "20260728",
        "20260729",
        {"multiday": "false"},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
    ("multiday true", "20260728", "20260729", {"multiday": True}, "2026-07-28", "2026-07-30", None),
    (
        "multiday false against four days: no day is lost",
        "20260728",
        "20260731",
        {"multiday": False},
        "2026-07-28",
        "2026-08-01",
        None,
    ),
    ("no end", "20260728", "", {}, "2026-07-28", "2026-07-29", "no-end"),
    (
        "no end, a duration",
        "20260728",
        "",
        {"duration": 3 * DAY},
        "2026-07-28",
        "2026-07-31",
        "no-end",
    ),
    (
        "rulebook 35: inverted",
        "20260728",
        "20260720",
        {},
        "2026-07-28",
        "2026-07-29",
        "end-before-start",
    ),
    (
        "rulebook 35: inverted, with a duration",
        "20260728",
        "20260720",
        {"duration": 2 * DAY},
        "2026-07-28",
        "2026-07-30",
        "end-before-start",
    ),
    (
        "an end that is no date",
        "20260728",
        "soon",
        {},
        "2026-07-28",
        "2026-07-29",
        "field-left-out",
    ),
    ("date forms: with a Z", "20260728Z", "20260728Z", {}, "2026-07-28", "2026-07-29", None),
    (
        "date forms: midnight with an offset",
        "20260728T000000+0530",
        "20260728T000000+0530",
        {},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
    (
        "date forms: midnight of Kolkata in UTC",
        "20260727T183000Z",
        "20260727T183000Z",
        {},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
    (
        "date forms: midnight of UTC",
        "20260728T000000Z",
        "20260728T235959Z",
        {},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
    ("a leap day", "20280229", "20280229", {}, "2028-02-29", "2028-03-01", None),
    (
        "isallday as text",
        "20260728",
        "20260728",
        {"isallday": "true"},
        "2026-07-28",
        "2026-07-29",
        None,
    ),
]


@pytest.mark.parametrize("case", ALL_DAY, ids=itemgetter(0))
def test_all_day_events_take_the_days_of_the_best_evidence(case: tuple[Any, ...]) -> None:
    _, start, end, changes, first, after, remark = case
    event, reasons = one(day_wire(start, end) | changes)
    assert (event.start, event.end) == (date.fromisoformat(first), date.fromisoformat(after))
    assert event.all_day
    assert [remark in reason for reason in reasons] == ([True] if remark else [])


def test_a_date_without_the_all_day_flag_is_all_day() -> None:
    """A DATE has no time of day that could be shown (RFC 5545 3.3.4)."""
    event, _ = one(
        wire(
            isallday=False,
            dateandtime={"timezone": "Asia/Calcutta", "start": "20260728", "end": "20260728"},
        )
    )
    assert (event.start, event.end, event.all_day) == (date(2026, 7, 28), date(2026, 7, 29), True)


def test_false_written_as_text_is_false() -> None:
    """Booleans as strings: "false" must not be taken for true."""
    event, reasons = one(wire(isallday="false", isprivate="false", calendar_alarm="false"))
    assert (event.all_day, event.private, event.alarms, reasons) == (False, False, (), [])
