"""Events become iCalendar that every client reads alike: expected values are from the RFCs and the rulebook."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import re
import time
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, example, given, settings, strategies as st
import icalendar
import pytest
import recurring_ical_events

from bridge.domain.event import Alarm, Event, Person, Place, Recurrence, Rule, Status
from bridge.domain.text import clean, one_line
from bridge.domain.timezones import fixed_zone, vtimezone, zone
from bridge.feed.document import join_document, remove_alarms
from bridge.publish.ical import values, vevent

DATA = Path(__file__).parents[1] / "data" / "ical"
BERLIN, NEW_YORK, UTC_ZONE = zone("Europe/Berlin"), zone("America/New_York"), zone("UTC")
STAMP = vevent.Stamp(changed=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), sequence=7)
modest = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def uid(number: Any) -> str:
    return f"00000000-0000-5000-8000-{number:012}"


def at(
    hour: Any, minute: Any = 0, day: Any = 4, month: Any = 5, tz: Any = BERLIN, **more: Any
) -> Any:
    return datetime(2026, month, day, hour, minute, tzinfo=tz, **more)


def event(**changes: Any) -> Any:
    """Give an event of one hour in Berlin, with what a case changes."""
    given_values = {"uid": uid(1), "upstream_id": "up-1", "title": "Tea", "start": at(9)} | changes
    start = given_values["start"]
    length = timedelta(hours=1) if isinstance(start, datetime) else timedelta(days=1)
    return Event(**({"end": start + length} | given_values))


def series(*excluded: Any, overrides: Any = (), **changes: Any) -> Any:
    """Give a weekly series of four Mondays, the first on 4 May 2026."""
    recurrence = Recurrence(rule=Rule(freq="WEEKLY", count=4, byday=("MO",)), excluded=excluded)
    return event(recurrence=recurrence, overrides=overrides, **changes)


def instance(slot: Any, **changes: Any) -> Any:
    return event(recurrence_id=slot, **changes)


# An independent reader, RFC 5545 3.1 and 3.3.11: nothing of the code under test or of its library.


def unfold(blob: Any) -> Any:
    return re.sub("\r\n[ \t]", "", blob.decode()).split("\r\n")[:-1]


def read(blob: Any) -> Any:
    """Give the components in order as (name, [(property, parameters, raw value)])."""
    components, stack = [], []
    for line in unfold(blob):
        name, parameters, value = re.fullmatch(
            r'([A-Z0-9-]+)((?:;[A-Z0-9-]+=(?:"[^"]*"|[^";:,]*))*):(.*)', line, re.DOTALL
        ).groups()
        if name == "BEGIN":
            stack.append((value, []))
            components.append(stack[-1])
        elif name == "END":
            assert stack.pop()[0] == value
        else:
            stack[-1][1].append((name, parameters, value))
    assert not stack
    return components


def unescape(value: Any) -> Any:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value, flags=re.DOTALL)


def text_of(blob: Any, name: str, component: str = "VEVENT") -> Any:
    """Give the unescaped value of a property that stands once in the first such component; None when it is absent."""
    properties = next(content for found, content in read(blob) if found == component)
    found = [value for prop, _, value in properties if prop == name]
    assert len(found) <= 1
    return unescape(found[0]) if found else None


def check_bytes(blob: Any) -> None:
    """Hold rendered bytes to rulebook 1-4: UTF-8, CRLF, folds of at most 75 octets at whole characters, none blank."""
    assert blob.endswith(b"\r\n")
    for line in blob.split(b"\r\n")[:-1]:
        assert 0 < len(line) <= 75
        assert line.strip()
        text = line.decode()
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]", text)


LINES = [
    # name, cite, event, lines that must stand in it, starts of lines that must not
    ("one-off with a zone", "29", event(), ["DTSTART;TZID=Europe/Berlin:20260504T090000", "DTEND;TZID=Europe/Berlin:20260504T100000"], ["RRULE", "RECURRENCE-ID"]),
    ("one-off in UTC", "29", event(start=at(9, tz=UTC_ZONE)), ["DTSTART:20260504T090000Z", "DTEND:20260504T100000Z"], []),
    ("a one-off in a bare offset is told in UTC", "7, 29", event(start=at(9, tz=fixed_zone(timedelta(hours=5, minutes=30)))), ["DTSTART:20260504T033000Z", "DTEND:20260504T043000Z"], ["DTSTART;"]),
    ("an end in another zone is told in the start's", "35", event(end=at(10, tz=NEW_YORK)), ["DTEND;TZID=Europe/Berlin:20260504T160000"], []),
    ("a start in the hour that comes twice, the second time", "32", event(start=at(2, 30, 25, 10, fold=1), end=at(4, 0, 25, 10)), ["DTSTART:20261025T013000Z", "DTEND:20261025T030000Z"], []),
    ("a start in the hour that comes twice, the first time", "32", event(start=at(2, 30, 25, 10), end=at(4, 0, 25, 10)), ["DTSTART:20261025T003000Z"], []),
    ("an end in the hour that comes twice", "32", event(start=at(1, 0, 25, 10), end=at(2, 30, 25, 10, fold=1)), ["DTSTART:20261024T230000Z", "DTEND:20261025T013000Z"], []),
    ("a start in the hour that is skipped", "32, RFC 5545 3.3.5", event(start=at(2, 30, 29, 3), end=at(4, 0, 29, 3)), ["DTSTART:20260329T013000Z", "DTEND:20260329T020000Z"], []),
    ("all day is DATE with an exclusive end", "33", event(start=date(2026, 5, 4), end=date(2026, 5, 6)), ["DTSTART;VALUE=DATE:20260504", "DTEND;VALUE=DATE:20260506"], []),
    ("midnight to midnight with a zone stays timed", "34", event(start=at(0), end=at(0, day=5)), ["DTSTART;TZID=Europe/Berlin:20260504T000000", "DTEND;TZID=Europe/Berlin:20260505T000000"], []),
    ("an instant ends when it starts", "35", event(end=at(9)), ["DTEND;TZID=Europe/Berlin:20260504T090000"], ["DURATION"]),
    ("early years have four digits", "RFC 5545 3.3.4", event(start=date(999, 1, 1)), ["DTSTART;VALUE=DATE:09990101"], []),
    ("fractions of a second go", "RFC 5545 3.3.12", event(start=at(9, microsecond=999)), ["DTSTART;TZID=Europe/Berlin:20260504T090000"], []),
    ("the stamp", "20, 21", event(), ["DTSTAMP:20260102T030405Z", "LAST-MODIFIED:20260102T030405Z", "SEQUENCE:7"], ["CREATED"]),
    ("a series in UTC has a zone", "41", series(start=at(9, tz=UTC_ZONE)), ["DTSTART;TZID=Etc/UTC:20260504T090000", "DTEND;TZID=Etc/UTC:20260504T100000"], []),
    ("a series in a bare offset has an IANA zone", "7, 25", series(start=at(9, tz=fixed_zone(timedelta(hours=5, minutes=30)))), ["DTSTART;TZID=Asia/Kolkata:20260504T090000", "DTEND;TZID=Asia/Kolkata:20260504T100000"], []),
    ("a series in a bare offset of whole hours, sign as in POSIX", "25", series(at(9, day=11, tz=fixed_zone(timedelta(hours=-3))), start=at(9, tz=fixed_zone(timedelta(hours=-3)))), ["DTSTART;TZID=Etc/GMT+3:20260504T090000", "EXDATE;TZID=Etc/GMT+3:20260511T090000"], []),
    ("excluded slots in the form of DTSTART", "39", series(at(9, day=11)), ["EXDATE;TZID=Europe/Berlin:20260511T090000"], []),
    ("excluded slots of another zone are told in DTSTART's", "39", series(at(7, day=11, tz=UTC_ZONE)), ["EXDATE;TZID=Europe/Berlin:20260511T090000"], []),
    ("excluded slots of an all-day series", "39", series(date(2026, 5, 11), start=date(2026, 5, 4)), ["EXDATE;VALUE=DATE:20260511"], []),
    ("no slot twice", "39", series(at(9, day=11), at(7, day=11, tz=UTC_ZONE)), ["EXDATE;TZID=Europe/Berlin:20260511T090000"], []),
    ("an override names its slot in the master's zone", "40", series(overrides=(instance(at(7, day=11, tz=UTC_ZONE), start=at(15, day=11)),)), ["RECURRENCE-ID;TZID=Europe/Berlin:20260511T090000", "DTSTART;TZID=Europe/Berlin:20260511T150000"], ["RECURRENCE-ID:"]),
    ("an override of another zone keeps its own times", "40", series(overrides=(instance(at(9, day=11), start=at(15, day=11, tz=NEW_YORK)),)), ["RECURRENCE-ID;TZID=Europe/Berlin:20260511T090000", "DTSTART;TZID=America/New_York:20260511T150000"], []),
    ("an override of an all-day series", "40", series(start=date(2026, 5, 4), overrides=(instance(date(2026, 5, 11), start=date(2026, 5, 12)),)), ["RECURRENCE-ID;VALUE=DATE:20260511", "DTSTART;VALUE=DATE:20260512"], []),
    ("an all-day override of a timed series", "40", series(overrides=(instance(at(9, day=11), start=date(2026, 5, 11)),)), ["RECURRENCE-ID;TZID=Europe/Berlin:20260511T090000", "DTSTART;VALUE=DATE:20260511"], []),
    ("no title", "54", event(title=" \n"), ["SUMMARY:(No title)"], []),
    ("the title is one line", "54", event(title="Tea\r\nand\u2028cake"), ["SUMMARY:Tea and cake"], []),
    ("the title is at most 255 UTF-16 units", "54", event(title="😀" * 128), ["SUMMARY:" + "😀" * 127 + "…"], []),
    ("escapes", "5", event(title=r"a,b;c\d:e"), [r"SUMMARY:a\,b\;c\\d:e"], []),
    ("backslash and N are no line break", "5", event(title=r"C:\New C:\new"), [r"SUMMARY:C:\\New C:\\new"], []),
    ("line breaks in a description", "4, 5", event(description="a\r\nb\rc\u2029d"), [r"DESCRIPTION:a\nb\nc\nd"], []),
    ("a line of the title can't inject a property", "5", event(title="x\r\nATTENDEE:mailto:a@b"), ["SUMMARY:x ATTENDEE:mailto:a@b"], ["ATTENDEE"]),
    ("a line of the description can't either", "5", event(description="x\nATTENDEE:mailto:a@b"), [r"DESCRIPTION:x\nATTENDEE:mailto:a@b"], ["ATTENDEE"]),
    ("a line of the rich form can't either", "5", event(html="<p>x\nATTENDEE:y</p>"), [r"X-ALT-DESC;FMTTYPE=text/html:<html><body><p>x\nATTENDEE:y</p></body></html>"], ["ATTENDEE"]),
    ("a line of a category can't either", "5", event(categories=("x\nATTENDEE:y",)), ["CATEGORIES:x ATTENDEE:y"], ["ATTENDEE"]),
    ("a line of an address can't either", "5", event(url="https://x.example/\r\nATTENDEE:y", image_url="https://x.example/\nATTENDEE:y"), ["URL:https://x.example/ATTENDEE:y"], ["ATTENDEE"]),
    ("nothing empty is written", "9", event(place=Place(), description=" ", categories=("", " ")), [], ["LOCATION", "DESCRIPTION", "URL", "CATEGORIES", "X-ALT-DESC", "IMAGE", "RELATED-TO"]),
    ("people are lines of the description", "60", event(description="Hi", people=(Person(name="Ann", role="organizer"), Person(name="Bo", role="speaker"))), [r"DESCRIPTION:Hi\n\nOrganizer: Ann\nSpeaker: Bo"], ["ORGANIZER", "ATTENDEE"]),
    ("several speakers, each once", "60", event(people=(Person(name="Bo", role="speaker"), Person(name="Cy", role="speaker"), Person(name="Bo", role="speaker"))), [r"DESCRIPTION:Speakers: Bo\, Cy"], []),
    ("both links go to the description", "56", event(url="https://e.example/1", join_url="https://m.example/2"), [r"DESCRIPTION:Join: https://m.example/2\nDetails: https://e.example/1", "URL:https://e.example/1", "LOCATION:https://m.example/2"], []),
    ("a link that is there is not repeated", "56", event(description="See (https://e.example/1).", url="https://e.example/1"), ["DESCRIPTION:See (https://e.example/1)."], []),
    ("a longer link is another one", "56", event(description="See https://e.example/12", url="https://e.example/1"), [r"DESCRIPTION:See https://e.example/12\n\nDetails: https://e.example/1"], []),
    ("one link for both is told once", "56", event(url="https://m.example/2", join_url="https://m.example/2"), ["DESCRIPTION:Join: https://m.example/2"], []),
    ("a place wins over the join link", "56", event(place=Place(hall="Hall 2", city="Köln"), join_url="https://m.example/2"), [r"LOCATION:Hall 2\, Köln", "DESCRIPTION:Join: https://m.example/2"], []),
    ("a join address that is no web address", "56", event(join_url="tel:+49-221-1"), ["LOCATION:tel:+49-221-1", "DESCRIPTION:Join: tel:+49-221-1"], []),
    ("rich text has the same lines below", "55, 56", event(description="Hi", html="<p>Hi</p>", join_url="https://m.example/?a=1&b=2"), ['X-ALT-DESC;FMTTYPE=text/html:<html><body><p>Hi</p><p>Join: <a href="https://m.example/?a=1&amp\\;b=2">https://m.example/?a=1&amp\\;b=2</a></p></body></html>'], []),
    ("names are escaped in rich text", "55", event(html="<p>Hi</p>", people=(Person(name="<b>Ann</b>", role="organizer"),)), ["X-ALT-DESC;FMTTYPE=text/html:<html><body><p>Hi</p><p>Organizer: &lt\\;b&gt\\;Ann&lt\\;/b&gt\\;</p></body></html>"], []),
    ("categories", "RFC 5545 3.8.1.2", event(categories=("Work", "Food, drink", "Work", "a;b")), [r"CATEGORIES:Work,Food\, drink,a\;b"], []),
    ("busy", "51", event(), ["STATUS:CONFIRMED", "TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY"], []),
    ("free", "51", event(busy=False), ["STATUS:CONFIRMED", "TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"], []),
    ("tentative", "51", event(status=Status.TENTATIVE), ["STATUS:TENTATIVE", "TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE"], []),
    ("tentative and free is free", "51", event(status=Status.TENTATIVE, busy=False), ["TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"], []),
    ("a cancelled event takes no time and does not ring", "50, 61", event(status=Status.CANCELLED, alarms=(Alarm(trigger=timedelta()),)), ["STATUS:CANCELLED", "TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"], ["BEGIN:VALARM"]),
    ("private is not our class", "52", event(private=True), [], ["CLASS"]),
    ("no parameter for the language", "7", event(language="de"), ["SUMMARY:Tea"], ["SUMMARY;"]),
    ("an image is a URI with its parameters", "15, RFC 7986 5.10", event(image_url="https://i.example/a.png"), ["IMAGE;VALUE=URI;DISPLAY=BADGE:https://i.example/a.png"], ["ATTACH"]),
    ("an image that is no web address is left out", "15", event(image_url="data:image/png;base64,AAAA"), [], ["IMAGE"]),
    ("a stand-alone instance names its series", "42", event(related_to=uid(9)), [f"RELATED-TO:{uid(9)}"], []),
    ("an alarm", "61", event(alarms=(Alarm(trigger=timedelta(minutes=-15)),)), ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "DESCRIPTION:Tea"], ["TRIGGER;"]),
    ("of several alarms the nearest before the start", "61", event(alarms=tuple(Alarm(trigger=timedelta(minutes=m)) for m in (-1440, -10, -60, 5))), ["TRIGGER:-PT10M"], ["TRIGGER:-P1D", "TRIGGER:PT5M"]),
    ("of alarms after the start the first", "61", event(start=date(2026, 5, 4), alarms=(Alarm(trigger=timedelta(hours=10)), Alarm(trigger=timedelta(hours=9)))), ["TRIGGER:PT9H"], ["TRIGGER:PT10H"]),
    ("an alarm of days", "61", event(alarms=(Alarm(trigger=timedelta(days=-7)),)), ["TRIGGER:-P7D"], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given_event", "present", "absent"),
    [case[2:] for case in LINES],
    ids=[case[0] for case in LINES],
)
def test_each_rule_shows_in_the_lines(given_event: Any, present: Any, absent: Any) -> None:
    """The number beside each case is the rulebook's."""
    blob = vevent.render(given_event, STAMP)
    lines = unfold(blob)
    assert [line for line in present if line not in lines] == []
    excluded = [line for line in lines if line.startswith("EXDATE")]
    assert len(excluded) == len(set(excluded))
    assert [line for line in lines if line.startswith(tuple(absent))] == []
    vevent.check(blob, given_event)
    check_bytes(blob)


