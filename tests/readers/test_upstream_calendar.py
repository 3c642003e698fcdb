"""The second implementation of a Zoho calendar, held to the examples of RFC 5545 3.8.5.3 and 3.3.5."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from tests.readers.upstream_calendar import DAY, HOUR, PLACES, WEEK, Repeat, Series
from tests.series_generator import generate_series

TODAY = date(2026, 11, 21)
NEW_YORK = PLACES[1]

NEW_YORK_1997 = Series(
    number=0,
    title="",
    place=NEW_YORK,
    start=datetime(1997, 9, 2, 9),
    length=HOUR,
    repeat=Repeat(freq="DAILY"),
)
RFC_EXAMPLES = [
    (
        {"freq": "DAILY", "count": 10},
        "1997-09-02",
        "09-02 09-03 09-04 09-05 09-06 09-07 09-08 09-09 09-10 09-11",
    ),
    ({"freq": "DAILY", "interval": 10, "count": 5}, "1997-09-02", "09-02 09-12 09-22 10-02 10-12"),
    (
        {
            "freq": "YEARLY",
            "until": datetime(2000, 1, 31, 14, tzinfo=UTC),
            "bymonth": (1,),
            "byday": WEEK,
        },
        "1998-01-01",
        93,
    ),
    (
        {"freq": "WEEKLY", "interval": 2, "wkst": "SU", "count": 4},
        "1997-09-02",
        "09-02 09-16 09-30 10-14",
    ),
    (
        {"freq": "WEEKLY", "interval": 2, "count": 8, "wkst": "SU", "byday": ("TU", "TH")},
        "1997-09-02",
        "09-02 09-04 09-16 09-18 09-30 10-02 10-14 10-16",
    ),
    (
        {"freq": "MONTHLY", "count": 5, "byday": ("1FR",)},
        "1997-09-05",
        "09-05 10-03 11-07 12-05 01-02",
    ),
    (
        {"freq": "MONTHLY", "interval": 2, "count": 6, "byday": ("1SU", "-1SU")},
        "1997-09-07",
        "09-07 09-28 11-02 11-30 01-04 01-25",
    ),
    (
        {"freq": "MONTHLY", "count": 6, "byday": ("-2MO",)},
        "1997-09-22",
        "09-22 10-20 11-17 12-22 01-19 02-16",
    ),
    (
        {"freq": "MONTHLY", "count": 6, "bymonthday": (-3,)},
        "1997-09-28",
        "09-28 10-29 11-28 12-29 01-29 02-26",
    ),
    (
        {"freq": "MONTHLY", "count": 5, "bymonthday": (1, -1)},
        "1997-09-30",
        "09-30 10-01 10-31 11-01 11-30",
    ),
    ({"freq": "YEARLY", "count": 4, "bymonth": (6, 7)}, "1997-06-10", "06-10 07-10 06-10 07-10"),
    ({"freq": "YEARLY", "count": 3, "byday": ("20MO",)}, "1997-05-19", "05-19 05-18 05-17"),
    (
        {"freq": "YEARLY", "count": 4, "bymonth": (3,), "byday": ("TH",)},
        "1997-03-13",
        "03-13 03-20 03-27 03-05",
    ),
    (
        {"freq": "MONTHLY", "count": 6, "byday": ("FR",), "bymonthday": (13,)},
        "1997-09-02",  # DTSTART is an instance, even if the rule does not match it
        "09-02 02-13 03-13 11-13 08-13 10-13",
    ),
    (
        {
            "freq": "YEARLY",
            "interval": 4,
            "count": 3,
            "bymonth": (11,),
            "byday": ("TU",),
            "bymonthday": (2, 3, 4, 5, 6, 7, 8),
        },
        "1996-11-05",
        "11-05 11-07 11-02",
    ),
    (
        {"freq": "MONTHLY", "count": 3, "byday": ("TU", "WE", "TH"), "bysetpos": (3,)},
        "1997-09-04",
        "09-04 10-07 11-06",
    ),
    (
        {"freq": "MONTHLY", "count": 4, "byday": WEEK[:5], "bysetpos": (-2,)},
        "1997-09-29",
        "09-29 10-30 11-27 12-30",
    ),
    (
        {"freq": "WEEKLY", "interval": 2, "count": 4, "byday": ("TU", "SU")},
        "1997-08-05",
        "08-05 08-10 08-19 08-24",
    ),
    (
        {"freq": "WEEKLY", "interval": 2, "count": 4, "byday": ("TU", "SU"), "wkst": "SU"},
        "1997-08-05",
        "08-05 08-17 08-19 08-31",
    ),
    (
        {"freq": "MONTHLY", "count": 5, "bymonthday": (15, 30)},
        "2007-01-15",
        "01-15 01-30 02-15 03-15 03-30",
    ),
]


@pytest.mark.parametrize(("rule", "first", "expected"), RFC_EXAMPLES)
def test_a_rule_has_the_days_of_the_standard_s_example(
    rule: dict[str, Any], first: str, expected: str | int
) -> None:
    """RFC 5545 3.8.5.3."""
    start = datetime.combine(date.fromisoformat(first), time(9))
    slots = list(replace(NEW_YORK_1997, start=start, repeat=Repeat(**rule)).slots(date(2010, 1, 1)))
    clock = NEW_YORK.clock
    assert all(isinstance(slot, datetime) and slot.astimezone(clock).hour == 9 for slot in slots)
    days = [f"{slot:%m-%d}" for slot in slots]
    assert (len(days) if isinstance(expected, int) else " ".join(days)) == expected


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        # Clocks show it twice: the first counts, in daylight time.
        (datetime(2007, 11, 4, 1, 30), "05:30"),
        # Clocks skip it: the offset before the change counts, so they show 3:30.
        (datetime(2007, 3, 11, 2, 30), "07:30"),
    ],
)
def test_an_ambiguous_wall_time_has_the_offset_of_the_standard(wall: datetime, utc: str) -> None:
    """RFC 5545 3.3.5, both examples in New York."""
    assert f"{NEW_YORK.instant(wall):%H:%M}" == utc


def test_the_length_stays_exact_across_a_change_of_clocks() -> None:
    nights = replace(
        NEW_YORK_1997,
        start=datetime(2026, 10, 24, 22),
        length=8 * HOUR,
        repeat=Repeat(freq="WEEKLY"),
    )
    (_, normal, _), (_, long, _) = nights.instances(date(2026, 10, 24), date(2026, 11, 2))
    # 6:00 in New York, and 5:00 after the change.
    assert (normal, long) == ("2026-10-25T10:00:00Z", "2026-11-01T10:00:00Z")


@pytest.mark.slow
def test_the_generated_series_have_every_kind_of_rule_and_exception() -> None:
    """300 series in at least 12 zones over two years."""
    series = generate_series(300, TODAY)
    assert len(series) == 300
    assert len({item.place.name for item in series}) >= 12
    assert {item.repeat.freq for item in series} == {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
    overrides = [override for item in series for override in item.overrides]
    kinds = Counter(override.title.partition(": ")[2] for override in overrides)
    rare = {"renamed", "moved", "moved far", "in or out", "onto", "kind", "place", "longer"}
    assert all(kinds[kind] >= 10 for kind in rare)
    assert sum(len(item.excluded) for item in series) > 50
    assert kinds[""] > 30  # deleted
    first, last = TODAY - 365 * DAY, TODAY + 365 * DAY
    assert sum(len(item.instances(first, last)) for item in series) > 10_000
