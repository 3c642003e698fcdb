"""Recurrence rules: parsed, rendered, expanded, and checked for what every client reads alike.

Expected values are the examples of RFC 5545 (3.8.5.3), dateutil's on wall times, or computed by
hand.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil import rrule as dateutil_rrule
from hypothesis import given, settings, strategies as st
import pytest

from bridge.domain.event import Moment, Rule
from bridge.domain.recurrence.expand import last_start, occurrences
from bridge.domain.recurrence.parse import parse_rule
from bridge.domain.recurrence.rrule import is_portable, render_rule
from bridge.domain.timezones import fixed_zone, zone_by_key
from tests.factories import BERLIN

NEW_YORK = zone_by_key("America/New_York")
KOLKATA = zone_by_key("Asia/Kolkata")


def at(text: str, where: ZoneInfo = BERLIN) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=where)


def first(
    start: Moment,
    text: str,
    number: int = 40,
    *,
    after: Moment | None = None,
    before: Moment | None = None,
) -> list[Moment]:
    """Return the first occurrences of a series."""
    rule = parse_rule(text, start)
    return list(islice(occurrences(start, rule, after=after, before=before), number))


def in_utc(moments: Iterable[Moment]) -> list[str]:
    times = (moment.astimezone(UTC) for moment in moments if isinstance(moment, datetime))
    return [f"{time:%d %H:%M}" for time in times]


def days(moments: Iterable[Moment]) -> list[str]:
    return [f"{moment:%m-%d}" for moment in moments]


# RFC 5545 3.8.5.3: DTSTART;TZID=America/New_York:19970902T090000, except with another start.
RFC_EXAMPLES = [
    (
        "daily for 10 occurrences",
        "FREQ=DAILY;COUNT=10",
        "1997-09-02",
        "09-02 09-03 09-04 09-05 09-06 09-07 09-08 09-09 09-10 09-11",
    ),
    (
        "daily until 24 December",
        "FREQ=DAILY;UNTIL=19970906T000000Z",
        "1997-09-02",
        "09-02 09-03 09-04 09-05",
    ),
    ("every other day", "FREQ=DAILY;INTERVAL=2", "1997-09-02", "09-02 09-04 09-06 09-08"),
    (
        "every 10 days, 5",
        "FREQ=DAILY;INTERVAL=10;COUNT=5",
        "1997-09-02",
        "09-02 09-12 09-22 10-02 10-12",
    ),
    ("weekly for 10", "FREQ=WEEKLY;COUNT=4", "1997-09-02", "09-02 09-09 09-16 09-23"),
    ("every other week", "FREQ=WEEKLY;INTERVAL=2;WKST=SU", "1997-09-02", "09-02 09-16 09-30 10-14"),
    (
        "Tue and Thu for 5 weeks",
        "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
        "1997-09-02",
        "09-02 09-04 09-09 09-11 09-16 09-18 09-23 09-25 09-30 10-02",
    ),
    (
        "every other week, Tue and Thu, 8",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        "1997-09-02",
        "09-02 09-04 09-16 09-18 09-30 10-02 10-14 10-16",
    ),
    (
        "first Friday for 10",
        "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
        "1997-09-05",
        "09-05 10-03 11-07 12-05 01-02 02-06 03-06 04-03 05-01 06-05",
    ),
    (
        "every other month, first and last Sunday",
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "1997-09-07",
        "09-07 09-28 11-02 11-30 01-04 01-25 03-01 03-29 05-03 05-31",
    ),
    (
        "second-to-last Monday for 6",
        "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        "1997-09-22",
        "09-22 10-20 11-17 12-22 01-19 02-16",
    ),
    (
        "third-to-last day",
        "FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=6",
        "1997-09-28",
        "09-28 10-29 11-28 12-29 01-29 02-26",
    ),
    (
        "2nd and 15th for 10",
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
        "1997-09-02",
        "09-02 09-15 10-02 10-15 11-02 11-15 12-02 12-15 01-02 01-15",
    ),
    (
        "first and last day of the month",
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        "1997-09-30",
        "09-30 10-01 10-31 11-01 11-30 12-01 12-31 01-01 01-31 02-01",
    ),
    (
        "every Tuesday, every other month",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
        "1997-09-02",
        "09-02 09-09 09-16 09-23 09-30 11-04 11-11",
    ),
    (
        "June and July for 10",
        "FREQ=YEARLY;COUNT=4;BYMONTH=6,7",
        "1997-06-10",
        "06-10 07-10 06-10 07-10",
    ),
    (
        "day 1, 100, 200 every third year",
        "FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200",
        "1997-01-01",
        "01-01 04-10 07-19 01-01",
    ),
    (
        "20th Monday of the year",
        "FREQ=YEARLY;BYDAY=20MO;COUNT=3",
        "1997-05-19",
        "05-19 05-18 05-17",
    ),
    (
        "Monday of week 20",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3",
        "1997-05-12",
        "05-12 05-11 05-17",
    ),
    (
        "every Thursday in March",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=4",
        "1997-03-13",
        "03-13 03-20 03-27 03-05",
    ),
    (
        "Friday the 13th",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3",
        "1998-02-13",
        "02-13 03-13 11-13",
    ),
    (
        "first Saturday after the first Sunday",
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13;COUNT=4",
        "1997-09-13",
        "09-13 10-11 11-08 12-13",
    ),
    (
        "US presidential election day",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3",
        "1996-11-05",
        "11-05 11-07 11-02",
    ),
    (
        "third of Tue, Wed, Thu",
        "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
        "1997-09-04",
        "09-04 10-07 11-06",
    ),
    (
        "second-to-last weekday",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=4",
        "1997-09-29",
        "09-29 10-30 11-27 12-30",
    ),
    (
        "weeks that begin on Monday",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        "1997-08-05",
        "08-05 08-10 08-19 08-24",
    ),
    (
        "weeks that begin on Sunday",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        "1997-08-05",
        "08-05 08-17 08-19 08-31",
    ),
    (
        "invalid dates are passed over",
        "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
        "2007-01-15",
        "01-15 01-30 02-15 03-15 03-30",
    ),
]


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [case[1:] for case in RFC_EXAMPLES],
    ids=[case[0] for case in RFC_EXAMPLES],
)
def test_the_examples_of_the_standard(rule: str, start: str, expected: str) -> None:
    """RFC 5545 3.8.5.3: at 9 o'clock in New York, in summer and winter."""
    starts = first(at(f"{start} 09:00", NEW_YORK), rule, len(expected.split()))
    assert days(starts) == expected.split()
    assert {f"{moment:%H:%M}" for moment in starts} == {"09:00"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RRULE:FREQ=DAILY", Rule(freq="DAILY")),
        ("rrule:freq=daily;interval=2", Rule(freq="DAILY", interval=2)),
        (" FREQ = WEEKLY ; BYDAY = MO , WE ;", Rule(freq="WEEKLY", byday=("MO", "WE"))),
        ("FREQ=MONTHLY;BYDAY=+1MO", Rule(freq="MONTHLY", byday=("1MO",))),
        ("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=3", Rule(freq="MONTHLY", byday=("FR",), bysetpos=(3,))),
        ("FREQ=DAILY;COUNT=5", Rule(freq="DAILY", count=5)),
        ("FREQ=WEEKLY;WKST=SU", Rule(freq="WEEKLY", wkst="SU")),
        (
            "FREQ=DAILY;UNTIL=20260401",
            Rule(freq="DAILY", until=at("2026-04-01 23:59").replace(second=59)),
        ),
        ("FREQ=DAILY;UNTIL=20260401T100000", Rule(freq="DAILY", until=at("2026-04-01 10:00"))),
        ("FREQ=DAILY;UNTIL=20260401T10Z", Rule(freq="DAILY", until=at("2026-04-01 12:00"))),
        ("FREQ=DAILY;UNTIL=20260401T100000Z", Rule(freq="DAILY", until=at("2026-04-01 12:00"))),
    ],
)
def test_a_rule_is_parsed_in_every_form_of_zoho(text: str, expected: Rule) -> None:
    """Zoho Calendar, events list: with and without its name, UNTIL as date, wall time and UTC."""
    assert parse_rule(text, at("2026-03-02 10:00")) == expected


