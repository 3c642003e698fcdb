"""Zone names, and what a VTIMEZONE says of a zone.

Expected values come from the tz database's own text (its lines are quoted), RFC 5545, RFC 9636, Java's documentation and
CLDR; offsets are checked against ``zoneinfo``, with a VTIMEZONE reader of this file's own and with dateutil's.
"""

from bisect import bisect_right
import copy
from datetime import UTC, datetime, timedelta
from importlib import resources
import io
from itertools import pairwise
import os
from pathlib import Path
import pickle
import re
import struct
import subprocess
import sys
import tomllib
from typing import Any
import zoneinfo
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from dateutil.tz import tzical
from hypothesis import given, settings, strategies as st
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
import pytest
import tzdata

from bridge.domain.timezones import (
    UTC_ZONE,
    exact_since,
    fixed_zone,
    is_fixed,
    tzif as tzif_reader,
    vtimezone,
    zone,
    zone_by_key,
)

SECOND = timedelta(seconds=1)
EVERY_KEY = sorted(zoneinfo.available_timezones() - {"Factory"})
MID_MONTHS = [
    datetime(year, month, 15, 12, tzinfo=UTC)
    for year in range(2000, 2046)
    for month in range(1, 13)
]


def of_2026f(*values: Any) -> Any:
    """A case that the tz database knows since its release 2026f."""
    return pytest.param(
        *values, marks=pytest.mark.skipif(tzdata.IANA_VERSION < "2026f", reason="older tzdata")
    )


def utc(*parts: Any) -> Any:
    return datetime(*parts, tzinfo=UTC)


# An independent reader of zones: what zoneinfo does, and what a VTIMEZONE says.


def changes_of(tz: Any, first: Any, last: Any, *, days: Any = 1) -> Any:
    """Every change of offset that zoneinfo makes after ``first`` up to ``last``, if they are ``days`` apart."""
    steps = [
        *(first + timedelta(days=day) for day in range(0, (last - first).days + 1, days)),
        last,
    ]
    found = []
    for start, end in pairwise(steps):
        low, high = start, end
        if low.astimezone(tz).utcoffset() == high.astimezone(tz).utcoffset():
            continue
        while high - low > SECOND:
            middle = low + (high - low) // 2
            middle = middle.replace(microsecond=0)
            if middle.astimezone(tz).utcoffset() == low.astimezone(tz).utcoffset():
                low = middle
            else:
                high = middle
        found.append(high)
    return found


def hhmm(text: str) -> Any:
    sign = -1 if text[0] == "-" else 1
    return sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))


def wall(text: str) -> Any:
    return datetime.fromisoformat(text)


def observances(text: str) -> Any:
    blocks = re.findall(r"BEGIN:(STANDARD|DAYLIGHT)\r\n(.*?)END:\1\r\n", text, re.DOTALL)
    return [
        {"kind": kind} | dict(line.split(":", 1) for line in block.split("\r\n")[:-1])
        for kind, block in blocks
    ]


class Reader:
    """RFC 5545 3.6.5, word for word: the observance with the latest onset at or before the time rules."""

    def __init__(self, text: str, *, years_earlier: Any = 0) -> None:
        self.onsets = []
        for seen in observances(text):
            start = wall(seen["DTSTART"])
            before, after = hhmm(seen["TZOFFSETFROM"]), hhmm(seen["TZOFFSETTO"])
            starts = [start]
            if "RRULE" in seen:
                start = (
                    start.replace(year=start.year - years_earlier, month=1, day=1)
                    if years_earlier
                    else start
                )
                starts = rrulestr(seen["RRULE"], dtstart=start).between(
                    start, wall("20460101T000000"), inc=True
                )
            self.onsets += [
                ((local - before).replace(tzinfo=UTC), after, before) for local in starts
            ]
        self.onsets.sort()
        self.instants = [onset[0] for onset in self.onsets]

    def offset(self, instant: Any) -> Any:
        place = bisect_right(self.instants, instant)
        return self.onsets[place - 1][1] if place else self.onsets[0][2]


def body(key: Any) -> Any:
    return vtimezone(key).decode().replace(f"TZID:{key}\r\n", "")


@pytest.fixture(scope="module")
def told() -> Any:
    """Every key with a VTIMEZONE, and since when it holds."""
    since = {key: exact_since(ZoneInfo(key)) for key in EVERY_KEY}
    return {key: instant for key, instant in since.items() if instant is not None}


