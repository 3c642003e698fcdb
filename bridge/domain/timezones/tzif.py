"""A tz file (TZif, RFC 9636) as one pair of yearly rules, and that pair as VTIMEZONE text.

Outlook reads a zone as one STANDARD and one DAYLIGHT with a yearly nth weekday each, and nothing else (rulebook 26);
so that is all that is ever written, and ``exact_since`` says from when it is the truth. The rules come from the
POSIX TZ text at the end of the file. It must not know of zone names, aliases or events: it takes a file's bytes.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import re
import struct
from typing import TypeAlias

# For a zone whose clocks were never changed. A day into year 1, so that it can be shown in any zone.
ALWAYS = datetime(1, 1, 2, tzinfo=UTC)

_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEADER = struct.Struct(">4sc15x6l")
_WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")  # numbered as in a POSIX rule

_NAME = r"(?:<([A-Za-z0-9+-]+)>|([A-Za-z]+))"
_TIME = r"([+-]?[0-9]{1,3}(?::[0-9]{2}){0,2})"
_DAY = rf"M([0-9]{{1,2}})\.([1-5])\.([0-6])(?:/{_TIME})?"
_STEADY = re.compile(_NAME + _TIME)
_YEARLY = re.compile(rf"{_NAME}{_TIME}{_NAME}{_TIME}?,{_DAY},{_DAY}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """Clocks that are never changed again."""

    name: str
    offset: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """The yearly change to the offset ``after``: on the ``week``-th (-1: last) weekday of the month.

    ``time`` is since midnight, on clocks that still show the offset ``before``.
    """

    name: str
    before: timedelta
    after: timedelta
    month: int
    week: int
    weekday: int
    time: timedelta

    def local(self, year: int) -> datetime:
        """Give the wall clock's date and time of the change, as the clocks stand before it."""
        first, days = calendar.monthrange(year, self.month)
        to_weekday = (
            self.weekday - (first + 1)
        ) % 7  # monthrange counts from Monday = 0, POSIX from Sunday = 0
        day = (
            1 + to_weekday + 7 * (self.week - 1)
            if self.week > 0
            else days - (days - 1 - to_weekday) % 7
        )
        return datetime(year, self.month, day) + self.time  # noqa: DTZ001 (a wall clock: its zone is being defined)

    def instant(self, year: int) -> datetime:
        """Give the change in UTC."""
        return (self.local(year) - self.before).replace(tzinfo=UTC)

    @property
    def rrule(self) -> str:
        """The change as an RRULE value of the one form that every client reads."""
        return f"FREQ=YEARLY;BYMONTH={self.month};BYDAY={self.week}{_WEEKDAYS[self.weekday]}"


# For a pair: the onset of the smaller offset first.
Rules: TypeAlias = Steady | tuple[Onset, Onset]


@dataclass(frozen=True, slots=True)
class _Change:
    at: datetime
    offset: timedelta


def exact_since(tzif: bytes) -> datetime | None:
    """Tell the instant (UTC) from which the zone's last rules hold for ever: one of its changes, or ``ALWAYS``.

    None when those rules can't be told as one yearly pair at all.
    """
    start, changes, footer = _read(tzif)
    rules = _rules(footer)
    if rules is None:
        return None
    if isinstance(rules, Steady):
        changes = _real(start, changes)
        return changes[-1].at if changes else ALWAYS
    last = changes[-1].at if changes else _EPOCH
    years = range(changes[0].at.year if changes else last.year, last.year + 3)
    expected = sorted(
        (_Change(onset.instant(year), onset.after) for year in years for onset in rules),
        key=lambda change: change.at,
    )
    # After the last change in the file its footer rules (RFC 9636 3.3).
    real = _real(start, [*changes, *(change for change in expected if change.at > last)])
    since = None
    for happened, told in zip(reversed(real), reversed(expected), strict=False):
        if happened != told:
            break
        since = happened.at
    return since


