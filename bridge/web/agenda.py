"""Occurrences by day in a reader's time zone. Pure: no store, no request, no words.

A timed occurrence is on each day of the zone that it touches. An all-day occurrence is on its own
days in every zone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from bridge.domain.event import Moment, Status, to_utc
from bridge.domain.timezones import UTC_ZONE, zone_by_key
from bridge.feed.agenda import AgendaItem
from bridge.web.urls import basic

Part: TypeAlias = Literal["whole", "first", "middle", "last"]

_DAY = timedelta(days=1)
_SHORTEST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One occurrence on one day.

    ``start`` and ``end`` (exclusive) are dates, or times in the reader's zone.
    """

    item: AgendaItem
    day: date
    start: Moment
    end: Moment
    first_day: date
    last_day: date

    @property
    def days(self) -> int:
        """The number of days that the occurrence is on."""
        return (self.last_day - self.first_day).days + 1

    @property
    def number(self) -> int:
        """The number of this day among them, from 1."""
        return (self.day - self.first_day).days + 1

    @property
    def part(self) -> Part:
        """The part of the occurrence that lies on this day."""
        if self.days == 1:
            return "whole"
        return "first" if self.number == 1 else "last" if self.number == self.days else "middle"

    @property
    def fills_day(self) -> bool:
        """Whether it has no times to show on this day."""
        return self.item.all_day or self.part == "middle"

    @property
    def is_bar(self) -> bool:
        """Whether a grid shows it as a bar: it takes whole days, or more than one."""
        return self.item.all_day or to_utc(self.end) - to_utc(self.start) >= _DAY

    @property
    def tentative(self) -> bool:
        """Whether it is not confirmed."""
        return self.item.status == Status.TENTATIVE

    @property
    def other_zone(self) -> ZoneInfo | None:
        """The event's own zone if its clocks differ from the reader's, else None."""
        if not isinstance(self.start, datetime) or self.item.zone == UTC_ZONE.key:
            return None
        zone = zone_by_key(self.item.zone)
        return zone if self.start.utcoffset() != self.start.astimezone(zone).utcoffset() else None

    @property
    def key(self) -> str:
        """The start in UTC, in the basic form of ISO 8601: the name of the occurrence."""
        return basic(self.start)

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended; an all-day occurrence ends with its last day, in every zone."""
        return isinstance(self.end, datetime) and self.end.astimezone(UTC) <= now

    def is_running(self, now: datetime) -> bool:
        """Whether it has times, and has started and not ended."""
        return isinstance(self.start, datetime) and self.start <= now and not self.is_over(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day with its entries: first those that fill the day, then by time."""

    date: date
    entries: tuple[Entry, ...] = ()


def main_zone(items: Iterable[AgendaItem]) -> ZoneInfo:
    """Return the zone of most timed items; UTC only if no item has another."""
    counts = Counter(item.zone for item in items if not item.all_day and item.zone != UTC_ZONE.key)
    if not counts:
        return UTC_ZONE
    most = max(counts.values())
    return zone_by_key(min(key for key, count in counts.items() if count == most))


def days(items: Iterable[AgendaItem], first: date, end: date, zone: ZoneInfo) -> tuple[Day, ...]:
    """Return the days from ``first`` up to, not including, ``end`` that have entries, in order.

    Each occurrence is on every day that it touches in ``zone``. An occurrence without length is on
    the day of its moment.
    """
    entries: dict[date, list[Entry]] = defaultdict(list)
    for entry in occurrences(items, zone):
        day = max(entry.first_day, first)
        while day <= entry.last_day and day < end:
            entries[day].append(replace(entry, day=day))
            day += _DAY
    return tuple(
        Day(date=day, entries=tuple(sorted(entries[day], key=order))) for day in sorted(entries)
    )


def cut(all_days: Sequence[Day], most_entries: int) -> tuple[Day, ...]:
    """Return the first days with about this many entries: whole days, at least one."""
    shown: list[Day] = []
    count = 0
    for day in all_days:
        if shown and count + len(day.entries) > most_entries:
            break
        shown.append(day)
        count += len(day.entries)
    return tuple(shown)


def occurrences(items: Iterable[AgendaItem], zone: ZoneInfo) -> Iterator[Entry]:
    """Return each occurrence as an entry of its first day."""
    for item in items:
        for start, stop in item.times:
            if item.all_day:
                yield _all_day(item, date.fromordinal(start), date.fromordinal(stop))
            else:
                yield _timed(item, start, stop, zone)


def _all_day(item: AgendaItem, start: date, end: date) -> Entry:
    last_day = max(start, end - _DAY)
    return Entry(item=item, day=start, start=start, end=end, first_day=start, last_day=last_day)


def _timed(item: AgendaItem, from_second: int, to_second: int, zone: ZoneInfo) -> Entry:
    to_second += to_second % 60 == 59  # Backstage ends a second early, and no page shows seconds
    start, end = (datetime.fromtimestamp(second, zone) for second in (from_second, to_second))
    last_moment = max(end.astimezone(UTC) - _SHORTEST, start.astimezone(UTC)).astimezone(zone)
    # If clocks go back over midnight, a day comes again after the next has begun.
    first_day, last_day = sorted((start.date(), last_moment.date()))
    return Entry(
        item=item, day=first_day, start=start, end=end, first_day=first_day, last_day=last_day
    )


def order(entry: Entry) -> tuple[object, ...]:
    """Return the sort key of an entry within its day."""
    if isinstance(entry.start, datetime) and not entry.fills_day:
        # An entry that began on an earlier day precedes those of this day.
        return (1, entry.start.timestamp(), entry.item.title, entry.item.uid)
    return (0, float(entry.first_day.toordinal()), entry.item.title, entry.item.uid)
