"""VTIMEZONE text of zones, and the time from which it is exact.

Expected values come from the tz database's own text (its lines are quoted), RFC 5545 and RFC 9636.
Offsets are compared with ``zoneinfo`` by a VTIMEZONE reader of the tests and by dateutil's.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
import io
import re
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from dateutil.tz import tzical
import pytest

from bridge.domain.timezones import exact_since, tzif, vtimezone, zone_by_key
from tests.domain.vtimezone_reader import (
    EVERY_KEY,
    MID_MONTHS,
    SECOND,
    Reader,
    changes_of,
    exact_zones,
    observances,
    offset_of,
    rules_of,
    utc,
)

SAMPLE = (
    "America/Havana",
    "America/New_York",
    "Antarctica/Troll",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Chatham",
)


@pytest.fixture(scope="module")
def zones() -> dict[str, datetime]:
    """Every key with a VTIMEZONE, and the time from which it is exact."""
    return exact_zones()


def assert_same_offsets(keys: Iterable[str], zones: dict[str, datetime]) -> None:
    """Compare offsets at every change, a second before and after it, and in every month."""
    readers: dict[str, Reader] = {}
    for key in keys:
        text, zone = rules_of(key), ZoneInfo(key)
        reader = readers[text] = readers.get(text) or Reader(text)
        steps = (-SECOND, timedelta(), SECOND) if "RRULE" in text else ()
        around = [at + step for at in reader.instants for step in steps]
        first = max(zones[key], utc(2000, 1, 1))
        for moment in (zones[key], *MID_MONTHS, *around):
            if first <= moment < utc(2046, 1, 1):
                assert reader.offset(moment) == moment.astimezone(zone).utcoffset(), (key, moment)


def assert_same_changes(keys: Iterable[str], zones: dict[str, datetime]) -> None:
    """Compare all changes until 2045 to the second. A zone without summer time has none."""
    last = utc(2045, 1, 1)
    for (text, since), key in {(rules_of(key), zones[key]): key for key in keys}.items():
        first = max(since, utc(2000, 1, 1))
        expected = [instant for instant in Reader(text).instants if first < instant <= last]
        assert list(changes_of(ZoneInfo(key), first, last, days=7)) == expected, key
        assert bool(expected) is ("RRULE" in text), key


def test_a_vtimezone_agrees_with_zoneinfo_from_exact_since_on(zones: dict[str, datetime]) -> None:
    assert_same_offsets(SAMPLE, zones)


def test_zoneinfo_has_no_change_that_a_vtimezone_lacks(zones: dict[str, datetime]) -> None:
    assert_same_changes(SAMPLE, zones)


@pytest.mark.slow
def test_every_vtimezone_agrees_with_zoneinfo(zones: dict[str, datetime]) -> None:
    assert_same_offsets(zones, zones)
    assert_same_changes(zones, zones)


def test_exact_since_is_the_first_such_change(zones: dict[str, datetime]) -> None:
    """The pair of rules does not make the last change before it."""
    for key in {(rules_of(key), since): key for key, since in zones.items()}.values():
        since, zone = zones[key], ZoneInfo(key)
        if since == tzif.ALWAYS:
            continue
        after = since.astimezone(zone).utcoffset()
        assert (since - SECOND).astimezone(zone).utcoffset() != after, key
        if "RRULE" in rules_of(key):
            # With the rules extended two years back, this would be the change before ``since``.
            rules = Reader(rules_of(key), years_earlier=2)
            previous, offset, _ = rules.onsets[rules.instants.index(since) - 1]
            actual = list(changes_of(zone, previous - timedelta(hours=1), since - SECOND))
            assert (actual, previous.astimezone(zone).utcoffset()) != ([previous], offset), key


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
        ("Africa/Casablanca", utc(2026, 9, 20, 1)),
        # British Columbia stays on summer time after the spring of 2026
        ("America/Vancouver", utc(2026, 3, 8, 10)),
        # Q 2012 2025 - N Su>=1; Q 2027 ma - N Su>=1: no winter time in 2026
        ("America/Havana", utc(2027, 11, 7, 5)),
        # 2026 N 1 2 changes the name CDT to EST and not the offset
        ("America/Winnipeg", utc(2026, 3, 8, 8)),
        ("Etc/UTC", tzif.ALWAYS),
        ("Etc/GMT+12", tzif.ALWAYS),
    ],
)
def test_exact_since_follows_the_text_of_the_tz_database(key: str, since: datetime | None) -> None:
    assert exact_since(zone_by_key(key)) == since


def test_new_york_equals_the_example_of_rfc_5545() -> None:
    """RFC 5545 3.6.5: the rules since 2007, with the properties of rulebook 26."""
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
    key: str, offset: str, name: str
) -> None:
    """Rulebook 26: a fixed zone has no RRULE."""
    assert vtimezone(key).decode() == (
        f"BEGIN:VTIMEZONE\r\nTZID:{key}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        f"TZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nTZNAME:{name}\r\n"
        "END:STANDARD\r\nEND:VTIMEZONE\r\n"
    )


def test_irish_summer_is_daylight() -> None:
    """Readers expect the larger offset there. Irish law and the tz file call it standard time."""
    winter, summer = observances(vtimezone("Europe/Dublin").decode())
    properties = ("kind", "TZOFFSETTO", "TZNAME", "DTSTART")
    assert [winter[name] for name in properties] == ["STANDARD", "+0000", "GMT", "19961027T020000"]
    assert [summer[name] for name in properties] == ["DAYLIGHT", "+0100", "IST", "19960331T010000"]


def test_every_vtimezone_has_the_shape_that_outlook_reads(zones: dict[str, datetime]) -> None:
    """Rulebook 26, 27: one STANDARD, at most one DAYLIGHT, these properties, lines of 75 octets."""
    observance = (
        r"BEGIN:{0}\r\nDTSTART:(19[7-9]|20[0-9])[0-9]{{5}}T[0-9]{{6}}\r\n{1}"
        r"TZOFFSETFROM:[+-][0-9]{{4}}\r\nTZOFFSETTO:[+-][0-9]{{4}}\r\n"
        r"TZNAME:[A-Za-z0-9+-]+\r\nEND:{0}\r\n"
    )
    rule = r"RRULE:FREQ=YEARLY;BYMONTH=[0-9]{{1,2}};BYDAY=([1-4]|-1)(SU|MO|TU|WE|TH|FR|SA)\r\n"
    constant = observance.replace("{1}", "").format("STANDARD")
    yearly = observance.replace("{1}", rule)
    pair = yearly.format("STANDARD") + yearly.format("DAYLIGHT")
    for key in zones:
        text = vtimezone(key).decode()
        shape = (
            rf"BEGIN:VTIMEZONE\r\nTZID:{re.escape(key)}\r\n(?:{constant}|{pair})END:VTIMEZONE\r\n"
        )
        assert re.fullmatch(shape, text), text
        assert all(len(line) <= 75 for line in text.encode().split(b"\r\n"))


def test_the_first_onsets_match_their_own_rules(zones: dict[str, datetime]) -> None:
    """RFC 5545 3.8.5.3: DTSTART matches the RRULE. Both start within a year of ``exact_since``."""
    for key, since in zones.items():
        for observance in observances(vtimezone(key).decode()):
            if "RRULE" in observance:
                start = datetime.fromisoformat(observance["DTSTART"])
                rule = rrulestr(observance["RRULE"], dtstart=start.replace(month=1, day=1))
                assert next(iter(rule)) == start
                onset = (start - offset_of(observance["TZOFFSETFROM"])).replace(tzinfo=UTC)
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
def test_dateutil_reads_the_same_offsets(key: str) -> None:
    """A second opinion, on wall times."""
    zone = tzical(io.StringIO(vtimezone(key).decode())).get(key)
    for moment in MID_MONTHS[12 * 9 :]:
        wall = moment.astimezone(ZoneInfo(key))
        assert wall.replace(tzinfo=zone).utcoffset() == wall.utcoffset(), wall


def test_a_zone_without_a_yearly_pair_has_no_vtimezone(zones: dict[str, datetime]) -> None:
    """An error is better than a rule that is wrong by a week in some years."""
    keys = sorted(set(EVERY_KEY) - set(zones))
    assert keys
    for key in keys:
        with pytest.raises(ValueError, match=f"the clocks of {key}:"):
            vtimezone(key)
    with pytest.raises(ValueError, match="Mars/Phobos"):
        vtimezone("Mars/Phobos")
