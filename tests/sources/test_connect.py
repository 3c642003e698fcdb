"""Zoho Connect: what is asked for, and what an answer becomes.

``data/connect/*.json`` are the answers printed in Zoho's documents. Expected instants are worked out with
``date -u -d @seconds`` from the milliseconds in them, and agree with the clock table of the project's notes on the APIs
(cited as "api 3.5"); days come from the wall-clock fields. "S2", "S3": Zoho's pages on upcomingEvents and updateEvent.
"""

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from bridge.domain.event import Alarm, Person, Place, Status
from bridge.domain.feed import Window
from bridge.domain.rejection import reasons
from bridge.domain.source import ConnectSource
from bridge.domain.timezones import zone
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError, NotFoundError, ScopeError, UnavailableError
from bridge.sources import connect
from tests.command_line import command_line
from tests.zoho_sandbox import ALL_HANDS, CLUB, NETWORK as NORTHWIND

DATA = Path(__file__).parents[1] / "data" / "connect"
UPCOMING = json.loads((DATA / "upcoming_events.json").read_text())
UPDATE = json.loads((DATA / "update_event.json").read_text())
ITEMS = UPCOMING["upcomingEvents"]["events"]
ALL_DAY, TIMED = ITEMS[0], ITEMS[1]
NETWORK = "929000000015001"
CREATIVE = ConnectSource(group="929000000439015", network=NETWORK)
ENGINEERING = ConnectSource(group="929000000295001", network=NETWORK)
SAMOA = zone(
    "Pacific/Pago_Pago"
)  # UTC-11 all year: the zone that the documents' wall clocks fit (api 3.5)
WINDOW = Window(start=date(2018, 1, 1), end=date(2018, 4, 1))
ABSENT = object()


