"""``push``: events of Connect that were edited in a calendar program, sent back.

What Connect takes is what Zoho's page on updateEvent says: its table of parameters, its sample address and its sample
answer (``data/connect/update_event.json``). What calendar programs write is RFC 5545, and what Outlook, Apple Calendar
and Thunderbird are known to do to an event that they save.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
import json
from pathlib import Path
import re
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest
import stamina

from bridge import config
from bridge.domain import codec
from bridge.domain.event import Alarm, Event, Person, Place
from bridge.domain.feed import Feed
from bridge.domain.records import EventToSave
from bridge.domain.source import ConnectSource
from bridge.domain.timezones import zone
from bridge.errors import BadDataError, BridgeError, ScopeError, UnavailableError, ZohoError
from bridge.feed.publication import Document, Entry, Publication
from bridge.publish.ical.vevent import Stamp, render
from bridge.push.change import change, without_additions
from bridge.push.unedited import is_untouched
from bridge.push.vevent import ToldError, components, tell
from bridge.sandbox.connect_objects import CONNECT_ZONE
from bridge.sources.connect import parse as connect_parse
from bridge.sources.connect.update import (
    UncertainError,
    Update,
    clock_problem,
    nearest_reminder,
    parameters,
    problems,
    send,
)
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from tests.command_line import CALENDAR, GROUP, NETWORK, PORTAL, CommandLine, command_line
from tests.zoho_sandbox import Sandbox

DATA = Path(__file__).parents[1] / "data" / "connect"
SAMPLES = json.loads((DATA / "upcoming_events.json").read_text())["upcomingEvents"]["events"]
ANSWER = json.loads((DATA / "update_event.json").read_text())
SAMOA = zone("Pacific/Pago_Pago")  # the zone that the documents' wall clocks fit
BERLIN = zone("Europe/Berlin")
SOURCE = ConnectSource(
    group="929000000295001", network="929000000015001"
)  # the group of the page on updateEvent
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
STAMP = Stamp(changed=NOW, sequence=1_150_000)
MINUTE = timedelta(minutes=1)


def event_of(item: Any, here: Any, **changes: Any) -> Any:
    """Give the event that one object of Connect becomes."""
    source = ConnectSource(group=item["partition"]["id"], network=SOURCE.network)
    parsed = connect_parse.parse({"pages": [{"upcomingEvents": {"events": [item]}}]}, source, here)
    (event,) = parsed.events
    return replace(event, **changes)


def vevent(event: Any) -> Any:
    return render(event, STAMP)


def told_of(blob: Any) -> Any:
    (one,) = components(b"BEGIN:VCALENDAR\r\n" + blob + b"END:VCALENDAR\r\n", "test.ics")
    return tell(one.component)


# The wire form


def update(**options: Any) -> Any:
    values = {
        "stream": "929000000855682",
        "title": "Event Updated fro march",
        "start": datetime(2018, 3, 22, 16, tzinfo=UTC),
        "end": datetime(2018, 3, 24, tzinfo=UTC),
    }
    return Update(**values | options)


def test_the_documents_sample_is_written_as_it_is_printed() -> None:
    """The address of the page's sample, but for its startMinute and endMinute: the table says startMin, and the answer
    to the sample shows that the other was not understood. Whole days or not is always said, since times are, too."""
    assert parameters(update(), SOURCE, SAMOA) == {
        "scopeID": "929000000015001",
        "streamId": "929000000855682",
        "title": "Event Updated fro march",
        "startYear": "2018",
        "startMonth": "3",
        "startDate": "22",
        "startHour": "5",
        "startMin": "0",
        "endYear": "2018",
        "endMonth": "3",
        "endDate": "23",
        "endHour": "13",
        "endMin": "0",
        "allDay": "false",
    }


def test_whole_days_end_on_their_last_day() -> None:
    """Zoho Connect: an event of 28 July alone has 28 July as its end, at midnight (upcoming events, sample)."""
    sent = parameters(update(start=date(2026, 2, 27), end=date(2026, 3, 1)), SOURCE, BERLIN)
    assert sent["allDay"] == "true"
    assert {name: sent[name] for name in sent if name.startswith("end")} == {
        "endYear": "2026",
        "endMonth": "2",
        "endDate": "28",
        "endHour": "0",
        "endMin": "0",
    }


def test_only_what_changes_is_sent_of_what_is_optional_and_an_emptied_text_is_sent_empty() -> None:
    optional = {
        "desc",
        "location",
        "intervalDay",
        "intervalHour",
        "intervalMinute",
        "fields",
        "invitedMembers",
    }
    assert not parameters(update(), SOURCE, BERLIN).keys() & optional
    sent = parameters(
        update(description="", location="Hall 1", reminder=15 * MINUTE), SOURCE, BERLIN
    )
    assert {name: sent[name] for name in sent.keys() & optional} == {
        "desc": "",
        "location": "Hall 1",
        "intervalMinute": "15",
    }


ALLOWED = [minutes * MINUTE for minutes in (5, 15, 30, 60, 120)] + [
    timedelta(days=days, hours=hours) for days in (0, 1, 2, 7) for hours in range(24)
]


def test_each_reminder_of_the_documents_sets_is_sent_and_means_itself() -> None:
    """intervalDay {0,1,2,7}, intervalHour {0-23}, intervalMinute {5,15,30,60,120} (Zoho Connect: update event); read
    back as the sum of the three."""
    for before in ALLOWED:
        assert problems(update(reminder=before), BERLIN) == ()
        sent = parameters(update(reminder=before), SOURCE, BERLIN)
        days, hours, minutes = (
            int(sent.get(f"interval{part}", "0")) for part in ("Day", "Hour", "Minute")
        )
        assert timedelta(days=days, hours=hours, minutes=minutes) == before
        assert ("intervalMinute" in sent) != ("intervalDay" in sent or "intervalHour" in sent)


@pytest.mark.parametrize(
    ("before", "nearest", "words"),
    [
        (20 * MINUTE, 15 * MINUTE, "15 minutes before"),
        (10 * MINUTE, 15 * MINUTE, "15 minutes before"),  # of two as near, the one that rings first
        (45 * MINUTE, 60 * MINUTE, "1 hour before"),
        (90 * MINUTE, 120 * MINUTE, "2 hours before"),
        (timedelta(days=1, minutes=10), timedelta(days=1), "1 day before"),
        (timedelta(days=4), timedelta(days=2, hours=23), "2 days 23 hours before"),
        (timedelta(days=30), timedelta(days=7, hours=23), "7 days 23 hours before"),
        (-10 * MINUTE, timedelta(), "at the start"),
    ],
)
def test_another_reminder_is_refused_and_the_nearest_one_named(
    before: Any, nearest: Any, words: str
) -> None:
    assert nearest == min(ALLOWED, key=lambda one: (abs(one - before), -one))
    assert nearest_reminder(before) == nearest
    (said,) = problems(update(reminder=before), BERLIN)
    assert str(said).endswith(
        f"The nearest that it can set is {words}{' the start' * (words != 'at the start')}."
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"title": "x" * 251}, "The title has 251 characters, and Connect accepts 250."),
        ({"title": "🎲" * 126}, "The title has 252 characters, and Connect accepts 250."),
        (
            {"description": "x" * 1001},
            "The description has 1001 characters, and Connect accepts 1000.",
        ),
        ({"location": "x" * 251}, "The location has 251 characters, and Connect accepts 250."),
        ({"title": " "}, "The event has no title"),
        (
            {
                "start": datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
                "end": datetime(2026, 10, 25, 3, tzinfo=UTC),
            },
            "The start ",
        ),
    ],
)
def test_what_the_document_does_not_allow_is_said(options: Any, said: Any) -> None:
    """Berlin's clocks show 02:30 twice on 25 October 2026; 01:30 UTC is the second of them."""
    (problem,) = problems(update(**options), BERLIN)
    assert str(problem).startswith(said)


