"""Events become iCalendar that every client reads alike.

Expected values are from the RFCs and the rulebook.
"""

from datetime import date, timedelta
import re
from typing import Any

import icalendar
import pytest
import recurring_ical_events

from bridge.domain.event import Alarm, Person, Place, Recurrence, Rule, Status
from bridge.feed.document import join_document
from bridge.publish.ical import values, vevent
from tests.publish.ical_cases import LINES
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
    (
        "weekly",
        GOLDEN["weekly"],
        ["2026-03-02T08:30-05:00", "2026-03-16T08:30-04:00", "2026-03-30T08:30-04:00"],
    ),
    (
        "override",
        GOLDEN["override"],
        ["2026-03-02T08:30+00:00", "2026-03-10T08:30+00:00", "2026-03-16T08:30+00:00"],
    ),
    (
        "zone override",
        series(
            overrides=(instance(at(7, day=11, tz=UTC_ZONE), start=at(15, day=11, tz=NEW_YORK)),)
        ),
        [
            "2026-05-04T09:00+02:00",
            "2026-05-11T15:00-04:00",
            "2026-05-18T09:00+02:00",
            "2026-05-25T09:00+02:00",
        ],
    ),
    (
        "all day",
        series(date(2026, 5, 18), start=date(2026, 5, 4)),
        ["2026-05-04", "2026-05-11", "2026-05-25"],
    ),
    (
        "second of two hours",
        event(start=at(2, 30, 25, 10, fold=1), end=at(4, 0, 25, 10)),
        ["2026-10-25T01:30+00:00"],
    ),
]


@pytest.mark.parametrize(
    ("given_event", "starts"), [case[1:] for case in INSTANCES], ids=[case[0] for case in INSTANCES]
)
def test_another_engine_finds_the_instances(given_event: Any, starts: Any) -> None:
    """recurring-ical-events, the second opinion.

    The dates are counted by hand from the calendar of 2026.
    """
    made = join_document(
        title="x", blobs=[vevent.render(given_event, STAMP)], zones=vevent.zones(given_event)
    )
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(made)).between(
        date(2026, 1, 1), date(2027, 1, 1)
    )
    times = sorted(item["DTSTART"].dt.isoformat() for item in found)
    assert [t.replace(":00+", "+").replace(":00-", "-") for t in times] == starts