@pytest.mark.parametrize(
    "start", [at("2026-03-02 10:00"), at("2026-03-02 10:00", NEW_YORK), date(2026, 3, 2)]
)
def test_an_until_in_the_year_9999_means_no_end(start: Moment) -> None:
    """Programs write "without end" so. Arithmetic with zones fails on that day."""
    assert parse_rule("FREQ=DAILY;UNTIL=99991231T235959Z", start).until is None


@pytest.mark.parametrize(
    "until", ["20260410", "20260410Z", "20260410T000000Z", "20260410T183000Z", "20260410T000000"]
)
def test_an_all_day_series_ends_on_the_date_of_its_until(until: str) -> None:
    """Rulebook 37: a DATE for a DATE, in every form of Zoho."""
    start, text = date(2026, 4, 6), f"FREQ=DAILY;UNTIL={until}"
    assert days(first(start, text)) == ["04-06", "04-07", "04-08", "04-09", "04-10"]
    assert render_rule(parse_rule(text, start), start) == "FREQ=DAILY;UNTIL=20260410"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("FREQ=DAILY;COUNT=3;UNTIL=20260320T000000Z", "count"),
        ("FREQ=DAILY;COUNT=30;UNTIL=20260305T230000Z", "until"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20260304T090000Z", "count"),  # both end on the same instance
    ],
)
def test_of_count_and_until_the_first_to_end_stays(text: str, part: str) -> None:
    """Rulebook 37: with both, libical drops the rule."""
    rule = parse_rule(text, at("2026-03-02 10:00"))
    assert (rule.count is not None, rule.until is not None) == (part == "count", part == "until")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "frequency"),
        ("FREQ=SOMETIMES", "SOMETIMES"),
        ("BYDAY=MO", "frequency"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=many", "COUNT=MANY"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL=TOMORROW"),
        ("FREQ=DAILY;UNTIL=20261301", "UNTIL=20261301"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY=2MO"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY=0MO"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH=13"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH=-1"),
        ("FREQ=DAILY;BYEASTER=1", "BYEASTER"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ"),
        ("FREQ=DAILY;COUNT", "COUNT"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never"),
        ("FREQ=DAILY;UNTIL=20200101", "never"),
        ("FREQ=MINUTELY", "MINUTELY"),
        ("FREQ=HOURLY;BYSETPOS=5", "never"),
        ("FREQ=MONTHLY;BYMONTH=4,6;BYMONTHDAY=31", "never"),
        ("FREQ=DAILY;BYWEEKNO=20", "BYWEEKNO"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "BYDAY=1MO"),  # MUST NOT be together
        ("FREQ=HOURLY;INTERVAL=24;BYHOUR=5", "never"),
        ("FREQ=DAILY;UNTIL=00010101T000000Z", "UNTIL"),
        ("FREQ=SECONDLY;COUNT=5", "SECONDLY"),
    ],
)
def test_the_error_of_an_unreadable_rule_names_the_part(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        parse_rule(text, at("2026-03-02 10:00"))


@pytest.mark.parametrize(
    ("start", "until", "written"),
    [
        # Zoho Calendar, the sample of the events list: 15:30 in Kolkata is 10:00 UTC, so the digits
        # of the wall time are later.
        (at("2017-07-15 15:30", KOLKATA), "20170830T100100Z", "20170830T153000Z"),
        # West of Greenwich, UTC is later: 20:00 in New York is 01:00 UTC of the next day.
        (at("2026-03-02 20:00", NEW_YORK), "20260306T235959Z", "20260306T010000Z"),
        # An UNTIL long after the last start is reduced to it.
        (at("2026-03-02 10:00", BERLIN), "20260308T000000Z", "20260307T100000Z"),
    ],
)
def test_until_is_the_later_of_two_readings_of_the_last_start(
    start: datetime, until: str, written: str
) -> None:
    """Rulebook 38."""
    freq = "WEEKLY;BYDAY=MO,WE,SA" if start.year == 2017 else "DAILY"
    assert f"UNTIL={written}" in render_rule(parse_rule(f"FREQ={freq};UNTIL={until}", start), start)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=WEEKLY;COUNT=4;INTERVAL=2;BYDAY=MO,FR;WKST=SU",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=YEARLY;BYMONTHDAY=4;BYMONTH=7",
    ],
)
def test_parsing_a_rendered_rule_returns_the_rule(text: str) -> None:
    start = at("2026-03-02 10:00")
    rule = parse_rule(text, start)
    assert parse_rule(render_rule(rule, start), start) == rule


