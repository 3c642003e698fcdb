"""The days on which a daily wall time meets a change of the clock, where engines give different answers. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bridge.domain.event import to_utc

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meetings:
    """``shaky``: days whose wall time is skipped or shown twice; ``across``: days whose occurrence spans a change."""

    shaky: frozenset[date]
    across: frozenset[date]


@lru_cache(maxsize=4096)
def meetings(zone: ZoneInfo, at: time, length: timedelta, first: date, last: date) -> Meetings:
    """Look at each day from ``first`` up to ``last`` for an event at ``at`` of ``length`` (rulebook 32)."""
    shaky, across = set(), set()
    for number in range((last - first).days):
        day = first + number * _DAY
        wall = datetime.combine(day, at, zone)
        if _is_shaky(wall):
            shaky.add(day)
        if _spans_change(wall, length):
            across.add(day)
    return Meetings(shaky=frozenset(shaky), across=frozenset(across))


def is_level(start: datetime, length: timedelta) -> bool:
    """Whether clocks are left alone from a start to its end, so that the wall times differ by the exact length."""
    return not _is_shaky(start) and not _spans_change(start, length)


def _is_shaky(wall: datetime) -> bool:
    return wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()


def _spans_change(start: datetime, length: timedelta) -> bool:
    end = (to_utc(start) + length).astimezone(start.tzinfo)
    return start.utcoffset() != end.utcoffset() or _is_shaky(end)