# VTIMEZONE


def test_every_vtimezone_agrees_with_zoneinfo_from_exact_since_on(told: Any) -> None:
    """Before, at and after every change, and in the middle of every month until 2045, both give the same offset."""
    readers = {}
    for key, since in told.items():
        tz = ZoneInfo(key)
        text = body(key)
        reader = readers.get(text) or readers.setdefault(text, Reader(text))
        if "RRULE" not in text:
            moments = MID_MONTHS
        else:
            moments = [
                *MID_MONTHS,
                *(at + step for at in reader.instants for step in (-SECOND, timedelta(), SECOND)),
            ]
        for moment in (since, *moments):
            if max(since, utc(2000, 1, 1)) <= moment < utc(2046, 1, 1):
                assert reader.offset(moment) == moment.astimezone(tz).utcoffset(), (key, moment)


def test_zoneinfo_has_no_change_that_the_vtimezone_lacks(told: Any) -> None:
    """For every different VTIMEZONE: the changes until 2045 are the same, to the second; none without summer time."""
    last = utc(2045, 1, 1)
    for (text, since), key in {(body(key), since): key for key, since in told.items()}.items():
        first = max(since, utc(2000, 1, 1))
        expected = [at for at in Reader(text).instants if first < at <= last]
        assert changes_of(ZoneInfo(key), first, last, days=7) == expected, key
        assert bool(expected) is ("RRULE" in text), key


def test_exact_since_is_the_first_such_change(told: Any) -> None:
    """The last change before it is not one that the pair of rules makes."""
    for key in {(body(key), since): key for key, since in told.items()}.values():
        since, tz = told[key], ZoneInfo(key)
        if since == tzif_reader.ALWAYS:
            continue
        after = since.astimezone(tz).utcoffset()
        assert (since - SECOND).astimezone(tz).utcoffset() != after, key
        if "RRULE" in body(key):
            # The rules, carried two years back: had they held, this would be the change before ``since``.
            rules = Reader(body(key), years_earlier=2)
            place = rules.instants.index(since)
            would_be, offset, _ = rules.onsets[place - 1]
            happened = changes_of(tz, would_be - timedelta(hours=1), since - SECOND)
            assert (happened, would_be.astimezone(tz).utcoffset()) != ([would_be], offset), key


@pytest.mark.parametrize(
    ("key", "since"),
    [
        # R u 2007 ma - Mar Su>=8 2 1 D
        ("America/New_York", utc(2007, 3, 11, 7)),
        # R E 1996 ma - O lastSu 1u 0 -: the autumn of 1995 was in September
        ("Europe/Berlin", utc(1996, 3, 31, 1)),
        # R Eire 1996 ma - O lastSu 1u -1 -: winter is the exception in Irish law
        ("Europe/Dublin", utc(1996, 3, 31, 1)),
        # 5:30 1 +0630 1945 O 15
        ("Asia/Kolkata", utc(1945, 10, 14, 17, 30)),
        # R B 2018 o - N Su>=1 0 1 -; R B 2016 2019 - F Su>=15 0 0 -
        ("America/Sao_Paulo", utc(2019, 2, 17, 2)),
        # R LH 2008 ma - Ap Su>=1 2 0 -; R LH 2008 ma - O Su>=1 2 0:30 -: half an hour
        ("Australia/Lord_Howe", utc(2008, 4, 5, 15)),
        # R Tr 2005 ma - Mar lastSu 1u 2 +02: two hours at once, in one step
        ("Antarctica/Troll", utc(2005, 3, 27, 1)),
        # Footer <-02>2<-01>,M3.5.0/-1,…: 23:00 on the day before the last Sunday
        ("America/Nuuk", None),
        # Footer IST-2IDT,M3.4.4/26,…: 02:00 on the day after the fourth Thursday
        ("Asia/Jerusalem", None),
        # Footer EET-2EEST,M3.4.4/50,M10.4.4/50
        ("Asia/Gaza", None),
        # Footer <-04>4<-03>,M9.1.6/24,M4.1.6/24
        ("America/Santiago", None),
        # Footer EET-2EEST,M4.5.5/0,M10.5.4/24
        ("Africa/Cairo", None),
        # R M 2026 o - Mar 22 2 0 -, and UTC for ever from 2026-09-20 02:00 on
        of_2026f("Africa/Casablanca", utc(2026, 9, 20, 1)),
        # British Columbia stays on summer time after the spring of 2026
        of_2026f("America/Vancouver", utc(2026, 3, 8, 10)),
        # Q 2012 2025 - N Su>=1; Q 2027 ma - N Su>=1: no winter time in 2026
        of_2026f("America/Havana", utc(2027, 11, 7, 5)),
        # 2026 N 1 2 changes the name CDT to EST and not the offset
        of_2026f("America/Winnipeg", utc(2026, 3, 8, 8)),
        ("Etc/UTC", tzif_reader.ALWAYS),
        ("Etc/GMT+12", tzif_reader.ALWAYS),
    ],
)
def test_exact_since_as_the_tz_database_has_it(key: Any, since: Any) -> None:
    """For zones whose rules are known from the text of the tz database."""
    assert exact_since(zone_by_key(key)) == since


