"""Events become iCalendar that every client reads alike: expected values are from the RFCs and the rulebook."""

from datetime import date, timedelta
import re
from typing import Any

import icalendar
import pytest
import recurring_ical_events

from bridge.domain.event import Alarm, Person, Place, Recurrence, Rule, Status
from bridge.domain.timezones import fixed_zone
from bridge.feed.document import join_document
from bridge.publish.ical import values, vevent
from tests.publish.vevents import (
    NEW_YORK,
    STAMP,
    UTC_ZONE,
    at,
    check_bytes,
    event,
    golden,
    instance,
    read,
    series,
    uid,
    unfold,
)

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