def test_a_time_that_clocks_skip_moves_by_the_gap() -> None:
    """RFC 5545 3.3.5: 02:30 on 29 March 2026 does not exist in Berlin.

    With the offset before the change, it is 03:30.
    """
    starts = first(at("2026-03-28 02:30"), "FREQ=DAILY;COUNT=3")
    assert [f"{moment:%d %H:%M}" for moment in starts] == ["28 02:30", "29 03:30", "30 02:30"]


def test_of_a_time_that_clocks_show_twice_the_first_counts() -> None:
    """RFC 5545 3.3.5: 02:30 on 25 October 2026 happens twice in Berlin, first in summer time."""
    starts = first(at("2026-10-24 02:30"), "FREQ=DAILY;COUNT=3")
    assert in_utc(starts) == ["24 00:30", "25 00:30", "26 01:30"]


def test_hours_that_coincide_after_a_gap_happen_once() -> None:
    starts = first(at("2026-03-29 00:30"), "FREQ=HOURLY;COUNT=6")
    assert len({*in_utc(starts)}) == len(starts) == 5


@pytest.mark.parametrize(
    ("after", "before", "expected"),
    [
        (at("2026-03-04 10:00"), at("2026-03-06 10:00"), ["03-04", "03-05"]),
        (at("2026-03-04 10:01"), at("2026-03-06 10:01"), ["03-05", "03-06"]),
        (date(2026, 3, 4), date(2026, 3, 6), ["03-04", "03-05"]),
        (None, at("2026-03-04 00:00"), ["03-02", "03-03"]),
        (at("2025-01-01 00:00"), at("2026-03-03 00:00"), ["03-02"]),
    ],
)
def test_after_is_inclusive_and_before_is_exclusive(
    after: Moment | None, before: Moment, expected: list[str]
) -> None:
    assert days(first(at("2026-03-02 10:00"), "FREQ=DAILY", after=after, before=before)) == expected