def test_new_york_is_written_as_rfc_5545_writes_it() -> None:
    """RFC 5545 3.6.5, the example with the rules in force since 2007, in rulebook 26's properties."""
    assert vtimezone("America/New_York") == (
        b"BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\n"
        b"BEGIN:STANDARD\r\nDTSTART:20071104T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\n"
        b"TZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nTZNAME:EST\r\nEND:STANDARD\r\n"
        b"BEGIN:DAYLIGHT\r\nDTSTART:20070311T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\n"
        b"TZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nTZNAME:EDT\r\nEND:DAYLIGHT\r\n"
        b"END:VTIMEZONE\r\n"
    )


@pytest.mark.parametrize(
    ("key", "offset", "name"),
    [
        ("Asia/Kolkata", "+0530", "IST"),
        ("Etc/UTC", "+0000", "UTC"),
        ("UTC", "+0000", "UTC"),
        ("UTC-03:30", "-0330", "-0330"),
    ],
)
def test_a_zone_without_summer_time_is_one_standard_without_a_rule(
    key: Any, offset: Any, name: str
) -> None:
    """Rulebook 26: a fixed zone has no RRULE."""
    assert vtimezone(key).decode() == (
        f"BEGIN:VTIMEZONE\r\nTZID:{key}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        f"TZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nTZNAME:{name}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )


def test_irish_summer_is_daylight() -> None:
    """Readers expect the larger offset there, though Irish law and the tz file call it standard time."""
    seen = {block["kind"]: block for block in observances(vtimezone("Europe/Dublin").decode())}
    assert (seen["STANDARD"]["TZOFFSETTO"], seen["STANDARD"]["TZNAME"]) == ("+0000", "GMT")
    assert (seen["DAYLIGHT"]["TZOFFSETTO"], seen["DAYLIGHT"]["TZNAME"]) == ("+0100", "IST")
    assert (seen["DAYLIGHT"]["DTSTART"], seen["STANDARD"]["DTSTART"]) == (
        "19960331T010000",
        "19961027T020000",
    )


def test_every_vtimezone_has_the_shape_that_outlook_reads(told: Any) -> None:
    """Rulebook 26, 27: one STANDARD, at most one DAYLIGHT, these properties in this form, and lines of 75 octets."""
    observance = (
        r"BEGIN:{0}\r\nDTSTART:(19[7-9]|20[0-9])[0-9]{{5}}T[0-9]{{6}}\r\n{1}"
        r"TZOFFSETFROM:[+-][0-9]{{4}}\r\nTZOFFSETTO:[+-][0-9]{{4}}\r\nTZNAME:[A-Za-z0-9+-]+\r\nEND:{0}\r\n"
    )
    rule = r"RRULE:FREQ=YEARLY;BYMONTH=[0-9]{{1,2}};BYDAY=([1-4]|-1)(SU|MO|TU|WE|TH|FR|SA)\r\n"
    one = observance.replace("{1}", "").format("STANDARD")
    pair = "".join(
        observance.replace("{1}", rule).format(kind) for kind in ("STANDARD", "DAYLIGHT")
    )
    for key in told:
        text = vtimezone(key).decode()
        shape = rf"BEGIN:VTIMEZONE\r\nTZID:{re.escape(key)}\r\n(?:{one}|{pair})END:VTIMEZONE\r\n"
        assert re.fullmatch(shape, text), text
        assert all(len(line) <= 75 for line in text.encode().split(b"\r\n"))


