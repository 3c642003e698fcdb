"""Rules that engines read differently, by the words of RFC 5545 3.3.10.

Expected values are sets of days that each test builds from Python's calendar, without an engine.
"""

from datetime import date, datetime, timedelta
from itertools import islice

from hypothesis import given, strategies as st
import pytest

from bridge.domain.event import Moment
from bridge.domain.recurrence.expand import DAYS, occurrences
from bridge.domain.recurrence.parse import parse_rule
from tests.factories import BERLIN

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
STARTS = st.dates(date(2019, 1, 1), date(2029, 12, 31))
WEEKDAYS = st.lists(st.sampled_from(DAYS), min_size=1, max_size=5)


def first(text: str, start: Moment, number: int, after: Moment | None = None) -> list[Moment]:
    """Return the first starts of a series."""
    return list(islice(occurrences(start, parse_rule(text, start), after=after), number))


@given(STARTS, st.lists(st.integers(1, 53), min_size=1, max_size=4))
def test_weeks_by_number_without_weekdays_have_that_of_the_start(
    start: date, weeks: list[int]
) -> None:
    """Missing parts are derived from DTSTART; weeks count as in ISO 8601 where they start Monday."""
    days = [start + DAY * number for number in range(0, 366 * 8, 7)]
    chosen = [day for day in days if day.isocalendar().week in weeks]
    expected = chosen[:5]
    rule = f"FREQ=YEARLY;BYWEEKNO={','.join(map(str, weeks))}"
    if len(expected) == 5:
        assert first(rule, start, 5) == expected
        assert first(rule, start, 3, after=expected[2]) == expected[2:]


@given(
    STARTS,
    st.sampled_from((1, 2, 52, 53, -1, -2, -52, -53)),
    WEEKDAYS,
    st.sampled_from((1, 2, 3)),
    st.sampled_from((None, 1, 2, -1)),
)
def test_a_numbered_week_is_whole_also_beyond_its_year(
    start: date, number: int, weekdays: list[str], interval: int, position: int | None
) -> None:
    """Week 1 has four days or more in its year, so it may begin in December, and the last week may
    end in January. The period of a yearly rule is the calendar year, counted from DTSTART's.
    """
    expected: list[date] = []
    for year in range(start.year - (interval == 1), start.year + 13 * interval, interval):
        last = date(year, 12, 28).isocalendar().week  # the fourth day of January is in week 1
        week = number if number > 0 else last + 1 + number
        if not 1 <= week <= last:
            continue
        days = [date.fromisocalendar(year, week, day) for day in range(1, 8)]
        days = [day for day in days if DAYS[day.weekday()] in weekdays]
        if position is not None:
            days = days[position - 1 :][:1] if position > 0 else days[position:]
        expected += [day for day in days if day >= start]
    parts = f"INTERVAL={interval};BYWEEKNO={number};BYDAY={','.join(weekdays)}"
    rule = f"FREQ=YEARLY;{parts}" + (f";BYSETPOS={position}" if position else "")
    if not expected:
        with pytest.raises(ValueError, match="never"):
            parse_rule(rule, start)
        return
    assert first(rule, start, 4)[: len(expected)] == expected[:4]
    assert first(rule, start, 1, after=expected[-1]) == expected[-1:]


@given(
    STARTS,
    WEEKDAYS,
    st.sampled_from((-2, -1, 1, 2, 3)),
    st.sampled_from((1, 2, 3)),
    st.sampled_from(("MO", "WE", "SU")),
)
def test_positions_of_a_week_count_from_its_first_day_not_from_the_start(
    start: date, weekdays: list[str], position: int, interval: int, wkst: str
) -> None:
    """BYSETPOS selects of the set of each period, and the period is the whole week."""
    monday = start - DAY * ((start.weekday() - DAYS.index(wkst)) % 7)
    expected = []
    for number in range(0, 20 * interval, interval):
        week = [monday + WEEK * number + DAY * day for day in range(7)]
        selected = [day for day in week if DAYS[day.weekday()] in weekdays]
        index = position - 1 if position > 0 else position
        if -len(selected) <= index < len(selected) and selected[index] >= start:
            expected.append(selected[index])
    parts = f"INTERVAL={interval};BYDAY={','.join(weekdays)};WKST={wkst};BYSETPOS={position}"
    rule = f"FREQ=WEEKLY;{parts}"
    if not expected:
        with pytest.raises(ValueError, match="never"):
            parse_rule(rule, start)
        return
    assert first(rule, start, len(expected)) == expected
    assert first(f"{rule};COUNT=4", start, 9) == expected[:4]
    assert first(rule, start, 9, after=expected[1])[:3] == expected[1:4]


@pytest.mark.parametrize(
    ("doubled", "single"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,MO,FR", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("FREQ=MONTHLY;BYDAY=+1MO,1MO", "FREQ=MONTHLY;BYDAY=1MO"),
        ("FREQ=MONTHLY;BYMONTHDAY=5,5", "FREQ=MONTHLY;BYMONTHDAY=5"),
        ("FREQ=YEARLY;BYMONTH=3,3,4", "FREQ=YEARLY;BYMONTH=3,4"),
    ],
)
def test_a_value_that_comes_twice_counts_once(doubled: str, single: str) -> None:
    """The parts of a rule are sets; libical and others would show such a day twice."""
    start = date(2026, 3, 2)
    assert parse_rule(doubled, start) == parse_rule(single, start)


@pytest.mark.parametrize(
    "part", ["BYHOUR=9,17", "BYMINUTE=0,30", "BYSECOND=5", "BYHOUR=9;BYSETPOS=1"]
)
def test_times_in_a_rule_of_days_are_ignored(part: str) -> None:
    """They MUST be ignored if DTSTART is a DATE."""
    start = date(2026, 3, 11)
    assert first(f"FREQ=DAILY;{part}", start, 3) == [start, start + DAY, start + 2 * DAY]


def test_hours_of_days_of_the_year() -> None:
    """BYYEARDAY limits FREQ=HOURLY. The 100th day of a leap year is 9 April, else 10 April."""
    start = datetime(2027, 3, 1, 9, tzinfo=BERLIN)
    starts = first("FREQ=HOURLY;BYYEARDAY=100;BYHOUR=9,10", start, 4)
    days = ((2027, 4, 10, 9), (2027, 4, 10, 10), (2028, 4, 9, 9), (2028, 4, 9, 10))
    assert starts == [datetime(*day, tzinfo=BERLIN) for day in days]
    with pytest.raises(ValueError, match="BYYEARDAY"):
        parse_rule("FREQ=DAILY;BYYEARDAY=100", start)
