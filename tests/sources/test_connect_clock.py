"""Zoho Connect: the account's clock, and the UIDs of events that repeat.

``data/connect/*.json`` are the answers in Zoho's documents. Expected instants are worked out from
their milliseconds with GNU date, and agree with Zoho APIs 3.5. Days come from wall clocks.
"S2" and "S3" are Zoho's pages on upcomingEvents and updateEvent.
"""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from bridge.domain.timezones import UTC_ZONE, zone
from bridge.domain.uid import event_uid
from bridge.sources.connect import parse as connect_parse
from tests.sources.connect_json import (
    ALL_DAY,
    CREATIVE,
    NETWORK,
    SAMOA,
    TIMED,
    UPCOMING,
    changed,
    parse,
    utc,
)
from tests.sources.parsed import zone_key


def test_without_a_zone_the_profile_is_named() -> None:
    """Zoho APIs 3.5: all wall clocks fit UTC-11, and the note names the setting."""
    parsed = connect_parse.parse({"pages": [UPCOMING]}, CREATIVE, None)
    note = str(parsed.notes[0])
    assert note.startswith(
        "The times of this network's profile are UTC-11:00. Set zoho.connect_timezone to its"
    )
    assert {zone_key(event.start) for event in parsed.events if not event.all_day} == {"UTC"}
    assert [event.start for event in parsed.events][1] == utc("2017-11-15T03:30")


CLOCKS = [
    # zone of the setting, wall clocks of 2017-11-15T03:30Z and 2018-07-15T03:30Z, words of the note
    ("Pacific/Pago_Pago", ("20171114 1630", "20180714 1630"), ""),
    ("Europe/Berlin", ("20171115 0430", "20180715 0530"), ""),
    ("UTC", ("20171115 0330", "20180715 0330"), ""),
    (None, ("20171115 0330", "20180715 0330"), ""),
    (None, ("20171115 0430", "20180715 0530"), "UTC+01:00 and UTC+02:00"),
    (None, ("20171115 0900", "20180715 0900"), "UTC+05:30"),
    (
        "Asia/Kolkata",
        ("20171114 1630", "20180714 1630"),
        "Asia/Kolkata (UTC+05:30), but the times of this network's profile are UTC-11:00",
    ),
    (
        "Europe/Berlin",
        ("20171115 0430", "20180715 0430"),
        "Europe/Berlin (UTC+02:00), but the times of this network's profile are UTC+01:00",
    ),
    ("Europe/Berlin", ("20171215 0430", "20180715 0530"), ""),
]


@pytest.mark.parametrize(("here", "walls", "words"), CLOCKS)
def test_clock_note(here: Any, walls: Any, words: str) -> None:
    """One note names setting and profile. A clock a month off is no zone at all."""
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


def test_all_day_events_do_not_reveal_the_clock() -> None:
    """Zoho APIs 3.5 c: their epoch is midnight of another zone."""
    assert parse(ALL_DAY, here=None).notes == ()
    assert parse(ALL_DAY, here=zone("Asia/Kolkata")).notes == ()


NEXT_WEEK = changed(
    TIMED, startTime="1511321400000", endTime="1511325000000", startDate="21", endDate="21"
)


def uids(*items: Any, **options: Any) -> list[str]:
    return [event.uid for event in parse(*items, **options).events]


def slot_uid(text: str) -> str:
    return event_uid("connect", NETWORK, "929000000772001", slot=utc(text).astimezone(UTC_ZONE))


def test_occurrences_with_one_id_are_events_of_their_own() -> None:
    """Zoho APIs 3.6: a repeat may come as several objects with one streamId."""
    assert uids(TIMED, NEXT_WEEK) == [slot_uid("2017-11-15T03:30"), slot_uid("2017-11-22T03:30")]


def test_same_event_twice_is_one() -> None:
    """Zoho APIs 6.5: an event of several groups comes once per group."""
    assert uids(TIMED, deepcopy(TIMED)) == [event_uid("connect", NETWORK, "929000000772001")]
    raw = {"pages": [UPCOMING, UPCOMING]}
    assert len(connect_parse.parse(raw, CREATIVE, SAMOA).events) == 8


def test_last_occurrence_keeps_its_uid() -> None:
    """An occurrence keeps its UID when the others leave the window."""
    known = [(event.uid, event.upstream_id) for event in parse(TIMED, NEXT_WEEK, ALL_DAY).events]
    streams = connect_parse.repeating_streams(CREATIVE, known)
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
