"""When an event of Connect is, and what its two clocks tell of the account's time zone.

Connect gives every time twice: as milliseconds since 1970, and as the wall clock of a zone that it doesn't name, the
one in the account's profile. The milliseconds are right for timed events; those of an all-day event are midnight
somewhere else, so there the wall date counts, and its end is the last day. ``googleCalendarUrl`` joins the local date
to the UTC time, is a day off whenever the two dates differ, and is never read (Zoho Connect: upcoming events).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bridge.domain.event import Moment, to_utc
from bridge.domain.timezones import UTC_ZONE
from bridge.sources.dates import compact, epoch_ms
from bridge.sources.fields import flag, number

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)  # no clock on Earth is further from UTC

Digits = str | int | None


class Times(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields of an event that tell when it is; all are text, flags are there only when true."""

    is_all_day: Any = None
    start_time: Digits = None
    end_time: Digits = None
    start_year: Digits = None
    start_month: Digits = None
    start_date: Digits = None
    start_hour: Digits = None
    start_min: Digits = None
    end_year: Digits = None
    end_month: Digits = None
    end_date: Digits = None
    date: Digits = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Start and exclusive end; ``offset`` is the profile's from UTC at the start, None where it can't be told."""

    start: Moment
    end: Moment
    offset: timedelta | None = None
    mended: tuple[str, ...] = ()


def read_span(times: Times, here: ZoneInfo | None) -> Span:
    """Read when an event is, timed ones in ``here`` or else in UTC. ValueError without a readable start."""
    try:
        all_day = flag(times.is_all_day)
    except ValueError as error:
        raise ValueError(f"its isAllDay can't be read: {error}") from error
    return _days(times) if all_day else _timed(times, here or UTC_ZONE)


def clock_notes(spans: Iterable[Span], here: ZoneInfo | None) -> tuple[str, ...]:
    """Say what the admin should know of the account's clock, once for all events."""
    seen = [
        (span.start, span.offset)
        for span in spans
        if isinstance(span.start, datetime) and span.offset is not None
    ]
    offsets = {offset for _, offset in seen}
    if here is None:
        if offsets <= {timedelta(0)}:
            return ()
        remark = (
            f"The times of this network's profile are {_names(offsets)}; set zoho.connect_timezone to its time zone "
            "(Connect: settings of the account). Until then the events are shown in UTC, at the right moments."
        )
        return (remark,)
    ours = {
        start.utcoffset() or timedelta(0) for start, offset in seen if start.utcoffset() != offset
    }
    theirs = {offset for start, offset in seen if start.utcoffset() != offset}
    if not theirs:
        return ()
    remark = (
        f"zoho.connect_timezone is {here.key} ({_names(ours)}), but the times of this network's profile are "
        f"{_names(theirs)}; correct the setting. The events are at the right moments all the same."
    )
    return (remark,)


def _days(times: Times) -> Span:
    mended: list[str] = []
    try:
        first = _date(times.start_year, times.start_month, times.start_date)
    except ValueError:
        first = _stamp(times.date)
    try:
        last = _date(times.end_year, times.end_month, times.end_date)
    except ValueError as error:
        mended.append(f"its last day can't be read ({error}), and it is shown on its first")
        last = first
    if last < first:
        mended.append(f"its last day {last} is before its first, and it is shown on its first")
        last = first
    return Span(start=first, end=last + _DAY, mended=tuple(mended))


def _timed(times: Times, here: ZoneInfo) -> Span:
    mended: list[str] = []
    start = _epoch(times.start_time)
    try:
        end = _epoch(times.end_time)
    except ValueError as error:
        mended.append(f"its endTime can't be read ({error}), and it ends when it starts")
        end = start
    if end < start:
        mended.append(
            f"its end {end:%Y-%m-%d %H:%M} UTC is before its start, and it ends when it starts"
        )
        end = start
    return Span(
        start=start.astimezone(here),
        end=end.astimezone(here),
        offset=_offset(times, start),
        mended=tuple(mended),
    )


def _offset(times: Times, start: datetime) -> timedelta | None:
    try:
        day = _date(times.start_year, times.start_month, times.start_date)
        hour, minute = _needed(times.start_hour), _needed(times.start_min)
        wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    offset = wall - to_utc(start).replace(second=0)
    return offset if _WEST <= offset <= _EAST else None


def _epoch(value: Digits) -> datetime:
    if value is None:
        raise ValueError("it has no time")
    return epoch_ms(str(value).strip())


def _date(year: Digits, month: Digits, day: Digits) -> date:
    return compact(f"{_needed(year):04}{_needed(month):02}{_needed(day):02}")


def _stamp(value: Digits) -> date:
    """Read ``date``, the first day in one word."""
    if number(value) is None:
        raise ValueError("it has no first day")
    return compact(str(value).strip())


def _needed(value: Digits) -> int:
    found = number(value)
    if found is None:
        raise ValueError("a part of it is missing")
    return found


def _names(offsets: Iterable[timedelta]) -> str:
    names = []
    for offset in sorted(offsets):
        hours, minutes = divmod(abs(offset) // _MINUTE, 60)
        names.append(f"UTC{'-' if offset < timedelta(0) else '+'}{hours:02}:{minutes:02}")
    return " and ".join(names)
