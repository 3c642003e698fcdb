"""When an event of Zoho Calendar is: its first and last moment, its zone, and the slots of a series.

Times come three ways: with an offset beside the name of a zone, in UTC, and bare. The instant that an offset or a Z
tells always wins; the zone only says in which clock a series repeats. What no document settles (does the end of an
all-day event count?) is decided here, in one place, by the evidence that the event itself carries.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bridge.domain.event import Moment, to_utc
from bridge.domain.timezones import UTC_ZONE, fixed_zone, zone
from bridge.sources.calendar.wire import Item
from bridge.sources.dates import compact

_DAY = timedelta(days=1)
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Start, exclusive end, and the zone whose days and clock they are in; ``mended`` says what had to be repaired."""

    start: Moment
    end: Moment
    zone: ZoneInfo
    mended: tuple[str, ...] = ()


def read_span(item: Item, home: ZoneInfo | None) -> Span:
    """Read when ``item`` is; ``home`` is the zone of its calendar. ValueError without a readable start."""
    when = item.dateandtime
    start_text = (when and when.start) or item.start
    end_text = (when and when.end) or item.end
    if not start_text:
        raise ValueError("it has no start")
    mended: list[str] = []
    start = compact(start_text)
    try:
        end = compact(end_text) if end_text else None
    except ValueError as error:
        end = None
        mended.append(f"its end was left out: {error}")
    here = _zone_of(start, (when and when.timezone) or "", home, mended)
    if item.isallday or not isinstance(start, datetime):
        first = local_day(start, here)
        last = None if end is None else local_day(end, here)
        return Span(
            start=first,
            end=first + _days(item, first, last, mended),
            zone=here,
            mended=tuple(mended),
        )
    begin = _timed(start, here)
    return Span(
        start=begin, end=_timed_end(item, begin, end, mended), zone=here, mended=tuple(mended)
    )


def local_day(moment: date, here: ZoneInfo) -> date:
    """Give the day that an all-day moment means.

    A date is itself. A time with digits of its own (bare, or with an offset) shows the day in them. A time in UTC is
    midnight of ``here`` said in UTC, unless it is the first or the last second of a UTC day: then the day is as
    written.
    """
    if not isinstance(moment, datetime):
        return moment
    if moment.utcoffset() == timedelta(0) and moment.time() not in (time(0), time(23, 59, 59)):
        return moment.astimezone(here).date()
    return moment.date()


def slot(text: str, span: Span) -> Moment:
    """Read an original start of a series (``recurrenceid``, ``exdate``) in the form of its DTSTART (rulebook 39, 40).

    Zoho writes a UTC time for timed series and a date for all-day ones. ValueError when it can't be read.
    """
    moment = compact(text.strip())
    if not isinstance(span.start, datetime):
        return local_day(moment, span.zone)
    if not isinstance(moment, datetime):
        return _settled(datetime.combine(moment, span.start.time()), span.zone)
    return _timed(moment, span.zone)


def _zone_of(start: date, name: str, home: ZoneInfo | None, mended: list[str]) -> ZoneInfo:
    named = zone(name) if name else home
    if not isinstance(start, datetime):
        return named or home or UTC_ZONE
    if name and named is None:
        mended.append(f"its time zone {name!r} is unknown")
    offset = start.utcoffset()
    if offset is None:
        if named is None and home is None:
            mended.append("its times have neither a known zone nor an offset, and were read as UTC")
        return named or home or UTC_ZONE
    if named is None:
        return fixed_zone(offset)
    if offset and start.astimezone(named).utcoffset() != offset:
        if not name:
            return fixed_zone(offset)  # the calendar's zone was only a guess
        mended.append(
            f"its offset {start:%z} is not that of its time zone {name!r}: the instant was kept"
        )
    return named


def _timed(moment: datetime, here: tzinfo) -> datetime:
    return _settled(moment, here) if moment.tzinfo is None else moment.astimezone(here)


def _settled(naive: datetime, here: tzinfo) -> datetime:
    # A wall time that the clocks skip is moved to the one they show then.
    return naive.replace(tzinfo=here).astimezone(UTC).astimezone(here)


def _length(item: Item) -> timedelta | None:
    milliseconds = item.duration or 0
    if not 0 < milliseconds <= _LONGEST // timedelta(milliseconds=1):
        return None
    return timedelta(seconds=milliseconds // 1000)


def _days(item: Item, first: date, last: date | None, mended: list[str]) -> timedelta:
    """Tell how long an all-day event is; no document says whether its end is its last day or the day after.

    In this order, each only where it fits one of the two readings: ``duration``, a whole number of days; ``multiday``
    false, one day; otherwise the end is the last day.
    """
    length = _length(item)
    if length is not None and length % _DAY:
        length = None
    if last is None or last < first:
        mended.append(
            "it has no end" if last is None else f"its end {last} is before its start {first}"
        )
        return length or _DAY
    exclusive = last - first
    inclusive = exclusive + _DAY
    if length is not None and length in {exclusive, inclusive}:
        return length
    if item.multiday is False and exclusive == _DAY:
        return _DAY
    return inclusive


def _timed_end(item: Item, start: datetime, end: date | None, mended: list[str]) -> datetime:
    if isinstance(end, datetime):
        finish = _timed(end, start.tzinfo or UTC)
        if to_utc(finish) >= to_utc(start):
            return finish
        mended.append("its end is before its start")
    else:
        mended.append("it has no time at its end")
    length = _length(item) or timedelta(0)
    return (to_utc(start) + length).astimezone(start.tzinfo)
