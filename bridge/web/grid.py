"""Weeks of a calendar grid: entries in lanes, with a bar for each that takes several days. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bridge.web.agenda import Entry, order

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The part of an entry that lies in one week: its lane from 1, and its days from column 1."""

    entry: Entry
    lane: int
    column: int
    days: int
    goes_on: bool
    came_from: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A day of the grid with the pieces that start in it, and the number of entries left out."""

    date: date
    pieces: tuple[Piece, ...] = ()
    hidden: int = 0


class Room:
    """The room for short occurrences on the days of a grid, to load no more than fit.

    ``hidden`` counts the others by day, ``seen`` all.
    """

    def __init__(self, days: Sequence[Sequence[date]], most_lanes: int, zone: ZoneInfo) -> None:
        self._first, self._most, self._zone = days[0][0], most_lanes, zone
        self._begin = datetime.combine(self._first, time(), zone)
        self._end = datetime.combine(days[-1][-1] + _DAY, time(), zone)
        self._taken: Counter[date] = Counter()
        self.hidden: Counter[date] = Counter()
        self.seen = 0

    def has(self, start: datetime, end: datetime) -> bool:
        """Return whether an occurrence may be shown; those of a grid come in order of time."""
        self.seen += 1
        if end == start or end - start >= _DAY:  # it may be one of all day, or a bar
            return True
        if end <= self._begin or start >= self._end:
            return False
        day = max(start.astimezone(self._zone).date(), self._first)
        self._taken[day] += 1
        self.hidden[day] += self._taken[day] > self._most
        return self._taken[day] <= self._most


def weeks(
    entries: Iterable[Entry],
    days: Sequence[Sequence[date]],
    most_lanes: int,
    hidden: Mapping[date, int],
) -> tuple[tuple[Cell, ...], ...]:
    """Return the cells of each week; a day shows entries in this many lanes at most.

    ``hidden`` are numbers of further entries by day.
    """
    everything = sorted(entries, key=_priority)
    return tuple(_week(everything, week, days[0][0], most_lanes, Counter(hidden)) for week in days)


def _priority(entry: Entry) -> tuple[object, ...]:
    """Long entries first, so that their bars are on top."""
    return (entry.first_day, -entry.days if entry.is_bar else 0, not entry.is_bar, order(entry))


def _week(
    entries: Iterable[Entry],
    week: Sequence[date],
    first: date,
    most_lanes: int,
    hidden: Counter[date],
) -> tuple[Cell, ...]:
    taken: set[tuple[int, int]] = set()
    pieces: dict[date, list[Piece]] = {day: [] for day in week}
    for entry in entries:
        # A night that begins before the grid is on the grid's first day, all others on their own.
        night = max(entry.first_day, min(entry.last_day, first))
        last_day = entry.last_day if entry.is_bar else night
        start, end = max(entry.first_day, week[0]), min(last_day, week[-1])
        if start > end:
            continue
        column, length = (start - week[0]).days + 1, (end - start).days + 1
        columns = range(column, column + length)
        lanes = range(1, most_lanes + 1)
        lane = next((n for n in lanes if all((n, c) not in taken for c in columns)), None)
        if lane is None:
            hidden.update(week[c - 1] for c in columns)
            continue
        taken |= {(lane, c) for c in columns}
        piece = Piece(
            entry=entry,
            lane=lane,
            column=column,
            days=length,
            goes_on=last_day > end,
            came_from=entry.first_day < start,
        )
        pieces[start].append(piece)
    return tuple(
        Cell(date=day, pieces=tuple(sorted(pieces[day], key=_lane)), hidden=hidden[day])
        for day in week
    )


def _lane(piece: Piece) -> int:
    return piece.lane
