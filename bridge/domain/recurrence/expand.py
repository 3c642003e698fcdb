"""The starts of a series (RFC 5545 3.3.10): by wall time in the zone of its start, or by date.

dateutil counts on wall times. This module adds zones, and a late entry into an old series.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from dateutil import rrule as engine

from bridge.domain.event import Moment, Rule, to_utc
from bridge.domain.problems import BadValueError

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_LAST_YEAR = 9000  # arithmetic near the end of Python's calendar overflows
# Days that are examined for the next occurrence: 12 years and more, for most rules skip days.
_MOST_YEARS = 13
_MOST_DAYS = _MOST_YEARS * 366

# The fields of a rule with lists: "bysecond", "byminute", ….
BY_PARTS = tuple(field.name for field in fields(Rule) if field.name.startswith("by"))


class _SearchEndError(Exception):
    """The next occurrence is too far away."""


class _Months(list[int]):
    """The months of a rule. The engine asks whether there are any for each day that it examines."""

    days = 0

    def __bool__(self) -> bool:
        self.days += 1
        if self.days > _MOST_DAYS:
            raise _SearchEndError
        return len(self) > 0


class _Engine(engine.rrule):
    """dateutil's engine, which alone would search for days that never come until the year 9999."""

    _bymonth: Iterable[int] | None

    def __iter__(self) -> Iterator[datetime]:
        self._bymonth = months = _Months(self._bymonth or ())
        try:
            for wall in super().__iter__():
                if wall.year > _LAST_YEAR:
                    return
                months.days = 0
                yield wall
        except _SearchEndError:
            return


def occurrences(
    start: Moment, rule: Rule, *, after: Moment | None = None, before: Moment | None = None
) -> Iterator[Moment]:
    """Return the starts of a series in order, from ``after`` on and before ``before``.

    They have the type and zone of ``start``, which is among them only if it matches the rule. A
    wall time that clocks skip moves by the length of the gap. Of a wall time that clocks show
    twice, the first counts (RFC 5545 3.3.5). An old endless series is entered near ``after``. A
    series ends where nothing follows within 12 years.
    """
    until = _bound(rule.until, start)
    floor, ceiling = _bound(after, start), _bound(before, start)
    margin = timedelta(days=1)  # near a change of clocks, wall times can be beyond a bound
    previous = None
    for wall in _walls(_wall_of(start), rule, until and until + margin, floor and floor - margin):
        if floor is not None and wall < floor - margin:
            continue  # only counted: zones cost the most
        slot = _slot(wall, start)
        ends = ceiling is not None and wall > ceiling + margin
        if ends or (rule.until is not None and _precedes(rule.until, slot)):
            return
        if previous is not None and not _precedes(previous, slot):
            continue  # the clocks skipped to a time that already has an occurrence
        previous = slot
        if after is not None and _precedes(slot, after):
            continue
        if before is not None and not _precedes(slot, before):
            return
        yield slot


def last_start(start: Moment, rule: Rule) -> Moment | None:
    """Return the last start of a series, or None if it is endless or empty."""
    if rule.until is None:
        return None if rule.count is None else _last(occurrences(start, rule))
    span = timedelta(days=40)
    while _precedes(start, rule.until - span):  # backwards from the end
        last = _last(occurrences(start, rule, after=rule.until - span))
        if last is not None:
            return last
        span *= 4
    return _last(occurrences(start, rule))


def _walls(
    start: datetime, rule: Rule, until: datetime | None, floor: datetime | None
) -> Iterator[datetime]:
    """Return the engine's wall times, without COUNT from a period just before ``floor``."""
    explicit = _explicit(rule, start)
    anchor = start
    if rule.count is None and floor is not None and floor > start:
        anchor = _period_before(floor, start, rule)
    if rule.bysetpos and rule.freq == "WEEKLY":
        anchor = _first_of_week(anchor, rule)  # else the engine's first set begins with the start
    if rule.byweekno:
        walls = _walls_of_weeks(anchor, explicit)
    else:
        walls = iter(_engine(anchor, explicit, until))
    return islice((wall for wall in walls if wall >= start), rule.count)


def _engine(start: datetime, rule: Rule, until: datetime | None) -> _Engine:
    lists = {name: dict.fromkeys(getattr(rule, name)) for name in BY_PARTS if name != "byday"}
    parts: dict[str, Any] = {name: tuple(values) or None for name, values in lists.items()}
    try:
        return _Engine(
            getattr(engine, rule.freq),
            dtstart=start,
            interval=rule.interval,
            wkst=getattr(engine, rule.wkst),
            until=until,
            byweekday=[*_weekdays(rule)] or None,
            **parts,
        )
    except ValueError as error:  # hours that the steps of an hourly rule never reach
        raise BadValueError("rule-empty") from error


