"""What events the answers of Zoho Calendar mean.

Expected values come from the documents, by hand: "events list" and "event details" are the pages of Zoho Calendar's
API, "rulebook" the project's rules of what calendar programs read; never from the code's own output.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
import json
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from bridge.domain.event import Status
from bridge.domain.rejection import reasons
from bridge.domain.source import CalendarSource
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError
from bridge.sources.calendar import parse

SOURCE = CalendarSource(calendar="l9WWZCf_SJWcr3uIuBOq5g==")
DATA = Path(__file__).parents[1] / "data" / "calendar"
DAY = 86_400_000


def wire(uid: str = "u1@zoho.com", **changes: Any) -> Any:
    """One timed object in the documented shape (events list), with fields changed; None takes a field away."""
    fields = {
        "uid": uid,
        "title": "Planning",
        "isallday": False,
        "dateandtime": {
            "timezone": "Asia/Calcutta",
            "start": "20260302T153000+0530",
            "end": "20260302T163000+0530",
        },
        "etag": 1500285443390,
        "isprivate": False,
        "calendar_alarm": False,
        "role": "organizer",
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def day_wire(start: Any, end: Any, **changes: Any) -> Any:
    return wire(isallday=True, **at("Asia/Calcutta", start, end), **changes)


def at(zone: Any = None, start: Any = None, end: Any = None) -> Any:
    """The field dateandtime, without the parts that are not given."""
    when = {"timezone": zone, "start": start, "end": end}
    return {"dateandtime": {name: text for name, text in when.items() if text}}


def instance(original: Any, **changes: Any) -> Any:
    return wire(recurrenceid=original, **changes)


def read(*objects: Any, details: Any = None, calendar: Any = None) -> Any:
    raw = {
        "calendar": {
            "calendars": [{"uid": SOURCE.calendar, "timezone": "Europe/Berlin"} | (calendar or {})]
        },
        "pages": [{"events": list(objects)}],
        "details": details or {},
    }
    return parse(raw, SOURCE)


def one(*objects: Any, **more: Any) -> Any:
    parsed = read(*objects, **more)
    assert len(parsed.events) == 1, parsed
    return parsed.events[0], [reasons(rejection) for rejection in parsed.rejections]


def utc(text: str) -> Any:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


SERIES = wire(
    rrule="FREQ=WEEKLY;INTERVAL=1;BYDAY=MO",
    repeat=[{"freq": "weekly", "byday": "MO", "interval": 1}],
)  # Mondays from 2 March 2026, 15:30 in Kolkata, 10:00 UTC


# ---------------------------------------------------------------------------------------------------- the document


def test_the_documented_answer_means_its_two_events() -> None:
    """Zoho Calendar: events list, sample response: a declined invitation, and a series on three weekdays."""
    page = json.loads((DATA / "documented_list.json").read_text(encoding="utf-8"))
    parsed = parse({"calendar": {}, "pages": [page], "details": {}}, SOURCE)
    declined, series = parsed.events

    assert parsed.rejections == ()
    assert (declined.title, declined.start, declined.end) == (
        "Teast af",
        utc("2017-07-18 15:20"),
        utc("2017-07-18 17:15"),
    )
    assert declined.start.tzinfo.key == "Asia/Kolkata"
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
    rule = series.recurrence.rule
    assert (rule.freq, rule.interval, set(rule.byday), rule.count) == (
        "WEEKLY",
        1,
        {"MO", "WE", "SA"},
        None,
    )
    assert rule.until == datetime(2017, 8, 30, 10, 1, tzinfo=UTC)
    assert series.recurrence.excluded == ()
    assert series.people == declined.people == ()  # rulebook 60: nobody's address


# ---------------------------------------------------------------------------------------------------- timed events

INDIA = "Asia/Calcutta"
TIMED = [
    # cite, changes, start, end, zone, a word of the remark
    ("events list: dateandtime", {}, "2026-03-02 10:00", "2026-03-02 11:00", "Asia/Kolkata", None),
    ("dateandtime before the bare start", {"start": "20260302T010000", "end": "20260302T020000"}, "2026-03-02 10:00", "2026-03-02 11:00", "Asia/Kolkata", None),
    ("Calendar object: the UTC form", at("Europe/Paris", "20260702T100000Z", "20260702T113000Z"), "2026-07-02 10:00", "2026-07-02 11:30", "Europe/Paris", None),
    ("date forms: the hour form", at("Europe/Paris", "20260702T10Z", "20260702T11Z"), "2026-07-02 10:00", "2026-07-02 11:00", "Europe/Paris", None),
    ("zones: no dateandtime, the calendar's zone (winter +1)", {"dateandtime": None, "start": "20260302T153000", "end": "20260302T163000"}, "2026-03-02 14:30", "2026-03-02 15:30", "Europe/Berlin", None),
    ("zones: bare times inside dateandtime (summer -4)", at("America/New_York", "20260702T090000", "20260702T100000"), "2026-07-02 13:00", "2026-07-02 14:00", "America/New_York", None),
    ("zones: unknown name, the offset is kept", at("Mars/Phobos", "20260302T153000+0530", "20260302T163000+0530"), "2026-03-02 10:00", "2026-03-02 11:00", "UTC+05:30", "'Mars/Phobos' is unknown"),
    ("zones: unknown name, a UTC time", at("Mars/Phobos", "20260302T153000Z", "20260302T163000Z"), "2026-03-02 15:30", "2026-03-02 16:30", "UTC", "'Mars/Phobos' is unknown"),
    ("zones: unknown name, bare: the calendar's zone", at("Mars/Phobos", "20260302T153000", "20260302T163000"), "2026-03-02 14:30", "2026-03-02 15:30", "Europe/Berlin", "'Mars/Phobos' is unknown"),
    ("zones: no name, the offset of the calendar's zone", at(None, "20260702T120000+0200", "20260702T130000+0200"), "2026-07-02 10:00", "2026-07-02 11:00", "Europe/Berlin", None),
    ("zones: no name, another offset: never guess", at(None, "20260302T153000+0530", "20260302T163000+0530"), "2026-03-02 10:00", "2026-03-02 11:00", "UTC+05:30", None),
    ("zones: offset and zone disagree, the instant wins", at("Europe/London", "20260302T153000+0530", "20260302T163000+0530"), "2026-03-02 10:00", "2026-03-02 11:00", "Europe/London", "the instant was kept"),
    ("RFC 5545 3.3.5: a bare time that the clocks skip has the offset before it", at("Europe/Berlin", "20260329T023000", "20260329T033000"), "2026-03-29 01:30", "2026-03-29 01:30", "Europe/Berlin", None),
    ("RFC 5545 3.3.5: an hour that exists twice, told apart by offsets", at("Europe/Berlin", "20261025T023000+0200", "20261025T021500+0100"), "2026-10-25 00:30", "2026-10-25 01:15", "Europe/Berlin", None),
    ("an end in another offset is the same instant", at(INDIA, "20260302T153000+0530", "20260302T110000Z"), "2026-03-02 10:00", "2026-03-02 11:00", "Asia/Kolkata", None),
    ("no end, the duration tells it", at(INDIA, "20260302T153000+0530") | {"duration": "5400000"}, "2026-03-02 10:00", "2026-03-02 11:30", "Asia/Kolkata", "no time at its end"),
    ("RFC 5545 3.6.1: neither ends when it starts", at(INDIA, "20260302T153000+0530"), "2026-03-02 10:00", "2026-03-02 10:00", "Asia/Kolkata", "no time at its end"),
    ("rulebook 35: inverted, mended by the duration", at(INDIA, "20260302T153000+0530", "20260302T143000+0530") | {"duration": 3600000}, "2026-03-02 10:00", "2026-03-02 11:00", "Asia/Kolkata", "end is before its start"),
    ("rulebook 35: inverted, ends when it starts", at(INDIA, "20260302T153000+0530", "20260302T143000+0530") | {"duration": -1}, "2026-03-02 10:00", "2026-03-02 10:00", "Asia/Kolkata", "end is before its start"),
]  # fmt: skip


@pytest.mark.parametrize("case", TIMED, ids=itemgetter(0))
def test_timed_events_keep_their_instant(case: Any) -> None:
    _, changes, start, end, key, remark = case
    event, reasons = one(wire(**changes))
    assert (event.start.astimezone(UTC), event.end.astimezone(UTC)) == (utc(start), utc(end))
    assert isinstance(event.start.tzinfo, ZoneInfo)
    assert event.start.tzinfo is event.end.tzinfo
    assert event.start.tzinfo.key == key
    assert [remark in reason for reason in reasons] == ([True] if remark else [])


def test_a_bare_time_that_the_clocks_skip_shows_the_time_they_show() -> None:
    """RFC 5545 3.3.5: 02:30 does not exist on 29 March 2026 in Berlin; with the offset before it, it is 03:30."""
    event, _ = one(wire(**at("Europe/Berlin", "20260329T023000", "20260329T043000")))
    assert (event.start.hour, event.start.minute, event.start.utcoffset()) == (
        3,
        30,
        timedelta(hours=2),
    )


def test_bare_times_without_any_zone_are_read_as_utc_and_reported() -> None:
    event, (reason,) = one(
        wire(dateandtime=None, start="20260302T153000", end="20260302T163000"),
        calendar={"timezone": None},
    )
    assert (event.start.astimezone(UTC), event.start.tzinfo.key) == (utc("2026-03-02 15:30"), "UTC")
    assert "read as UTC" in reason


def test_a_calendar_in_java_s_short_name_still_gives_its_zone() -> None:
    """Zones: calendars were seen with the name PST, which Java reads as America/Los_Angeles (winter -8)."""
    event, _ = one(
        wire(dateandtime=None, start="20260302T080000", end="20260302T090000"),
        calendar={"timezone": "PST"},
    )
    assert (event.start.astimezone(UTC), event.start.tzinfo.key) == (
        utc("2026-03-02 16:00"),
        "America/Los_Angeles",
    )


# -------------------------------------------------------------------------------------------------- all-day events

ALL_DAY = [
    # cite, start, end, changes, first day, day after the last, a word of the remark
    ("no evidence: the end is the last day", "20260728", "20260728", {}, "2026-07-28", "2026-07-29", None),
    ("no evidence: the end is the last day, of three", "20260728", "20260730", {}, "2026-07-28", "2026-07-31", None),
    ("duration: one day, end inclusive", "20260728", "20260728", {"duration": DAY}, "2026-07-28", "2026-07-29", None),
    ("duration: one day, end exclusive", "20260728", "20260729", {"duration": DAY}, "2026-07-28", "2026-07-29", None),
    ("duration as text: two days", "20260728", "20260729", {"duration": str(2 * DAY)}, "2026-07-28", "2026-07-30", None),
    ("duration wins over multiday", "20260728", "20260729", {"duration": 2 * DAY, "multiday": False}, "2026-07-28", "2026-07-30", None),
    ("duration that fits neither reading", "20260728", "20260729", {"duration": 9 * DAY}, "2026-07-28", "2026-07-30", None),
    ("duration of no whole days", "20260728", "20260728", {"duration": DAY - 1}, "2026-07-28", "2026-07-29", None),
    ("duration zero", "20260728", "20260728", {"duration": 0}, "2026-07-28", "2026-07-29", None),
    ("multiday false: an end the next day is exclusive", "20260728", "20260729", {"multiday": False}, "2026-07-28", "2026-07-29", None),
    ("multiday as text", "20260728", "20260729", {"multiday": "false"}, "2026-07-28", "2026-07-29", None),
    ("multiday true", "20260728", "20260729", {"multiday": True}, "2026-07-28", "2026-07-30", None),
    ("multiday false against four days: no day is lost", "20260728", "20260731", {"multiday": False}, "2026-07-28", "2026-08-01", None),
    ("no end", "20260728", "", {}, "2026-07-28", "2026-07-29", "no end"),
    ("no end, a duration", "20260728", "", {"duration": 3 * DAY}, "2026-07-28", "2026-07-31", "no end"),
    ("rulebook 35: inverted", "20260728", "20260720", {}, "2026-07-28", "2026-07-29", "before its start"),
    ("rulebook 35: inverted, with a duration", "20260728", "20260720", {"duration": 2 * DAY}, "2026-07-28", "2026-07-30", "before its start"),
    ("an end that is no date", "20260728", "soon", {}, "2026-07-28", "2026-07-29", "end was left out"),
    ("date forms: with a Z", "20260728Z", "20260728Z", {}, "2026-07-28", "2026-07-29", None),
    ("date forms: midnight with an offset", "20260728T000000+0530", "20260728T000000+0530", {}, "2026-07-28", "2026-07-29", None),
    ("date forms: midnight of Kolkata in UTC", "20260727T183000Z", "20260727T183000Z", {}, "2026-07-28", "2026-07-29", None),
    ("date forms: midnight of UTC", "20260728T000000Z", "20260728T235959Z", {}, "2026-07-28", "2026-07-29", None),
    ("a leap day", "20280229", "20280229", {}, "2028-02-29", "2028-03-01", None),
    ("isallday as text", "20260728", "20260728", {"isallday": "true"}, "2026-07-28", "2026-07-29", None),
]  # fmt: skip


@pytest.mark.parametrize("case", ALL_DAY, ids=itemgetter(0))
def test_all_day_events_take_the_days_that_the_evidence_tells(case: Any) -> None:
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


# ------------------------------------------------------------------------------------------------------- reminders

DEFAULTS = [{"minutes": "-15", "action": "popup"}, {"minutes": "-60", "action": "email"}]
REMINDERS = [
    # cite, changes, minutes from the start
    ("events list: a negative string", {"reminders": [{"minutes": "-10", "action": "popup"}]}, [-10]),
    ("writers: a positive number", {"reminders": [{"minutes": 30, "action": "popup"}]}, [-30]),
    ("writers: a positive string", {"reminders": [{"minutes": "30", "action": "notification"}]}, [-30]),
    ("a negative number without an action", {"reminders": [{"minutes": -5}]}, [-5]),
    ("at the start", {"reminders": [{"minutes": "0", "action": "popup"}]}, [0]),
    ("event details: a plus sign is after the start", {"reminders": [{"minutes": "+5", "action": "popup"}]}, [5]),
    ("events list: alarm repeats reminders", {"reminders": [{"minutes": "-10"}], "alarm": [{"trigger": -600000}]}, [-10]),
    ("alarm alone", {"alarm": [{"action": "popup", "trigger": -600000}]}, [-10]),
    ("alarm after the start", {"alarm": [{"action": "popup", "trigger": 300000}]}, [5]),
    ("alarm as text", {"alarm": [{"action": "popup", "trigger": "-600000"}]}, [-10]),
    ("several, sorted, once each", {"reminders": [{"minutes": "-5"}, {"minutes": -60}, {"minutes": 5}]}, [-60, -5]),
    ("mail is sent by Zoho", {"reminders": [{"minutes": "-10", "action": "email"}, {"minutes": "-5", "action": "popup"}]}, [-5]),
    ("the calendar's own", {"calendar_alarm": True}, [-15]),
    ("the calendar's own, not asked for", {"calendar_alarm": False}, []),
    ("the calendar's own, flag as text", {"calendar_alarm": "true"}, [-15]),
    ("an event's own before the calendar's", {"calendar_alarm": True, "reminders": [{"minutes": "-1"}]}, [-1]),
    ("only mail of its own: the calendar's don't apply", {"calendar_alarm": True, "reminders": [{"minutes": "-1", "action": "email"}]}, []),
    ("empty lists are none", {"calendar_alarm": True, "reminders": [], "alarm": []}, [-15]),
]  # fmt: skip


@pytest.mark.parametrize("case", REMINDERS, ids=itemgetter(0))
def test_reminders_come_across_once(case: Any) -> None:
    _, changes, minutes = case
    event, reasons = one(wire(**changes), calendar={"reminders": DEFAULTS})
    assert [alarm.trigger for alarm in event.alarms] == [
        timedelta(minutes=minute) for minute in minutes
    ]
    assert reasons == []


def test_all_day_reminders_stay_as_they_are() -> None:
    event, _ = one(
        day_wire("20260728", "20260728", reminders=[{"minutes": "-900", "action": "popup"}])
    )
    assert [alarm.trigger for alarm in event.alarms] == [timedelta(hours=-15)]


@pytest.mark.parametrize("minutes", ["soon", "99999999", "--5", "1.5", "-9999999"])
def test_a_reminder_that_cannot_be_read_costs_only_itself(minutes: Any) -> None:
    event, (reason,) = one(wire(reminders=[{"minutes": minutes}, {"minutes": "-5"}]))
    assert [alarm.trigger for alarm in event.alarms] == [timedelta(minutes=-5)]
    assert "a reminder" in reason


# --------------------------------------------------------------------------------------------------------- content


def test_texts_are_cleaned_and_html_becomes_plain_text_beside_it() -> None:
    """Rulebook 4 and 55: no controls, plain DESCRIPTION, the rich form only beside it."""
    event, _ = one(
        wire(
            title=" Test\x07 endured ",
            location="Room 1\r\n",
            description="<p>Bring <b>pens</b></p>",
        )
    )
    assert (event.title, event.place.line, event.description) == (
        "Test endured",
        "Room 1",
        "Bring pens",
    )
    assert "<b>pens</b>" in event.html


@pytest.mark.parametrize("title", [None, "", "  "])
def test_an_event_without_title_place_or_text_is_told_with_empty_ones(title: str) -> None:
    event, _ = one(wire(title=title, location="", description=None))
    assert (event.title, event.place, event.description, event.html) == ("", None, "", "")


LINKS = [
    # cite, changes, url, join_url
    ("events list: url", {"url": "https://example.org/a"}, "https://example.org/a", ""),
    ("viewEventURL when there is no url", {"viewEventURL": "https://calendar.zoho.com/v"}, "https://calendar.zoho.com/v", ""),
    ("url before viewEventURL", {"url": "https://example.org/a", "viewEventURL": "https://calendar.zoho.com/v"}, "https://example.org/a", ""),
    ("conference_data", {"conference_data": {"meetingdata": {"meeting_link": "https://meet.example/1"}}}, "", "https://meet.example/1"),
    ("app_data", {"app_data": {"meetingdata": {"meetinglink": "https://meet.example/2"}}}, "", "https://meet.example/2"),
    ("onlineMeetingUrl", {"onlineMeetingUrl": "https://meet.example/3"}, "", "https://meet.example/3"),
    ("the newest field first", {"conference_data": {"meetingdata": {"meeting_link": "https://meet.example/1"}}, "onlineMeetingUrl": "https://meet.example/3"}, "", "https://meet.example/1"),
    ("conference_data of another shape", {"conference_data": ["x"], "app_data": "x", "onlineMeetingUrl": "https://meet.example/3"}, "", "https://meet.example/3"),
    ("no script as a join link", {"onlineMeetingUrl": "javascript:alert(1)"}, "", ""),
]  # fmt: skip


@pytest.mark.parametrize("case", LINKS, ids=itemgetter(0))
def test_links_are_taken_from_the_field_that_has_one(case: Any) -> None:
    _, changes, url, join_url = case
    event, reasons = one(wire(**changes))
    assert (event.url, event.join_url, reasons) == (url, join_url, [])


@pytest.mark.parametrize("url", ["javascript:alert(1)", "example.org", "https://a b", "http://"])
def test_a_url_that_is_no_web_address_is_left_out_and_reported(url: str) -> None:
    event, (reason,) = one(wire(url=url))
    assert (event.url, "not a web address" in reason) == ("", True)


SELF = {"email": "me@example.org", "status": "DECLINED"}
OTHER = {"email": "you@example.org", "status": "ACCEPTED"}
AVAILABILITY = [
    # cite, changes, busy, private, status
    ("transparency 0 is busy", {"transparency": 0}, True, False, "CONFIRMED"),
    ("transparency 1 is free", {"transparency": 1}, False, False, "CONFIRMED"),
    ("transparency as text", {"transparency": "1"}, False, False, "CONFIRMED"),
    ("isprivate", {"isprivate": True}, True, True, "CONFIRMED"),
    ("isprivate as text", {"isprivate": "true"}, True, True, "CONFIRMED"),
    ("events list: a declined invitation is kept, not busy", {"role": "participant", "attendees": [SELF]}, False, False, "CONFIRMED"),
    ("the organizer's guest declined", {"role": "organizer", "attendees": [SELF]}, True, False, "CONFIRMED"),
    ("somebody among several declined", {"role": "participant", "attendees": [SELF, OTHER]}, True, False, "CONFIRMED"),
    ("details: rsvpStatus 2 is the account's no", {"role": "participant", "rsvpStatus": 2, "attendees": [OTHER]}, False, False, "CONFIRMED"),
    ("details: rsvpStatus 1 is its yes", {"role": "participant", "rsvpStatus": 1, "attendees": [SELF]}, True, False, "CONFIRMED"),
    ("group_attendees and odd guests don't matter", {"role": "participant", "attendees": {"1": [SELF]}, "group_attendees": 7, "organizer": {}}, True, False, "CONFIRMED"),
    ("estatus added", {"estatus": "added"}, True, False, "CONFIRMED"),
    ("estatus cancelled", {"estatus": "CANCELLED"}, True, False, "CANCELLED"),
    ("estatus canceled", {"estatus": "canceled"}, True, False, "CANCELLED"),
]  # fmt: skip


@pytest.mark.parametrize("case", AVAILABILITY, ids=itemgetter(0))
def test_availability_privacy_and_status(case: Any) -> None:
    _, changes, busy, private, status = case
    event, reasons = one(wire(**changes))
    assert (event.busy, event.private, event.status.value, reasons) == (busy, private, status, [])


def test_a_privacy_flag_that_cannot_be_read_counts_as_private() -> None:
    """Never show an event to someone who may not see it."""
    event, (reason,) = one(wire(isprivate="perhaps"))
    assert event.private is True
    assert "isprivate" in reason


# ----------------------------------------------------------------------------------------------------------- rules

RULES = [
    # cite, changes, freq, interval, count, until, byday, bymonthday, bysetpos
    ("events list: no prefix", {"rrule": "FREQ=DAILY;COUNT=5"}, "DAILY", 1, 5, None, (), ()),
    ("with the prefix", {"rrule": "RRULE:FREQ=DAILY;COUNT=5"}, "DAILY", 1, 5, None, (), ()),
    ("lower case and a last semicolon", {"rrule": "freq=weekly;byday=mo;interval=2;"}, "WEEKLY", 2, None, None, ("MO",), ()),
    ("UNTIL in UTC", {"rrule": "FREQ=WEEKLY;UNTIL=20260830T100100Z;BYDAY=MO"}, "WEEKLY", 1, None, utc("2026-08-30 10:01"), ("MO",), ()),
    ("events list: repeat when there is no rrule", {"repeat": [{"freq": "weekly", "byday": "MO", "interval": 1, "until": "20260830T100100Z"}]}, "WEEKLY", 1, None, utc("2026-08-30 10:01"), ("MO",), ()),
    ("repeat when rrule is empty", {"rrule": "", "repeat": [{"freq": "daily", "count": "3"}]}, "DAILY", 1, 3, None, (), ()),
    ("repeat when rrule can't be read", {"rrule": "FREQ=OFTEN", "repeat": [{"freq": "daily", "count": 3}]}, "DAILY", 1, 3, None, (), ()),
    ("repeat with days as a list", {"repeat": [{"freq": "WEEKLY", "byday": ["MO", "WE"], "interval": "2"}]}, "WEEKLY", 2, None, None, ("MO", "WE"), ()),
    ("repeat with unset numbers", {"repeat": [{"freq": "daily", "interval": 0, "count": -1, "bymonthday": 0, "bysetpos": "0", "byday": ""}]}, "DAILY", 1, None, None, (), ()),
    ("repeat as one object", {"repeat": {"freq": "monthly", "bymonthday": "2"}}, "MONTHLY", 1, None, None, (), (2,)),
    ("the nth weekday said twice: 1MO and its position", {"repeat": [{"freq": "monthly", "byday": "1MO", "bysetpos": 1}]}, "MONTHLY", 1, None, None, ("1MO",), ()),
    ("the same in rrule", {"rrule": "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=1;INTERVAL=1"}, "MONTHLY", 1, None, None, ("1MO",), ()),
]  # fmt: skip


@pytest.mark.parametrize("case", RULES, ids=itemgetter(0))
def test_rules_are_read_from_rrule_or_repeat(case: Any) -> None:
    _, changes, freq, interval, count, until, byday, bymonthday = case
    event, reasons = one(wire(**changes))
    rule = event.recurrence.rule
    assert (rule.freq, rule.interval, rule.count, rule.until) == (freq, interval, count, until)
    assert (set(rule.byday), rule.bymonthday, rule.bysetpos) == (set(byday), bymonthday, ())
    assert reasons == []


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260830", "2026-08-30"),  # RFC 5545 3.3.10: the form an all-day series needs
        ("20260829T183000Z", "2026-08-30"),  # midnight of the 30th in Kolkata, in UTC
        ("20260830T000000Z", "2026-08-30"),  # the day as written
        ("20260830T235959Z", "2026-08-30"),
        ("20260830T100100Z", "2026-08-30"),  # the documented junk time of day
    ],
)
def test_until_of_an_all_day_series_is_a_day_of_its_zone(until: Any, last: Any) -> None:
    """Calendar object: UNTIL may come as a UTC time even for days, RFC 5545 wants a DATE (rulebook 37)."""
    event, _ = one(day_wire("20260302", "20260302", rrule=f"FREQ=WEEKLY;BYDAY=MO;UNTIL={until}"))
    assert event.recurrence.rule.until == date.fromisoformat(last)


@pytest.mark.parametrize(
    "changes",
    [
        {"rrule": "FREQ=OFTEN"},
        {"rrule": "nonsense"},
        {"repeat": [{"freq": "daily"}, {"freq": "weekly"}]},
        {"repeat": [{"freq": "daily", "count": "many"}]},
    ],
)
def test_a_rule_that_cannot_be_read_leaves_the_first_occurrence_and_a_remark(changes: Any) -> None:
    parsed = read(wire(**changes))
    (event,), (rejection,) = parsed.events, parsed.rejections
    assert (event.recurrence, event.start) == (None, utc("2026-03-02 10:00"))
    assert (rejection.kind, rejection.upstream_id) == ("repaired", "u1@zoho.com")
    assert "only its first occurrence" in reasons(rejection)


# ---------------------------------------------------------------------------------------- series and their instances


def test_an_edited_instance_changes_its_slot() -> None:
    """Repeating events: an edited instance has the uid of its series and, in recurrenceid, its original start in UTC."""
    moved = instance(
        "20260309T100000Z",
        title="Moved",
        dateandtime={
            "timezone": "Asia/Calcutta",
            "start": "20260310T090000+0530",
            "end": "20260310T100000+0530",
        },
    )
    event, reasons = one(SERIES, moved)
    (override,) = event.overrides
    assert (override.title, override.start, override.uid) == (
        "Moved",
        utc("2026-03-10 03:30"),
        event.uid,
    )
    assert override.recurrence_id == utc("2026-03-09 10:00")
    assert (
        override.recurrence_id.tzinfo is event.start.tzinfo
    )  # rulebook 40: in the form of DTSTART
    assert (event.recurrence.excluded, reasons) == ((), [])


def test_an_edited_instance_takes_nothing_from_its_series() -> None:
    """Each object is complete: what it does not carry, it does not have."""
    series = SERIES | {"location": "Room 1", "reminders": [{"minutes": "-10"}], "isprivate": True}
    event, _ = one(series, instance("20260309T100000Z"))
    (override,) = event.overrides
    assert (override.place, override.alarms, override.private, override.recurrence) == (
        None,
        (),
        False,
        None,
    )


def test_an_instance_may_come_before_its_series_and_alone_in_a_page() -> None:
    parsed = parse(
        {
            "calendar": {},
            "pages": [{"events": [instance("20260309T100000Z")]}, {"events": [SERIES]}],
        },
        SOURCE,
    )
    (event,) = parsed.events
    assert len(event.overrides) == 1


SLOTS = [
    # cite, objects beside the series, the empty slots in UTC
    ("deleted instance", [instance("20260309T100000Z", estatus="deleted")], ["2026-03-09 10:00"]),
    ("deleted instance without times", [{"uid": "u1@zoho.com", "recurrenceid": "20260309T100000Z", "estatus": "DELETED"}], ["2026-03-09 10:00"]),
    ("cancelled instance: one slot emptied (rulebook 50)", [instance("20260309T100000Z", estatus="cancelled")], ["2026-03-09 10:00"]),
    ("in any order, sorted", [instance("20260316T100000Z", estatus="deleted"), instance("20260309T100000Z", estatus="deleted")], ["2026-03-09 10:00", "2026-03-16 10:00"]),
    ("an instance by its day", [instance("20260309", estatus="deleted")], ["2026-03-09 10:00"]),
    ("an instance in the series' clock", [instance("20260309T153000", estatus="deleted")], ["2026-03-09 10:00"]),
    ("the newer of two answers about one slot", [instance("20260309T100000Z", etag=1), instance("20260309T153000+0530", estatus="deleted", etag=2)], ["2026-03-09 10:00"]),
    ("the same in another form of the slot", [instance("20260309T100000Z", etag=1), instance("20260309", estatus="deleted", etag=2)], ["2026-03-09 10:00"]),
    ("the same, the newer first", [instance("20260309", estatus="deleted", etag=2), instance("20260309T100000Z", etag=1)], ["2026-03-09 10:00"]),
]  # fmt: skip


@pytest.mark.parametrize("case", SLOTS, ids=itemgetter(0))
def test_deleted_instances_empty_their_slots(case: Any) -> None:
    _, others, slots = case
    event, reasons = one(SERIES, *others)
    assert event.recurrence.excluded == tuple(utc(text) for text in slots)
    assert {slot.tzinfo for slot in event.recurrence.excluded} == {
        event.start.tzinfo
    }  # rulebook 39
    assert (event.overrides, reasons) == ((), [])


EXDATES = [
    (
        "a text with commas",
        "20260309T100000Z,20260316T100000Z",
        ["2026-03-09 10:00", "2026-03-16 10:00"],
    ),
    ("a list", ["20260309T100000Z"], ["2026-03-09 10:00"]),
    ("days", "20260309, 20260316", ["2026-03-09 10:00", "2026-03-16 10:00"]),
    ("local times", ["20260309T153000"], ["2026-03-09 10:00"]),
    ("with an offset", ["20260309T153000+0530"], ["2026-03-09 10:00"]),
    ("the same twice", "20260309T100000Z,20260309", ["2026-03-09 10:00"]),
    ("empty", "", []),
    ("empty parts", ",20260309,", ["2026-03-09 10:00"]),
]


@pytest.mark.parametrize("case", EXDATES, ids=itemgetter(0))
def test_exdate_in_any_form_empties_slots_of_the_series(case: Any) -> None:
    _, exdate, slots = case
    event, reasons = one(SERIES | {"exdate": exdate})
    assert event.recurrence.excluded == tuple(utc(text) for text in slots)
    assert reasons == []


def test_an_exdate_that_cannot_be_read_is_reported_and_the_others_count() -> None:
    event, (reason,) = one(SERIES | {"exdate": "20260309,sometime"})
    assert event.recurrence.excluded == (utc("2026-03-09 10:00"),)
    assert "'sometime'" in reason


def test_an_edited_instance_wins_over_an_exdate_of_its_slot() -> None:
    """A slot is either empty or changed: both at once is read differently by each program."""
    event, _ = one(SERIES | {"exdate": "20260309T100000Z"}, instance("20260309T100000Z"))
    assert (event.recurrence.excluded, len(event.overrides)) == ((), 1)


@pytest.mark.parametrize("original", ["20260309", "20260308T183000Z", "20260309T000000Z"])
def test_slots_of_an_all_day_series_are_days(original: Any) -> None:
    """Event details: recurrenceid of an all-day event is yyyyMMdd; a time means the day that it begins in the zone."""
    event, _ = one(
        day_wire("20260302", "20260302", rrule="FREQ=WEEKLY;BYDAY=MO"),
        day_wire("20260310", "20260310", recurrenceid=original, title="Moved"),
        day_wire("20260316", "20260316", recurrenceid="20260316", estatus="deleted"),
    )
    assert [override.recurrence_id for override in event.overrides] == [date(2026, 3, 9)]
    assert event.recurrence.excluded == (date(2026, 3, 16),)


def test_a_slot_across_a_change_of_the_clock_keeps_the_wall_clock() -> None:
    """The slot of 30 March at 09:00 in Berlin is 07:00 UTC, that of 23 March 08:00 UTC (summer time from 29 March)."""
    berlin = {
        "timezone": "Europe/Berlin",
        "start": "20260302T090000+0100",
        "end": "20260302T100000+0100",
    }
    event, _ = one(
        wire(dateandtime=berlin, rrule="FREQ=WEEKLY;BYDAY=MO"),
        instance("20260323T080000Z", estatus="deleted"),
        instance("20260330T070000Z", estatus="deleted"),
    )
    assert [slot.strftime("%d %H:%M") for slot in event.recurrence.excluded] == [
        "23 09:00",
        "30 09:00",
    ]


def test_a_deleted_series_is_gone_with_its_instances() -> None:
    parsed = read(SERIES | {"estatus": "deleted"}, instance("20260309T100000Z"))
    assert (parsed.events, parsed.rejections) == ((), ())


def test_a_deleted_event_is_gone_and_its_neighbour_stays() -> None:
    event, reasons = one(wire("gone@zoho.com", estatus="deleted"), wire("stays@zoho.com"))
    assert (event.upstream_id, reasons) == ("stays@zoho.com", [])


def test_an_edited_instance_without_its_series_stands_alone() -> None:
    """Rulebook 43: programs ignore or choke on an override whose series is missing; its own UID follows its slot."""
    event, _ = one(instance("20260309T100000Z", title="Moved"))
    assert (event.title, event.recurrence_id, event.recurrence) == ("Moved", None, None)
    series = event_uid("calendar", SOURCE.calendar, "u1@zoho.com")
    assert event.uid == event_uid(series, slot=utc("2026-03-09 10:00"))
    assert event.related_to == series


def test_two_forms_of_one_slot_without_a_series_are_one_event() -> None:
    """Rulebook 19: two events must never share a UID; the newer version is kept."""
    event, _ = one(
        instance("20260309T100000Z", etag=2, title="new"), instance("20260309T153000+0530", etag=1, title="old"),
        instance("20260309T100000", etag=1, title="old"),
    )  # fmt: skip
    assert event.title == "new"


def test_a_deleted_instance_without_its_series_is_nothing() -> None:
    parsed = read(instance("20260309T100000Z", estatus="deleted"))
    assert (parsed.events, parsed.rejections) == ((), ())


def test_instances_of_a_series_whose_rule_is_unreadable_stand_alone() -> None:
    """The first occurrence is shown unless an instance replaces it or it was deleted."""
    broken = wire(rrule="FREQ=OFTEN")
    parsed = read(
        broken,
        instance("20260302T100000Z", title="First, edited"),
        instance("20260309T100000Z", title="Second"),
    )
    assert [event.title for event in parsed.events] == ["First, edited", "Second"]
    assert len({event.uid for event in parsed.events}) == 2
    assert all(event.recurrence_id is None for event in parsed.events)
    assert read(broken, instance("20260302T100000Z", estatus="deleted")).events == ()


def test_an_unreadable_instance_costs_only_itself() -> None:
    parsed = read(
        SERIES,
        instance("20260309T100000Z", dateandtime={"start": "never"}),
        instance("20260316T100000Z"),
    )
    (event,), (rejection,) = parsed.events, parsed.rejections
    assert [override.recurrence_id for override in event.overrides] == [utc("2026-03-16 10:00")]
    assert (rejection.kind, rejection.upstream_id) == ("dropped", "u1@zoho.com")
    assert "20260309T100000Z" in reasons(rejection)
    assert event.recurrence.excluded == ()


# ------------------------------------------------------------------------------------------- several answers at once


def test_the_same_event_in_two_ranges_is_one_event() -> None:
    """Repeating events: a series comes with every range that it touches."""
    raw = {"calendar": {}, "pages": [{"events": [SERIES, instance("20260309T100000Z")]}] * 3}
    parsed = parse(raw, SOURCE)
    assert (len(parsed.events), len(parsed.events[0].overrides)) == (1, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"etag": 2, "title": "new"}, {"etag": 1, "title": "old"}),
        ({"etag": "2", "title": "new"}, {"etag": 1, "title": "old"}),
        ({"etag": "10", "title": "new"}, {"etag": "9", "title": "old"}),
        ({"etag": None, "lastmodifiedtime": "20260102T000000Z", "title": "new"}, {"etag": None, "lastmodifiedtime": "20260101T235959Z", "title": "old"}),
    ],
)  # fmt: skip
def test_the_newest_version_counts_wherever_it_stands(first: Any, second: Any) -> None:
    """An event edited between two requests: etag is a stamp in milliseconds, as a number or as text."""
    for pair in ((first, second), (second, first)):
        event, _ = one(*(wire(**changes) for changes in pair))
        assert event.title == "new"


def test_details_win_over_the_list_in_the_same_version_only() -> None:
    """Event details: the list trims; but details read before an edit must not undo it."""
    event, _ = one(
        SERIES, details={"u1@zoho.com": {"events": [SERIES | {"description": "all of it"}]}}
    )
    assert event.description == "all of it"
    event, _ = one(
        SERIES | {"etag": 2, "title": "new"},
        details={"u1@zoho.com": {"events": [SERIES | {"etag": 1}]}},
    )
    assert event.title == "new"


def test_details_bring_instances_that_the_list_left_out() -> None:
    """Repeating events: an instance moved out of the window still empties its slot inside it."""
    away = instance(
        "20260309T100000Z",
        dateandtime={
            "timezone": "Asia/Calcutta",
            "start": "20290310T090000+0530",
            "end": "20290310T100000+0530",
        },
    )
    event, _ = one(SERIES, details={"u1@zoho.com": {"events": [SERIES, away]}})
    assert [override.start for override in event.overrides] == [utc("2029-03-10 03:30")]


@pytest.mark.parametrize(
    "calendar",
    [
        {},
        {"calendars": []},
        {"calendars": [None]},
        {"calendars": [{"reminders": 7}]},
        {"uid": "x"},
        [],
    ],
)
def test_the_events_can_do_without_the_calendar_object(calendar: Any) -> None:
    parsed = parse({"calendar": calendar, "pages": [{"events": [wire()]}]}, SOURCE)
    assert len(parsed.events) == 1


def test_an_unknown_zone_of_the_calendar_is_noted_once() -> None:
    parsed = read(wire(), wire("u2@zoho.com"), calendar={"timezone": "Mars/Phobos"})
    assert (len(parsed.events), parsed.rejections) == (2, ())
    assert tuple(map(str, parsed.notes)) == ("The calendar's time zone 'Mars/Phobos' is unknown.",)


# ------------------------------------------------------------------------------------------------------- bad objects

BAD = [
    ("no start", wire(dateandtime=None)),
    ("a start that is no date", wire(dateandtime={"start": "tomorrow"})),
    (
        "a day that does not exist",
        wire(dateandtime={"start": "20260230", "end": "20260230"}, isallday=True),
    ),
    ("a recurrenceid that is no date", instance("yesterday")),
    ("a recurrenceid of another type", instance({"at": 1})),
    ("an estatus of another type", wire(estatus=["deleted"])),
]


@pytest.mark.parametrize("case", BAD, ids=itemgetter(0))
def test_one_bad_object_is_one_rejection_and_the_others_go_on(case: Any) -> None:
    _, bad = case
    parsed = read(wire("before@zoho.com"), bad, wire("after@zoho.com"))
    assert [event.upstream_id for event in parsed.events] == ["before@zoho.com", "after@zoho.com"]
    (rejection,) = parsed.rejections
    assert (rejection.upstream_id, rejection.kind) == ("u1@zoho.com", "dropped")
    assert reasons(rejection).endswith(".")


@pytest.mark.parametrize(
    "bad", [None, 5, "x", [], {}, {"title": "no uid"}, {"uid": 7}, {"uid": ""}]
)
def test_an_object_without_a_uid_is_reported_too(bad: Any) -> None:
    parsed = read(bad, wire())
    assert (len(parsed.events), [r.upstream_id for r in parsed.rejections]) == (1, [""])


@pytest.mark.parametrize(
    "changes",
    [
        {"title": 5}, {"description": []}, {"location": {}}, {"reminders": {"minutes": 5}}, {"alarm": "x"}, {"exdate": 7},
        {"rrule": 7}, {"repeat": "daily"}, {"transparency": "no"}, {"duration": "long"}, {"multiday": 9}, {"isallday": "?"},
        {"lastmodifiedtime": 7}, {"etag": []}, {"calendar_alarm": "?"}, {"url": 5}, {"role": 3},
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_left_out_and_reported_and_the_event_kept(changes: Any) -> None:
    parsed = read(wire(**changes))
    (event,), (rejection,) = parsed.events, parsed.rejections
    assert (event.start, rejection.kind) == (utc("2026-03-02 10:00"), "repaired")
    assert next(iter(changes)) in reasons(rejection)


@pytest.mark.parametrize(
    "changes",
    [{"attendees": 5}, {"attendees": {"a": []}}, {"organizer": {"email": "x"}}, {"color": 7}, {"group_list": None}, {"duration": 6900000.0},
     {"etag": "abc"}, {"etag": "9" * 5000}, {"title": None}, {"new_field": {"deep": [1]}}],
)  # fmt: skip
def test_variants_of_what_is_not_used_never_matter(changes: Any) -> None:
    event, reasons = one(wire(**changes))
    assert (event.start, reasons) == (utc("2026-03-02 10:00"), [])


@pytest.mark.parametrize(
    "page", [None, {}, {"events": None}, {"events": "x"}, "x", 5, {"error": []}]
)
def test_an_answer_without_a_list_fails_the_whole_source(page: Any) -> None:
    """A broken answer read as an empty calendar would delete every subscriber's events."""
    with pytest.raises(BadDataError):
        parse({"calendar": {}, "pages": [{"events": [wire()]}, page]}, SOURCE)


