"""Days on which a daily wall time meets a clock change, where engines answer differently. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bridge.domain.event import to_utc

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChanges:
    """Days whose wall time is skipped or repeated; days whose occurrence spans a change."""

    ambiguous: frozenset[date]
    spanning: frozenset[date]


@lru_cache(maxsize=4096)
def clock_changes(
    zone: ZoneInfo, at: time, length: timedelta, first: date, last: date
) -> ClockChanges:
    """Look at each day from ``first`` up to ``last`` for an event at ``at`` (rulebook 32)."""
    days = [first + number * _DAY for number in range((last - first).days)]
    starts = {day: datetime.combine(day, at, zone) for day in days}
    return ClockChanges(
        ambiguous=frozenset(day for day in days if is_ambiguous(starts[day])),
        spanning=frozenset(day for day in days if _spans_change(starts[day], length)),
    )


def has_exact_times(start: datetime, length: timedelta) -> bool:
    """Whether no clock changes from start to end: the wall times differ by the exact length."""
    return not is_ambiguous(start) and not _spans_change(start, length)


def is_ambiguous(time: datetime) -> bool:
    """Whether a wall time is skipped by its zone's clocks, or happens twice (PEP 495)."""
    return time.replace(fold=0).utcoffset() != time.replace(fold=1).utcoffset()


def _spans_change(start: datetime, length: timedelta) -> bool:
    end = (to_utc(start) + length).astimezone(start.tzinfo)
    return start.utcoffset() != end.utcoffset() or is_ambiguous(end)
