"""Texts, links, reminders, privacy and rules of Zoho Calendar's events.

Expected values come from the documents, by hand: "events list" and "event details" are the pages of
Zoho Calendar's API, "rulebook" is docs/feed-rules.md. None comes from the code's own output.
"""

from datetime import date, timedelta
from operator import itemgetter
from typing import Any

import pytest

from bridge.domain.event import Place
from tests.sources.calendar_json import day_wire, one, read, utc, wire
from tests.sources.parsed import recurrence_of
from tests.sources.rejection_codes import codes_of

DEFAULTS = [{"minutes": "-15", "action": "popup"}, {"minutes": "-60", "action": "email"}]
REMINDERS = [
    # cite, changes, minutes from the start
    (
        "events list: a negative string",
        {"reminders": [{"minutes": "-10", "action": "popup"}]},
        [-10],
    ),
    ("writers: a positive number", {"reminders": [{"minutes": 30, "action": "popup"}]}, [-30]),
    (
        "writers: a positive string",
        {"reminders": [{"minutes": "30", "action": "notification"}]},
        [-30],
    ),
    ("a negative number without an action", {"reminders": [{"minutes": -5}]}, [-5]),
    ("at the start", {"reminders": [{"minutes": "0", "action": "popup"}]}, [0]),
    (
        "event details: a plus sign is after the start",
        {"reminders": [{"minutes": "+5", "action": "popup"}]},
        [5],
    ),
    (
        "events list: alarm repeats reminders",
        {"reminders": [{"minutes": "-10"}], "alarm": [{"trigger": -600000}]},
        [-10],
    ),
    ("alarm alone", {"alarm": [{"action": "popup", "trigger": -600000}]}, [-10]),
    ("alarm after the start", {"alarm": [{"action": "popup", "trigger": 300000}]}, [5]),
    ("alarm as text", {"alarm": [{"action": "popup", "trigger": "-600000"}]}, [-10]),
    (
        "several, sorted, once each",
        {"reminders": [{"minutes": "-5"}, {"minutes": -60}, {"minutes": 5}]},
        [-60, -5],
    ),
    (
        "mail is sent by Zoho",
        {
            "reminders": [
                {"minutes": "-10", "action": "email"},
                {"minutes": "-5", "action": "popup"},
            ]
        },
        [-5],
    ),
    ("the calendar's own", {"calendar_alarm": True}, [-15]),
    ("the calendar's own, not asked for", {"calendar_alarm": False}, []),
    ("the calendar's own, flag as text", {"calendar_alarm": "true"}, [-15]),
    (
        "an event's own before the calendar's",
        {"calendar_alarm": True, "reminders": [{"minutes": "-1"}]},
        [-1],
    ),
    (
        "only mail of its own: the calendar's don't apply",
        {"calendar_alarm": True, "reminders": [{"minutes": "-1", "action": "email"}]},
        [],
    ),
    ("empty lists are none", {"calendar_alarm": True, "reminders": [], "alarm": []}, [-15]),
]


@pytest.mark.parametrize("case", REMINDERS, ids=itemgetter(0))
def test_each_reminder_appears_once(case: tuple[Any, ...]) -> None:
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
    assert reason == {"reminder-unreadable"}


def test_texts_are_cleaned_and_html_becomes_plain_text_beside_it() -> None:
    """Rulebook 4 and 55: no controls, plain DESCRIPTION, the rich form only beside it."""
    event, _ = one(
        wire(
            title=" Test\x07 endured ",
            location="Room 1\r\n",
            description="<p>Bring <b>pens</b></p>",
        )
    )
    assert (event.title, event.place, event.description) == (
        "Test endured",
        Place(name="Room 1"),
        "Bring pens",
    )
    assert "<b>pens</b>" in event.html


@pytest.mark.parametrize("title", [None, "", "  "])
def test_an_event_without_title_place_or_text_has_empty_ones(title: str | None) -> None:
    event, _ = one(wire(title=title, location="", description=None))
    assert (event.title, event.place, event.description, event.html) == ("", None, "", "")