def test_the_first_onsets_are_instances_of_their_own_rules(told: Any) -> None:
    """RFC 5545 3.8.5.3: DTSTART matches the RRULE; and the two begin within a year of ``exact_since``."""
    for key, since in told.items():
        for seen in observances(vtimezone(key).decode()):
            if "RRULE" in seen:
                start = wall(seen["DTSTART"])
                year = start.replace(month=1, day=1)
                assert rrulestr(seen["RRULE"], dtstart=year)[0] == start
                onset = (start - hhmm(seen["TZOFFSETFROM"])).replace(tzinfo=UTC)
                assert max(since, utc(1970, 1, 1)) <= onset < since + timedelta(days=366), key


@pytest.mark.parametrize(
    "key",
    [
        "America/New_York",
        "Europe/Dublin",
        "Australia/Lord_Howe",
        "Antarctica/Troll",
        "Pacific/Chatham",
        "Asia/Tokyo",
    ],
)
def test_dateutil_reads_the_same_offsets(key: Any) -> None:
    """A second opinion, on wall-clock times."""
    theirs = tzical(io.StringIO(vtimezone(key).decode())).get(key)
    for moment in MID_MONTHS[12 * 9 :]:
        wall = moment.astimezone(ZoneInfo(key))
        assert wall.replace(tzinfo=theirs).utcoffset() == wall.utcoffset(), wall


def test_a_zone_that_can_not_be_told_has_no_vtimezone(told: Any) -> None:
    """Better an error than a rule that is wrong by a week in some years."""
    untold = sorted(set(EVERY_KEY) - set(told))
    assert untold
    for key in untold:
        with pytest.raises(ValueError, match=f"the clocks of {key}:"):
            vtimezone(key)
    with pytest.raises(ValueError, match="Mars/Phobos"):
        vtimezone("Mars/Phobos")


# tz files


def tz_file(changes: Any, footer: Any, *, version: Any = b"2") -> Any:
    """A TZif file, RFC 9636 3.1 and 3.2: changes are (UTC, offset in hours); the first offset is that before them."""
    offsets = [offset for _, offset in changes]
    types = b"".join(struct.pack(">lbb", int(offset * 3600), 0, 0) for offset in offsets)
    small = (
        struct.pack(">4sc15x6l", b"TZif", version, 1, 1, 0, 0, 1, 4)
        + bytes(6)
        + b"LMT\0"
        + bytes(2)
    )
    large = struct.pack(">4sc15x6l", b"TZif", version, 0, 0, 0, len(changes) - 1, len(changes), 4)
    large += b"".join(struct.pack(">q", int(at.timestamp())) for at, _ in changes[1:])
    return (
        small
        + large
        + bytes(range(1, len(changes)))
        + types
        + b"LMT\0"
        + b"\n"
        + footer.encode()
        + b"\n"
    )


NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"