@pytest.mark.parametrize(
    ("rule", "start", "portable"),
    [
        # rulebook 45: Outlook's templates
        ("FREQ=DAILY", "2026-03-31", True),
        ("FREQ=DAILY;INTERVAL=3;COUNT=5", "2026-03-02", True),
        ("FREQ=DAILY;BYDAY=MO,TU", "2026-03-02", False),
        ("FREQ=DAILY;BYMONTH=3", "2026-03-02", False),
        ("FREQ=WEEKLY", "2026-03-31", True),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE;WKST=SU", "2026-03-02", True),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", "2026-03-02", False),
        ("FREQ=MONTHLY", "2026-03-28", True),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "2026-03-15", True),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "2026-03-15", False),
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-03-10", True),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-03-27", True),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "2026-03-10", True),
        ("FREQ=MONTHLY;BYDAY=5MO", "2026-03-30", False),  # some months have none
        ("FREQ=MONTHLY;BYDAY=-2FR", "2026-03-20", False),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO", "2026-03-02", False),
        ("FREQ=MONTHLY;BYDAY=MO", "2026-03-02", False),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-03-31", False),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-03-13", False),
        ("FREQ=MONTHLY;BYMONTH=3,6", "2026-03-02", False),
        ("FREQ=YEARLY", "2026-03-02", True),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=2", "2026-03-02", True),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26", True),
        ("FREQ=YEARLY;BYMONTHDAY=2", "2026-03-02", False),
        ("FREQ=YEARLY;BYDAY=20MO", "2026-05-18", False),
        ("FREQ=YEARLY;BYMONTH=3,9", "2026-03-02", False),
        ("FREQ=YEARLY;BYWEEKNO=10;BYDAY=MO", "2026-03-02", False),
        ("FREQ=YEARLY;BYYEARDAY=61", "2026-03-02", False),
        ("FREQ=HOURLY", "2026-03-02", False),
        ("FREQ=DAILY;BYHOUR=9,17", "2026-03-02", False),
        # rulebook 46: days that some months do not have
        ("FREQ=MONTHLY", "2026-03-29", False),
        ("FREQ=MONTHLY", "2026-03-31", False),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-03-31", False),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-03-31", True),
        ("FREQ=YEARLY", "2028-02-29", False),
        ("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=31", "2026-01-31", False),
    ],
)
def test_only_rules_that_every_client_reads_alike_are_portable(
    rule: str, start: str, portable: bool
) -> None:
    moment = at(f"{start} 10:00")
    assert is_portable(parse_rule(rule, moment), moment) is portable


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=DAILY;UNTIL=20260401T000000Z", at("2026-03-31 10:00")),
        ("FREQ=YEARLY;UNTIL=20260301T000000Z", at("2025-03-02 10:00")),
        ("FREQ=DAILY;COUNT=3", at("2006-03-04 10:00")),
        ("FREQ=DAILY", None),
    ],
)
def test_the_last_start_of_a_series_that_ends(rule: str, last: datetime | None) -> None:
    start = at("2006-03-02 10:00")
    assert last_start(start, parse_rule(rule, start)) == last