NEVER = (
    "ATTENDEE",
    "ORGANIZER",
    "CLASS",
    "RDATE",
    "EXRULE",
    "ATTACH",
    "GEO",
    "DURATION",
    "METHOD",
    "X-MICROSOFT-RRULE",
)


@pytest.mark.parametrize(
    "given_event", [case[2] for case in LINES], ids=[case[0] for case in LINES]
)
def test_what_harms_clients_is_never_written(given_event: Any) -> None:
    """Rulebook 9, 12, 44, 49, 52, 59, 60; and nothing that stands once stands twice."""
    for name, properties in read(vevent.render(given_event, STAMP)):
        names = [prop for prop, _, _ in properties]
        assert not set(names) & set(NEVER)
        assert {n for n in names if names.count(n) > 1} <= {"EXDATE"}
        assert all(value for _, _, value in properties)
        assert name == "VALARM" or {
            "UID",
            "DTSTAMP",
            "DTSTART",
            "DTEND",
            "SUMMARY",
            "SEQUENCE",
        } <= set(names)


URIS = [
    ("as it is", "https://x.example/a?b=c&d=e#f", "https://x.example/a?b=c&d=e#f"),
    ("upper-case scheme", "HTTPS://X.example/", "https://X.example/"),
    ("blanks", " https://x.example/a b ", "https://x.example/a%20b"),
    ("other letters", "https://x.example/ä", "https://x.example/%C3%A4"),
    ("encoded already", "https://x.example/%C3%A4%20", "https://x.example/%C3%A4%20"),
    ("a lone percent", "https://x.example/100%", "https://x.example/100%25"),
    (
        "illegal characters",
        'https://x.example/<a>"{b}|\\^`',
        "https://x.example/%3Ca%3E%22%7Bb%7D%7C%5C%5E%60",
    ),
    (
        "brackets stand in a host only",
        "https://[2001:db8::1]:80/a[1]",
        "https://[2001:db8::1]:80/a%5B1%5D",
    ),
    ("one fragment", "https://x.example/#a#b", "https://x.example/#a%23b"),
    ("line breaks go, as in browsers", "https://x.example/a\r\nb", "https://x.example/ab"),
    ("not a scheme of the web", "javascript:alert(1)", ""),
    ("file", "file:///etc/passwd", ""),
    ("relative", "/events/1", ""),
    ("no host", "https:///x", ""),
    ("not at all", "to be announced", ""),
    ("empty", "", ""),
]