class FakeApi:
    """Answers by path, and by network where there is one; remembers every call; an exception as an answer is raised."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, str]]] = []

    def get(
        self, product: str, path: Any, params: Any = None, *, accept: str = "application/json"
    ) -> Any:
        assert product == "connect"
        assert accept == "application/json"
        params = dict(params or {})
        self.calls.append((path, params))
        answer = self.answers.get(f"{path}#{params.get('scopeID')}", self.answers.get(path))
        if isinstance(answer, Exception):
            raise answer
        return answer


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    data = deepcopy(base) | changes
    return {key: value for key, value in data.items() if value is not ABSENT}


def parse(*items: Any, here: Any = SAMOA, **options: Any) -> Any:
    return connect.parse(
        {"pages": [{"upcomingEvents": {"events": list(items)}}]}, CREATIVE, here, **options
    )


def only(base: dict[str, Any], **changes: Any) -> Any:
    parsed = parse(changed(base, **changes))
    assert len(parsed.events) == 1, parsed
    return parsed.events[0]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- the documents' answers ------------------------------------------------------------------------------------------

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
    """api 3.5: the milliseconds are the instant, cut to the second; an all-day event is its wall dates, end included."""
    parsed = connect.parse({"pages": [UPCOMING]}, CREATIVE, SAMOA)
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
        assert event.start.replace(tzinfo=None) == datetime.fromisoformat(wall)


def test_invited_people_are_not_named() -> None:
    assert "Eduardo" not in repr(connect.parse({"pages": [UPCOMING]}, CREATIVE, SAMOA))


def test_update_answer() -> None:
    """S3: the same event inside a stream; the id that stands twice in its address is mended."""
    parsed = connect.parse_update(UPDATE, ENGINEERING, SAMOA)
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
    assert connect.parse_update(raw, ENGINEERING, None).events[0].description == expected


@pytest.mark.parametrize(
    "raw", [{}, {"updateEvent": {"result": "success"}}, {"updateEvent": {"stream": {}}}]
)
def test_update_answer_of_another_shape(raw: Any) -> None:
    with pytest.raises(BadDataError, match="updateEvent"):
        connect.parse_update(raw, ENGINEERING, None)


# --- one event -------------------------------------------------------------------------------------------------------

REMINDER = {"hasReminder": "true"}
FIELDS = [
    # (base, changes, attribute, expected, cite)
    (
        TIMED,
        {"startTime": "1510716600000"},
        "start",
        utc("2017-11-15T03:30"),
        "api 3.5 d: junk milliseconds",
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
        "api 3.5: the epoch is right",
    ),
    (
        TIMED,
        {"googleCalendarUrl": "junk"},
        "start",
        utc("2017-11-15T03:30"),
        "api 3.5 b: never parsed",
    ),
    (TIMED, {"endTime": "1510716600986"}, "end", utc("2017-11-15T03:30"), "api 6.5: zero length"),
    (
        TIMED,
        {"isAllDay": "false"},
        "start",
        utc("2017-11-15T03:30"),
        "api 6.5: the text false is false",
    ),
    (TIMED, {"isAllDay": False}, "all_day", False, "api 6.5"),
    (ALL_DAY, {"isAllDay": True}, "all_day", True, "api 6.5"),
    (ALL_DAY, {"endDate": "30"}, "end", date(2017, 7, 31), "api 3.5 c: the end is the last day"),
    (ALL_DAY, {"endDate": "1", "endMonth": "08"}, "end", date(2017, 8, 2), "S3: months written 08"),
    (
        ALL_DAY,
        {"startTime": "1501200000000"},
        "start",
        date(2017, 7, 28),
        "api 3.5 c: never the epoch",
    ),
    (
        ALL_DAY,
        {"startTime": ABSENT, "endTime": ABSENT},
        "start",
        date(2017, 7, 28),
        "api 3.5 c: never the epoch",
    ),
    (ALL_DAY, {"startYear": ABSENT}, "start", date(2017, 7, 28), "api 3.4: date yyyyMMdd"),
    (TIMED, REMINDER, "alarms", (Alarm(trigger=timedelta(0)),), "api 3.6: 0 is at the start"),
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
        "api 3.6: the sum",
    ),
    (TIMED, {"hasReminder": "false", "intervalMinute": "15"}, "alarms", (), "api 6.5"),
    (TIMED, {"intervalMinute": "15"}, "alarms", (), "api 6.5: absent is false"),
    (TIMED, {"desc": "Bring a pen"}, "description", "Bring a pen", "api 3.4: desc or description"),
    (
        TIMED,
        {"description": "Bring a pen"},
        "description",
        "Bring a pen",
        "api 3.4: desc or description",
    ),
    (TIMED, {"desc": "<p>A <b>pen</b></p>"}, "description", "A pen", "rulebook 55"),
    (TIMED, {"desc": "<p>A <b>pen</b></p>"}, "html", "<p>A <b>pen</b></p>", "rulebook 55"),
    (TIMED, {"location": " Room 5 "}, "place", Place(name="Room 5"), "api 3.4: location"),
    (TIMED, {"location": ""}, "place", None, "rulebook 9"),
    (TIMED, {"url": None}, "url", "", "absent"),
    (
        TIMED,
        {"streamId": 929000000772001},
        "upstream_id",
        "929000000772001",
        "api 6.1: ids are text",
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
def test_field(base: Any, changes: Any, attribute: Any, expected: Any, cite: Any) -> None:
    assert getattr(only(base, **changes), attribute) == expected, cite


LEFT_OUT = [
    (TIMED, {"streamId": ABSENT}, "", "no streamId"),
    (TIMED, {"streamId": "\ud800"}, "", "no streamId"),
    (TIMED, {"streamId": "1\n2"}, "", "no streamId"),
    (TIMED, {"startTime": ABSENT}, "929000000772001", "it has no time"),
    (TIMED, {"startTime": "soon"}, "929000000772001", "'soon'"),
    (TIMED, {"startTime": "99999999999999999999"}, "929000000772001", "not a number"),
    (TIMED, {"isAllDay": "maybe"}, "929000000772001", "isAllDay"),
    (ALL_DAY, {"startYear": ABSENT, "date": ABSENT}, "929000000688005", "first day"),
    (ALL_DAY, {"startDate": "32", "date": "20170732"}, "929000000688005", "'20170732'"),
    (ALL_DAY, {"startYear": "0", "date": "00000101"}, "929000000688005", "'00000101'"),
]


@pytest.mark.parametrize(("base", "changes", "upstream_id", "words"), LEFT_OUT)
def test_bad_event_is_reported_and_costs_only_itself(
    base: Any, changes: Any, upstream_id: str, words: str
) -> None:
    parsed = parse(ITEMS[2], changed(base, **changes), None, ITEMS[3])
    assert [event.upstream_id for event in parsed.events] == ["929000000797030", "929000000805005"]
    bad, none = parsed.rejections
    assert (bad.upstream_id, bad.kind) == (upstream_id, "dropped")
    assert words in reasons(bad)
    assert reasons(none) == "it is not an object."


MENDED = [
    (
        TIMED,
        {"endTime": "1510716000000"},
        "end 2017-11-15 03:20 UTC is before its start",
        timedelta(0),
    ),
    (TIMED, {"endTime": ABSENT}, "endTime can't be read", timedelta(0)),
    (TIMED, {"endTime": "late"}, "'late'", timedelta(0)),
    (ALL_DAY, {"endDate": "27"}, "2017-07-27 is before its first", timedelta(days=1)),
    (ALL_DAY, {"endMonth": "13"}, "last day can't be read", timedelta(days=1)),
    (TIMED, {"url": "javascript:alert(1)"}, "url is not a web address", timedelta(hours=1)),
    (TIMED, {"location": 5}, "location can't be read", timedelta(hours=1)),
    (
        TIMED,
        {"hasReminder": "true", "intervalMinute": "soon"},
        "reminder can't be read",
        timedelta(hours=1),
    ),
    (TIMED, {"hasReminder": "perhaps"}, "reminder can't be read", timedelta(hours=1)),
    (TIMED, {"hasReminder": "true", "intervalDay": "400"}, "more than a year", timedelta(hours=1)),
]


@pytest.mark.parametrize(("base", "changes", "words", "length"), MENDED)
def test_mended_event_is_shown_and_reported(
    base: Any, changes: Any, words: str, length: Any
) -> None:
    """An end before the start is repaired (rulebook 35), an unreadable extra is left out; both are said."""
    parsed = parse(changed(base, **changes))
    (event,) = parsed.events
    (rejection,) = parsed.rejections
    assert (rejection.upstream_id, rejection.kind) == (event.upstream_id, "repaired")
    assert words in reasons(rejection)
    assert event.end - event.start == length
    assert event.alarms == ()


# --- the account's clock ---------------------------------------------------------------------------------------------


def test_without_a_zone_the_profile_is_named() -> None:
    """api 3.5 a: wall clocks and epochs of all timed events agree under UTC-11, and the setting to mend is named."""
    parsed = connect.parse({"pages": [UPCOMING]}, CREATIVE, None)
    note = str(parsed.notes[0])
    assert note.startswith(
        "The times of this network's profile are UTC-11:00; set zoho.connect_timezone to its time zone"
    )
    assert {event.start.tzinfo.key for event in parsed.events if not event.all_day} == {"UTC"}
    assert [event.start for event in parsed.events][1] == utc("2017-11-15T03:30")


CLOCKS = [
    # (zone of the setting, wall clocks of (2017-11-15T03:30Z, 2018-07-15T03:30Z), expected in the note; "" is no note)
    ("Pacific/Pago_Pago", ("20171114 1630", "20180714 1630"), ""),
    ("Europe/Berlin", ("20171115 0430", "20180715 0530"), ""),
    ("UTC", ("20171115 0330", "20180715 0330"), ""),
    (None, ("20171115 0330", "20180715 0330"), ""),
    (None, ("20171115 0430", "20180715 0530"), "UTC+01:00 and UTC+02:00"),
    (None, ("20171115 0900", "20180715 0900"), "UTC+05:30"),
    ("Asia/Kolkata", ("20171114 1630", "20180714 1630"), "Asia/Kolkata (UTC+05:30), but the times of this network's profile are UTC-11:00"),
    ("Europe/Berlin", ("20171115 0430", "20180715 0430"), "Europe/Berlin (UTC+02:00), but the times of this network's profile are UTC+01:00"),
    ("Europe/Berlin", ("20171215 0430", "20180715 0530"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("here", "walls", "words"), CLOCKS)
def test_clock_note(here: Any, walls: Any, words: str) -> None:
    """A setting that the wall clocks contradict is said once, naming both; a clock a month off is no zone at all."""
    items = []
    for number, (seconds, wall) in enumerate(zip((1510716600, 1531625400), walls, strict=True)):
        parts = {"startYear": wall[:4], "startMonth": wall[4:6], "startDate": wall[6:8]}
        parts |= {"startHour": wall[9:11], "startMin": wall[11:]}
        times = {"startTime": f"{seconds}618", "endTime": f"{seconds + 60}618"}
        items.append(changed(TIMED, streamId=str(number), **parts, **times))
    parsed = parse(*items, here=zone(here) if here else None)
    assert [event.start for event in parsed.events] == [
        utc("2017-11-15T03:30"),
        utc("2018-07-15T03:30"),
    ]
    assert len(parsed.notes) == bool(words)
    assert words in "".join(map(str, parsed.notes))


def test_all_day_events_say_nothing_of_the_clock() -> None:
    """api 3.5 c: their epoch is midnight of another zone."""
    assert parse(ALL_DAY, here=None).notes == ()
    assert parse(ALL_DAY, here=zone("Asia/Kolkata")).notes == ()


# --- repeats ---------------------------------------------------------------------------------------------------------

NEXT_WEEK = changed(
    TIMED, startTime="1511321400000", endTime="1511325000000", startDate="21", endDate="21"
)


def uids(*items: Any, **options: Any) -> list[str]:
    return [event.uid for event in parse(*items, **options).events]


def slot_uid(text: str) -> str:
    return event_uid("connect", NETWORK, "929000000772001", slot=utc(text).astimezone(zone("UTC")))


def test_occurrences_with_one_id_are_events_of_their_own() -> None:
    """api 3.6: a repeat may come as several objects with one streamId; all are shown, each with its own UID."""
    assert uids(TIMED, NEXT_WEEK) == [slot_uid("2017-11-15T03:30"), slot_uid("2017-11-22T03:30")]


def test_same_event_twice_is_one() -> None:
    """api 6.5: an event of several groups comes once per group."""
    assert uids(TIMED, deepcopy(TIMED)) == [event_uid("connect", NETWORK, "929000000772001")]
    raw = {"pages": [UPCOMING, UPCOMING]}
    assert len(connect.parse(raw, CREATIVE, SAMOA).events) == 8


def test_last_occurrence_keeps_its_uid() -> None:
    """An occurrence keeps its UID when the others leave the window, as long as the repeat is remembered."""
    known = [(event.uid, event.upstream_id) for event in parse(TIMED, NEXT_WEEK, ALL_DAY).events]
    streams = connect.repeating_streams(CREATIVE, known)
    assert streams == {"929000000772001"}
    assert uids(NEXT_WEEK, ALL_DAY, repeating=streams) == [
        slot_uid("2017-11-22T03:30"),
        event_uid("connect", NETWORK, "929000000688005"),
    ]


def test_uids_are_the_same_in_any_zone_and_order() -> None:
    assert sorted(uids(TIMED, NEXT_WEEK, here=None)) == sorted(
        uids(NEXT_WEEK, TIMED, here=zone("Asia/Tokyo"))
    )


def test_all_day_occurrences() -> None:
    later = changed(ALL_DAY, startDate="29", endDate="29")
    assert uids(ALL_DAY, later) == [
        event_uid("connect", NETWORK, "929000000688005", slot=date(2017, 7, day))
        for day in (28, 29)
    ]


# --- requests --------------------------------------------------------------------------------------------------------


def test_events_request() -> None:
    """S2: milliseconds; a day more on both sides of the window. 2017-12-31T00:00Z and 2018-04-02T00:00Z."""
    api = FakeApi({"/upcomingEvents": UPCOMING})
    assert connect.fetch(api, CREATIVE, WINDOW) == {"pages": [UPCOMING]}
    asked = {
        "scopeID": NETWORK,
        "selectedPartIds": "929000000439015",
        "startTime": "1514678400000",
        "endTime": "1522627200000",
    }
    assert api.calls == [("/upcomingEvents", asked)]


@pytest.mark.parametrize(
    "answer", [{"upcomingEvents": {}}, {"upcomingEvents": {"events": []}}, {"upcomingEvents": []}]
)
def test_no_events(answer: Any) -> None:
    raw = connect.fetch(FakeApi({"/upcomingEvents": answer}), CREATIVE, WINDOW)
    parsed = connect.parse(raw, CREATIVE, None)
    assert (parsed.events, parsed.rejections, parsed.notes) == ((), (), ())


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"upcomingEvents": None},
        {"upcomingEvents": {"result": "failure"}},
        {"upcomingEvents": {"events": "x"}},
    ],
)
def test_other_answers_are_errors(answer: Any) -> None:
    """api 3.8: an answer without upcomingEvents is no empty group."""
    with pytest.raises(BadDataError, match="upcomingEvents"):
        connect.fetch(FakeApi({"/upcomingEvents": answer}), CREATIVE, WINDOW)


@pytest.mark.parametrize(
    "error", [UnavailableError("down"), NotFoundError("404"), ScopeError("401")]
)
def test_failures_pass_through(error: Any) -> None:
    with pytest.raises(type(error)):
        connect.fetch(FakeApi({"/upcomingEvents": error}), CREATIVE, WINDOW)


def test_events_of_other_groups_are_noted() -> None:
    """Two events of S2 belong to Engineering alone: they are shown, as Zoho gave them, and the admin is told."""
    (note,) = map(str, connect.parse({"pages": [UPCOMING]}, CREATIVE, SAMOA).notes)
    assert note.startswith("Of 8 events 2 belong to other groups")
    invited = changed(ITEMS[5], participants={"invitedGroups": [{"id": "929000000439015"}]})
    assert parse(invited, changed(ITEMS[6], partition=ABSENT, participants=ABSENT)).notes == ()


BOTH = ConnectSource(group="929000000295001,929000000439015", network=NETWORK)


def test_several_groups_are_asked_for_at_once_as_documented() -> None:
    """S2's own request asks for two groups with a comma between them."""
    api = FakeApi({"/upcomingEvents": UPCOMING})
    raw = connect.fetch(api, BOTH, WINDOW)
    ((path, params),) = api.calls
    assert (path, params["selectedPartIds"]) == (
        "/upcomingEvents",
        "929000000295001,929000000439015",
    )
    parsed = connect.parse(raw, BOTH, SAMOA)
    assert (len(parsed.events), parsed.notes) == (8, ())  # none is of another group