ordinals = st.sampled_from(["", "1", "2", "-1", "-2"])
weekdays = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
rules = st.one_of(
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 9)),
    st.builds(
        "FREQ=WEEKLY;INTERVAL={};BYDAY={},{};WKST={}".format,
        st.integers(1, 5),
        weekdays,
        weekdays,
        weekdays,
    ),
    st.builds("FREQ=WEEKLY;INTERVAL={}".format, st.integers(1, 5)),
    st.builds("FREQ=MONTHLY;INTERVAL={};BYDAY={}{}".format, st.integers(1, 7), ordinals, weekdays),
    st.builds("FREQ=MONTHLY;INTERVAL={}".format, st.integers(1, 7)),
    st.builds("FREQ=MONTHLY;BYMONTHDAY={},{}".format, st.integers(1, 31), st.integers(-5, -1)),
    st.builds("FREQ=YEARLY;INTERVAL={}".format, st.integers(1, 3)),
    st.builds("FREQ=YEARLY;BYMONTH={};BYDAY={}{}".format, st.integers(1, 12), ordinals, weekdays),
    # dateutil leaves out days of week 1 in December, and of weeks 52 and 53 in January.
    st.builds("FREQ=YEARLY;BYWEEKNO={};BYDAY={}".format, st.integers(2, 51), weekdays),
    st.builds("FREQ=YEARLY;BYYEARDAY={}".format, st.integers(1, 366)),
)


@settings(max_examples=150, deadline=None)
@given(
    rule=rules,
    start=st.datetimes(datetime(2005, 1, 1), datetime(2024, 1, 1)).map(
        lambda time: time.replace(second=0, microsecond=0)
    ),
    gap=st.integers(0, 4000),
    count=st.one_of(st.none(), st.integers(1, 60)),
)
def test_a_late_entry_into_an_old_series_returns_the_same_starts(
    rule: str, start: datetime, gap: int, count: int | None
) -> None:
    """dateutil, which counts from the first instance, is the second implementation."""
    text = rule + (f";COUNT={count}" if count else "")
    after, before = start + timedelta(days=gap), start + timedelta(days=gap + 500)
    walls = dateutil_rrule.rrulestr(text, dtstart=start).between(after, before, inc=True)
    expected = [wall for wall in walls if wall < before]
    zone = fixed_zone(timedelta(hours=5, minutes=30))
    begin, after, before = (time.replace(tzinfo=zone) for time in (start, after, before))
    try:
        parsed = parse_rule(text, begin)
    except ValueError:
        assert not expected
        return
    starts = occurrences(begin, parsed, after=after, before=before)
    assert [f"{moment:%Y%m%dT%H%M}" for moment in starts] == [f"{w:%Y%m%dT%H%M}" for w in expected]