@pytest.mark.parametrize(
    ("changes", "footer", "since"),
    [
        pytest.param([(None, -5)], "EST5", tzif_reader.ALWAYS, id="never changed"),
        pytest.param(
            [(None, -4.9), (utc(1883, 11, 18, 17), -5)],
            "EST5",
            utc(1883, 11, 18, 17),
            id="changed once",
        ),
        pytest.param(
            [(None, -6), (utc(2026, 3, 8, 8), -5), (utc(2026, 11, 1, 7), -5)],
            "EST5",
            utc(2026, 3, 8, 8),
            id="new name only",
        ),
        pytest.param(
            [
                (None, -5),
                (utc(2006, 4, 2, 7), -4),
                (utc(2006, 10, 29, 6), -5),
                (utc(2007, 3, 11, 7), -4),
            ],
            NEW_YORK,
            utc(2007, 3, 11, 7),
            id="the listed last change is the first of the rules",
        ),
        pytest.param(
            [(None, -5), (utc(2006, 10, 29, 6), -5), (utc(2007, 3, 11, 7), -4)]
            + [
                change
                for spring, autumn in (
                    ((2008, 3, 9, 7), (2007, 11, 4, 6)),
                    ((2009, 3, 8, 7), (2008, 11, 2, 6)),
                )
                for change in ((utc(*autumn), -5), (utc(*spring), -4))
            ],
            NEW_YORK,
            utc(2007, 3, 11, 7),
            id="changes listed for years that the rules tell as well",
        ),
        pytest.param(
            # Cuba in tzdata 2026f: no winter in 2026
            [
                (None, -5),
                (utc(2025, 3, 9, 5), -4),
                (utc(2025, 11, 2, 5), -5),
                (utc(2026, 3, 8, 5), -4),
                (utc(2027, 11, 7, 5), -5),
            ],
            "CST5CDT,M3.2.0/0,M11.1.0/1",
            utc(2027, 11, 7, 5),
            id="one winter skipped, ahead of today",
        ),
        pytest.param(
            [(None, -6), (utc(2030, 1, 1, 6), -5)],
            NEW_YORK,
            utc(2030, 3, 10, 7),
            id="rules begin after a move",
        ),
        pytest.param(
            [(None, -5), (utc(2030, 3, 10, 7), -3), (utc(2030, 11, 3, 6), -5)],
            NEW_YORK,
            utc(2030, 11, 3, 6),
            id="double summer time at the moments of the rules",
        ),
        pytest.param(
            [(None, -6), (utc(2030, 7, 1, 6), -4)],
            NEW_YORK,
            utc(2030, 11, 3, 6),
            id="moved into summer time",
        ),
        pytest.param(
            [
                (None, 1),
                (utc(2086, 4, 14, 2), 0),
                (utc(2086, 5, 19, 2), 1),
                (utc(2087, 5, 11, 2), 0),
            ],
            "<+00>0",
            utc(2087, 5, 11, 2),
            id="irregular until 2087, then constant",
        ),
    ],
)
def test_exact_since_of_a_tz_file(changes: Any, footer: Any, since: Any) -> None:
    """It is the first of the changes, listed or not, from which the footer tells all."""
    assert tzif_reader.exact_since(tz_file(changes, footer)) == since


@pytest.mark.parametrize(
    "footer",
    [
        "EST5EDT,J60,J300",  # the 60th day of the year
        "EST5EDT,59,299",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",  # the day before
        "IST-2IDT,M3.4.4/26,M10.5.0",  # the day after
        "XXX4YYY,M9.1.6/24,M4.1.6/0",  # midnight at the end of the day
        "LMT0:25:21",  # seconds
        "XXX0YYY-0:20:30,M3.5.0,M10.5.0",
        "EST5EDT",  # no rules: up to the reader
        "",  # nothing is known of the future
    ],
)
def test_footers_that_no_yearly_weekday_tells(footer: Any) -> None:
    """POSIX can say more than BYMONTH and one nth BYDAY in whole minutes."""
    data = tz_file([(None, 0)], footer)
    assert tzif_reader.exact_since(data) is None
    with pytest.raises(ValueError, match="Here/There"):
        tzif_reader.vtimezone("Here/There", data)


@pytest.mark.parametrize(
    ("footer", "onsets"),
    [
        # POSIX: 02:00 where no time is said, an hour more where no offset is
        (
            "AAA-3BBB,M3.5.6,M10.1.3/23:59",
            [("20300330T020000", "3", "-1SA"), ("20301002T235900", "10", "1WE")],
        ),
        # A rule in force since 1960: no onset before 1970 is written
        (
            "<-03>3<-0130>1:30,M1.4.1/0,M12.2.2/1",
            [("19700126T000000", "1", "4MO"), ("19701208T010000", "12", "2TU")],
        ),
    ],
)
def test_the_footer_becomes_two_yearly_rules(footer: Any, onsets: Any) -> None:
    """RFC 9636 3.3.1 to RFC 5545 3.3.10; the dates are from a printed calendar."""
    changes = (
        [(None, 3), (utc(2030, 1, 1), 3)]
        if footer.startswith("AAA")
        else [(None, -3), (utc(1960, 1, 25, 3), -1.5)]
    )
    text = tzif_reader.vtimezone("Here/There", tz_file(changes, footer)).decode()
    seen = {block["kind"]: block for block in observances(text)}
    for kind, (start, month, day) in zip(("DAYLIGHT", "STANDARD"), onsets, strict=True):
        assert seen[kind]["DTSTART"] == start
        assert seen[kind]["RRULE"] == f"FREQ=YEARLY;BYMONTH={month};BYDAY={day}"


