"""Start and end of a Connect event, and the offset of the account's time zone (Zoho APIs 3.5).

Connect sends every time twice: as milliseconds since 1970, and as the wall clock of the zone in the
account's profile, which it doesn't name. The milliseconds are right for timed events. Those of an
all-day event are midnight somewhere else, so there the wall date counts, and its end is the last
day. ``googleCalendarUrl`` joins the local date to the UTC time, and is never read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bridge.domain.event import Moment, to_utc
from bridge.domain.problems import BadValueError, Problem, problem
from bridge.domain.timezones import UTC_ZONE
from bridge.sources.dates import compact, epoch_ms
from bridge.sources.fields import end_or_start, flag, number

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)  # no clock on Earth is further from UTC

Digits = str | int | None


class Times(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields of an event that state its times; all are text, flags exist only when true."""

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
    """Start and exclusive end; ``offset`` is the profile's from UTC at the start, if known."""

    start: Moment
    end: Moment
    offset: timedelta | None = None
    repairs: tuple[Problem, ...] = ()


def read_span(times: Times, here: ZoneInfo | None) -> Span:
    """Read an event's times, timed ones in ``here`` or else in UTC.

    Raises BadValueError without a readable start.
    """
    try:
        all_day = flag(times.is_all_day)
    except BadValueError as error:
        raise BadValueError("field-unreadable", field="isAllDay", why=error.problem) from error
    return _days(times) if all_day else _timed(times, here or UTC_ZONE)


def clock_note(spans: Iterable[Span], here: ZoneInfo | None) -> Problem | None:
    """Return a remark if the account's clock is not that of the settings, once for all events."""
    clocks = [
        (span.start.utcoffset() or timedelta(0), span.offset)
        for span in spans
        if isinstance(span.start, datetime) and span.offset is not None
    ]
    if here is None:
        offsets = {offset for _, offset in clocks}
        if offsets <= {timedelta(0)}:
            return None
        return problem("set-profile-zone", offsets=_names(offsets))
    differing = [(ours, theirs) for ours, theirs in clocks if ours != theirs]
    if not differing:
        return None
    ours, theirs = (_names(set(offsets)) for offsets in zip(*differing, strict=True))
    return problem("profile-zone-differs", zone=here.key, ours=ours, offsets=theirs)


def _days(times: Times) -> Span:
    repairs: list[Problem] = []
    try:
        first = _date(times.start_year, times.start_month, times.start_date)
    except BadValueError:
        first = _stamp(times.date)
    read_last = partial(_date, times.end_year, times.end_month, times.end_date)
    last = end_or_start(first, read_last, "on-first-day", repairs)
    return Span(start=first, end=last + _DAY, repairs=tuple(repairs))


def _timed(times: Times, here: ZoneInfo) -> Span:
    repairs: list[Problem] = []
    start = _epoch(times.start_time, "no-start")
    end = end_or_start(start, partial(_epoch, times.end_time, "no-end"), "ends-at-start", repairs)
    offset = _offset(times, start)
    start, end = start.astimezone(here), end.astimezone(here)
    return Span(start=start, end=end, offset=offset, repairs=tuple(repairs))


def _offset(times: Times, start: datetime) -> timedelta | None:
    try:
        day = _date(times.start_year, times.start_month, times.start_date)
        hour, minute = _needed(times.start_hour), _needed(times.start_min)
        wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    offset = wall - to_utc(start).replace(second=0)
    return offset if _WEST <= offset <= _EAST else None


def _epoch(value: Digits, absent: str) -> datetime:
    if value is None:
        raise BadValueError(absent)
    return epoch_ms(str(value).strip())


def _date(year: Digits, month: Digits, day: Digits) -> date:
    return compact(f"{_needed(year):04}{_needed(month):02}{_needed(day):02}")


def _stamp(value: Digits) -> date:
    """Read ``date``, the first day in one word."""
    if number(value) is None:
        raise BadValueError("no-start")
    return compact(str(value).strip())


def _needed(value: Digits) -> int:
    result = number(value)
    if result is None:
        raise BadValueError("part-missing")
    return result


def _names(offsets: Iterable[timedelta]) -> str:
    names = []
    for offset in sorted(offsets):
        hours, minutes = divmod(abs(offset) // _MINUTE, 60)
        names.append(f"UTC{'-' if offset < timedelta(0) else '+'}{hours:02}:{minutes:02}")
    return " and ".join(names)
