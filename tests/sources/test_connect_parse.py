"""Zoho Connect: the events that an answer becomes.

``data/connect/*.json`` are the answers in Zoho's documents. Expected instants are worked out from
their milliseconds with GNU date, and agree with Zoho APIs 3.5. Days come from wall clocks.
"S2" and "S3" are Zoho's pages on upcomingEvents and updateEvent.
"""

from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from bridge.domain.event import Alarm, Person, Place, Status, to_utc
from bridge.domain.timezones import zone
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError
from bridge.sources.connect import parse as connect_parse
from tests.sources.connect_json import (
    ABSENT,
    ALL_DAY,
    CREATIVE,
    ENGINEERING,
    ITEMS,
    NETWORK,
    SAMOA,
    TIMED,
    UPCOMING,
    UPDATE,
    changed,
    only,
    parse,
    utc,
)
from tests.sources.parsed import timed
from tests.sources.rejection_codes import codes_of

SAMPLES = [
    # (number in S2, streamId, title, start, end, wall clock of the start in the answer)
    (0, "929000000688005", "Test Event", date(2017, 7, 28), date(2017, 7, 29), None),
    (
        1,
        "929000000772001",
        "Test Event",
        "2017-11-15T03:30",
        "2017-11-15T04:30",
        "2017-11-14T16:30",
    ),
    (
        2,
        "929000000797030",
        "Test Event",
        "2017-12-21T03:30",
        "2017-12-21T04:30",
        "2017-12-20T16:30",
    ),
    (
        3,
        "929000000805005",
        "Alumni new year party",
        "2017-12-31T03:30",
        "2017-12-31T04:30",
        "2017-12-30T16:30",
    ),
    (
        4,
        "929000000812005",
        "Test Event",
        "2018-01-04T07:30",
        "2018-01-04T08:30",
        "2018-01-03T20:30",
    ),
    (
        5,
        "929000000825001",
        "Engineering event",
        "2018-01-22T03:30",
        "2018-01-22T04:30",
        "2018-01-21T16:30",
    ),
    (
        6,
        "929000000856621",
        "Innovation meetup",
        "2018-03-22T20:00",
        "2018-03-22T21:00",
        "2018-03-22T09:00",
    ),
    (
        7,
        "929000000856634",
        "Freshers Meetup",
        "2018-03-24T07:30",
        "2018-03-24T08:30",
        "2018-03-23T20:30",
    ),
]


@pytest.mark.parametrize(("number", "stream", "title", "start", "end", "wall"), SAMPLES)
def test_documented_event(
    *, number: Any, stream: Any, title: str, start: Any, end: Any, wall: Any
) -> None:
    """Zoho APIs 3.5: milliseconds are the instant; all-day events are wall dates."""
    parsed = connect_parse.parse({"pages": [UPCOMING]}, CREATIVE, SAMOA)
    assert len(parsed.events) == 8
    assert parsed.rejections == ()
    event = parsed.events[number]
    assert event.title == title
    assert event.upstream_id == stream
    assert event.uid == event_uid("connect", NETWORK, stream)
    assert event.url == f"https://connect.zoho.com/portal/zillum/stream/{stream}"
    assert event.people == (Person(name="Patricia Boyle", role="organizer"),)
    assert event.alarms == (
        (Alarm(trigger=timedelta(0)),) if number == 4 else ()
    )  # hasReminder, intervalMinute 0
    assert event.status is Status.CONFIRMED
    assert (event.private, event.place, event.description) == (False, None, "")
    if wall is None:
        assert (event.start, event.end, event.all_day) == (start, end, True)
    else:
        assert (event.start, event.end) == (utc(start), utc(end))
        assert timed(event.start).replace(tzinfo=None) == datetime.fromisoformat(wall)


def test_invited_people_are_not_named() -> None:
    assert "Eduardo" not in repr(connect_parse.parse({"pages": [UPCOMING]}, CREATIVE, SAMOA))