@pytest.mark.parametrize(
    ("address", "uri"), [case[1:] for case in URIS], ids=[case[0] for case in URIS]
)
def test_addresses_are_legal_uris_or_nothing(address: Any, uri: Any) -> None:
    """RFC 3986 2 and 3.2.2; the rulebook wants no bad URL at all (9)."""
    assert values.http_uri(address) == uri


GOLDEN = {
    "timed": event(
        title="Spring planning, part 1",
        end=at(10, 30),
        description="Bring: pens; paper\nand C:\\Notes",
        place=Place(hall="Hall 2", name="Messe", city="Köln"),
        url="https://events.example/1",
        join_url="https://meet.example/j/1",
        image_url="https://events.example/1.png",
        categories=("Planning", "Food, drink"),
        people=(
            Person(name="Ann Example", role="organizer"),
            Person(name="Bo", role="speaker"),
            Person(name="Cy", role="speaker"),
        ),
    ),
    "all_day": event(
        uid=uid(2),
        title="Fair",
        start=date(2026, 5, 4),
        end=date(2026, 5, 7),
        status=Status.TENTATIVE,
        busy=False,
    ),
    "weekly": event(
        uid=uid(3),
        title="Stand-up",
        start=at(8, 30, 2, 3, NEW_YORK),
        end=at(9, 0, 2, 3, NEW_YORK),
        recurrence=Recurrence(
            rule=Rule(freq="WEEKLY", count=5, byday=("MO",)),
            excluded=(at(8, 30, 23, 3, NEW_YORK), at(8, 30, 9, 3, NEW_YORK)),
        ),
    ),
    "override": event(
        uid=uid(4),
        title="Stand-up",
        start=at(8, 30, 2, 3, UTC_ZONE),
        end=at(9, 0, 2, 3, UTC_ZONE),
        recurrence=Recurrence(rule=Rule(freq="WEEKLY", count=3, byday=("MO",))),
        overrides=(
            event(
                uid=uid(4),
                title="Stand-up, on Tuesday",
                recurrence_id=at(8, 30, 9, 3, UTC_ZONE),
                start=at(8, 30, 10, 3, UTC_ZONE),
                end=at(9, 0, 10, 3, UTC_ZONE),
            ),
        ),
    ),
    "utc": event(
        uid=uid(5),
        title="Round the clock",
        start=at(0, tz=UTC_ZONE),
        end=at(0, day=5, tz=UTC_ZONE),
        join_url="https://meet.example/j/5",
    ),
    "alarm": event(
        uid=uid(6),
        title="Noon",
        start=at(12, tz=UTC_ZONE),
        end=at(12, tz=UTC_ZONE),
        alarms=(Alarm(trigger=timedelta(days=-1)), Alarm(trigger=timedelta(minutes=-15))),
    ),
    "folding": event(
        uid=uid(7),
        title="😀" * 20,
        description="ä" * 40,
        place=Place(name="a" * 66),
        start=date(2026, 5, 4),
    ),
    "placeholder": None,
}


