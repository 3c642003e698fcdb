"""The parser of tz files: which footers and changes become a VTIMEZONE, and from when.

Expected values come from RFC 9636, the POSIX TZ text, and a printed calendar.
"""

from datetime import datetime
import struct
from typing import TypeAlias

import pytest

from bridge.domain.timezones import tzif
from tests.domain.vtimezone_reader import observances, utc

Changes: TypeAlias = list[tuple[datetime | None, float]]


def tz_file(changes: Changes, footer: str, *, version: bytes = b"2") -> bytes:
    """Return a TZif file (RFC 9636 3.1, 3.2).

    Changes are (UTC, offset in hours). The first offset is that before all changes.
    """
    count = len(changes)
    types = b"".join(struct.pack(">lbb", int(offset * 3600), 0, 0) for _, offset in changes)
    times = b"".join(struct.pack(">q", int(at.timestamp())) for at, _ in changes if at)
    small = struct.pack(">4sc15x6l", b"TZif", version, 1, 1, 0, 0, 1, 4)
    small += bytes(6) + b"LMT\0" + bytes(2)
    large = struct.pack(">4sc15x6l", b"TZif", version, 0, 0, 0, count - 1, count, 4)
    large += times + bytes(range(1, count)) + types + b"LMT\0"
    return small + large + f"\n{footer}\n".encode()


NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"


@pytest.mark.parametrize(
    ("changes", "footer", "since"),
    [
        pytest.param([(None, -5)], "EST5", tzif.ALWAYS, id="never changed"),
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
            id="changes listed for years of the rules",
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
def test_exact_since_is_the_first_change_from_which_the_footer_has_all(
    changes: Changes, footer: str, since: datetime
) -> None:
    """The change may be in the file or not."""
    assert tzif.exact_since(tz_file(changes, footer)) == since


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
        "",  # the future is unknown
    ],
)
def test_footers_that_no_yearly_weekday_expresses(footer: str) -> None:
    """POSIX can express more than BYMONTH and one nth BYDAY in whole minutes."""
    data = tz_file([(None, 0)], footer)
    assert tzif.exact_since(data) is None
    with pytest.raises(ValueError, match="Here/There"):
        tzif.vtimezone("Here/There", data)


@pytest.mark.parametrize(
    ("footer", "onsets"),
    [
        # POSIX: 02:00 without a time, an hour more without an offset
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
def test_the_footer_becomes_two_yearly_rules(
    footer: str, onsets: list[tuple[str, str, str]]
) -> None:
    """RFC 9636 3.3.1 to RFC 5545 3.3.10; the dates are from a printed calendar."""
    changes: Changes = [(None, -3), (utc(1960, 1, 25, 3), -1.5)]
    if footer.startswith("AAA"):
        changes = [(None, 3), (utc(2030, 1, 1), 3)]
    text = tzif.vtimezone("Here/There", tz_file(changes, footer)).decode()
    blocks = {block["kind"]: block for block in observances(text)}
    for kind, (start, month, day) in zip(("DAYLIGHT", "STANDARD"), onsets, strict=True):
        assert blocks[kind]["DTSTART"] == start
        assert blocks[kind]["RRULE"] == f"FREQ=YEARLY;BYMONTH={month};BYDAY={day}"


@pytest.mark.parametrize(
    "data", [b"GIF89a" + bytes(60), tz_file([(None, 0)], "UTC0", version=b"\0")]
)
def test_another_file_is_refused(data: bytes) -> None:
    """A version 1 file has no footer."""
    with pytest.raises(ValueError, match="TZif"):
        tzif.exact_since(data)
