"""Occurrences by day, as a reader in some time zone lives through them. Pure: no store, no request, no words.

A timed occurrence is on each day of the zone in which a part of it lies, an all-day one on its own days everywhere.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from bridge.domain.event import Moment, Status
from bridge.domain.timezones import UTC_ZONE, zone_by_key
from bridge.feed.agenda import AgendaItem

Part: TypeAlias = Literal["whole", "first", "middle", "last"]

_DAY = timedelta(days=1)
_DAY_SECONDS = 24 * 60 * 60
_MOMENT = timedelta(microseconds=1)
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One occurrence on one day. ``start`` and ``end`` are dates, or times in the reader's zone; ``end`` exclusive."""

    card: AgendaItem
    day: date
    start: Moment
    end: Moment
    first_day: date
    last_day: date

    @property
    def days(self) -> int:
        """How many days the occurrence is on."""
        return (self.last_day - self.first_day).days + 1

    @property
    def number(self) -> int:
        """Which of them this is, from 1."""
        return (self.day - self.first_day).days + 1

    @property
    def part(self) -> Part:
        """Which part of the occurrence lies on this day."""
        if self.days == 1:
            return "whole"
        return "first" if self.number == 1 else "last" if self.number == self.days else "middle"

    @property
    def fills_day(self) -> bool:
        """Whether it has no times to show on this day."""
        return self.card.all_day or self.part == "middle"

    @property
    def cancelled(self) -> bool:
        """Whether it does not take place."""
        return self.card.status == Status.CANCELLED

    @property
    def tentative(self) -> bool:
        """Whether it may not take place."""
        return self.card.status == Status.TENTATIVE

    @property
    def own_zone(self) -> ZoneInfo | None:
        """The zone the event itself is in, None where its times say nothing of one."""
        return (
            None
            if self.card.all_day or self.card.zone == UTC_ZONE.key
            else zone_by_key(self.card.zone)
        )

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended; an all-day one ends with its last day, wherever the reader is."""
        return isinstance(self.end, datetime) and self.end.astimezone(UTC) <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day with all that is on it: what fills the day first, then by time."""

    date: date
    entries: tuple[Entry, ...]


def main_zone(cards: Iterable[AgendaItem]) -> ZoneInfo:
    """Give the zone that most of the timed cards are in; UTC only where no card has another."""
    counted = Counter(card.zone for card in cards if not card.all_day and card.zone != UTC_ZONE.key)
    if not counted:
        return UTC_ZONE
    most = max(counted.values())
    return zone_by_key(min(key for key, count in counted.items() if count == most))


def days(cards: Iterable[AgendaItem], first: date, end: date, zone: ZoneInfo) -> tuple[Day, ...]:
    """Give the days from ``first`` up to, not including, ``end`` that have entries, in order.

    Each occurrence is on every day it touches in ``zone``, and on no other; one without length on the day of its
    moment.
    """
    found: dict[date, list[Entry]] = defaultdict(list)
    for entry in _occurrences(cards, first, end, zone):
        day = max(entry.first_day, first)
        while day <= entry.last_day and day < end:
            found[day].append(replace(entry, day=day))
            day += _DAY
    return tuple(
        Day(date=day, entries=tuple(sorted(found[day], key=_order))) for day in sorted(found)
    )


def cut(all_days: Sequence[Day], most_entries: int) -> tuple[Day, ...]:
    """Give the first days with about so many entries: whole days, and one at least."""
    shown: list[Day] = []
    count = 0
    for day in all_days:
        if shown and count + len(day.entries) > most_entries:
            break
        shown.append(day)
        count += len(day.entries)
    return tuple(shown)


def month(all_days: Iterable[Day], first: date, first_weekday: int) -> tuple[tuple[Day, ...], ...]:
    """Give the weeks that a month's days lie in, seven days each, also those without entries.

    ``first`` is the month's first day, ``first_weekday`` what weeks begin with (0: Monday). ``all_days`` should reach
    from ``month_span``'s first day to its last.
    """
    known = {day.date: day for day in all_days}
    start, end = month_span(first, first_weekday)
    dates = [start + _DAY * number for number in range((end - start).days)]
    every = [known.get(day, Day(date=day, entries=())) for day in dates]
    return tuple(tuple(every[number : number + 7]) for number in range(0, len(every), 7))


def month_span(first: date, first_weekday: int) -> tuple[date, date]:
    """Give the first day of the weeks that a month lies in, and the day after their last."""
    start = first - _DAY * ((first.weekday() - first_weekday) % 7)
    after = next_month(first)
    return start, after + _DAY * ((first_weekday - after.weekday()) % 7)


def next_month(first: date) -> date:
    """Give the first day of the month after the one that begins on ``first``."""
    return (first + timedelta(days=31)).replace(day=1)


def previous_month(first: date) -> date:
    """Give the first day of the month before the one that begins on ``first``."""
    return (first - _DAY).replace(day=1)


def _occurrences(
    cards: Iterable[AgendaItem], first: date, end: date, zone: ZoneInfo
) -> Iterator[Entry]:
    """Give each occurrence that may touch the span, with the days it is on."""
    from_ordinal, to_ordinal = first.toordinal(), end.toordinal()
    # Clocks are never more than a day from UTC.
    from_second = (from_ordinal - _EPOCH - 1) * _DAY_SECONDS
    to_second = (to_ordinal - _EPOCH + 1) * _DAY_SECONDS
    for card in cards:
        for start, stop in card.times:
            if card.all_day:
                if start < to_ordinal and stop > from_ordinal:
                    yield _all_day(card, date.fromordinal(start), date.fromordinal(stop))
            elif start < to_second and stop >= from_second:
                yield _timed(
                    card,
                    datetime.fromtimestamp(start, zone),
                    datetime.fromtimestamp(stop, zone),
                    zone,
                )


def _all_day(card: AgendaItem, start: date, end: date) -> Entry:
    return Entry(
        card=card, day=start, start=start, end=end, first_day=start, last_day=max(start, end - _DAY)
    )


def _timed(card: AgendaItem, start: datetime, end: datetime, zone: ZoneInfo) -> Entry:
    last_moment = max(end.astimezone(UTC) - _MOMENT, start.astimezone(UTC)).astimezone(zone)
    # Where clocks go back over midnight, a day comes again after the next has begun.
    first_day, last_day = sorted((start.date(), last_moment.date()))
    return Entry(
        card=card, day=first_day, start=start, end=end, first_day=first_day, last_day=last_day
    )


def _order(entry: Entry) -> tuple[object, ...]:
    if isinstance(entry.start, datetime) and not entry.fills_day:
        # What began on an earlier day stands before what begins on this one.
        return (1, entry.start.timestamp(), entry.card.title, entry.card.uid)
    return (0, float(entry.first_day.toordinal()), entry.card.title, entry.card.uid)