def golden(name: str) -> Any:
    """Read an expected document, with the zones' components filled in."""
    raw = (DATA / f"{name}.ics").read_bytes()
    return re.sub(rb"@VTIMEZONE (\S+)\r\n", lambda m: vtimezone(m[1].decode()), raw)


def ordered(document: Any) -> Any:
    """Put the parts of each RRULE in one order: theirs is free (RFC 5545 3.3.10)."""
    return re.sub(rb"(?<=\nRRULE:)[^\r]+", lambda m: b";".join(sorted(m[0].split(b";"))), document)


@pytest.mark.parametrize("name", GOLDEN)
def test_whole_documents_are_as_written_by_hand(name: str) -> None:
    expected = golden(name)
    given_event = GOLDEN[name]
    blobs = [vevent.render(given_event, STAMP)] if given_event else []
    zones = vevent.zones(given_event) if given_event else ["Europe/Berlin"]
    made = join_document(title="Team, office", blobs=blobs, zones=zones, single=name == "alarm")
    assert ordered(made) == ordered(expected)
    check_bytes(made)


INSTANCES = [
    # name, event, starts as local clocks show them
    ("weekly", GOLDEN["weekly"], ["2026-03-02T08:30-05:00", "2026-03-16T08:30-04:00", "2026-03-30T08:30-04:00"]),
    ("override", GOLDEN["override"], ["2026-03-02T08:30+00:00", "2026-03-10T08:30+00:00", "2026-03-16T08:30+00:00"]),
    ("zone override", series(overrides=(instance(at(7, day=11, tz=UTC_ZONE), start=at(15, day=11, tz=NEW_YORK)),)),
     ["2026-05-04T09:00+02:00", "2026-05-11T15:00-04:00", "2026-05-18T09:00+02:00", "2026-05-25T09:00+02:00"]),
    ("all day", series(date(2026, 5, 18), start=date(2026, 5, 4)), ["2026-05-04", "2026-05-11", "2026-05-25"]),
    ("second of two hours", event(start=at(2, 30, 25, 10, fold=1), end=at(4, 0, 25, 10)), ["2026-10-25T01:30+00:00"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given_event", "starts"), [case[1:] for case in INSTANCES], ids=[case[0] for case in INSTANCES]
)
def test_another_engine_finds_the_instances(given_event: Any, starts: Any) -> None:
    """recurring-ical-events, the second opinion; the dates are counted by hand from the calendar of 2026."""
    made = join_document(
        title="x", blobs=[vevent.render(given_event, STAMP)], zones=vevent.zones(given_event)
    )
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(made)).between(
        date(2026, 1, 1), date(2027, 1, 1)
    )
    times = sorted(item["DTSTART"].dt.isoformat() for item in found)
    assert [t.replace(":00+", "+").replace(":00-", "-") for t in times] == starts


# Properties.

PIECE = st.one_of(
    st.characters(exclude_categories=()),
    st.sampled_from(
        [
            *"\r\n\t\x00\u2028\ufeff\ud83d \\,;:\"^Nn'",
            "\\n",
            "\\N",
            "BEGIN:VALARM\r\n",
            "\r\nEND:VEVENT\r\n",
            "😀",
            " " * 90,
        ]
    ),
)
WORDS = st.lists(PIECE, max_size=120).map("".join)
ALARMS = st.lists(
    st.integers(-20000, 20000).map(lambda m: Alarm(trigger=timedelta(minutes=m))), max_size=3
).map(tuple)
EVENTS = st.builds(
    event,
    title=WORDS,
    description=WORDS,
    html=WORDS,
    place=st.one_of(st.none(), st.builds(Place, name=WORDS, hall=WORDS)),
    url=WORDS.map("https://x.example/".__add__) | WORDS,
    join_url=WORDS,
    image_url=WORDS,
    categories=st.lists(WORDS, max_size=3).map(tuple),
    people=st.lists(
        st.builds(Person, name=WORDS, role=st.sampled_from(["organizer", "speaker"])), max_size=3
    ).map(tuple),
    status=st.sampled_from(Status),
    busy=st.booleans(),
    alarms=ALARMS,
    start=st.sampled_from([at(9), at(9, tz=UTC_ZONE), date(2026, 5, 4), at(2, 30, 25, 10)]),
)
FAMILIES = st.one_of(
    EVENTS,
    st.builds(
        lambda e, o: replace(
            series(at(9, day=18)),
            title=e.title,
            alarms=e.alarms,
            overrides=(replace(o, recurrence_id=at(9, day=11)),),
        ),
        EVENTS,
        EVENTS,
    ),
)


@modest
@given(WORDS, WORDS, WORDS, st.lists(WORDS, max_size=4))
@example("C:\\New\\nothing", "\\N \\\\n \\", "a\\,b", ["\\", "a,b", "\\,"])
def test_text_comes_back_as_it_went(
    title: str, description: str, place: Any, categories: Any
) -> None:
    """RFC 5545 3.1 and 3.3.11, by the independent reader: whatever is typed in Zoho is what a client shows."""
    given_event = event(
        title=title, description=description, place=Place(name=place), categories=tuple(categories)
    )
    blob = vevent.render(given_event, STAMP)
    assert text_of(blob, "SUMMARY") == (one_line(title) or "(No title)")
    assert text_of(blob, "DESCRIPTION") == (clean(description) or None)
    assert text_of(blob, "LOCATION") == (one_line(given_event.place.line, 1000) or None)
    raw = next((value for name, _, value in read(blob)[0][1] if name == "CATEGORIES"), "")
    found = [unescape(part) for part in re.findall(r"(?:^|,)((?:\\.|[^\\,])+)", raw)]
    assert found == [
        name for name in dict.fromkeys(one_line(category) for category in categories) if name
    ]


@modest
@given(WORDS, WORDS)
def test_icalendar_reads_the_same_text(title: str, description: str) -> None:
    """The library's own reader agrees with the independent one."""
    parsed = icalendar.Event.from_ical(
        vevent.render(event(title=title, description=description), STAMP)
    )
    assert str(parsed["SUMMARY"]) == (one_line(title) or "(No title)")
    assert str(parsed.get("DESCRIPTION", "")) == clean(description)


@modest
@given(FAMILIES)
def test_any_event_gives_lawful_bytes(family: Any) -> None:
    """Rulebook 1-5, 10: whatever upstream wrote, the bytes are lawful, hold the family and nothing else."""
    blob = vevent.render(family, STAMP)
    check_bytes(blob)
    vevent.check(blob, family)
    components = [name for name, _ in read(blob)]
    assert components.count("VEVENT") == 1 + len(family.overrides)
    assert set(components) <= {"VEVENT", "VALARM"}
    assert components.count("VALARM") == sum(
        bool(e.alarms) and e.status is not Status.CANCELLED for e in (family, *family.overrides)
    )


@modest
@given(FAMILIES)
def test_the_same_event_gives_the_same_bytes(family: Any) -> None:
    """Rulebook 23."""
    assert vevent.render(family, STAMP) == vevent.render(replace(family), replace(STAMP))


@modest
@given(FAMILIES)
def test_cutting_alarms_is_rendering_without(family: Any) -> None:
    """``?alarms=off`` is cut from kept bytes; it must be what would have been rendered."""
    assert remove_alarms(vevent.render(family, STAMP)) == vevent.render(family, STAMP, alarms=False)


def test_only_alarms_are_cut_wherever_the_folds_come() -> None:
    """A text may spell an alarm's first or last line just before or after a fold."""
    alarm = (Alarm(trigger=timedelta()),)
    for lead in range(75):
        for spelt in ("BEGIN:VALARM", "END:VALARM"):
            told = event(title="x" * lead + spelt + "y" * 80, alarms=alarm)
            assert remove_alarms(vevent.render(told, STAMP)) == vevent.render(
                told, STAMP, alarms=False
            )


@modest
@given(FAMILIES)
def test_zones_are_those_that_the_bytes_name(family: Any) -> None:
    """Rulebook 24: every TZID has its VTIMEZONE, and no other is sent."""
    named = {
        m
        for _, content in read(vevent.render(family, STAMP))
        for _, p, _ in content
        for m in re.findall(r'TZID="?([^";:]+)', p)
    }
    assert vevent.zones(family) == named


@pytest.mark.parametrize(
    "minutes", [*range(-720, 841, 60), -570, 210, 270, 330, 345, 390, 525, 570]
)
def test_a_bare_offset_is_named_by_a_zone_that_has_it_all_year(minutes: Any) -> None:
    """Rulebook 25; by the standard library's reading of the IANA data."""
    named = ZoneInfo(values.tzid(fixed_zone(timedelta(minutes=minutes))))
    for month in range(1, 13 * 12):
        assert datetime(
            2024 + month // 12, month % 12 + 1, 1, tzinfo=named
        ).utcoffset() == timedelta(minutes=minutes)


@modest
@given(st.integers(0, 90), st.integers(55, 80), st.sampled_from("aä€😀"))
def test_no_fold_is_blank_or_splits_a_character(lead: Any, blanks: Any, last: Any) -> None:
    """Rulebook 3, wherever the fold comes: in a run of blanks, before an escape, in a wide character."""
    for tail in (last, "\\" + last, "^" + last, ";" + last, "\n" + last):
        check_bytes(vevent.render(event(description="x" * lead + " " * blanks + tail * 20), STAMP))


def test_alarms_of_a_family_have_uids_of_their_own() -> None:
    """RFC 9074 4: a UID names one alarm; it stays the same while the alarm does."""
    alarm = (Alarm(trigger=timedelta(minutes=-5)),)
    family = series(
        alarms=alarm,
        overrides=(instance(at(9, day=11), alarms=alarm), instance(at(9, day=18), alarms=alarm)),
    )
    uids = [
        v
        for name, content in read(vevent.render(family, STAMP))
        if name == "VALARM"
        for p, _, v in content
        if p == "UID"
    ]
    later = vevent.render(replace(family, title="Other"), vevent.Stamp(changed=at(1), sequence=99))
    assert len(set(uids)) == 3
    assert uids == [
        v for name, content in read(later) if name == "VALARM" for p, _, v in content if p == "UID"
    ]


def test_the_whole_family_carries_the_stamp_and_the_master_is_first() -> None:
    """Rulebook 20, 21: Evolution looks at the first component of a UID, ICSx5 at each."""
    family = series(overrides=(instance(at(9, day=11)), instance(at(9, day=18))))
    found = [
        {name: value for name, _, value in content}
        for _, content in read(vevent.render(family, STAMP))
    ]
    assert ["RECURRENCE-ID" in member for member in found] == [False, True, True]
    assert {(m["UID"], m["DTSTAMP"], m["LAST-MODIFIED"], m["SEQUENCE"]) for m in found} == {
        (uid(1), "20260102T030405Z", "20260102T030405Z", "7")
    }


@pytest.mark.parametrize(
    ("sequence", "written"), [(0, "0"), (2**31 - 1, "2147483647"), (2**31, "2147483647"), (-1, "0")]
)
def test_sequence_stays_in_its_range(sequence: Any, written: Any) -> None:
    """Rulebook 9, 22: out of range, the event is lost."""
    assert text_of(vevent.render(event(), replace(STAMP, sequence=sequence)), "SEQUENCE") == written


def test_excluded_slots_are_sorted_one_by_one() -> None:
    """Rulebook 23, 39."""
    blob = vevent.render(series(at(9, day=25), at(9, day=11), at(9, day=18)), STAMP)
    assert [line for line in unfold(blob) if line.startswith("EXDATE")] == [
        f"EXDATE;TZID=Europe/Berlin:202605{day}T090000" for day in (11, 18, 25)
    ]


@pytest.mark.parametrize(
    "broken",
    [
        series(date(2026, 5, 11)),
        series(at(9, day=11), start=date(2026, 5, 4)),
        series(datetime(9999, 12, 31, 23, tzinfo=NEW_YORK)),
        series(start=at(9, tz=fixed_zone(timedelta(hours=-3, minutes=-30)))),
    ],
    ids=[
        "a day left out of a timed series",
        "a time left out of an all-day series",
        "a slot past the last year",
        "an offset nobody has",
    ],
)
def test_what_cannot_be_written_says_so(broken: Any) -> None:
    """An event that iCalendar can't hold is named, so that it alone is left out (rulebook 10)."""
    with pytest.raises(vevent.RenderError, match='"Tea" can\'t be written'):
        vevent.render(broken, STAMP)


DAMAGE = [
    ("another event", lambda blob: blob.replace(uid(1).encode(), uid(2).encode())),
    ("two of them", lambda blob: blob * 2),
    ("nothing", lambda _: b""),
    ("cut short", lambda blob: blob[:120]),
    ("a broken line", lambda blob: blob.replace(b"STATUS:", b"STATUS")),
    ("a time that is none", lambda blob: blob.replace(b":20260504T090000", b":2026")),
    ("no summary", lambda blob: blob.replace(b"SUMMARY:Tea\r\n", b"")),
    ("a to-do", lambda blob: blob.replace(b"VEVENT", b"VTODO")),
]


@pytest.mark.parametrize("damage", [case[1] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_damaged_bytes_are_found_out(damage: Any) -> None:
    """Rulebook 10: read again, then publish."""
    blob = vevent.render(event(), STAMP)
    vevent.check(blob, event())
    with pytest.raises(ValueError, match='"Tea"'):
        vevent.check(damage(blob), event())


def test_occurrences_are_single_events_without_alarms() -> None:
    """Rulebook 31: the flavour for web pages."""
    alarm = (Alarm(trigger=timedelta()),)
    events = [event(uid=uid(n), start=at(9, day=n, tz=UTC_ZONE), alarms=alarm) for n in (4, 11)]
    blob = vevent.render_occurrences(events, STAMP)
    assert [line for line in unfold(blob) if line.startswith("DTSTART")] == [
        "DTSTART:20260504T090000Z",
        "DTSTART:20260511T090000Z",
    ]
    assert b"VALARM" not in blob


# Documents.


def header(**changes: Any) -> Any:
    made = join_document(
        **(
            {"title": "Team", "blobs": [vevent.render(event(), STAMP)], "zones": ["Europe/Berlin"]}
            | changes
        )
    )
    lines = unfold(made)
    return lines[: next(i for i, line in enumerate(lines) if i and line.startswith("BEGIN:"))]


HEADERS = [
    ("names and refresh", "11-14", {}, ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Zoho calendar bridge//Zoho calendar bridge//EN", "CALSCALE:GREGORIAN", "NAME:Team", "X-WR-CALNAME:Team", "REFRESH-INTERVAL;VALUE=DURATION:PT4H", "X-PUBLISHED-TTL:PT4H"]),
    ("a single event has neither", "13", {"single": True}, ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Zoho calendar bridge//Zoho calendar bridge//EN", "CALSCALE:GREGORIAN"]),
    ("a name with a comma and lines", "13", {"title": "A, b\nc"}, [r"NAME:A\, b c", r"X-WR-CALNAME:A\, b c"]),
    ("a long name", "13", {"title": "n" * 300}, ["NAME:" + "n" * 254 + "…", "X-WR-CALNAME:" + "n" * 254 + "…"]),
    ("a name can't inject a line", "5", {"title": "A\r\nMETHOD:REQUEST"}, ["NAME:A METHOD:REQUEST"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"), [case[2:] for case in HEADERS], ids=[case[0] for case in HEADERS]
)
def test_the_header_follows_the_rules(changes: Any, expected: Any) -> None:
    lines = header(**changes)
    assert [line for line in lines if line in expected] == expected
    assert not [line for line in lines if line.startswith("METHOD")]
    if len(expected) in (4, 8):
        assert lines == expected


def test_a_document_is_one_calendar_zones_first_in_order() -> None:
    """Rulebook 8, 11, 23, 24: one VCALENDAR; each zone once, sorted, before the events; events in the order given."""
    blobs = [
        vevent.render(event(uid=uid(n), start=at(9, tz=tz)), STAMP)
        for n, tz in ((2, NEW_YORK), (1, BERLIN))
    ]
    made = join_document(
        title="x",
        blobs=iter(blobs),
        zones=iter(["Europe/Berlin", "America/New_York", "Europe/Berlin"]),
    )
    names = [name for name, _ in read(made)]
    assert [n for n in names if n[0] == "V"] == [
        "VCALENDAR",
        "VTIMEZONE",
        "VTIMEZONE",
        "VEVENT",
        "VEVENT",
    ]
    assert re.findall(rb"\r\nTZID:(\S+)", made) == [b"America/New_York", b"Europe/Berlin"]
    assert made.endswith(blobs[0] + blobs[1] + b"END:VCALENDAR\r\n")


@pytest.mark.parametrize(
    "blobs", [[], [b"", b""]], ids=["no event", "events without an occurrence"]
)
def test_an_empty_feed_has_its_placeholder_and_no_zone(blobs: Any) -> None:
    """Rulebook 17, 24; its bytes are the same for ever."""
    made = join_document(title="Team, office", blobs=blobs, zones=["Europe/Berlin"])
    assert made == golden("placeholder")


def test_alarms_are_cut_from_whole_documents_too() -> None:
    family = series(alarms=(Alarm(trigger=timedelta()),))
    loud, quiet = (
        join_document(
            title="x", blobs=[vevent.render(family, STAMP, alarms=a)] * 2, zones=["Europe/Berlin"]
        )
        for a in (True, False)
    )
    assert loud != quiet
    assert remove_alarms(loud) == quiet


def test_joining_renders_nothing() -> None:
    """10,000 kept blobs take milliseconds; rendering them would take seconds (5 s measured)."""
    blobs = [vevent.render(event(), STAMP)] * 10_000
    before = time.perf_counter()
    made = join_document(title="x", blobs=blobs, zones=["Europe/Berlin"])
    assert time.perf_counter() - before < 0.5
    assert made.count(b"BEGIN:VEVENT") == 10_000