def test_update_answer() -> None:
    """S3: the same event inside a stream; the id, which its address repeats, is repaired."""
    parsed = connect_parse.parse_update(UPDATE, ENGINEERING, SAMOA)
    (event,) = parsed.events
    assert (parsed.rejections, parsed.notes) == ((), ())
    assert (event.start, event.end) == (utc("2018-03-22T16:00"), utc("2018-03-24T00:00"))
    assert event.start.isoformat() == "2018-03-22T05:00:00-11:00"
    assert event.url == "https://connect.zoho.com/portal/zillum/stream/929000000855682"
    assert event.title == "Event Updated fro march"
    assert event.uid == event_uid("connect", NETWORK, "929000000855682")
    assert event.alarms == ()


@pytest.mark.parametrize(
    ("content", "own", "expected"),
    [
        ([{"text": "Bring a pen."}], ABSENT, "Bring a pen."),
        (["One", {"text": "Two"}, {"image": "x"}, 3], ABSENT, "One\nTwo"),
        ([{"text": "Elsewhere"}], "Own", "Own"),
        ("odd", ABSENT, ""),
    ],
)
def test_update_answer_with_content(content: Any, own: Any, expected: Any) -> None:
    raw = deepcopy(UPDATE)
    raw["updateEvent"]["stream"]["content"] = content
    raw["updateEvent"]["stream"]["event"] = changed(raw["updateEvent"]["stream"]["event"], desc=own)
    assert connect_parse.parse_update(raw, ENGINEERING, None).events[0].description == expected


@pytest.mark.parametrize(
    "raw", [{}, {"updateEvent": {"result": "success"}}, {"updateEvent": {"stream": {}}}]
)
def test_update_answer_of_another_shape(raw: Any) -> None:
    with pytest.raises(BadDataError, match="updateEvent"):
        connect_parse.parse_update(raw, ENGINEERING, None)