@pytest.mark.parametrize(
    "data", [b"GIF89a" + bytes(60), tz_file([(None, 0)], "UTC0", version=b"\0")]
)
def test_another_file_is_refused(data: Any) -> None:
    """A version 1 file has no footer."""
    with pytest.raises(ValueError, match="TZif"):
        tzif_reader.exact_since(data)


# Names


@pytest.mark.parametrize(
    ("name", "key"),
    [
        # tz database, files backward and backzone: links
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Katmandu", "Asia/Kathmandu"),
        ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("America/Godthab", "America/Nuuk"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("US/Pacific", "America/Los_Angeles"),
        ("US/East-Indiana", "America/Indiana/Indianapolis"),
        ("Navajo", "America/Denver"),
        ("GB-Eire", "Europe/London"),
        ("PRC", "Asia/Shanghai"),
        ("W-SU", "Europe/Moscow"),
        ("EST5EDT", "America/New_York"),
        ("PST8PDT", "America/Los_Angeles"),
        # the same, lines with a remark such as "#= Africa/Asmara"
        ("Africa/Asmera", "Africa/Asmara"),
        ("Africa/Timbuktu", "Africa/Bamako"),
        ("Iceland", "Atlantic/Reykjavik"),
        ("Pacific/Truk", "Pacific/Chuuk"),
        ("America/Virgin", "America/St_Thomas"),
        # zone.tab: a country's own zone though it is a link today
        ("Europe/Stockholm", "Europe/Stockholm"),
        ("Europe/Amsterdam", "Europe/Amsterdam"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("Africa/Accra", "Africa/Accra"),
        ("Asia/Kuwait", "Asia/Kuwait"),
        ("Atlantic/Reykjavik", "Atlantic/Reykjavik"),
        # another case, stray blanks
        ("asia/calcutta", "Asia/Kolkata"),
        ("AMERICA/NEW_YORK", "America/New_York"),
        ("  Europe/Berlin\n", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        # POSIX's sign: twelve hours behind
        ("Etc/GMT+12", "Etc/GMT+12"),
        ("etc/gmt-14", "Etc/GMT-14"),
        # UTC
        *(
            (name, "UTC")
            for name in (
                "UTC",
                "utc",
                "Etc/UTC",
                "Z",
                "Zulu",
                "GMT",
                "Etc/GMT",
                "GMT0",
                "GMT+0",
                "Etc/GMT-0",
            )
        ),
        *(
            (name, "UTC")
            for name in (
                "UCT",
                "Universal",
                "Greenwich",
                "Etc/Greenwich",
                "+0000",
                "-00:00",
                "UTC+0",
                "GMT-00:00",
            )
        ),
        # removed from the tz database, kept by Java
        ("SystemV/PST8PDT", "America/Los_Angeles"),
        ("SystemV/PST8", "Etc/GMT+8"),
        ("SystemV/YST9YDT", "America/Anchorage"),
        ("Canada/East-Saskatchewan", "America/Regina"),
        ("US/Pacific-New", "America/Los_Angeles"),
        # CLDR windowsZones.xml
        ("India Standard Time", "Asia/Kolkata"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Romance Standard Time", "Europe/Paris"),
        ("GMT Standard Time", "Europe/London"),
        ("pacific standard time", "America/Los_Angeles"),
        ("Pacific Standard Time (Mexico)", "America/Tijuana"),
        ("FLE Standard Time", "Europe/Kyiv"),
        ("UTC-11", "Etc/GMT+11"),
        # with a label for people
        ("(GMT+05:30) Asia/Kolkata", "Asia/Kolkata"),
        ("(UTC-08:00) Pacific Standard Time (Mexico)", "America/Tijuana"),
        ("(GMT 5:30) India Standard Time(Asia/Calcutta)", "Asia/Kolkata"),
        ("( GMT -8:00 ) Pacific Time ( America/Los_Angeles )", "America/Los_Angeles"),
        ("(UTC) Europe/Lisbon", "Europe/Lisbon"),
    ],
)
def test_names_of_zones(name: str, key: Any) -> None:
    """Every name gives the zone under its key of today."""
    assert zone(name).key == key
    assert zone(name) is ZoneInfo(key)


@pytest.mark.parametrize(
    ("short", "key"),
    # java.time.ZoneId.SHORT_IDS (Java 8 to 22), with links in today's spelling; EST, MST, HST are -05:00, -07:00, -10:00
    [
        line.split()
        for line in """
        EST Etc/GMT+5
        HST Etc/GMT+10
        MST Etc/GMT+7
        ACT Australia/Darwin
        AET Australia/Sydney
        AGT America/Argentina/Buenos_Aires
        ART Africa/Cairo
        AST America/Anchorage
        BET America/Sao_Paulo
        BST Asia/Dhaka
        CAT Africa/Harare
        CNT America/St_Johns
        CST America/Chicago
        CTT Asia/Shanghai
        EAT Africa/Addis_Ababa
        ECT Europe/Paris
        IET America/Indiana/Indianapolis
        IST Asia/Kolkata
        JST Asia/Tokyo
        MIT Pacific/Apia
        NET Asia/Yerevan
        NST Pacific/Auckland
        PLT Asia/Karachi
        PNT America/Phoenix
        PRT America/Puerto_Rico
        PST America/Los_Angeles
        SST Pacific/Guadalcanal
        VST Asia/Ho_Chi_Minh
        """.strip().splitlines()
    ],
)
def test_short_ids_are_javas(short: Any, key: Any) -> None:
    """Zoho is written in Java: BST is Dhaka, and IST is India."""
    assert zone(short).key == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("+0530", "UTC+05:30"),
        ("+05:30", "UTC+05:30"),
        ("+5:30", "UTC+05:30"),
        ("GMT+5:30", "UTC+05:30"),
        ("gmt +05:30", "UTC+05:30"),
        ("UTC-03:30", "UTC-03:30"),
        ("UTC\N{MINUS SIGN}03:30", "UTC-03:30"),
        ("GMT-0500", "UTC-05:00"),
        ("GMT+5", "UTC+05:00"),  # java.util.TimeZone: east, unlike Etc/GMT+5
        ("-08", "UTC-08:00"),
        ("+1400", "UTC+14:00"),
        ("+18:00", "UTC+18:00"),  # java.time.ZoneOffset.MAX
    ],
)
def test_offsets_as_zones(name: str, key: Any) -> None:
    """All that is known is the offset, and the zone says so."""
    assert zone(name).key == key
    assert is_fixed(zone(name))
    assert zone(name) is zone_by_key(key)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "Mars/Phobos",
        "Factory",
        "localtime",
        "America",
        "America/",
        "../Europe/Berlin",
        "/Europe/Berlin",
        "Europe/Berlin\x00",
        "+18:01",
        "+24:00",
        "+5:60",
        "+053000",
        "0530",
        "5:30",
        "GMT5",
        "GMT+",
        "+٠٥:٣٠",
        "UTC+5.5",
        "XST",
        "zone.tab",
        "tzdata.zi",
        "(GMT+05:30)",
        "(GMT+05:30) ",
        "(GMT+05:30) Chennai",
        "(GMT+05:30) GMT+05:30",
        "Berlin (Mars/Phobos)",
        "()",
    ],
)
def test_what_is_not_a_zone(name: str) -> None:
    """None, and never a guess: the label's offset is no zone, a date's offset no name."""
    assert zone(name) is None


