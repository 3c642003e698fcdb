"""Start, end and zone of a Zoho Calendar event, and the slots of a series (Zoho APIs 4.3, 4.4).

Times come in three forms: with an offset beside the name of a zone, in UTC, and bare. The instant
of an offset or a Z always wins: the zone only states in which clock a series repeats. What no
document settles (does the end of an all-day event count?) is decided here, by the evidence in the
event itself.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bridge.domain.event import Moment, to_utc
from bridge.domain.problems import BadValueError, Problem, problem
from bridge.domain.timezones import UTC_ZONE, fixed_zone, zone
from bridge.sources.calendar.wire import Item
from bridge.sources.dates import compact

_DAY = timedelta(days=1)
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Start, exclusive end, and the zone whose days and clock they are in."""

    start: Moment
    end: Moment
    zone: ZoneInfo
    repairs: tuple[Problem, ...] = ()


def read_span(item: Item, home: ZoneInfo | None) -> Span:
    """Read the times of ``item``; ``home`` is the zone of its calendar.

    Raises BadValueError without a readable start.
    """
    when = item.dateandtime
    start_text = (when and when.start) or item.start
    end_text = (when and when.end) or item.end
    if not start_text:
        raise BadValueError("no-start")
    repairs: list[Problem] = []
    start = compact(start_text)
    try:
        end = compact(end_text) if end_text else None
    except BadValueError as error:
        end = None
        repairs.append(problem("field-left-out", field="end", why=error.problem))
    here = _zone_of(start, (when and when.timezone) or "", home, repairs)
    begin: Moment
    finish: Moment
    if item.isallday or not isinstance(start, datetime):
        begin = local_day(start, here)
        last = None if end is None else local_day(end, here)
        finish = begin + _days(item, begin, last, repairs)
    else:
        begin = _timed(start, here)
        finish = _timed_end(item, begin, end, repairs)
    return Span(start=begin, end=finish, zone=here, repairs=tuple(repairs))


def local_day(moment: date, here: ZoneInfo) -> date:
    """Return the day that an all-day moment means.

    A date is itself. A time that is bare or has an offset shows the day in its digits. A time in
    UTC is midnight of ``here`` in UTC, unless it is the first or the last second of a UTC day: then
    the day is as written.
    """
    if not isinstance(moment, datetime):
        return moment
    if moment.utcoffset() == timedelta(0) and moment.time() not in (time(0), time(23, 59, 59)):
        return moment.astimezone(here).date()
    return moment.date()


def slot(text: str, span: Span) -> Moment:
    """Read a slot (``recurrenceid``, ``exdate``) in the form of DTSTART (rulebook 39, 40).

    Zoho writes a UTC time for timed series and a date for all-day ones. Raises BadValueError.
    """
    moment = compact(text.strip())
    if not isinstance(span.start, datetime):
        return local_day(moment, span.zone)
    if not isinstance(moment, datetime):
        return _settled(datetime.combine(moment, span.start.time()), span.zone)
    return _timed(moment, span.zone)


def _zone_of(start: date, name: str, home: ZoneInfo | None, repairs: list[Problem]) -> ZoneInfo:
    named = zone(name) if name else home
    fallback = named or home or UTC_ZONE
    if not isinstance(start, datetime):
        return fallback
    if name and named is None:
        repairs.append(problem("unknown-zone", zone=name))
    offset = start.utcoffset()
    if offset is None:
        if named is None and home is None:
            repairs.append(problem("no-zone"))
        return fallback
    if named is None:
        return fixed_zone(offset)
    if offset and start.astimezone(named).utcoffset() != offset:
        if not name:
            return fixed_zone(offset)  # the calendar's zone was only a guess
        repairs.append(problem("offset-differs", offset=f"{start:%z}", zone=name))
    return named


def _timed(moment: datetime, here: tzinfo) -> datetime:
    return _settled(moment, here) if moment.tzinfo is None else moment.astimezone(here)


def _settled(naive: datetime, here: tzinfo) -> datetime:
    # A wall time that the clocks skip is moved to the one they show then.
    return naive.replace(tzinfo=here).astimezone(UTC).astimezone(here)


def length_of(item: Item) -> timedelta | None:
    """Return ``duration``; None if it is missing, or not one of up to ten years."""
    milliseconds = item.duration or 0
    if not 0 < milliseconds <= _LONGEST // timedelta(milliseconds=1):
        return None
    return timedelta(seconds=milliseconds // 1000)


def _days(item: Item, first: date, last: date | None, repairs: list[Problem]) -> timedelta:
    """Return the length of an all-day event; no document states whether its end is its last day.

    In this order, each only if it fits one of the two readings: ``duration``, a whole number of
    days; ``multiday`` false, one day; otherwise the end is the last day.
    """
    length = length_of(item)
    if length is not None and length % _DAY:
        length = None
    if last is None or last < first:
        absent = last is None
        repairs.append(problem("no-end") if absent else problem("end-before-start", end=f"{last}"))
        return length or _DAY
    exclusive = last - first
    inclusive = exclusive + _DAY
    if length is not None and length in {exclusive, inclusive}:
        return length
    if item.multiday is False and exclusive == _DAY:
        return _DAY
    return inclusive


def _timed_end(item: Item, start: datetime, end: date | None, repairs: list[Problem]) -> datetime:
    if isinstance(end, datetime):
        finish = _timed(end, start.tzinfo or UTC)
        if to_utc(finish) >= to_utc(start):
            return finish
        repairs.append(problem("end-before-start", end=f"{finish:%Y-%m-%d %H:%M}"))
    else:
        repairs.append(problem("no-end-time"))
    length = length_of(item) or timedelta(0)
    return (to_utc(start) + length).astimezone(start.tzinfo)