def test_what_just_fits_is_sent() -> None:
    assert (
        problems(update(title="x" * 250, description="x" * 1000, location="🎲" * 125), BERLIN) == ()
    )


def test_a_profile_in_another_zone_than_the_setting_is_noticed() -> None:
    """The wall clocks of the documents' sample are UTC-11 (Zoho Connect: clock analysis)."""
    raw = {"pages": [{"upcomingEvents": {"events": SAMPLES}}]}
    assert clock_problem(raw, SAMOA) is None
    assert "zoho.connect_timezone is Europe/Berlin" in str(clock_problem(raw, BERLIN))


class Answering:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def post(self, product: str, path: Any, params: Any) -> Any:
        assert (product, path, params["streamId"]) == ("connect", "/updateEvent", "929000000855682")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_documents_answer_is_read() -> None:
    event = send(Answering(ANSWER), SOURCE, update(), SAMOA)
    assert (event.title, event.start) == (
        "Event Updated fro march",
        datetime(2018, 3, 22, 16, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ({}, UncertainError, r"seems to have made the change.*not about the event"),
        ([], UncertainError, r"Check the event in Connect before.*no stream with an event"),
        (
            {"updateEvent": {"result": "success"}},
            UncertainError,
            r"Check the event in Connect before.*no stream with an event",
        ),
        (
            UnavailableError("text", text="It broke off."),
            UncertainError,
            r"may or may not have been made",
        ),
        (
            ScopeError("text", text="No."),
            ScopeError,
            r"zohopulse\.events\.UPDATE.*zoho-bridge login --push",
        ),
        (BadDataError("text", text="It refuses."), BadDataError, r"It refuses\."),
    ],
)
def test_an_answer_that_is_none_says_what_to_do(answer: Any, error: Any, said: Any) -> None:
    if answer == {}:
        answer = json.loads(json.dumps(ANSWER).replace("929000000855682", "1"))
    with pytest.raises(error, match=said):
        send(Answering(answer), SOURCE, update(), SAMOA)


# What a VEVENT says


def component(text: str) -> Any:
    data = "\r\n".join(["BEGIN:VCALENDAR", *text.strip().split("\n"), "END:VCALENDAR", ""])
    return components(data.encode(), "test.ics")


def spoken(lines: Any, alarm: str = "") -> Any:
    (one,) = component(f"BEGIN:VEVENT\nUID:u\nSUMMARY:Call\n{lines}{alarm}\nEND:VEVENT")
    return tell(one.component)


TIMED = "DTSTART:20260310T090000Z\nDTEND:20260310T100000Z"


@pytest.mark.parametrize(
    ("lines", "start", "end"),
    [
        (TIMED, NOW.replace(minute=0), NOW.replace(hour=10, minute=0)),
        ("DTSTART:20260310T090000Z\nDURATION:PT90M", NOW.replace(minute=0), NOW.replace(hour=10)),
        ("DTSTART:20260310T090000Z", NOW.replace(minute=0), NOW.replace(minute=0)),
        ("DTSTART;VALUE=DATE:20260310", date(2026, 3, 10), date(2026, 3, 11)),
        (
            "DTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:20260313",
            date(2026, 3, 10),
            date(2026, 3, 13),
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20260310T100000\nDTEND;TZID=America/New_York:20260310T060000",
            NOW.replace(minute=0),
            NOW.replace(hour=10, minute=0),
        ),
        # Outlook's name of the zone, without a VTIMEZONE beside it.
        (
            "DTSTART;TZID=W. Europe Standard Time:20260310T100000\nDTEND;TZID=W. Europe Standard Time:20260310T110000",
            NOW.replace(minute=0),
            NOW.replace(hour=10, minute=0),
        ),
    ],
)
def test_when_a_vevent_is(lines: Any, start: Any, end: Any) -> None:
    """RFC 5545 3.6.1: DTEND or DURATION; without either a date lasts a day, and a time no time at all."""
    told = spoken(lines)
    assert (told.start, told.end) == (start, end)