def test_every_iana_name_keeps_its_clocks() -> None:
    """No alias moves an event: the zone given has the offsets of the zone named, of old names at least since 2000."""
    for key in EVERY_KEY:
        for name in (key, key.lower(), key.upper()):
            given_zone = zone(name)
            assert given_zone is zone(given_zone.key)
        for moment in MID_MONTHS:
            assert (
                moment.astimezone(given_zone).utcoffset()
                == moment.astimezone(ZoneInfo(key)).utcoffset()
            ), key


def test_the_zones_of_countries_stay_themselves() -> None:
    """zone.tab lists them, and 1,000 km between two of them matter to people."""
    for tab in ("zone.tab", "zone1970.tab"):
        text = resources.files("tzdata").joinpath("zoneinfo", tab).read_text(encoding="utf-8")
        keys = [line.split("\t")[2] for line in text.splitlines() if not line.startswith("#")]
        assert len(keys) > 300
        assert [zone(key).key for key in keys] == keys


def test_tables_hold_current_keys() -> None:
    """A value in a table is never itself an old name."""
    file = resources.files("bridge.domain.timezones").joinpath("names.toml")
    tables = tomllib.loads(file.read_text("utf-8"))
    assert len(tables) == 4
    for name, key in [item for table in tables.values() for item in table.items()]:
        assert zone(key).key == key, name
        assert zone(name).key == key, name