def test_an_empty_range_is_empty_in_both_of_its_forms() -> None:
    """Zoho was seen to answer an empty range with one object that holds only a message."""
    raw = {"calendar": {}, "pages": [{"events": []}, {"events": [{"message": "No events found."}]}]}
    parsed = parse(raw, SOURCE)
    assert (parsed.events, parsed.rejections) == ((), ())


# ---------------------------------------------------------------------------------------------------- anything at all

ODD = st.sampled_from(
    ["", "null", "true", "-1", "0", "20260101", "20260101T000000Z", "20260329T023000", "45001231", "45001231T235959Z", "16010101T000000Z",
     "deleted", "cancelled", "RRULE:FREQ=DAILY", "FREQ=WEEKLY;UNTIL=20170830", "FREQ=YEARLY;BYDAY=54MO", "Asia/Kolkata", "EST", "Nowhere/Nowhere",
     "\u2028", "\ud800", 0, -1, 2**31, 2**63, 10**400, 1e308, 0.5, float("inf"), float("nan"), True, None, [], {}, "<p>x"]
)  # fmt: skip
JSON = st.recursive(
    ODD | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["uid", "start", "end", "freq", "minutes", "message", "events"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
DOCUMENTED = json.loads((DATA / "documented_list.json").read_text(encoding="utf-8"))["events"]
KEYS = sorted(
    {key for data in DOCUMENTED for key in data}
    | {
        "recurrenceid",
        "estatus",
        "exdate",
        "description",
        "location",
        "url",
        "rsvpStatus",
        "transparency",
    }
)


def paths(value: Any, at: Any = ()) -> Iterator[Any]:
    yield at
    for key, inner in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from paths(inner, (*at, key))


PATHS = [path for path in paths(DOCUMENTED) if path] + [(n, key) for n in (0, 1) for key in KEYS]


def put(root: Any, path: Any, value: Any) -> None:
    for key in path[:-1]:
        root = root[key]
    root[path[-1]] = value


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.lists(st.tuples(st.sampled_from(PATHS), JSON), min_size=1, max_size=4),
    extra=st.lists(JSON, max_size=2),
)
def test_whatever_zoho_sends_is_either_an_event_or_a_rejection(changes: Any, extra: Any) -> None:
    """No value in any field raises, and no object is lost without a word."""
    events = json.loads(json.dumps(DOCUMENTED))
    for path, value in changes:
        try:
            put(events, path, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    events += extra
    parsed = parse(
        {"calendar": {"timezone": "Asia/Kolkata"}, "pages": [{"events": events}]}, SOURCE
    )
    told = {event.upstream_id for event in parsed.events} | {
        rejection.upstream_id for rejection in parsed.rejections
    }
    for data in events:
        if isinstance(data, dict) and (
            data.keys() == {"message"} or data.get("estatus") in ("deleted", "cancelled")
        ):
            continue
        uid = data.get("uid") if isinstance(data, dict) else None
        assert (uid if isinstance(uid, str) else "") in told


def test_an_all_day_until_at_the_end_of_all_years_is_none() -> None:
    """How programs write "without end"."""
    days = {
        "isallday": True,
        "dateandtime": {"timezone": "Asia/Calcutta", "start": "20260302", "end": "20260302"},
    }
    event, reasons = one(wire(rrule="FREQ=DAILY;UNTIL=99991231", **days))
    assert (event.recurrence.rule.until, reasons) == (None, [])