def test_an_event_of_two_groups_is_one_and_has_the_uid_it_has_in_each() -> None:
    """So that a feed of both and feeds of each, merged or not, never show it twice."""
    twice = {"pages": [{"upcomingEvents": {"events": [*ITEMS, *deepcopy(ITEMS)]}}]}
    parsed = connect.parse(twice, BOTH, SAMOA)
    alone = connect.parse({"pages": [UPCOMING]}, CREATIVE, SAMOA)
    assert [event.uid for event in parsed.events] == [event.uid for event in alone.events]
    assert (
        connect.repeating_streams(BOTH, [(event.uid, event.upstream_id) for event in parsed.events])
        == frozenset()
    )


def test_a_list_of_groups_is_read_with_one_request_and_shows_a_shared_event_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From bridge.toml to the feed; the sandbox's two groups have one event in common, whose UID is that of each."""
    with command_line(tmp_path, monkeypatch) as line:
        hands, club = ALL_HANDS, CLUB
        (shared,) = line.sandbox.group(club).events.find("931000000712010")
        assert line.sandbox.group(hands).events.find("931000000712010") == [shared]
        feeds = {"both": [hands, club], "same": [club, hands], "club": club}
        line.toml.write_text(
            "\n".join(
                f'[[feed]]\nslug = "{slug}"\nsources = [{{ connect = {json.dumps(ids)}, network = "{NORTHWIND}" }}]'
                for slug, ids in feeds.items()
            )
        )
        assert line("refresh").exit_code == 0
        asked = [one.query for one in line.sandbox.requests if one.route == "connect.events"]
        both = ",".join(sorted([hands, club]))
        assert sorted(query["selectedPartIds"] for query in asked) == sorted([both, club])
        assert {query["scopeID"] for query in asked} == {NORTHWIND}
        uid = f"\r\nUID:{event_uid('connect', NORTHWIND, '931000000712010')}\r\n".encode()
        for slug in feeds:
            body = line.export(slug)
            assert body.count(uid) == 1
            assert body.count(f"SUMMARY:{shared['title']}".encode()) == 1
        assert b"SUMMARY:Fire drill\r\n" in line.export("both")  # which is of the other group alone
        assert b"SUMMARY:Fire drill\r\n" not in line.export("club")


