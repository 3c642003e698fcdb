"""The parser of tz files (TZif, RFC 9636), and the renderer of their VTIMEZONE.

Outlook reads a zone only as one STANDARD and one DAYLIGHT, each on a yearly nth weekday (rulebook
26). So the bridge writes only that, and ``exact_since`` returns the time from which it is true. The
rules come from the POSIX TZ text at the end of the file. It must not know zone names, aliases or
events: its input is the bytes of a file.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import re
import struct
from typing import TypeAlias

# For a zone whose clocks never changed. One day into year 1, so that any zone can show it.
ALWAYS = datetime(1, 1, 2, tzinfo=UTC)

_MINUTE = timedelta(minutes=1)
_DAY_LENGTH = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEADER = struct.Struct(">4sc15x6l")
_WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")  # numbered as in a POSIX rule

_NAME = r"(<[A-Za-z0-9+-]+>|[A-Za-z]+)"
_TIME = r"([+-]?[0-9]{1,3}(?::[0-9]{2}){0,2})"
_DAY = rf"M([0-9]{{1,2}})\.([1-5])\.([0-6])(?:/{_TIME})?"
_CONSTANT = re.compile(_NAME + _TIME)
_YEARLY = re.compile(rf"{_NAME}{_TIME}{_NAME}{_TIME}?,{_DAY},{_DAY}")

# The time of a change in UTC, and the offset after it.
_Change: TypeAlias = tuple[datetime, timedelta]


@dataclass(frozen=True, slots=True)
class _Observance:
    """A constant offset, written as an onset in 1970 from the offset to itself.

    No reader takes that onset for a change of the clocks.
    """

    name: str
    before: timedelta
    after: timedelta

    def lines(self, kind: str, _since: datetime) -> list[str]:
        """Return the lines of the STANDARD or DAYLIGHT component."""
        return self._component(kind, "DTSTART:19700101T000000")

    def _component(self, kind: str, *onset: str) -> list[str]:
        return [
            f"BEGIN:{kind}",
            *onset,
            f"TZOFFSETFROM:{offset_text(self.before)}",
            f"TZOFFSETTO:{offset_text(self.after)}",
            f"TZNAME:{self.name}",
            f"END:{kind}",
        ]


@dataclass(frozen=True, slots=True)
class _YearlyChange(_Observance):
    """The yearly change to the offset ``after``, on the ``week``-th (-1: last) weekday of a month.

    ``time`` is since midnight, on clocks that still show the offset ``before``.
    """

    month: int
    week: int
    weekday: int
    time: timedelta

    def instant(self, year: int) -> datetime:
        """Return the time of the change in UTC."""
        return (self._wall_time(year) - self.before).replace(tzinfo=UTC)

    def lines(self, kind: str, since: datetime) -> list[str]:
        """Return the lines of the component. Its first onset is not before ``since`` or 1970."""
        first = max(since, _EPOCH)
        year = first.year if self.instant(first.year) >= first else first.year + 1
        return self._component(
            kind,
            f"DTSTART:{self._wall_time(year):%Y%m%dT%H%M%S}",
            f"RRULE:FREQ=YEARLY;BYMONTH={self.month};BYDAY={self.week}{_WEEKDAYS[self.weekday]}",
        )

    def _wall_time(self, year: int) -> datetime:
        """Return the date and time of the change on clocks that were not changed yet."""
        first, days = calendar.monthrange(year, self.month)
        # monthrange counts from Monday = 0, POSIX from Sunday = 0.
        day = 1 + (self.weekday - first - 1) % 7
        day += 7 * (self.week - 1 if self.week > 0 else (days - day) // 7)
        return datetime(year, self.month, day) + self.time  # noqa: DTZ001 - a wall time


def exact_since(tzif: bytes) -> datetime | None:
    """Return the time in UTC from which the zone's last rules always hold: a change, or ``ALWAYS``.

    None if one yearly pair cannot express those rules.
    """
    first_offset, changes, footer = _parse(tzif)
    match _parse_footer(footer):
        case ():
            return None
        case (_,):
            changes = _changes_of_clocks(first_offset, changes)
            return changes[-1][0] if changes else ALWAYS
        case rules:
            last = changes[-1][0] if changes else _EPOCH
            years = range(changes[0][0].year if changes else last.year, last.year + 3)
            expected = sorted((rule.instant(year), rule.after) for year in years for rule in rules)
    # After the last change in the file, the footer rules (RFC 9636 3.3).
    changes += [change for change in expected if change[0] > last]
    changes = _changes_of_clocks(first_offset, changes)
    since = None
    for actual, by_rule in zip(reversed(changes), reversed(expected), strict=False):
        if actual != by_rule:
            break
        since = actual[0]
    return since


def vtimezone(tzid: str, tzif: bytes) -> bytes:
    """Render the zone's VTIMEZONE with CRLF. It is true from ``exact_since`` on.

    Raises ValueError if ``exact_since`` is None. No line needs folding. Rulebook 26, 27.
    """
    since = exact_since(tzif)
    if since is None:
        raise ValueError(
            f"one pair of yearly rules cannot express the clocks of {tzid}: write its times in UTC"
        )
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}"]
    # The smaller offset is STANDARD, also in Ireland, whose law and tz file call summer the
    # standard. The offsets are the same, and readers expect summer time in the DAYLIGHT.
    for kind, rule in zip(("STANDARD", "DAYLIGHT"), _parse_footer(_parse(tzif)[2]), strict=False):
        lines += rule.lines(kind, since)
    lines.append("END:VTIMEZONE")
    return "".join(f"{line}\r\n" for line in lines).encode()


def offset_text(offset: timedelta, colon: str = "") -> str:
    """Return an offset of whole minutes as ``+0530``, or with a colon as ``+05:30``."""
    minutes = offset // _MINUTE
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}{colon}{rest:02}"


def _parse(tzif: bytes) -> tuple[timedelta, list[_Change], str]:
    """Return the offset before any change, the changes, and the footer of a TZif file."""
    magic, version, *counts = _HEADER.unpack_from(tzif)
    if magic != b"TZif" or version < b"2":
        raise ValueError("not a TZif file of version 2 or later")
    # The first block has 32-bit times, for readers of version 1.
    second = _HEADER.size + _block_size(counts, time_size=4)
    _, _, *counts = _HEADER.unpack_from(tzif, second)
    *_, times, types, _ = counts
    block = second + _HEADER.size
    footer = tzif[block + _block_size(counts, time_size=8) :].decode("ascii").strip("\n")
    instants = struct.unpack_from(f">{times}q", tzif, block)
    indexes = tzif[block + 8 * times : block + 9 * times]
    records = [struct.unpack_from(">l", tzif, block + 9 * times + 6 * n) for n in range(types)]
    offsets = [timedelta(seconds=seconds) for (seconds,) in records]
    changes = [
        (_EPOCH + timedelta(seconds=instant), offsets[index])
        for instant, index in zip(instants, indexes, strict=True)
    ]
    return offsets[0], changes, footer


def _block_size(counts: list[int], *, time_size: int) -> int:
    isutcs, isstds, leaps, times, types, chars = counts
    return times * (time_size + 1) + types * 6 + chars + leaps * (time_size + 4) + isstds + isutcs


def _changes_of_clocks(first_offset: timedelta, changes: list[_Change]) -> list[_Change]:
    """Return the changes without those of only a name or a flag."""
    offsets = [first_offset, *(offset for _, offset in changes)]
    return [change for before, change in zip(offsets, changes, strict=False) if change[1] != before]


def _parse_footer(
    footer: str,
) -> tuple[_Observance] | tuple[_YearlyChange, _YearlyChange] | tuple[()]:
    """Parse a POSIX TZ text (RFC 9636 3.3.1). For a pair, the smaller offset is first.

    Empty if an nth weekday of a month cannot express the rules.
    """
    if match := _CONSTANT.fullmatch(footer):
        name, west = match.groups()
        offset = -_duration(west)
        return () if offset % _MINUTE else (_Observance(name.strip("<>"), offset, offset),)
    match = _YEARLY.fullmatch(footer)
    if match is None:
        return ()
    std_name, std_west, dst_name, dst_west, *days = match.groups()
    std = -_duration(std_west)
    dst = -_duration(dst_west) if dst_west else std + timedelta(hours=1)
    begin = _parse_change(dst_name, std, dst, days[:4])
    end = _parse_change(std_name, dst, std, days[4:])
    for rule in (begin, end):
        # "/26" on a Thursday is a Friday, but not the same nth Friday every year.
        if rule.after % _MINUTE or not timedelta(0) <= rule.time < _DAY_LENGTH:
            return ()
    return (end, begin) if std < dst else (begin, end)


def _parse_change(name: str, before: timedelta, after: timedelta, day: list[str]) -> _YearlyChange:
    month, week, weekday, time = day
    nth = -1 if week == "5" else int(week)
    time_of_day = _duration(time or "2")
    return _YearlyChange(
        name.strip("<>"), before, after, int(month), nth, int(weekday), time_of_day
    )


def _duration(text: str) -> timedelta:
    hours, minutes, seconds, *_ = [*text.lstrip("+-").split(":"), "0", "0"]
    size = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    return -size if text.startswith("-") else size