LINKS = [
    # cite, changes, url, join_url
    ("events list: url", {"url": "https://example.org/a"}, "https://example.org/a", ""),
    (
        "viewEventURL when there is no url",
        {"viewEventURL": "https://calendar.zoho.com/v"},
        "https://calendar.zoho.com/v",
        "",
    ),
    (
        "url before viewEventURL",
        {"url": "https://example.org/a", "viewEventURL": "https://calendar.zoho.com/v"},
        "https://example.org/a",
        "",
    ),
    (
        "conference_data",
        {"conference_data": {"meetingdata": {"meeting_link": "https://meet.example/1"}}},
        "",
        "https://meet.example/1",
    ),
    (
        "app_data",
        {"app_data": {"meetingdata": {"meetinglink": "https://meet.example/2"}}},
        "",
        "https://meet.example/2",
    ),
    (
        "onlineMeetingUrl",
        {"onlineMeetingUrl": "https://meet.example/3"},
        "",
        "https://meet.example/3",
    ),
    (
        "the newest field first",
        {
            "conference_data": {"meetingdata": {"meeting_link": "https://meet.example/1"}},
            "onlineMeetingUrl": "https://meet.example/3",
        },
        "",
        "https://meet.example/1",
    ),
    (
        "conference_data of another shape",
        {"conference_data": ["x"], "app_data": "x", "onlineMeetingUrl": "https://meet.example/3"},
        "",
        "https://meet.example/3",
    ),
    ("no script as a join link", {"onlineMeetingUrl": "javascript:alert(1)"}, "", ""),
]


@pytest.mark.parametrize("case", LINKS, ids=itemgetter(0))
def test_links_are_taken_from_the_field_that_has_one(case: tuple[Any, ...]) -> None:
    _, changes, url, join_url = case
    event, reasons = one(wire(**changes))
    assert (event.url, event.join_url, reasons) == (url, join_url, [])


@pytest.mark.parametrize("url", ["javascript:alert(1)", "example.org", "https://a b", "http://"])
def test_a_url_that_is_no_web_address_is_left_out_and_reported(url: str) -> None:
    event, (reason,) = one(wire(url=url))
    assert (event.url, "not-a-web-address" in reason) == ("", True)


SELF = {"email": "me@example.org", "status": "DECLINED"}
OTHER = {"email": "you@example.org", "status": "ACCEPTED"}
AVAILABILITY = [
    # cite, changes, busy, private, status
    ("transparency 0 is busy", {"transparency": 0}, True, False, "CONFIRMED"),
    ("transparency 1 is free", {"transparency": 1}, False, False, "CONFIRMED"),
    ("transparency as text", {"transparency": "1"}, False, False, "CONFIRMED"),
    ("isprivate", {"isprivate": True}, True, True, "CONFIRMED"),
    ("isprivate as text", {"isprivate": "true"}, True, True, "CONFIRMED"),
    (
        "events list: a declined invitation is kept, not busy",
        {"role": "participant", "attendees": [SELF]},
        False,
        False,
        "CONFIRMED",
    ),
    (
        "the organizer's guest declined",
        {"role": "organizer", "attendees": [SELF]},
        True,
        False,
        "CONFIRMED",
    ),
    (
        "somebody among several declined",
        {"role": "participant", "attendees": [SELF, OTHER]},
        True,
        False,
        "CONFIRMED",
    ),
    (
        "details: rsvpStatus 2 is the account's no",
        {"role": "participant", "rsvpStatus": 2, "attendees": [OTHER]},
        False,
        False,
        "CONFIRMED",
    ),
    (
        "details: rsvpStatus 1 is its yes",
        {"role": "participant", "rsvpStatus": 1, "attendees": [SELF]},
        True,
        False,
        "CONFIRMED",
    ),
    (
        "group_attendees and odd guests don't matter",
        {"role": "participant", "attendees": {"1": [SELF]}, "group_attendees": 7, "organizer": {}},
        True,
        False,
        "CONFIRMED",
    ),
    ("estatus added", {"estatus": "added"}, True, False, "CONFIRMED"),
    ("estatus cancelled", {"estatus": "CANCELLED"}, True, False, "CANCELLED"),
    ("estatus canceled", {"estatus": "canceled"}, True, False, "CANCELLED"),
]


@pytest.mark.parametrize("case", AVAILABILITY, ids=itemgetter(0))
def test_availability_privacy_and_status(case: tuple[Any, ...]) -> None:
    _, changes, busy, private, status = case
    event, reasons = one(wire(**changes))
    assert (event.busy, event.private, event.status.value, reasons) == (busy, private, status, [])


def test_a_privacy_flag_that_cannot_be_read_counts_as_private() -> None:
    """Never show an event to someone who may not see it."""
    event, (reason,) = one(wire(isprivate="perhaps"))
    assert event.private is True
    assert reason == {"field-left-out", "wrong-type"}