REMINDER = {"hasReminder": "true"}
FIELDS = [
    # (base, changes, attribute, expected, cite)
    (
        TIMED,
        {"startTime": "1510716600000"},
        "start",
        utc("2017-11-15T03:30"),
        "Zoho APIs 3.5 d: junk milliseconds",
    ),
    (
        TIMED,
        {"startTime": 1510716600986},
        "start",
        utc("2017-11-15T03:30"),
        "a number is read as well",
    ),
    (
        TIMED,
        {"startDate": "1", "startHour": "3"},
        "start",
        utc("2017-11-15T03:30"),
        "Zoho APIs 3.5: the epoch is right",
    ),
    (
        TIMED,
        {"googleCalendarUrl": "junk"},
        "start",
        utc("2017-11-15T03:30"),
        "Zoho APIs 3.5 b: never parsed",
    ),
    (
        TIMED,
        {"endTime": "1510716600986"},
        "end",
        utc("2017-11-15T03:30"),
        "Zoho APIs 6.5: zero length",
    ),
    (
        TIMED,
        {"isAllDay": "false"},
        "start",
        utc("2017-11-15T03:30"),
        "Zoho APIs 6.5: the text false is false",
    ),
    (TIMED, {"isAllDay": False}, "all_day", False, "Zoho APIs 6.5"),
    (ALL_DAY, {"isAllDay": True}, "all_day", True, "Zoho APIs 6.5"),
    (
        ALL_DAY,
        {"endDate": "30"},
        "end",
        date(2017, 7, 31),
        "Zoho APIs 3.5 c: the end is the last day",
    ),
    (ALL_DAY, {"endDate": "1", "endMonth": "08"}, "end", date(2017, 8, 2), "S3: months written 08"),
    (
        ALL_DAY,
        {"startTime": "1501200000000"},
        "start",
        date(2017, 7, 28),
        "Zoho APIs 3.5 c: never the epoch",
    ),
    (
        ALL_DAY,
        {"startTime": ABSENT, "endTime": ABSENT},
        "start",
        date(2017, 7, 28),
        "Zoho APIs 3.5 c: never the epoch",
    ),
    (ALL_DAY, {"startYear": ABSENT}, "start", date(2017, 7, 28), "Zoho APIs 3.4: date yyyyMMdd"),
    (TIMED, REMINDER, "alarms", (Alarm(trigger=timedelta(0)),), "Zoho APIs 3.6: 0 is at the start"),
    (
        TIMED,
        REMINDER | {"intervalMinute": "15"},
        "alarms",
        (Alarm(trigger=-timedelta(minutes=15)),),
        "S3",
    ),
    (
        TIMED,
        REMINDER | {"intervalDay": "2", "intervalHour": "3", "intervalMinute": "5"},
        "alarms",
        (Alarm(trigger=-timedelta(minutes=2 * 1440 + 3 * 60 + 5)),),
        "Zoho APIs 3.6: the sum",
    ),
    (TIMED, {"hasReminder": "false", "intervalMinute": "15"}, "alarms", (), "Zoho APIs 6.5"),
    (TIMED, {"intervalMinute": "15"}, "alarms", (), "Zoho APIs 6.5: absent is false"),
    (
        TIMED,
        {"desc": "Bring a pen"},
        "description",
        "Bring a pen",
        "Zoho APIs 3.4: desc or description",
    ),
    (
        TIMED,
        {"description": "Bring a pen"},
        "description",
        "Bring a pen",
        "Zoho APIs 3.4: desc or description",
    ),
    (TIMED, {"desc": "<p>A <b>pen</b></p>"}, "description", "A pen", "rulebook 55"),
    (TIMED, {"desc": "<p>A <b>pen</b></p>"}, "html", "<p>A <b>pen</b></p>", "rulebook 55"),
    (TIMED, {"location": " Room 5 "}, "place", Place(name="Room 5"), "Zoho APIs 3.4: location"),
    (TIMED, {"location": ""}, "place", None, "rulebook 9"),
    (TIMED, {"url": None}, "url", "", "absent"),
    (
        TIMED,
        {"streamId": 929000000772001},
        "upstream_id",
        "929000000772001",
        "Zoho APIs 6.1: ids are text",
    ),
    (
        TIMED,
        {"userDetails": {"name": "pat@example.org"}},
        "people",
        (),
        "rulebook 60: never an address",
    ),
    (TIMED, {"userDetails": ABSENT}, "people", (), "absent"),
    (TIMED, {"title": "Tea\r\nparty\x07"}, "title", "Tea\nparty", "rulebook 4"),
    (TIMED, {"title": ABSENT}, "title", "", "a nameless event is still an event"),
    (
        TIMED,
        {"partition": {"id": "929000000439015", "isPrivate": "true"}},
        "private",
        False,
        "the group's flag",
    ),
]


@pytest.mark.parametrize(("base", "changes", "attribute", "expected", "cite"), FIELDS)
def test_field(
    base: dict[str, Any], changes: dict[str, Any], attribute: Any, expected: Any, cite: Any
) -> None:
    assert getattr(only(base, **changes), attribute) == expected, cite


LEFT_OUT = [
    (TIMED, {"streamId": ABSENT}, "", "no-id"),
    (TIMED, {"streamId": "\ud800"}, "", "no-id"),
    (TIMED, {"streamId": "1\n2"}, "", "no-id"),
    (TIMED, {"startTime": ABSENT}, "929000000772001", "no-start"),
    (TIMED, {"startTime": "soon"}, "929000000772001", "not-epoch"),
    (TIMED, {"startTime": "99999999999999999999"}, "929000000772001", "not-epoch"),
    (TIMED, {"isAllDay": "maybe"}, "929000000772001", "not-a-flag"),
    (ALL_DAY, {"startYear": ABSENT, "date": ABSENT}, "929000000688005", "no-start"),
    (ALL_DAY, {"startDate": "32", "date": "20170732"}, "929000000688005", "no-such-time"),
    (ALL_DAY, {"startYear": "0", "date": "00000101"}, "929000000688005", "no-such-time"),
]


