"""The date forms of Zoho: each is read exactly, everything else is refused.

The forms are those of Zoho APIs 6.2. The instants were worked out by hand,
the epochs with GNU date.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import example, given, strategies as st
import pytest

from bridge.domain.timezones import UTC_ZONE
from bridge.sources.dates import compact, epoch_ms, iso_utc

IST = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-23T02:30:00Z", datetime(2024, 5, 23, 2, 30, tzinfo=UTC)),
        ("2024-02-29T23:59:59Z", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("2024-05-23T08:00:00+05:30", datetime(2024, 5, 23, 2, 30, tzinfo=UTC)),
        ("2024-01-01T00:30:00+01:00", datetime(2023, 12, 31, 23, 30, tzinfo=UTC)),
        ("2024-05-23T02:30:00.618Z", datetime(2024, 5, 23, 2, 30, tzinfo=UTC)),
        ("2024-05-23T02:30:00.5-04:00", datetime(2024, 5, 23, 6, 30, tzinfo=UTC)),
    ],
)
def test_iso_times_are_read_as_utc_in_whole_seconds(text: str, expected: date) -> None:
    assert iso_utc(text) == expected
    assert iso_utc(text).tzinfo is UTC_ZONE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "1510716600986",
            datetime(2017, 11, 15, 3, 30, tzinfo=UTC),
        ),  # Zoho Connect: upcomingEvents, junk milliseconds
        ("1501225200618", datetime(2017, 7, 28, 7, 0, tzinfo=UTC)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("999", datetime(1970, 1, 1, tzinfo=UTC)),
        ("-1", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("-86400000", datetime(1969, 12, 31, tzinfo=UTC)),
    ],
)
def test_epochs_are_cut_to_the_second(text: str, expected: date) -> None:
    assert epoch_ms(text) == expected
    assert epoch_ms(text).tzinfo is UTC_ZONE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20170718T205000+0530", datetime(2017, 7, 18, 20, 50, tzinfo=IST)),
        (
            "20170718T205000-0330",
            datetime(2017, 7, 18, 20, 50, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
        ),
        ("20170718T205000", datetime(2017, 7, 18, 20, 50)),
        ("20170718T061713Z", datetime(2017, 7, 18, 6, 17, 13, tzinfo=UTC)),
        ("20170713T10Z", datetime(2017, 7, 13, 10, tzinfo=UTC)),
        ("20170713T00Z", datetime(2017, 7, 13, 0, tzinfo=UTC)),
        ("20170718T000000", datetime(2017, 7, 18)),
        ("20170728", date(2017, 7, 28)),
        ("20170728Z", date(2017, 7, 28)),
        ("20170728T", date(2017, 7, 28)),
    ],
)
def test_compact_forms_keep_their_kind_and_offset(text: str, expected: date) -> None:
    value = compact(text)
    assert value == expected
    assert type(value) is type(expected)
    if isinstance(expected, datetime):
        assert isinstance(value, datetime)
        assert value.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "2024-05-23",
        "2024-05-23 02:30:00Z",
        "2024-05-23T02:30:00",
        "2024-05-23T02:30Z",
        "2024-02-30T00:00:00Z",
        "2024-05-23T24:00:00Z",
        "2024-05-23T02:30:60Z",
        "20240523T023000Z",
        "2024-05-23T02:30:00+0530",
        "0001-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "2024-05-23T02:30:00+25:00",
        "٢٠٢٤-05-23T02:30:00Z",
        "2024-05-23T02:30:00Z\n",
    ],
)
def test_other_iso_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r" is | has "):
        iso_utc(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.5e12",
        "1501225200618.5",
        "abc",
        "1501225200 618",
        "9" * 15,
        "9" * 40,
        "-" + "9" * 15,
        "١٥",
        "0x10",
        "1_000",
    ],
)
def test_other_epochs_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        epoch_ms(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2017-07-28",
        "20170230",
        "20171301",
        "20170718T2050",
        "20170718T256000Z",
        "20170718T205000+05:30",
        "20170718T205000+9900",
        "20170718T205000+0560",
        "20170718T205000 ",
        "T205000",
        "20170718T10",
        "00010101",
        "99991231T235959Z",
        "1501225200618",
        "20170718TZ5",
        "20170718T205060Z",
        "２０１７０７１８",
    ],
)
def test_other_compact_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        compact(text)


@given(st.text(max_size=30) | st.from_regex(r"[0-9TZ:+.\-]{0,28}", fullmatch=True))
@example("20170718T205000-2400")
@example("99999999999999")
def test_any_text_is_read_or_refused_with_a_value_error(text: str) -> None:
    """No other exception, and what is read converts to UTC without overflow."""
    for read in (iso_utc, epoch_ms, compact):
        try:
            moment = read(text)
        except ValueError:
            continue
        assert 1601 <= moment.year <= 4500
        if isinstance(moment, datetime) and moment.tzinfo:
            assert moment.astimezone(UTC) == moment


@given(
    st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(4400, 1, 1)),
    st.integers(0, 999),
)
def test_every_time_survives_every_form(wall: Any, junk: Any) -> None:
    """A time in UTC in each product's form is the same instant, to the second."""
    moment = wall.replace(microsecond=0, tzinfo=UTC)
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) + junk
    assert iso_utc(f"{moment:%Y-%m-%dT%H:%M:%SZ}") == moment
    assert compact(f"{moment:%Y%m%dT%H%M%SZ}") == moment
    assert epoch_ms(str(milliseconds)) == moment
