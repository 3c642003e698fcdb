"""Limits of repeat rules: rules that cost too much end early. Computed by hand from RFC 5545."""

from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from bridge.domain.recurrence.expand import last_start, occurrences
from bridge.domain.recurrence.parse import parse_rule, without_density
from bridge.domain.timezones import zone_by_key
from tests.call_counter import CallCounter
from tests.factories import BERLIN

NEW_YORK = zone_by_key("America/New_York")
HOURS = "BYHOUR=" + ",".join(map(str, range(24)))
MINUTES = "BYMINUTE=" + ",".join(map(str, range(60)))
SECONDS = "BYSECOND=" + ",".join(map(str, range(60)))


def at(text: str, where: ZoneInfo = BERLIN) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=where)


def first(text: str, start: date, number: int) -> list[date]:
    """Return the first occurrences of a series."""
    return list(islice(occurrences(start, parse_rule(text, start)), number))


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=HOURLY;INTERVAL=168;BYDAY=WE",
        "FREQ=DAILY;INTERVAL=7;BYDAY=WE",
        "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1",
        "FREQ=YEARLY;BYWEEKNO=1;BYMONTH=6",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",  # 29 February 2044
    ],
)
def test_a_rule_that_never_happens_is_sought_for_few_days(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Thursday, 12 March 2026: 13 years have 4,758 days, dateutil ends in the year 9999."""
    counter = CallCounter()
    for name in ("ydayset", "mdayset", "wdayset", "ddayset"):
        counter.patch(monkeypatch, "dateutil.rrule._iterinfo", name)
    with pytest.raises(ValueError, match="12 years"):
        parse_rule(text, at("2026-03-12 10:00"))
    assert 0 < counter.calls < 4800


def test_leap_days_around_2100_are_eight_years_apart_and_all_are_found() -> None:
    days = first("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", date(2088, 2, 29), 4)
    assert [day.year for day in days] == [2088, 2092, 2096, 2104]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        (f"FREQ=DAILY;{HOURS};{MINUTES};{SECONDS}", "2026-03-12 10:00:23"),
        (f"FREQ=DAILY;{HOURS};{MINUTES}", "2026-03-12 10:23:00"),
        ("FREQ=HOURLY;BYMINUTE=0,30", "2026-03-12 21:30:00"),
        ("FREQ=WEEKLY;BYDAY=TU,TH;" + MINUTES, "2026-03-12 10:23:00"),
    ],
)
def test_a_rule_of_more_than_24_a_day_ends_after_24(text: str, last: str) -> None:
    start = at("2026-03-12 10:00")
    rule = without_density(parse_rule(text, start), start)
    slots = list(occurrences(start, rule))
    assert (len(slots), f"{slots[-1]:%Y-%m-%d %H:%M:%S}") == (24, last)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=HOURLY",
        f"FREQ=DAILY;{HOURS}",
        "FREQ=DAILY;BYHOUR=9;BYMINUTE=0,15,30,45",
        "FREQ=HOURLY;INTERVAL=2;BYMINUTE=0,30",
        f"FREQ=DAILY;{HOURS};{MINUTES};COUNT=20",
        f"FREQ=DAILY;{HOURS};{MINUTES};BYSETPOS=1",
    ],
)
def test_a_rule_of_at_most_24_a_day_stays(text: str) -> None:
    start = at("2026-03-12 10:00")
    rule = parse_rule(text, start)
    assert without_density(rule, start) == rule


def test_the_times_in_an_all_day_rule_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5545 3.3.10: BYHOUR, BYMINUTE and BYSECOND are ignored for a DATE."""
    counter = CallCounter()
    counter.patch(monkeypatch, "bridge.domain.recurrence.expand", "_slot")
    days = first(f"FREQ=DAILY;{HOURS};{MINUTES};{SECONDS}", date(2026, 3, 12), 30)
    assert days == [date(2026, 3, 12) + timedelta(days=number) for number in range(30)]
    assert 30 <= counter.calls < 32 * 24


def test_the_times_before_the_window_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 50,000 hours from March 2021, 5 days of April 2026 have 120; zones cost the most."""
    start = at("2021-03-12 10:00")
    rule = parse_rule("FREQ=HOURLY;COUNT=50000", start)
    counter = CallCounter()
    counter.patch(monkeypatch, "bridge.domain.recurrence.expand", "_slot")
    slots = list(
        occurrences(start, rule, after=at("2026-04-01 00:00"), before=at("2026-04-06 00:00"))
    )
    assert (len(slots), slots[0]) == (120, at("2026-04-01 00:00"))
    assert 120 <= counter.calls < 120 + 72


@pytest.mark.parametrize(("count", "kept"), [(50_000, 50_000), (50_001, None), (1_000_000, None)])
def test_a_count_of_more_than_50000_is_none(count: int, kept: int | None) -> None:
    start = at("2026-03-12 10:00")
    assert parse_rule(f"FREQ=DAILY;COUNT={count}", start).count == kept


def test_a_series_ends_before_the_end_of_pythons_calendar() -> None:
    """20:00 in New York on 31 December 9999 has no time in UTC that Python can hold."""
    start = at("2026-12-31 20:00", NEW_YORK)
    rule = parse_rule("FREQ=YEARLY;INTERVAL=7973;COUNT=2", start)
    assert last_start(start, rule) == start