@pytest.mark.parametrize(("base", "changes", "upstream_id", "code"), LEFT_OUT)
def test_bad_event_is_reported_and_costs_only_itself(
    base: dict[str, Any], changes: dict[str, Any], upstream_id: str, code: str
) -> None:
    parsed = parse(ITEMS[2], changed(base, **changes), None, ITEMS[3])
    assert [event.upstream_id for event in parsed.events] == ["929000000797030", "929000000805005"]
    bad, none = parsed.rejections
    assert (bad.upstream_id, bad.kind, bad.url) == (upstream_id, "dropped", base["url"])
    assert code in codes_of(bad)
    assert codes_of(none) == {"not-an-object"}


MENDED = [
    (
        TIMED,
        {"endTime": "1510716000000"},
        "end-before-start",
        timedelta(0),
    ),
    (TIMED, {"endTime": ABSENT}, "no-end", timedelta(0)),
    (TIMED, {"endTime": "late"}, "not-epoch", timedelta(0)),
    (ALL_DAY, {"endDate": "27"}, "end-before-start", timedelta(days=1)),
    (ALL_DAY, {"endMonth": "13"}, "on-first-day", timedelta(days=1)),
    (TIMED, {"url": "javascript:alert(1)"}, "not-a-web-address", timedelta(hours=1)),
    (TIMED, {"location": 5}, "wrong-type", timedelta(hours=1)),
    (
        TIMED,
        {"hasReminder": "true", "intervalMinute": "soon"},
        "not-a-number",
        timedelta(hours=1),
    ),
    (TIMED, {"hasReminder": "perhaps"}, "not-a-flag", timedelta(hours=1)),
    (
        TIMED,
        {"hasReminder": "true", "intervalDay": "400"},
        "reminder-too-early",
        timedelta(hours=1),
    ),
]


@pytest.mark.parametrize(("base", "changes", "code", "length"), MENDED)
def test_a_repaired_event_is_shown_and_reported(
    base: dict[str, Any], changes: dict[str, Any], code: str, length: timedelta
) -> None:
    """Rulebook 35: an end before the start is repaired. An unreadable extra is left out."""
    parsed = parse(changed(base, **changes))
    (event,) = parsed.events
    (rejection,) = parsed.rejections
    assert (rejection.upstream_id, rejection.kind) == (event.upstream_id, "repaired")
    assert code in codes_of(rejection)
    assert to_utc(event.end) - to_utc(event.start) == length
    assert event.alarms == ()


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**20), max_value=10**20),
    st.floats(),
    st.text(max_size=12),
    st.from_regex(r"-?[0-9]{1,16}", fullmatch=True),
    st.sampled_from(["", "null", "true", "false", "<p>x</p>", "\ud800", "-1", "2024", "02", "31"]),
    st.lists(st.one_of(st.text(max_size=3), st.integers(), st.none()), max_size=3),
    st.dictionaries(
        st.sampled_from(["id", "name", "invitedGroups"]),
        st.one_of(st.text(max_size=3), st.integers()),
    ),
)


@given(
    st.sampled_from([ALL_DAY, TIMED, ITEMS[4]]),
    st.dictionaries(
        st.sampled_from(sorted({*ALL_DAY, *TIMED, *ITEMS[4], "desc", "intervalDay"})),
        JUNK,
        max_size=5,
    ),
    st.sampled_from([None, SAMOA, zone("Europe/Berlin")]),
)
def test_every_object_is_shown_or_reported(base: dict[str, Any], change: Any, here: Any) -> None:
    """Whatever a field holds, the parse goes on, and each event is shown or reported.

    Only an answer that has events of other groups alone is an error.
    """
    try:
        parsed = parse(base | change, here=here)
    except BadDataError as error:
        if error.problem.code != "other-groups" or "partition" not in change:
            raise
        return
    dropped = sum(rejection.kind == "dropped" for rejection in parsed.rejections)
    assert len(parsed.events) + dropped == 1
    assert all("@" not in person.name for event in parsed.events for person in event.people)


@given(st.lists(JUNK, max_size=4))
def test_junk_between_events_is_reported(junk: Any) -> None:
    parsed = parse(TIMED, *junk, ALL_DAY)
    assert [event.upstream_id for event in parsed.events] == [
        TIMED["streamId"],
        ALL_DAY["streamId"],
    ]
    assert len(parsed.rejections) == len(junk)