def vtimezone(tzid: str, tzif: bytes) -> bytes:
    """Write the zone's VTIMEZONE, with CRLF: true from ``exact_since`` on; ValueError where that is None.

    Rulebook 26, 27. No line is long enough to be folded.
    """
    rules = _rules(_read(tzif)[2])
    since = exact_since(tzif)
    if rules is None or since is None:
        raise ValueError(
            f"the clocks of {tzid} can't be told by one pair of yearly rules: write its times in UTC"
        )
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}"]
    if isinstance(rules, Steady):
        # An onset in 1970 from the offset to itself: no reader can take it for a change of the clocks.
        lines += _observance(
            "STANDARD",
            name=rules.name,
            before=rules.offset,
            after=rules.offset,
            begins="19700101T000000",
        )
    else:
        # The smaller offset is STANDARD, also in Ireland, whose law (and tz file) has it the other way round: both
        # give the same offsets, and readers expect summer time to be the DAYLIGHT.
        for kind, onset in zip(("STANDARD", "DAYLIGHT"), rules, strict=True):
            first = max(since, _EPOCH)
            year = first.year if onset.instant(first.year) >= first else first.year + 1
            lines += _observance(
                kind,
                name=onset.name,
                before=onset.before,
                after=onset.after,
                begins=f"{onset.local(year):%Y%m%dT%H%M%S}",
                rrule=onset.rrule,
            )
    lines.append("END:VTIMEZONE")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _observance(
    kind: str, *, name: str, before: timedelta, after: timedelta, begins: str, rrule: str = ""
) -> list[str]:
    return [
        f"BEGIN:{kind}",
        f"DTSTART:{begins}",
        *([f"RRULE:{rrule}"] if rrule else []),
        f"TZOFFSETFROM:{offset_text(before)}",
        f"TZOFFSETTO:{offset_text(after)}",
        f"TZNAME:{name}",
        f"END:{kind}",
    ]


def offset_text(offset: timedelta, colon: str = "") -> str:
    """Write an offset of whole minutes as ``+0530``, or with a colon as ``+05:30``."""
    minutes = offset // _MINUTE
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}{colon}{rest:02}"


def _read(tzif: bytes) -> tuple[timedelta, list[_Change], str]:
    """Give the offset before any change, the changes and the footer of a TZif file, version 2 or later."""
    magic, version, *counts = _HEADER.unpack_from(tzif)
    if magic != b"TZif" or version < b"2":
        raise ValueError("not a TZif file of version 2 or later")
    skip = _HEADER.size + _block_size(
        counts, time_size=4
    )  # the 32-bit block, for readers of version 1
    _, _, *counts = _HEADER.unpack_from(tzif, skip)
    _, _, _, times, types, _ = counts
    place = skip + _HEADER.size
    footer = tzif[place + _block_size(counts, time_size=8) :].decode("ascii").strip("\n")
    instants = struct.unpack_from(f">{times}q", tzif, place)
    indexes = tzif[place + 8 * times : place + 9 * times]
    offsets = [
        timedelta(seconds=struct.unpack_from(">l", tzif, place + 9 * times + 6 * index)[0])
        for index in range(types)
    ]
    changes = [
        _Change(_EPOCH + timedelta(seconds=instant), offsets[index])
        for instant, index in zip(instants, indexes, strict=True)
    ]
    return offsets[0], changes, footer


def _block_size(counts: list[int], *, time_size: int) -> int:
    isutcs, isstds, leaps, times, types, chars = counts
    return times * (time_size + 1) + types * 6 + chars + leaps * (time_size + 4) + isstds + isutcs


def _real(start: timedelta, changes: list[_Change]) -> list[_Change]:
    """Leave out the changes of a name or a flag alone: the clocks were not touched."""
    before = [start, *(change.offset for change in changes)]
    return [
        change for offset, change in zip(before, changes, strict=False) if change.offset != offset
    ]


def _rules(footer: str) -> Rules | None:
    """Read a POSIX TZ text (RFC 9636 3.3.1); None for what an nth weekday of a month can't say."""
    if match := _STEADY.fullmatch(footer):
        quoted, plain, west = match.groups()
        offset = -_duration(west)
        return None if offset % _MINUTE else Steady(name=quoted or plain, offset=offset)
    match = _YEARLY.fullmatch(footer)
    if match is None:
        return None
    std_quoted, std_plain, std_west, dst_quoted, dst_plain, dst_west, *days = match.groups()
    std = -_duration(std_west)
    dst = -_duration(dst_west) if dst_west else std + timedelta(hours=1)
    begin = _onset(dst_quoted or dst_plain, std, dst, days[:4])
    end = _onset(std_quoted or std_plain, dst, std, days[4:])
    for onset in (begin, end):
        # "/26" on a Thursday is a Friday, but not the same nth Friday every year.
        if onset.after % _MINUTE or not timedelta(0) <= onset.time < timedelta(days=1):
            return None
    return (end, begin) if std < dst else (begin, end)


def _onset(name: str, before: timedelta, after: timedelta, day: list[str]) -> Onset:
    month, week, weekday, time = day
    return Onset(
        name=name,
        before=before,
        after=after,
        month=int(month),
        week=-1 if week == "5" else int(week),
        weekday=int(weekday),
        time=_duration(time or "2"),
    )


def _duration(text: str) -> timedelta:
    hours, minutes, seconds, *_ = [*text.lstrip("+-").split(":"), "0", "0"]
    size = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    return -size if text.startswith("-") else size