@pytest.mark.parametrize(
    ("alarms", "before"),
    [
        (["TRIGGER:-PT15M"], [15]),
        (["TRIGGER:PT0S"], [0]),
        (["TRIGGER:PT5M"], [-5]),
        (["TRIGGER;RELATED=END:-PT75M"], [15]),
        (["TRIGGER;VALUE=DATE-TIME:20260310T083000Z"], [30]),
        (["TRIGGER:-PT15M", "TRIGGER;RELATED=START:-PT15M"], [15]),
        (["TRIGGER:-PT15M", "TRIGGER:-P1D"], [15, 1440]),
        (
            ["ACTION:NONE\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z"],
            [],
        ),  # Apple: no alarm, said aloud
        (["ACTION:EMAIL\nTRIGGER:-PT15M"], []),
        ([], []),
    ],
)
def test_the_reminders_of_a_vevent(alarms: Any, before: Any) -> None:
    """RFC 5545 3.8.6.3: a trigger is relative to the start, to the end, or an instant; one hour long is the event."""
    lines = "".join(
        f"\nBEGIN:VALARM\n{'' if 'ACTION' in alarm else 'ACTION:DISPLAY' + chr(10)}{alarm}\nEND:VALARM"
        for alarm in alarms
    )
    assert spoken(TIMED, lines).reminders == tuple(minutes * MINUTE for minutes in before)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (f"{TIMED}\nRRULE:FREQ=DAILY", "repeats"),
        (f"{TIMED}\nRECURRENCE-ID:20260310T090000Z", "repeats"),
        (f"{TIMED}\nRDATE:20260311T090000Z", "repeats"),
        (f"{TIMED}\nSTATUS:CANCELLED", "is cancelled in the file"),
        ("DTSTART:20260310T090000\nDTEND:20260310T100000", "without a time zone"),
        ("DTSTART;TZID=Nowhere/City:20260310T090000", "without a time zone"),
        ("DTSTART:20260310T090000Z\nDTEND:20260310T080000Z", "ends before it starts"),
        ("DTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:20260310", "ends before it starts"),
        (
            "DTSTART;VALUE=DATE:20260310\nDTEND:20260310T080000Z",
            "starts on a day and ends at a time",
        ),
        ("DTEND:20260310T080000Z", "has no start"),
    ],
)
def test_a_vevent_that_can_not_be_sent_says_why(lines: Any, said: Any) -> None:
    with pytest.raises(ToldError, match=said):
        spoken(lines)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"<html>", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"BEGIN:VEVENT"]
)
def test_a_file_that_holds_no_event_is_a_sentence_with_its_name(data: Any) -> None:
    with pytest.raises(BridgeError, match=r"^e\.ics "):
        components(data, "e.ics")


# From Connect to a VEVENT and back


ZONES = [
    zone(name)
    for name in (
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Pacific/Pago_Pago",
        "Pacific/Apia",
    )
]
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60).map(str.strip)
WORDS = LINES.filter(lambda text: 0 < len(text.encode("utf-16-le")) <= 200)