@pytest.mark.parametrize(
    ("group", "count"), [("929000000439015", 2), ("1,2", None), ("1,929000000295001", 6)]
)
def test_events_of_other_groups_alone_are_no_answer(group: Any, count: Any) -> None:
    """Some may be company-wide; when all are, it is not the answer for these groups, and may hold what is not for them."""
    source = ConnectSource(group=group, network=NETWORK)
    if count is None:
        with pytest.raises(
            BadDataError,
            match=r"asked for the events of 1,2, and answers with those of other groups",
        ):
            connect.parse({"pages": [UPCOMING]}, source, SAMOA)
    else:
        (note,) = map(str, connect.parse({"pages": [UPCOMING]}, source, SAMOA).notes)
        assert f"Of 8 events {count} belong to other groups" in note


@pytest.mark.parametrize("path", ["/allScopes", "/userGroups"])
def test_discovery_of_nothing_but_nameless_things_is_bad_data(path: Any) -> None:
    """Else the feeds of a whole product would be taken for gone."""
    nameless = [{"id": ["1"], "name": ["x"]}, {"name": "y"}]
    answers = {
        "/allScopes": {
            "allScopes": {
                "scopes": nameless if path == "/allScopes" else [{"id": "1", "name": "n"}]
            }
        },
        "/userGroups": {"userGroups": {"groups": nameless}},
    }
    with pytest.raises(BadDataError, match="not one with an id"):
        connect.discover(FakeApi(answers))


