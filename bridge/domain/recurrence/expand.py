"""The starts of a series: by the wall clock of its start's zone; all-day, by the calendar (RFC 5545 3.3.10).

dateutil does the counting, on wall times; what is added here are zones, and entering an old series late.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta

from dateutil import rrule as engine

from bridge.domain.event import Moment, Rule, to_utc

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def occurrences(
    start: Moment, rule: Rule, *, after: Moment | None = None, before: Moment | None = None
) -> Iterator[Moment]:
    """Give the starts of a series in order, from ``after`` on and before ``before``, in the kind and zone of ``start``.

    ``start`` itself comes only if it matches the rule. A wall time that the clock skips is moved by the length of the
    gap, one that it shows twice is the first of the two (RFC 5545 3.3.5). An old endless series is entered near
    ``after``, not counted through.
    """
    until = _bound(rule.until, start)
    floor, ceiling = _bound(after, start), _bound(before, start)
    margin = timedelta(
        days=1
    )  # wall times near a change of the clock may lie on the other side of a bound
    previous = None
    for wall in _walls(_wall_of(start), rule, until and until + margin, floor and floor - margin):
        slot = _slot(wall, start)
        ends = ceiling is not None and wall > ceiling + margin
        if ends or (rule.until is not None and _precedes(rule.until, slot)):
            return
        if previous is not None and not _precedes(previous, slot):
            continue  # the clock skipped to a moment that has its occurrence already
        previous = slot
        if after is not None and _precedes(slot, after):
            continue
        if before is not None and not _precedes(slot, before):
            return
        yield slot


def last_start(start: Moment, rule: Rule) -> Moment | None:
    """Give the last start of a series that ends; None for an endless or empty one."""
    if rule.until is None:
        return None if rule.count is None else _last(occurrences(start, rule))
    span = timedelta(days=40)
    while _precedes(
        start, rule.until - span
    ):  # backwards from the end, not through the whole series
        last = _last(occurrences(start, rule, after=rule.until - span))
        if last is not None:
            return last
        span *= 4
    return _last(occurrences(start, rule))


def _walls(
    start: datetime, rule: Rule, until: datetime | None, floor: datetime | None
) -> Iterator[datetime]:
    """Run the engine on wall times, which have no zone; without COUNT from a period just before ``floor``."""
    explicit = _explicit(rule, start)
    anchor = start
    if rule.count is None and floor is not None and floor > start:
        anchor = _period_before(floor, start, rule)
    weekdays = [
        getattr(engine, day[-2:])(int(day[:-2])) if day[:-2] else getattr(engine, day)
        for day in _weekdays(explicit)
    ]
    try:
        walls = engine.rrule(
            getattr(engine, rule.freq),
            dtstart=anchor,
            interval=rule.interval,
            wkst=getattr(engine, rule.wkst),
            count=rule.count,
            until=until,
            bysetpos=explicit.bysetpos or None,
            bymonth=explicit.bymonth or None,
            bymonthday=explicit.bymonthday or None,
            byyearday=explicit.byyearday or None,
            byweekno=explicit.byweekno or None,
            byweekday=weekdays or None,
            byhour=explicit.byhour or None,
            byminute=explicit.byminute or None,
            bysecond=explicit.bysecond or None,
        )
    except ValueError as error:  # hours that the steps of an hourly rule never reach
        raise ValueError("the repeat rule never happens") from error
    return (wall for wall in walls if wall >= start)


def _weekdays(rule: Rule) -> Iterator[str]:
    """Give the weekdays, each numbered when one is: of ``MO,-1FR`` the engine would want days that are both."""
    most = 5 if rule.freq == "MONTHLY" or rule.bymonth else 53
    numbered = any(day not in DAYS for day in rule.byday)
    for day in rule.byday:
        yield from (f"{n}{day}" for n in range(1, most + 1)) if numbered and day in DAYS else (day,)


def _explicit(rule: Rule, start: datetime) -> Rule:
    """Write out what a rule takes from its start, so that it may be entered elsewhere."""
    if rule.byweekno or rule.byyearday or rule.bymonthday or rule.byday:
        return rule
    match rule.freq:
        case "YEARLY":
            return replace(rule, bymonth=rule.bymonth or (start.month,), bymonthday=(start.day,))
        case "MONTHLY":
            return replace(rule, bymonthday=(start.day,))
        case "WEEKLY":
            return replace(rule, byday=(DAYS[start.weekday()],))
    return rule


def _period_before(floor: datetime, start: datetime, rule: Rule) -> datetime:
    """Give a moment of the series' own rhythm at least one period before ``floor``, or the start."""

    def whole(periods: int) -> int:
        return max(periods // rule.interval - 1, 0) * rule.interval

    match rule.freq:
        case "YEARLY":
            years = whole(floor.year - start.year - 1)
            return start.replace(year=start.year + years, month=1, day=1) if years else start
        case "MONTHLY":
            months = whole((floor.year - start.year) * 12 + floor.month - start.month)
            year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
            return start.replace(year=year, month=month + 1, day=1) if months else start
        case "WEEKLY":
            weeks = whole((floor - start).days // 7)
            first_day = timedelta(days=(start.weekday() - DAYS.index(rule.wkst)) % 7)
            return start - first_day + timedelta(weeks=weeks) if weeks else start
        case "DAILY":
            return start + timedelta(days=whole((floor - start).days))
    return start + timedelta(hours=whole((floor - start) // timedelta(hours=1)))


def _slot(wall: datetime, start: Moment) -> Moment:
    """Put a wall time into the start's zone, or make it a date."""
    if not isinstance(start, datetime):
        return wall.date()
    if wall == _wall_of(start):
        return start
    return to_utc(wall.replace(tzinfo=start.tzinfo)).astimezone(start.tzinfo)


def _wall_of(moment: Moment) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None, fold=0)
    return datetime.combine(moment, time())


def _bound(moment: Moment | None, start: Moment) -> datetime | None:
    """Give a bound as a wall time of the series; a day bounds a timed series at midnight UTC."""
    if moment is None:
        return None
    if isinstance(start, datetime):
        return _wall_of(to_utc(moment).astimezone(start.tzinfo))
    return _wall_of(moment)


def _precedes(one: Moment, other: Moment) -> bool:
    return to_utc(one) < to_utc(other)


def _last(moments: Iterator[Moment]) -> Moment | None:
    return next(iter(deque(moments, maxlen=1)), None)