@st.composite
def items(draw: Any) -> Any:
    """An object of Connect: what its page on upcoming events shows, in any zone, with a reminder it can have."""
    here = draw(st.sampled_from(ZONES))
    start = draw(st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1))).replace(
        second=0, microsecond=0, tzinfo=UTC
    )
    length = draw(st.integers(0, 5000))
    item = dict(SAMPLES[1]) | {
        "title": draw(WORDS),
        "location": draw(LINES),
        "desc": "\n".join(draw(st.lists(LINES))),
    }
    if draw(st.booleans()):
        first, last = start.date(), start.date() + timedelta(days=length // 100)
        item |= {"isAllDay": "true", "startTime": "1501225200618", "endTime": "1501225200618"}
        walls = {
            "start": datetime(first.year, first.month, first.day),
            "end": datetime(last.year, last.month, last.day),
        }
    else:
        end = start + length * MINUTE
        item |= {
            "startTime": f"{int(start.timestamp())}618",
            "endTime": f"{int(end.timestamp())}618",
        }
        walls = {"start": start.astimezone(here), "end": end.astimezone(here)}
    for side, wall in walls.items():
        names = ("Year", "Month", "Date", "Hour", "Min")
        values = (wall.year, wall.month, wall.day, wall.hour, wall.minute)
        item |= {f"{side}{name}": str(value) for name, value in zip(names, values, strict=True)}
    reminder = draw(st.none() | st.sampled_from(ALLOWED))
    if reminder is not None:
        minutes = reminder // MINUTE
        item |= {
            "hasReminder": "true",
            "intervalDay": str(minutes // 1440),
            "intervalHour": str(minutes % 1440 // 60),
        }
        item |= {"intervalMinute": str(minutes % 60)}
    return item, here, walls, reminder


def one_blank(text: str) -> Any:
    return " ".join(text.split())


@settings(max_examples=300, deadline=None)
@given(items())
def test_what_was_published_goes_back_as_it_came(given_item: Any) -> None:
    """Title, times, place and reminder of the VEVENT alone give the parameters that Connect has already.

    Everything counts as edited here: the VEVENT is compared with one of other contents, so that nothing is taken from
    the stored event. A feed's texts have no runs of blanks; of an hour that clocks show twice Connect takes the first.
    """
    item, here, walls, reminder = given_item
    event = event_of(item, here)
    day = timedelta(days=1)
    other = replace(
        event,
        title=f"not {event.title}",
        start=event.start + day,
        end=event.end + day,
        place=Place(name="elsewhere, really"),
        alarms=(Alarm(trigger=-777 * MINUTE),),
    )
    try:
        made = change(told_of(vevent(event)), told_of(vevent(other)), event, here)
    except ToldError as error:
        assert "second of two hours" in str(error)  # noqa: PT017
        assert any(wall.fold for wall in walls.values())
        return
    sent = parameters(replace(made.update, title=made.update.title), SOURCE, here)
    assert one_blank(sent["title"]) == one_blank(event.title) == one_blank(item_text(item["title"]))
    assert one_blank(sent["location"]) == one_blank(item_text(item["location"]))
    for name in (
        f"{side}{part}"
        for side in ("start", "end")
        for part in ("Year", "Month", "Date", "Hour", "Min")
    ):
        assert sent[name] == item[name], name
    assert sent["allDay"] == item.get("isAllDay", "false")
    interval = {name: int(sent[name]) for name in sent if name.startswith("interval")}
    if reminder is None:
        assert interval == {}
    else:
        total = timedelta(
            days=interval.get("intervalDay", 0),
            hours=interval.get("intervalHour", 0),
            minutes=interval.get("intervalMinute", 0),
        )
        assert total == reminder


def item_text(text: str) -> Any:
    """Give a text as any reader of JSON would, in the one form that the bridge keeps texts in (NFC, no marks)."""
    from bridge.domain.text import clean

    return clean(text)


@settings(max_examples=200, deadline=None)
@given(items())
def test_what_was_not_edited_is_no_change(given_item: Any) -> None:
    item, here, _, _ = given_item
    event = event_of(item, here)
    told = told_of(vevent(event))
    made = change(told, told, event, here)
    assert made.fields == ()
    assert made.update == Update(
        stream=event.upstream_id, title=event.title, start=event.start, end=event.end
    )


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_the_documents_events_go_back_as_they_are_printed(number: Any) -> None:
    """Each of the page's events gives the parameters with the very numbers in it, though none was edited but the title."""
    item = SAMPLES[number]
    event = event_of(item, SAMOA)
    told = told_of(vevent(event))
    made = change(replace(told, title="Other"), told, event, SAMOA)
    sent = parameters(made.update, SOURCE, SAMOA)
    assert [field.name for field in made.fields] == ["title"]
    assert sent["title"] == "Other"
    for name in (
        f"{side}{part}"
        for side in ("start", "end")
        for part in ("Year", "Month", "Date", "Hour", "Min")
    ):
        assert sent[name] == item[name], name


# What programs do to texts

PARTY = Event(
    uid="u",
    upstream_id="931000000712010",
    title="Summer party",
    start=datetime(2026, 7, 1, 17, 30, tzinfo=BERLIN),
    end=datetime(2026, 7, 2, 0, 0, tzinfo=BERLIN),
    description="Families are welcome.\n\nBring: good mood; a blanket, perhaps.",
    place=Place(name="Roof terrace, Speicherstraße 4"),
    url="https://connect.zoho.com/portal/northwind/stream/931000000712010",
    people=(Person(name="Ada Lindqvist", role="organizer"),),
    alarms=(Alarm(trigger=-timedelta(days=1, hours=2)),),
)
ADDED = f"Organizer: Ada Lindqvist\nDetails: {PARTY.url}"


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        (f"{PARTY.description}\n\n{ADDED}", PARTY.description),
        (f"Come all!\n\n{ADDED}", "Come all!"),
        (f"{PARTY.description}\nCome all!\n\n{ADDED}", f"{PARTY.description}\nCome all!"),
        # Written below what the feed added, or between.
        (f"{PARTY.description}\n\n{ADDED}\nCome all!", f"{PARTY.description}\n\nCome all!"),
        (f"Organizer: Ada Lindqvist\nCome all!\nDetails: {PARTY.url}", "Come all!"),
        # What was added is deleted, in part or whole.
        ("Come all!", "Come all!"),
        ("", ""),
        (ADDED, ""),
        # Outlook: blank lines between, and each address once more.
        (
            f"Come all!\n\n\n\nOrganizer: Ada Lindqvist \n\nDetails: {PARTY.url} <{PARTY.url}>\n\n",
            "Come all!",
        ),
        # A line of one's own that reads like an added one stays once.
        (f"Organizer: Ada Lindqvist\n\n{ADDED}", "Organizer: Ada Lindqvist"),
        (f"Organizer: Tomás\n\n{ADDED}", "Organizer: Tomás"),
    ],
)
def test_what_the_feed_added_to_a_description_is_taken_out_again(
    edited: Any, expected: Any
) -> None:
    published = told_of(vevent(PARTY))
    assert published.description == f"{PARTY.description}\n\n{ADDED}"
    assert without_additions(replace(published, description=edited), published, PARTY) == expected


def test_a_line_that_the_event_itself_holds_is_not_taken_for_an_added_one() -> None:
    event = replace(PARTY, description=ADDED.split("\n", maxsplit=1)[0])
    published = told_of(vevent(event))
    assert published.description.count("Organizer: Ada Lindqvist") == 2
    assert without_additions(published, published, event) == "Organizer: Ada Lindqvist"


@pytest.mark.parametrize(
    ("edits", "names"),
    [
        ({"title": "  Summer   party "}, []),
        (
            {
                "description": f"Families are welcome.\nBring: good mood; a blanket, perhaps.\n{ADDED}"
            },
            [],
        ),
        ({"location": "Roof  terrace, Speicherstraße 4"}, []),
        ({"reminders": ()}, []),
        ({"start": PARTY.start.astimezone(UTC), "end": PARTY.end.astimezone(UTC)}, []),
        ({"title": "Winter party"}, ["title"]),
        ({"location": ""}, ["location"]),
        ({"description": ""}, ["description"]),
        ({"start": PARTY.start + timedelta(hours=1)}, ["start"]),
        ({"start": date(2026, 7, 1), "end": date(2026, 7, 3)}, ["start", "end"]),
        ({"reminders": (15 * MINUTE,)}, ["reminder"]),
        (
            {"reminders": (15 * MINUTE, timedelta(days=1, hours=2))},
            ["reminder"],
        ),  # a program's own beside it
    ],
)
def test_only_what_a_person_changed_is_a_change(edits: Any, names: Any) -> None:
    published = told_of(vevent(PARTY))
    made = change(replace(published, **edits), published, PARTY, BERLIN)
    assert [field.name for field in made.fields] == names
    sent = {
        name
        for name in ("description", "location", "reminder")
        if getattr(made.update, name) is not None
    }
    assert sent == {"description", "location", "reminder"} & set(names)


def test_a_reminder_that_was_taken_away_stays_and_that_is_said() -> None:
    published = told_of(vevent(PARTY))
    made = change(replace(published, title="Other", reminders=()), published, PARTY, BERLIN)
    assert made.update.reminder is None
    assert "1 day 2 hours before the start" in made.remarks[0]


def test_a_formatted_description_becomes_plain_only_when_it_was_edited_and_that_is_said() -> None:
    """The html of an event can't be told from a program's text; who edits one sees that it will be lost."""
    event = replace(PARTY, html="<p>Families are <b>welcome</b>.</p>")
    published = told_of(vevent(event))
    assert change(replace(published, title="Other"), published, event, BERLIN).remarks == ()
    (said,) = change(replace(published, description="Come!"), published, event, BERLIN).remarks
    assert "becomes plain text" in said


def test_several_new_reminders_are_refused() -> None:
    published = told_of(vevent(PARTY))
    with pytest.raises(ToldError, match="15 minutes before the start, 30 minutes before the start"):
        change(replace(published, reminders=(15 * MINUTE, 30 * MINUTE)), published, PARTY, BERLIN)


def test_everything_that_is_wrong_with_an_event_is_said_at_once() -> None:
    published = told_of(vevent(PARTY))
    with pytest.raises(
        ToldError, match=r"The title has 251 characters.*cannot set a reminder 20 minutes before"
    ):
        change(
            replace(published, title="x" * 251, reminders=(20 * MINUTE,)), published, PARTY, BERLIN
        )


# Where an event comes from


def test_an_entry_is_found_by_its_uid_with_the_event_it_was_made_from(
    any_store: Store, now: datetime
) -> None:
    """In each active feed that shows it, in their order; a gone entry, an inactive feed and another UID are not."""
    source = ConnectSource(group="77", network="1")
    feeds = [Feed(slug=slug, title=slug, sources=(source,)) for slug in ("b", "a", "c")]
    any_store.feeds.replace(feeds, now=now)
    payload = codec.encode(replace(PARTY, uid="e"))
    saved = EventToSave(
        uid="e",
        upstream_id="up",
        content_hash="h",
        payload=payload,
        cancelled_since=None,
        ends_at=None,
    )
    any_store.sources.claim(source.key, holder="w", now=now, term=timedelta(minutes=1))
    any_store.sources.succeed(
        source.key,
        holder="w",
        now=now,
        next_check_at=now,
        saved=[saved],
        removed=[],
        rejected=[],
        notes=[],
    )
    for slug, gone in (("a", False), ("b", False), ("c", True)):
        entry = Entry(
            uid="u", event_uid="e", content_hash="x", changed_at=now, sequence=7, sort_key="", zones="",
            blob=None if gone else b"blob", web_blob=None, gone=gone,
        )  # fmt: skip
        document = Document(
            variant="default", body=b"", gzip=b"", etag="e", modified_at=now, events=1
        )
        assert any_store.publications.publish(
            slug, Publication(revision=0, entries=[entry], documents=[document], now=now)
        )
    found = any_store.entry_origins.of(["u", "e", "nothing"])
    assert [origin.feed.slug for origin in found] == ["b", "a"]
    first = found[0]
    assert (first.uid, first.event_uid, first.upstream_id, first.source) == ("u", "e", "up", source)
    assert (first.payload, first.blob, first.content_hash) == (payload, b"blob", "h")
    assert (first.changed_at, first.sequence) == (now, 7)
    any_store.feeds.replace(feeds[:1], now=now)
    assert [origin.feed.slug for origin in any_store.entry_origins.of(["u"])] == ["b"]
    assert any_store.entry_origins.of([]) == ()


# The command


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with command_line(tmp_path, monkeypatch) as line:
        line("refresh", "group")
        yield line


def exported(line: CommandLine, slug: str = "group") -> Any:
    """Give the VEVENTs of a feed, by title."""
    found = re.findall(r"BEGIN:VEVENT.*?END:VEVENT\r\n", line.export(slug).decode(), re.DOTALL)
    return {re.search(r"\r\nSUMMARY:(.*)\r\n", vevent)[1]: vevent for vevent in found}


def pushed(line: CommandLine, *vevents: Any, options: Any = ("--yes",), **environ: Any) -> Any:
    file = line.toml.parent / "edited.ics"
    file.write_bytes(
        "".join(["BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", *vevents, "END:VCALENDAR\r\n"]).encode()
    )
    line.sandbox.forget_requests()
    return line("push", str(file), *options, **environ)


def posts(line: CommandLine) -> Any:
    return [request for request in line.sandbox.requests if request.route == "connect.update"]


OFFSITE, REORG = "931000000713002", "931000000713001"
REORG_TITLE = "Reorganisation (confidential)"


def held(line: CommandLine, stream: Any) -> Any:
    return line.sandbox.group(GROUP).events.find(stream)[0]


def test_an_edited_event_goes_to_connect_and_the_feed_shows_it(line: CommandLine) -> None:
    """Every field at once; the sandbox takes nothing that the document does not list."""
    edited = exported(line)[REORG_TITLE]
    edited = edited.replace(f"SUMMARY:{REORG_TITLE}", "SUMMARY:Reorganisation\\, part 2").replace(
        "TRIGGER:-PT1H", "TRIGGER:-PT30M"
    )
    edited = edited.replace("T090000", "T111500").replace("T100000", "T120000")
    edited = edited.replace(
        "\r\nDESCRIPTION:", "\r\nLOCATION:Room 7\r\nDESCRIPTION:All of it.\\n\\n"
    )
    result = pushed(line, edited)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [field.strip() for field in result.stdout.splitlines() if re.match(r"  \w", field)] == [
        "title",
        "start",
        "end",
        "location",
        "description",
        "reminder",
    ]
    (post,) = posts(line)
    assert {
        name: post.query[name]
        for name in ("title", "location", "desc", "intervalMinute", "startHour", "endMin")
    } == {
        "title": "Reorganisation, part 2",
        "location": "Room 7",
        "desc": "All of it.",
        "intervalMinute": "30",
        "startHour": "11",
        "endMin": "0",
    }
    now = held(line, REORG)
    assert (now["title"], now["startHour"], now["startMin"], now["location"]) == (
        "Reorganisation, part 2",
        "11",
        "15",
        "Room 7",
    )
    shown = exported(line)["Reorganisation\\, part 2"]
    assert "T111500" in shown
    assert "LOCATION:Room 7" in shown
    assert "TRIGGER:-PT30M" in shown
    assert pushed(line, shown).stdout == "1 event in the file was not edited.\nNothing is sent.\n"


def test_whole_days_stay_whole_and_end_on_their_last_day(line: CommandLine) -> None:
    before = held(line, OFFSITE)
    longer = re.sub(
        r"DTEND;VALUE=DATE:(\d+)",
        lambda match: (
            f"DTEND;VALUE=DATE:{datetime.strptime(match[1], '%Y%m%d') + timedelta(days=2):%Y%m%d}"
        ),
        exported(line)["Offsite"],
    )
    result = pushed(line, longer)
    assert (result.exit_code, result.stderr) == (0, "")
    now = held(line, OFFSITE)
    assert now["isAllDay"] == "true"
    days = [
        date(*(int(item[f"end{part}"]) for part in ("Year", "Month", "Date")))
        for item in (before, now)
    ]
    assert days[1] - days[0] == timedelta(days=2)
    assert not posts(line)[0].query.keys() & {
        "desc",
        "location",
        "intervalDay",
        "intervalHour",
        "intervalMinute",
    }


def test_nothing_is_sent_before_a_person_has_seen_and_said_yes(line: CommandLine) -> None:
    edited = exported(line)["Offsite"].replace("SUMMARY:Offsite", "SUMMARY:Retreat")
    shown = pushed(line, edited, options=["--dry-run"])
    assert (shown.exit_code, posts(line)) == (0, [])
    assert "    - Offsite\n    + Retreat\n" in shown.stdout
    silent = pushed(line, edited, options=[])  # nobody there to answer
    assert (silent.exit_code != 0, posts(line)) == (True, [])
    assert "    + Retreat\n" in silent.stdout
    assert "Nothing was sent" in silent.stderr


def rewritten(text: str, **stamps: Any) -> Any:
    for name, value in stamps.items():
        text = re.sub(
            rf"\r\n{name.replace('_', '-')}:[^\r]*",
            "" if value is None else f"\r\n{name.replace('_', '-')}:{value}",
            text,
        )
    return text


SOON = f"{datetime.now(UTC) + timedelta(days=1):%Y%m%dT%H%M%SZ}"


@pytest.mark.parametrize(
    "stamps",
    [
        {},
        {"DTSTAMP": SOON, "LAST_MODIFIED": SOON},  # Apple, Thunderbird: the time of the editing
        {"SEQUENCE": "0", "DTSTAMP": SOON},  # a program that counts anew
        {"SEQUENCE": None, "LAST_MODIFIED": None},
        {"SEQUENCE": "99999999"},
    ],
)
def test_what_programs_do_to_the_stamps_is_borne(line: CommandLine, stamps: Any) -> None:
    edited = rewritten(
        exported(line)["Offsite"].replace("SUMMARY:Offsite", "SUMMARY:Retreat"), **stamps
    )
    assert pushed(line, edited).exit_code == 0
    assert held(line, OFFSITE)["title"] == "Retreat"


def edited(vevent: Any) -> Any:
    return re.sub(r"\r\nSUMMARY:", "\r\nSUMMARY:Not ", vevent)


def refusal(line: CommandLine, *vevents: Any, **environ: Any) -> Any:
    """Push what must be refused: with 1, and without a single request to change anything."""
    result = pushed(line, *vevents, **environ)
    assert result.exit_code == 1
    assert posts(line) == []
    return result.stderr


def retitled(line: CommandLine, title: str = "Offsite") -> Any:
    return exported(line)[title].replace(f"SUMMARY:{title}", "SUMMARY:Retreat")


def test_an_event_that_changed_in_zoho_after_the_export_is_refused_by_its_stamps(
    line: CommandLine,
) -> None:
    """An older SEQUENCE, whatever the other stamps say; and none but older stamps, however often it was edited."""
    old = retitled(line)
    line.sandbox.group(GROUP).events.change(OFFSITE, location="Sylt")
    line("refresh", "group")
    lost = {"SEQUENCE": None, "LAST_MODIFIED": None}
    for stamps in ({}, {"SEQUENCE": "0", "DTSTAMP": SOON}, {"SEQUENCE": "99999999"}, lost):
        edited = rewritten(old, **stamps)
        said = refusal(line, edited)
        assert re.search(
            r'^zoho-bridge: "Retreat" \([-0-9a-f]{36}\) was changed in Zoho Connect since the file',
            said,
        )


def test_an_event_that_changed_in_zoho_since_the_last_read_is_refused_by_its_content(
    line: CommandLine,
) -> None:
    edited = retitled(line)
    line.sandbox.group(GROUP).events.change(OFFSITE, location="Sylt")
    assert "was changed in Zoho Connect since the bridge last read it" in refusal(line, edited)
    line.sandbox.group(GROUP).events.delete(OFFSITE)
    assert "is in Zoho Connect no more" in refusal(line, edited)


def test_what_the_bridge_did_not_publish_or_connect_does_not_hold_is_refused_by_name(
    line: CommandLine,
) -> None:
    line("refresh", "portal", "calendar")
    unknown = retitled(line).replace("UID:", "UID:0")
    assert re.search(
        r'"Retreat" \(0[-0-9a-f]+\) is in none of the bridge\'s feeds', refusal(line, unknown)
    )
    assert "(without a UID)" in refusal(line, re.sub(r"UID:[^\r]*\r\n", "", unknown, count=1))
    portal = edited(next(iter(exported(line, "portal").values())))
    assert f"comes from backstage:{PORTAL}, and only events of Zoho Connect" in refusal(
        line, portal
    )
    single = edited(next(v for v in exported(line, "calendar").values() if "RRULE" not in v))
    assert "only events of Zoho Connect" in refusal(line, single)
    series = retitled(line).replace("END:VEVENT", "RRULE:FREQ=DAILY\r\nEND:VEVENT")
    assert "repeats" in refusal(line, series)
    assert "more than once" in refusal(line, retitled(line), retitled(line))


def test_events_that_repeat_in_connect_are_refused(line: CommandLine) -> None:
    """Several objects with one streamId; whom of them updateEvent would change no document says."""
    stream = held(line, OFFSITE)
    later = {
        "startDate": "1",
        "endDate": "1",
        "startMonth": "1",
        "endMonth": "1",
        "startYear": "2027",
        "endYear": "2027",
    }
    edited = retitled(line)
    other = stream | later | {"date": "20270101"}
    line.sandbox.group(GROUP).events.add(
        other | {"startTime": str(int(other["startTime"]) + 86_400_000)}
    )
    assert "repeats in Connect" in refusal(line, edited)
    line("refresh", "group")
    assert "repeats in Connect" in refusal(line, retitled(line))
    line.sandbox.group(GROUP).events.delete(OFFSITE)
    line.sandbox.group(GROUP).events.add(stream)
    assert "repeats in Connect" in refusal(
        line, retitled(line)
    )  # the last one left of a series is one of it still


def test_what_nobody_edited_needs_no_sending_whatever_it_is(line: CommandLine) -> None:
    """Who saves a calendar as a file saves all of it: series, other products, several VEVENTs of one UID.

    Programs write them in their own way: other stamps, times in UTC, texts with other blanks, no reminders.
    """
    line.toml.write_text(
        line.toml.read_text().replace(
            'slug = "calendar"', 'slug = "calendar"\nexceptions = "recurrence-id"'
        )
    )
    calendar = line.sandbox.calendar(CALENDAR)
    series = next(item for item in calendar.events.all() if "rrule" in item)
    moved = {
        name: series[name]
        for name in ("uid", "caluid", "calid", "title", "etag", "dateandtime", "duration")
    }
    start = datetime.strptime(series["dateandtime"]["start"], "%Y%m%dT%H%M%S%z")
    later = {
        side: f"{start + timedelta(minutes=m):%Y%m%dT%H%M%S%z}"
        for side, m in (("start", 30), ("end", 60))
    }
    slot = f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    calendar.events.add(moved | {"recurrenceid": slot, "dateandtime": {"timezone": "PST"} | later})
    stream = held(line, REORG)
    epoch = str(int(stream["startTime"]) + 86_400_000)
    line.sandbox.group(GROUP).events.add(stream | {"title": "Again", "startTime": epoch})
    line("refresh")
    everything = [line.export(slug).decode() for slug in ("portal", "group", "calendar")]
    assert "RECURRENCE-ID" in everything[2]
    vevents = [
        vevent
        for body in everything
        for vevent in re.findall(r"BEGIN:VEVENT.*?END:VEVENT\r\n", body, re.DOTALL)
    ]
    saved = [
        re.sub(
            r"BEGIN:VALARM.*?END:VALARM\r\n",
            "",
            rewritten(vevent, DTSTAMP=SOON, SEQUENCE="0"),
            flags=re.DOTALL,
        )
        for vevent in vevents
        if "SUMMARY:Offsite" not in vevent
    ]
    result = pushed(line, *saved, retitled(line))
    assert (result.exit_code, result.stderr) == (0, "")
    (post,) = posts(line)
    assert post.query["title"] == "Retreat"


@pytest.mark.parametrize(
    "change",
    [
        ("RRULE:FREQ=WEEKLY;COUNT=20", "RRULE:FREQ=WEEKLY;COUNT=19"),
        ("RRULE:FREQ=WEEKLY;COUNT=20", "RRULE:COUNT=20;FREQ=WEEKLY;INTERVAL=2"),
        ("END:VEVENT", "EXDATE:20260317T090000Z\r\nEND:VEVENT"),
        ("DTEND:20260310T100000Z", "DTEND:20260310T103000Z"),
        ("END:VEVENT", "STATUS:CANCELLED\r\nEND:VEVENT"),
        (
            "END:VEVENT",
            "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT",
        ),
        ("SUMMARY:Call", "SUMMARY:Talk"),
        ("DESCRIPTION:One\\nTwo", "DESCRIPTION:One Two"),
        ("LOCATION:Here", "LOCATION:There"),
    ],
)
def test_whatever_a_person_can_edit_counts_as_edited(change: Any) -> None:
    lines = [
        "BEGIN:VEVENT", "UID:u", "SUMMARY:Call", "DTSTART:20260310T090000Z", "DTEND:20260310T100000Z",
        "RRULE:FREQ=WEEKLY;COUNT=20", "EXDATE:20260324T090000Z",
        "DESCRIPTION:One\\nTwo", "LOCATION:Here", "END:VEVENT", "",
    ]  # fmt: skip
    before = "\r\n".join(lines)
    assert change[0] in before

    def read(text: str) -> Any:
        return components(f"BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n".encode(), "e.ics")

    same = before.replace("FREQ=WEEKLY;COUNT=20", "COUNT=20;FREQ=WEEKLY").replace(
        "One\\n", "One \\n\\n"
    )
    same = same.replace("DTSTART:20260310T090000Z", "DTSTART;TZID=Europe/Berlin:20260310T100000")
    same = same.replace("EXDATE:20260324T090000Z", "EXDATE;TZID=Europe/Berlin:20260324T100000")
    assert "Berlin:20260324" in same
    assert is_untouched(read(same), read(before))
    assert not is_untouched(read(before.replace(*change)), read(before))
    assert not is_untouched(read(before + before), read(before))


def test_a_feed_that_shows_times_only_cannot_be_sent(line: CommandLine) -> None:
    """Its titles are "Busy": they would become the events' own."""
    line.toml.write_text(
        line.toml.read_text().replace('slug = "group"', 'slug = "group"\nprivacy = "busy"')
    )
    line("refresh", "group")
    assert "which shows times only" in refusal(line, edited(next(iter(exported(line).values()))))


def test_one_event_that_cannot_be_sent_keeps_all_others_back(line: CommandLine) -> None:
    bad = exported(line)[REORG_TITLE].replace("TRIGGER:-PT1H", "TRIGGER:-PT20M")
    said = refusal(line, retitled(line), bad)
    assert "The nearest that it can set is 15 minutes before the start" in said
    assert "Nothing was sent" in said


def test_the_zone_of_the_profile_has_to_be_set_and_right(line: CommandLine) -> None:
    """Written by another clock, each event that is sent would move."""
    edited = retitled(line)
    line.toml.write_text(line.toml.read_text().replace(CONNECT_ZONE, "Asia/Tokyo"))
    wrong = pushed(line, edited)
    assert (wrong.exit_code, posts(line)) == (2, [])
    assert "zoho.connect_timezone is Asia/Tokyo" in wrong.stderr
    line.toml.write_text(line.toml.read_text().replace('connect_timezone = "Asia/Tokyo"', ""))
    unset = pushed(line, edited)
    assert (unset.exit_code, posts(line)) == (2, [])
    assert "zoho.connect_timezone is not set" in unset.stderr


def test_a_login_that_may_only_read_is_told_how_to_get_one_that_may_write(
    line: CommandLine,
) -> None:
    line.sandbox.tokens.scopes -= {"zohopulse.events.UPDATE"}
    result = pushed(line, retitled(line))
    assert result.exit_code == 1
    assert "lacks the scope zohopulse.events.UPDATE" in result.stderr
    assert "`zoho-bridge login --push`" in result.stderr
    assert held(line, OFFSITE)["title"] == "Offsite"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"status": 500}, "Perhaps sent: Rearranged (confidential)\n"),
        (
            {"status": 200, "body": {"updateEvent": {"result": "failure", "reason": "No."}}},
            "Not sent: Rearranged",
        ),
    ],
)
def test_a_failure_in_the_middle_says_what_was_sent_and_what_was_not(
    line: CommandLine, fault: Any, told: Any
) -> None:
    """A refusal changed nothing; after a fault of Zoho's nobody knows. Neither is tried again by itself."""
    line.sandbox.group(GROUP).events.add(
        held(line, OFFSITE) | {"streamId": "931000000713003", "title": "Lunch"}
    )
    line("refresh", "group")
    three = (
        retitled(line),
        exported(line)[REORG_TITLE].replace("SUMMARY:Reorganisation", "SUMMARY:Rearranged"),
    )
    third = exported(line)["Lunch"].replace("SUMMARY:Lunch", "SUMMARY:Dinner")
    line.sandbox.faults.add("connect.update", "status", after=1, **fault)
    result = pushed(line, *three, third)
    assert result.exit_code == 1
    assert "Sent: Retreat\n" in result.stdout
    assert told in result.stderr
    assert "Not sent: Dinner\n" in result.stderr
    assert len(posts(line)) == 2
    assert "Retreat" in exported(line)


