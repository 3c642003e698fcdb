"""Whole documents of rendered events: header, zones, placeholder, alarms."""

from datetime import timedelta
import re
from typing import Any

import pytest

from bridge.domain.event import Alarm
from bridge.feed.document import join_document, remove_alarms
from bridge.publish.ical import vevent
from tests.publish.vevents import (
    BERLIN,
    NEW_YORK,
    STAMP,
    at,
    event,
    golden,
    read,
    series,
    uid,
    unfold,
)


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
    (
        "names and refresh",
        "11-14",
        {},
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Zoho calendar bridge//Zoho calendar bridge//EN",
            "CALSCALE:GREGORIAN",
            "NAME:Team",
            "X-WR-CALNAME:Team",
            "REFRESH-INTERVAL;VALUE=DURATION:PT4H",
            "X-PUBLISHED-TTL:PT4H",
        ],
    ),
    (
        "a single event has neither",
        "13",
        {"single": True},
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Zoho calendar bridge//Zoho calendar bridge//EN",
            "CALSCALE:GREGORIAN",
        ],
    ),
    (
        "a name with a comma and lines",
        "13",
        {"title": "A, b\nc"},
        [r"NAME:A\, b c", r"X-WR-CALNAME:A\, b c"],
    ),
    (
        "a long name",
        "13",
        {"title": "n" * 300},
        ["NAME:" + "n" * 254 + "…", "X-WR-CALNAME:" + "n" * 254 + "…"],
    ),
    (
        "a name can't inject a line",
        "5",
        {"title": "A\r\nMETHOD:REQUEST"},
        ["NAME:A METHOD:REQUEST"],
    ),
]


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
    """Rulebook 8, 11, 23, 24: one VCALENDAR.

    Each zone once, sorted, before the events; events in the order given.
    """
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
