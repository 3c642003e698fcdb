"""Time zones by upstream names, offsets and keys.

Expected values come from the tz database's own text, Java's documentation and CLDR.
"""

import copy
from datetime import timedelta
from importlib import resources
import os
from pathlib import Path
import pickle
import subprocess
import sys
import tomllib
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
import pytest

from bridge.domain.timezones import (
    UTC_ZONE,
    exact_since,
    fixed_zone,
    is_fixed,
    tzif,
    vtimezone,
    zone,
    zone_by_key,
)
from tests.domain.vtimezone_reader import EVERY_KEY, MID_MONTHS, Reader, utc


def find(name: str) -> ZoneInfo:
    """Return the zone with this name, which must exist."""
    known = zone(name)
    assert known is not None, name
    return known


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
        # another case, extra blanks
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
def test_a_name_means_the_zone_under_its_current_key(name: str, key: str) -> None:
    assert find(name).key == key
    assert find(name) is ZoneInfo(key)


@pytest.mark.parametrize(
    ("short", "key"),
    # java.time.ZoneId.SHORT_IDS (Java 8 to 22), with links in today's spelling.
    # EST, MST and HST are -05:00, -07:00 and -10:00.
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
def test_short_ids_are_those_of_java(short: str, key: str) -> None:
    """Zoho is written in Java: BST is Dhaka, and IST is India."""
    assert find(short).key == key


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
def test_an_offset_is_a_fixed_zone(name: str, key: str) -> None:
    assert find(name).key == key
    assert is_fixed(find(name))
    assert find(name) is zone_by_key(key)


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
def test_another_text_is_no_zone(name: str) -> None:
    """It is never a guess: the offset of a label is no zone, and the offset of a date no name."""
    assert zone(name) is None


def test_every_iana_name_keeps_its_clocks() -> None:
    """No alias moves an event: the offsets are those of the named zone, at least since 2000."""
    for key in EVERY_KEY:
        current = find(key)
        for name in (key.lower(), key.upper(), current.key):
            assert find(name) is current
        for moment in MID_MONTHS[::5]:
            expected = moment.astimezone(ZoneInfo(key)).utcoffset()
            assert moment.astimezone(current).utcoffset() == expected, key


def test_the_zone_of_a_country_keeps_its_key() -> None:
    """zone.tab lists them, and people notice 1,000 km between two zones."""
    for tab in ("zone.tab", "zone1970.tab"):
        text = resources.files("tzdata").joinpath("zoneinfo", tab).read_text(encoding="utf-8")
        keys = [line.split("\t")[2] for line in text.splitlines() if not line.startswith("#")]
        assert len(keys) > 300
        assert [find(key).key for key in keys] == keys


def test_the_tables_of_aliases_have_current_keys() -> None:
    file = resources.files("bridge.domain.timezones").joinpath("names.toml")
    tables = tomllib.loads(file.read_text("utf-8"))
    assert len(tables) == 4
    for name, key in [item for table in tables.values() for item in table.items()]:
        assert find(key).key == key, name
        assert find(name).key == key, name


def test_windows_names_are_those_of_cldr() -> None:
    """icalendar has a table made from CLDR's file."""
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
def test_no_name_raises(name: str) -> None:
    """For any text, the result is a zone that its key finds again, or None."""
    known = zone(name)
    assert known is None or zone_by_key(known.key) is known


@given(st.integers(min_value=-1439, max_value=1439))
@settings(max_examples=100, deadline=None)
def test_a_fixed_zone_is_one_object_with_one_offset(minutes: int) -> None:
    """In winter and summer, and by its key, a copy and a pickle."""
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
    assert exact_since(tz) == tzif.ALWAYS
    assert Reader(vtimezone(tz.key).decode()).offset(utc(2026, 7, 1)) == offset


def test_no_offset_is_utc() -> None:
    """UTC is one zone under any name, and not a fixed zone."""
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
def test_offsets_that_no_feed_can_write_are_refused(offset: timedelta) -> None:
    """TZOFFSETTO is in whole minutes (rulebook 26), and Python's offsets are below a day."""
    with pytest.raises(ValueError, match="whole minutes"):
        fixed_zone(offset)


@pytest.mark.parametrize("key", EVERY_KEY[::25])
def test_a_stored_key_returns_the_same_zone(key: str) -> None:
    """For every zone of the tz database, also under an old name."""
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
def test_an_unknown_key_is_refused(key: str) -> None:
    """A stored key is exact, unlike an upstream name."""
    with pytest.raises(ValueError):
        zone_by_key(key)


def test_zones_come_from_the_tzdata_package_alone(tmp_path: Path) -> None:
    """Neither the system nor zones loaded before count: here a Berlin with Tokyo's clocks."""
    (tmp_path / "Europe").mkdir()
    tokyo = resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    (tmp_path / "Europe" / "Berlin").write_bytes(tokyo)
    code = (
        "from datetime import datetime; from zoneinfo import ZoneInfo\n"
        "name = 'Europe/Berlin'; old = ZoneInfo(name)\n"
        "from bridge.domain.timezones import zone\n"
        "for tz in (old, zone(name), ZoneInfo(name)):\n"
        "    print(datetime(2026, 1, 15, tzinfo=tz).utcoffset())"
    )
    environment = os.environ | {"PYTHONTZPATH": str(tmp_path)}
    root = Path(__file__).parents[2]
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.split() == ["9:00:00", "1:00:00", "1:00:00"]