def test_windows_names_are_cldrs() -> None:
    """icalendar carries a table made from CLDR's file; ours gives the same zones."""
    assert len(WINDOWS_TO_OLSON) > 130
    assert {name: zone(name) for name in WINDOWS_TO_OLSON} == {
        name: zone(key) for name, key in WINDOWS_TO_OLSON.items()
    }


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="GMTUTCgmtutc+-:0123456789() /_\N{MINUS SIGN}"),
        st.sampled_from(EVERY_KEY),
    )
)
@settings(max_examples=300, deadline=None)
def test_no_text_makes_zone_raise(name: str) -> None:
    """Upstream may send anything: the answer is a zone that can be found again by its key, or None."""
    found = zone(name)
    assert found is None or zone_by_key(found.key) is found


# Offsets


@given(st.integers(min_value=-1439, max_value=1439))
@settings(max_examples=100, deadline=None)
def test_a_fixed_zone_is_one_object_with_one_offset(minutes: Any) -> None:
    """In winter and summer, through its key, a copy and a pickle."""
    offset = timedelta(minutes=minutes)
    tz = fixed_zone(offset)
    assert {
        moment.astimezone(tz).utcoffset()
        for moment in (utc(1971, 1, 1), utc(2026, 7, 1), utc(2500, 1, 1))
    } == {offset}
    assert utc(2026, 7, 1).astimezone(tz).dst() in {timedelta(0), None}
    assert (
        zone_by_key(tz.key),
        fixed_zone(offset),
        copy.deepcopy(tz),
        copy.copy(tz),
        pickle.loads(pickle.dumps(tz)),
    ) == (tz,) * 5
    assert is_fixed(tz) is (minutes != 0)
    assert exact_since(tz) == tzif_reader.ALWAYS
    assert Reader(vtimezone(tz.key).decode()).offset(utc(2026, 7, 1)) == offset


def test_no_offset_is_utc() -> None:
    """UTC has one zone, under any name, and it is not a made one."""
    assert fixed_zone(timedelta()) is UTC_ZONE is zone("Etc/UTC") is zone_by_key("UTC")
    assert not is_fixed(UTC_ZONE)
    assert not is_fixed(ZoneInfo("Etc/GMT+5"))


@pytest.mark.parametrize(
    "offset",
    [
        timedelta(seconds=19800.5),
        timedelta(hours=5, seconds=30),
        timedelta(hours=24),
        -timedelta(days=1),
    ],
)
def test_offsets_that_no_feed_can_write_are_refused(offset: Any) -> None:
    """TZOFFSETTO is in whole minutes (rulebook 26), and Python's offsets are below a day."""
    with pytest.raises(ValueError, match="whole minutes"):
        fixed_zone(offset)


@pytest.mark.parametrize("key", EVERY_KEY[::25])
def test_by_key_is_the_inverse_of_key(key: Any) -> None:
    """For every zone of the tz database, also under an old name: a stored key gives the same zone."""
    assert zone_by_key(key) is ZoneInfo(key)
    assert zone_by_key(key).key == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "Mars/Phobos",
        "europe/berlin",
        "Factory",
        "America",
        "../UTC",
        "UTC+5:30",
        "UTC+00:00",
        "UTC+24:00",
    ],
)
def test_a_key_that_no_zone_has(key: Any) -> None:
    """A stored key is exact, unlike an upstream name."""
    with pytest.raises(ValueError):
        zone_by_key(key)


def test_zones_come_from_the_tzdata_package_alone(tmp_path: Path) -> None:
    """Whatever the system has, and whatever was loaded before: here a Berlin with Tokyo's clocks."""
    (tmp_path / "Europe").mkdir()
    tokyo = resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    (tmp_path / "Europe" / "Berlin").write_bytes(tokyo)
    code = (
        "from datetime import datetime; from zoneinfo import ZoneInfo; old = ZoneInfo('Europe/Berlin')\n"
        "from bridge.domain.timezones import zone\n"
        "print(*(datetime(2026, 1, 15, tzinfo=tz).utcoffset() for tz in (old, zone('Europe/Berlin'), ZoneInfo('Europe/Berlin'))))"
    )
    environment = os.environ | {"PYTHONTZPATH": str(tmp_path)}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["9:00:00", "1:00:00", "1:00:00"]