def test_when_zoho_takes_it_for_something_else_that_is_said(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not sent should stay, says the document by calling it optional; nobody has seen that it does."""
    line.sandbox.group(GROUP).events.change(OFFSITE, desc="Bring boots.")
    line("refresh", "group")
    edited = retitled(line)
    from tests import zoho_updates

    real = zoho_updates.update_fields

    def forgetful(event: Any, asked: Any, here: Any) -> Any:
        fields, gone = real(event, asked, here)
        return fields, (*gone, "desc")

    monkeypatch.setattr(zoho_updates, "update_fields", forgetful)
    result = pushed(line, edited)
    assert result.exit_code == 0
    assert (
        'Retreat: Zoho has another description now than was sent: none and not "Bring boots."'
        in result.stderr
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [("missing.ics", "can't be read: No such file"), (".", "can't be read: Is a dir")],
)
def test_a_file_that_is_not_there_is_a_sentence(line: CommandLine, name: str, said: Any) -> None:
    result = line("push", str(line.toml.parent / name))
    assert result.exit_code == 1
    assert said in result.stderr


# The client, as far as it writes


@pytest.fixture
def zoho() -> Iterator[Any]:
    with Sandbox(lambda: NOW) as sandbox, stamina.set_testing(True):
        yield sandbox


PARAMETERS = parameters(
    update(stream=OFFSITE, title="Retreat", start=date(2026, 3, 24), end=date(2026, 3, 26)),
    ConnectSource(group=GROUP, network=NETWORK),
    BERLIN,
)


def routes(zoho: Any) -> Any:
    return [request.route for request in zoho.requests]


def writing(zoho: Any, store: Store) -> Any:
    """Return a client with budget enough: its clock moves by three seconds with each look at it."""
    ticks = count()
    settings = config.load(zoho.environment()).zoho
    return ZohoClient(
        settings,
        store.tokens,
        store.rate_limits,
        clock=lambda: NOW + next(ticks) * timedelta(seconds=3),
    )


def test_a_dead_token_is_replaced_once_and_nothing_else_is_tried_again(
    zoho: Any, store: Store
) -> None:
    with writing(zoho, store) as client:
        client.get("connect", "/allScopes")
        zoho.tokens.expire()
        zoho.forget_requests()
        answer = client.post("connect", "/updateEvent", PARAMETERS)
        assert answer["updateEvent"]["stream"]["event"]["title"] == "Retreat"
        assert routes(zoho) == ["connect.update", "oauth.token", "connect.update"]
        for kind in ("status", "reset", "truncated", "html"):
            zoho.forget_requests()
            zoho.faults.add("connect.update", kind)
            with pytest.raises(UnavailableError):
                client.post("connect", "/updateEvent", PARAMETERS)
            zoho.faults.clear()
            assert routes(zoho) == ["connect.update"], kind


def test_a_long_description_goes_in_the_body_of_the_request(zoho: Any, store: Store) -> None:
    """1,000 characters of any script, which in an address would be 12,000 bytes; servers take 8,000."""
    text = "🎲" * 500
    with writing(zoho, store) as client:
        client.post("connect", "/updateEvent", PARAMETERS | {"desc": text})
    assert zoho.group(GROUP).events.find(OFFSITE)[0]["desc"] == text
    assert zoho.requests[-1].query == {}


def test_at_most_25_changes_go_out_in_a_minute(zoho: Any, store: Store) -> None:
    """Zoho Connect: update event, threshold. The clock stands but for the waits."""
    clock = [NOW]
    at = []

    def sleep(seconds: Any) -> None:
        clock[0] += timedelta(seconds=seconds)

    settings = config.load(zoho.environment()).zoho
    patience = timedelta(minutes=5)
    with ZohoClient(
        settings,
        store.tokens,
        store.rate_limits,
        clock=lambda: clock[0],
        sleep=sleep,
        patience=patience,
    ) as client:
        for _ in range(60):
            client.post("connect", "/updateEvent", PARAMETERS)
            at.append(clock[0])
    busiest = max(
        sum(moment <= other < moment + timedelta(minutes=1) for other in at) for moment in at
    )
    assert 20 <= busiest <= 25


# The sandbox's updateEvent


def test_the_sandbox_answers_in_the_shape_of_the_documents_sample(zoho: Any, store: Store) -> None:
    """The same keys at each level, but for the creator's own e-mail address, and what a sample of no text leaves out."""
    sample = ANSWER["updateEvent"]["stream"]
    asked = parameters(update(stream=SAMPLES[1]["streamId"]), SOURCE, SAMOA)
    with writing(zoho, store) as client:
        stream = client.post("connect", "/updateEvent", asked)["updateEvent"]["stream"]
    assert stream.keys() == sample.keys()
    assert sample["event"].keys() - {"canEdit"} <= stream["event"].keys() | {"canEdit"}
    same = (
        "title",
        "startYear",
        "startMonth",
        "startDate",
        "startHour",
        "startMin",
        "startDay",
        "formattedStartTime",
    )
    same += (
        "endYear",
        "endMonth",
        "endDate",
        "endHour",
        "endMin",
        "endDay",
        "fullformattedEndTime",
        "dateComFormatStr",
    )
    assert {name: stream["event"][name] for name in same} == {
        name: sample["event"][name] for name in same
    }
    assert stream["event"]["googleCalendarUrl"] == sample["event"]["googleCalendarUrl"]
    assert [stream["event"][side][:-3] for side in ("startTime", "endTime")] == [
        sample["event"][side][:-3] for side in ("startTime", "endTime")
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"streamId": "1"}, "Invalid streamId"),
        ({"scopeID": "1"}, "Invalid scopeID"),
        ({"title": ""}, "title is missing"),
        ({"title": "x" * 251}, "title has more than 250"),
        ({"desc": "x" * 1001}, "desc has more than 1000"),
        ({"startMin": ""}, "startMin is missing"),
        ({"startMonth": "13"}, "month must be in"),
        ({"endDate": "1"}, "end is before"),
        ({"intervalMinute": "20"}, "intervalMinute is one of"),
        ({"intervalDay": "3"}, "intervalDay is one of"),
    ],
)
def test_the_sandbox_refuses_what_is_not_documented(
    zoho: Any, store: Store, changes: Any, said: Any
) -> None:
    before = zoho.group(GROUP).events.all()
    with writing(zoho, store) as client, pytest.raises(ZohoError, match=said):
        client.post("connect", "/updateEvent", PARAMETERS | changes)
    assert zoho.group(GROUP).events.all() == before
    assert Counter(routes(zoho))["connect.update"] == 1