NETWORKS = {
    "allScopes": {
        "scopes": [{"name": "Zillum", "id": "1", "isDefault": "true"}, {"id": 2}, {"name": "x"}, 0]
    }
}
GROUPS = [
    {"id": "10", "name": " Design ", "status": "ACTIVE", "isPrivate": "true"},
    {"id": "11", "name": "Old", "status": "INACTIVE"},
    {"id": "12"},
    {"name": "no id"},
    None,
]


def test_discover() -> None:
    """api 3.1, 3.2: the account's groups of each network, without closed ones."""
    answers = {
        "/allScopes": NETWORKS,
        "/userGroups#1": {"userGroups": {"groups": GROUPS}},
        "/userGroups#2": {"userGroups": {"groups": []}},
    }
    api = FakeApi(answers)
    assert [(one.source, one.title, one.within) for one in connect.discover(api)] == [
        (ConnectSource(group="10", network="1"), "Design", "Zillum"),
        (ConnectSource(group="12", network="1"), "12", "Zillum"),
    ]
    assert api.calls == [
        ("/allScopes", {}),
        ("/userGroups", {"scopeID": "1", "isRecentSort": "true"}),
        ("/userGroups", {"scopeID": "2", "isRecentSort": "true"}),
    ]


@pytest.mark.parametrize(
    "answer", [NotFoundError("404"), BadDataError("odd"), {"userGroups": {"result": "failure"}}]
)
def test_discover_falls_back_to_all_groups(answer: Any) -> None:
    answers = {
        "/allScopes": {"allScopes": {"scopes": [{"name": "Zillum", "id": "1"}]}},
        "/userGroups": answer,
        "/allGroups": {"allGroups": {"groups": GROUPS}},
    }
    assert [one.title for one in connect.discover(FakeApi(answers))] == ["Design", "12"]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"/allScopes": {"scopes": []}}, BadDataError),
        ({"/allScopes": NETWORKS, "/userGroups": ScopeError("401")}, ScopeError),
        (
            {
                "/allScopes": NETWORKS,
                "/userGroups": NotFoundError("a"),
                "/allGroups": NotFoundError("b"),
            },
            NotFoundError,
        ),
    ],
)
def test_discover_fails_clearly(answers: Any, error: Any) -> None:
    with pytest.raises(error):
        connect.discover(FakeApi(answers))


# --- anything --------------------------------------------------------------------------------------------------------

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


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([ALL_DAY, TIMED, ITEMS[4]]),
    st.dictionaries(
        st.sampled_from(sorted({*ALL_DAY, *TIMED, *ITEMS[4], "desc", "intervalDay"})),
        JUNK,
        max_size=5,
    ),
    st.sampled_from([None, SAMOA, zone("Europe/Berlin")]),
)
def test_no_event_is_lost_in_silence(base: Any, change: Any, here: Any) -> None:
    """Whatever a field holds, the parse goes on, and each event is shown or reported."""
    parsed = parse(base | change, here=here)
    assert len(parsed.events) + sum(one.kind == "dropped" for one in parsed.rejections) == 1
    assert all("@" not in person.name for event in parsed.events for person in event.people)


@settings(max_examples=50, deadline=None)
@given(st.lists(JUNK, max_size=4))
def test_junk_between_events_is_reported(junk: Any) -> None:
    parsed = parse(TIMED, *junk, ALL_DAY)
    assert [event.upstream_id for event in parsed.events] == [
        TIMED["streamId"],
        ALL_DAY["streamId"],
    ]
    assert len(parsed.rejections) == len(junk)