RULES = [
    # cite, changes, freq, interval, count, until, byday, bymonthday, bysetpos
    ("events list: no prefix", {"rrule": "FREQ=DAILY;COUNT=5"}, "DAILY", 1, 5, None, (), ()),
    ("with the prefix", {"rrule": "RRULE:FREQ=DAILY;COUNT=5"}, "DAILY", 1, 5, None, (), ()),
    (
        "lower case and a last semicolon",
        {"rrule": "freq=weekly;byday=mo;interval=2;"},
        "WEEKLY",
        2,
        None,
        None,
        ("MO",),
        (),
    ),
    (
        "UNTIL in UTC",
        {"rrule": "FREQ=WEEKLY;UNTIL=20260830T100100Z;BYDAY=MO"},
        "WEEKLY",
        1,
        None,
        utc("2026-08-30 10:01"),
        ("MO",),
        (),
    ),
    (
        "events list: repeat when there is no rrule",
        {"repeat": [{"freq": "weekly", "byday": "MO", "interval": 1, "until": "20260830T100100Z"}]},
        "WEEKLY",
        1,
        None,
        utc("2026-08-30 10:01"),
        ("MO",),
        (),
    ),
    (
        "repeat when rrule is empty",
        {"rrule": "", "repeat": [{"freq": "daily", "count": "3"}]},
        "DAILY",
        1,
        3,
        None,
        (),
        (),
    ),
    (
        "repeat when rrule can't be read",
        {"rrule": "FREQ=OFTEN", "repeat": [{"freq": "daily", "count": 3}]},
        "DAILY",
        1,
        3,
        None,
        (),
        (),
    ),
    (
        "repeat with days as a list",
        {"repeat": [{"freq": "WEEKLY", "byday": ["MO", "WE"], "interval": "2"}]},
        "WEEKLY",
        2,
        None,
        None,
        ("MO", "WE"),
        (),
    ),
    (
        "repeat with unset numbers",
        {
            "repeat": [
                {
                    "freq": "daily",
                    "interval": 0,
                    "count": -1,
                    "bymonthday": 0,
                    "bysetpos": "0",
                    "byday": "",
                }
            ]
        },
        "DAILY",
        1,
        None,
        None,
        (),
        (),
    ),
    (
        "repeat as one object",
        {"repeat": {"freq": "monthly", "bymonthday": "2"}},
        "MONTHLY",
        1,
        None,
        None,
        (),
        (2,),
    ),
    (
        "the nth weekday twice: 1MO and its position",
        {"repeat": [{"freq": "monthly", "byday": "1MO", "bysetpos": 1}]},
        "MONTHLY",
        1,
        None,
        None,
        ("1MO",),
        (),
    ),
    (
        "the same in rrule",
        {"rrule": "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=1;INTERVAL=1"},
        "MONTHLY",
        1,
        None,
        None,
        ("1MO",),
        (),
    ),
]


@pytest.mark.parametrize("case", RULES, ids=itemgetter(0))
def test_rules_are_read_from_rrule_or_repeat(case: tuple[Any, ...]) -> None:
    _, changes, freq, interval, count, until, byday, bymonthday = case
    event, reasons = one(wire(**changes))
    rule = recurrence_of(event).rule
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
def test_until_of_an_all_day_series_is_a_day_of_its_zone(until: str, last: str) -> None:
    """UNTIL may come as a UTC time even for days; RFC 5545 wants a DATE (rulebook 37)."""
    event, _ = one(day_wire("20260302", "20260302", rrule=f"FREQ=WEEKLY;BYDAY=MO;UNTIL={until}"))
    assert recurrence_of(event).rule.until == date.fromisoformat(last)


@pytest.mark.parametrize(
    "changes",
    [
        {"rrule": "FREQ=OFTEN"},
        {"rrule": "nonsense"},
        {"repeat": [{"freq": "daily"}, {"freq": "weekly"}]},
        {"repeat": [{"freq": "daily", "count": "many"}]},
    ],
)
def test_a_rule_that_cannot_be_read_leaves_the_first_occurrence_and_a_remark(
    changes: dict[str, Any],
) -> None:
    parsed = read(wire(**changes))
    (event,), (rejection,) = parsed.events, parsed.rejections
    assert (event.recurrence, event.start) == (None, utc("2026-03-02 10:00"))
    assert (rejection.kind, rejection.upstream_id) == ("repaired", "u1@zoho.com")
    assert "rule-unusable" in codes_of(rejection)