def _walls_of_weeks(anchor: datetime, rule: Rule) -> Iterator[datetime]:
    """Return the wall times of a rule with BYWEEKNO, where the engine loses days.

    A year has its weeks whole, with their days in December before it and in January after it. Years
    are counted from the calendar year of the start (RFC 5545 3.3.10).
    """
    weekly = replace(rule, freq="WEEKLY", interval=1, byweekno=(), bysetpos=())
    idle = 0
    for year in range(anchor.year - (rule.interval == 1), _LAST_YEAR, rule.interval):
        first = datetime.combine(date(year, 1, 1) - timedelta(days=4), anchor.time())
        days = _engine(first, weekly, first + timedelta(days=373))
        walls = [wall for wall in days if _is_in_weeks(wall, rule, year)]
        if rule.bysetpos:
            indices = (position - (position > 0) for position in rule.bysetpos)
            count = len(walls)
            walls = sorted({walls[index] for index in indices if -count <= index < count})
        yield from walls
        idle = 0 if walls else idle + 1
        if idle == _MOST_YEARS:
            return


def _is_in_weeks(wall: datetime, rule: Rule, year: int) -> bool:
    """Return whether a day is in the rule's weeks of a year. The fourth day decides on the year."""
    fourth = _first_of_week(wall, rule).date() + timedelta(days=3)
    number = (fourth - date(year, 1, 1)).days // 7 + 1
    from_end = (fourth - date(year + 1, 1, 1)).days // 7
    return fourth.year == year and not {number, from_end}.isdisjoint(rule.byweekno)


def _weekdays(rule: Rule) -> Iterator[engine.weekday]:
    """Return the engine's weekdays, all with ordinals if any has one.

    Of ``MO,-1FR``, the engine would return only days that match both.
    """
    most = 5 if rule.freq == "MONTHLY" or rule.bymonth else 53
    any_ordinal = any(day not in DAYS for day in rule.byday)
    for day in rule.byday:
        ordinal = int(day[:-2] or 0)
        ordinals = range(1, most + 1) if any_ordinal and not ordinal else (ordinal or None,)
        yield from (engine.weekday(DAYS.index(day[-2:]), n) for n in ordinals)


def _explicit(rule: Rule, start: datetime) -> Rule:
    """Return the rule with the parts that its start implies, to enter it elsewhere."""
    if rule.byyearday or rule.bymonthday or rule.byday:
        return rule
    match rule.freq:
        case "YEARLY" if rule.byweekno:
            return replace(rule, byday=(DAYS[start.weekday()],))
        case "YEARLY":
            return replace(rule, bymonth=rule.bymonth or (start.month,), bymonthday=(start.day,))
        case "MONTHLY":
            return replace(rule, bymonthday=(start.day,))
        case "WEEKLY":
            return replace(rule, byday=(DAYS[start.weekday()],))
    return rule


def _period_before(floor: datetime, start: datetime, rule: Rule) -> datetime:
    """Return a time in step with the series, a period or more before ``floor``, or its start."""

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
            return _first_of_week(start, rule) + timedelta(weeks=weeks) if weeks else start
        case "DAILY":
            return start + timedelta(days=whole((floor - start).days))
    return start + timedelta(hours=whole((floor - start) // timedelta(hours=1)))


def _first_of_week(start: datetime, rule: Rule) -> datetime:
    return start - timedelta(days=(start.weekday() - DAYS.index(rule.wkst)) % 7)


def _slot(wall: datetime, start: Moment) -> Moment:
    """Return a wall time in the zone of the start, or as a date."""
    if not isinstance(start, datetime):
        return wall.date()
    if wall == _wall_of(start):
        return start
    # Through UTC, a wall time that clocks skip moves by the length of the gap.
    return to_utc(wall.replace(tzinfo=start.tzinfo)).astimezone(start.tzinfo)


def _wall_of(moment: Moment) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None, fold=0)
    return datetime.combine(moment, time())


def _bound(moment: Moment | None, start: Moment) -> datetime | None:
    """Return a bound as a wall time of the series. A date bounds a timed series at midnight UTC."""
    if moment is None:
        return None
    if isinstance(start, datetime):
        return _wall_of(to_utc(moment).astimezone(start.tzinfo))
    return _wall_of(moment)


def _precedes(left: Moment, right: Moment) -> bool:
    return to_utc(left) < to_utc(right)


def _last(moments: Iterator[Moment]) -> Moment | None:
    return next(iter(deque(moments, maxlen=1)), None)
