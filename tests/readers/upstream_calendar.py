"""What a Zoho calendar describes: series with exceptions, the JSON that tells them, and the instances that they mean.

The second opinion of the exactness tests. Nothing of the bridge, and none of the libraries that it uses, is used here:
rules are followed day by day as RFC 5545 words them, clocks come from PyPI's tzdata.

What upstream means:

- A series recurs by the wall clock of its zone, an all-day one by the calendar. A wall time that the clocks skip is
  read with the offset before the gap, one that they show twice is the first of the two (RFC 5545 3.3.5, 3.3.10).
- Every instance has the exact length of the first (RFC 5545 3.8.5.3), also across a change of the clocks.
- DTSTART is the first instance, and the first of COUNT, whether or not it fits the rule (RFC 5545 3.3.10).
- UNTIL still counts. A day as the UNTIL of a timed series is that whole day on the series' own clocks, a time without
  offset is on those clocks, too. A UTC time as the UNTIL of an all-day series is the day that the zone's clocks show
  then, but the first and the last second of a UTC day mean that day. With COUNT, whichever is first ends the series.
- ``recurrenceid`` names a slot, an original start: the object's own times and title stand in place of what the rule
  puts there, or nothing does if it is deleted; of a slot that the rule does not fill, it is one more instance.
  ``exdate`` empties slots (Zoho Calendar: events list, and what public clients saw).
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from importlib import resources
from itertools import chain, islice, takewhile
from typing import TypeAlias
from zoneinfo import ZoneInfo

Slot: TypeAlias = date | datetime
"""A day, or an instant in UTC."""

Instance: TypeAlias = tuple[str, str, str]
"""Start, exclusive end (both "2026-03-10" or "2026-03-10T09:30:00Z") and title."""

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def clock(key: str) -> ZoneInfo:
    """Give the clocks of an IANA zone from PyPI's tzdata, whatever the machine has."""
    with resources.files("tzdata").joinpath("zoneinfo", *key.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=key)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A zone by the name upstream gives it, and its clocks."""

    name: str
    clock: tzinfo

    def instant(self, wall: datetime) -> datetime:
        """Read a wall time: before a gap's or a repeated hour's change (RFC 5545 3.3.5), as fold=0 does (PEP 495)."""
        return wall.replace(tzinfo=self.clock, fold=0).astimezone(UTC)


_CLOCKS = {
    "Europe/Berlin": "Europe/Berlin",
    "America/New_York": "America/New_York",
    "Asia/Calcutta": "Asia/Kolkata",
    "Australia/Lord_Howe": "Australia/Lord_Howe",  # half an hour of summer time
    "America/Sao_Paulo": "America/Sao_Paulo",  # had summer time until 2019, at midnight
    "Asia/Tokyo": "Asia/Tokyo",
    "Pacific/Auckland": "Pacific/Auckland",
    "Africa/Cairo": "Africa/Cairo",  # the last Thursday's midnight: no nth weekday of a month
    "America/Vancouver": "America/Vancouver",  # gave its winter time up in 2026
    "PST": "America/Los_Angeles",  # java.time.ZoneId.SHORT_IDS
    "W. Europe Standard Time": "Europe/Berlin",  # CLDR, windowsZones
    "UTC": "UTC",
}
PLACES = (
    *(Place(name=name, clock=clock(key)) for name, key in _CLOCKS.items()),
    Place(name="+03:30", clock=timezone(timedelta(hours=3.5))),
)


# --- rules


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """A rule in the parts that Zoho knows. ``until`` is a day or an instant; ``until_text`` is how upstream writes it."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: Slot | None = None
    until_text: str = ""
    byday: tuple[str, ...] = ()
    bymonthday: tuple[int, ...] = ()
    bymonth: tuple[int, ...] = ()
    bysetpos: tuple[int, ...] = ()
    wkst: str = "MO"

    def parts(self) -> dict[str, str]:
        """Give the parts of the RRULE value that are not its defaults."""
        lists = {
            name: ",".join(map(str, getattr(self, name)))
            for name in ("byday", "bymonthday", "bymonth", "bysetpos")
        }
        parts = {
            "freq": self.freq,
            "until": self.until_text,
            "count": str(self.count or ""),
            **lists,
        }
        parts |= {"interval": str(self.interval) if self.interval > 1 else ""}
        parts |= {"wkst": self.wkst if self.wkst != "MO" else ""}
        return {name: value for name, value in parts.items() if value}

    def days(self, first: date, last: date) -> Iterator[date]:
        """Give the days from ``first`` to ``last`` that fit the rule, without COUNT and UNTIL (RFC 5545 3.3.10)."""
        for begin, end in takewhile(lambda period: period[0] <= last, self._periods(first)):
            found = [day for day in _days(begin, end) if self._fits(day, first)]
            if self.bysetpos:
                there = [n - 1 if n > 0 else n for n in self.bysetpos if abs(n) <= len(found)]
                found = sorted({found[n] for n in there})
            yield from (day for day in found if first <= day <= last)

    def _periods(self, first: date) -> Iterator[tuple[date, date]]:
        match self.freq:
            case "DAILY" | "WEEKLY":
                length = DAY if self.freq == "DAILY" else 7 * DAY
                begin = (
                    first
                    if self.freq == "DAILY"
                    else first - (first.weekday() - WEEK.index(self.wkst)) % 7 * DAY
                )
                while True:
                    yield begin, begin + length
                    begin += self.interval * length
            case "MONTHLY":
                number = first.year * 12 + first.month - 1
                while True:
                    yield _first_of(number), _first_of(number + 1)
                    number += self.interval
            case "YEARLY":
                year = first.year
                while True:
                    yield date(year, 1, 1), date(year + 1, 1, 1)
                    year += self.interval
            case freq:
                raise ValueError(freq)

    def _fits(self, day: date, first: date) -> bool:
        length = monthrange(day.year, day.month)[1]
        if self.bymonth and day.month not in self.bymonth:
            return False
        if self.bymonthday and not {day.day, day.day - length - 1} & {*self.bymonthday}:
            return False
        if self.byday:
            return any(self._is_weekday(day, text, length) for text in self.byday)
        if self.bymonthday:
            return True
        match self.freq:
            case "WEEKLY":
                return day.weekday() == first.weekday()
            case "MONTHLY":
                return day.day == first.day
            case "YEARLY":
                return day.day == first.day and (bool(self.bymonth) or day.month == first.month)
        return True

    def _is_weekday(self, day: date, text: str, length: int) -> bool:
        """Tell whether a day is a "FR", or a "-1FR" of its month; of its year in a yearly rule without months."""
        if WEEK[day.weekday()] != text[-2:]:
            return False
        number = day.day
        if self.freq == "YEARLY" and not self.bymonth:
            number, length = (
                day.timetuple().tm_yday,
                (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days,
            )
        nth = {(number - 1) // 7 + 1, -((length - number) // 7 + 1)}
        return text in WEEK or int(text[:-2]) in nth


def _first_of(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _days(begin: date, end: date) -> Iterator[date]:
    return (begin + number * DAY for number in range((end - begin).days))


# --- series


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What stands in place of a slot; without a title: nothing. ``start`` is a wall time in ``place``, or a day."""

    slot: Slot
    title: str = ""
    place: Place | None = None
    start: date = date.min
    length: timedelta = DAY


@dataclass(frozen=True, kw_only=True)
class Series:
    """One series; ``start`` is a wall time in ``place``, or a day. ``quirks`` number the forms in which it is written."""

    number: int
    title: str
    place: Place
    start: date
    length: timedelta
    repeat: Repeat
    changed: tuple[Changed, ...] = ()
    emptied: tuple[Slot, ...] = ()
    quirks: int = 0

    @property
    def uid(self) -> str:
        return f"{self.number:032x}@zoho.com"

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)

    def slot(self, day: date) -> Slot:
        """Give the slot of a day."""
        return (
            self.place.instant(datetime.combine(day, self.start.time()))
            if not self.all_day
            else day
        )

    def slots(self, last: date) -> Iterator[Slot]:
        """Give all slots up to the day ``last`` in order: DTSTART, then what the rule adds."""
        first = day_of(self.start)
        fitting = (day for day in self.repeat.days(first, last) if day != first)
        slots = (self.slot(day) for day in chain([first], fitting))
        until = self.repeat.until
        if until is not None:
            slots = takewhile(lambda slot: not self._is_past(slot, until), slots)
        return islice(slots, self.repeat.count)

    def _is_past(self, slot: Slot, until: Slot) -> bool:
        if isinstance(slot, datetime) and not isinstance(until, datetime):
            return slot.astimezone(self.place.clock).date() > until
        return slot > until

    def instances(self, first: date, last: date) -> list[Instance]:
        """Give the instances that have a moment on the days (UTC's) from ``first`` up to, not including, ``last``."""
        gone = {*self.emptied, *(change.slot for change in self.changed)}
        slots = self.slots(last + DAY)  # the zone's day may be the one after UTC's
        spans = [(slot, slot + self.length, self.title) for slot in slots if slot not in gone]
        for change in self.changed:
            if change.title and change.place:
                timed = isinstance(change.start, datetime)
                start = change.place.instant(change.start) if timed else change.start
                spans.append((start, start + change.length, change.title))
        told = [(_told(start), _told(end), title) for start, end, title in spans]
        return within(told, first, last)


def within(instances: list[Instance], first: date, last: date) -> list[Instance]:
    """Keep the instances with a moment on the days from ``first`` to ``last``; days are those of UTC. Sorted."""
    low, high = f"{first}T00:00:00Z", f"{last}T00:00:00Z"

    def touches(start: str, end: str) -> bool:
        start, end = (text if "T" in text else f"{text}T00:00:00Z" for text in (start, end))
        return start < high and (end > low or start >= low)

    return sorted(instance for instance in instances if touches(*instance[:2]))


def day_of(moment: date) -> date:
    """Give the day of a day or of a time, as it is written."""
    return moment.date() if isinstance(moment, datetime) else moment


def _told(moment: Slot) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if isinstance(moment, datetime) else f"{moment:%Y-%m-%d}"


# --- the JSON, as in Zoho Calendar's events list and event details


def answers(series: tuple[Series, ...]) -> dict[str, object]:
    """Give one complete fetch: two pages that overlap, and the details of each series with all of its instances."""
    masters = [_master(one) for one in series]
    parts = [[_instance(one, change) for change in one.changed] for one in series]
    listed = [instance for instances in parts for instance in instances[::2]]
    half = len(masters) // 2
    return {
        "calendar": {"calendars": [{"uid": "c", "name": "Team", "timezone": "Europe/Berlin"}]},
        "pages": [{"events": masters[: half + 10]}, {"events": [*listed, *masters[half:]]}],
        "details": {
            one.uid: {"events": [*instances[::-1], master]}
            for one, master, instances in zip(series, masters, parts, strict=True)
        },
    }


def _master(series: Series) -> dict[str, object]:
    item = _item(series, series.title, series.place, series.start, series.length)
    parts = series.repeat.parts()
    rrule = dict(parts)
    if (
        series.quirks % 3 == 0
        and len(series.repeat.byday) == 1
        and series.repeat.byday[0] not in WEEK
    ):
        rrule["bysetpos"] = series.repeat.byday[0][
            :-2
        ]  # some writers say "3FR" and, beside it, the third
    if series.quirks % 2 or "wkst" in parts:
        item["rrule"] = ";".join(f"{name.upper()}={value}" for name, value in rrule.items())
    if "rrule" not in item or series.quirks % 5:
        numbers = {name: int(parts[name]) for name in ("interval", "count") if name in parts}
        item["repeat"] = [parts | {"freq": series.repeat.freq.lower()} | numbers]
    if series.emptied:
        texts = [
            _slot_text(slot, series, series.quirks + number)
            for number, slot in enumerate(series.emptied)
        ]
        item["exdate"] = ",".join(texts) if series.quirks % 4 < 2 else texts
    return item


def _instance(series: Series, change: Changed) -> dict[str, object]:
    name = {"recurrenceid": _slot_text(change.slot, series, 0)}
    if not change.title or change.place is None:
        start = (
            change.slot
            if series.all_day
            else change.slot.astimezone(series.place.clock).replace(tzinfo=None)
        )
        item = _item(series, series.title, series.place, start, series.length)
        return item | name | {"estatus": "deleted", "etag": "1772000000001"}
    item = _item(series, change.title, change.place, change.start, change.length)
    return item | name | {"etag": "1772000000001"}


def _slot_text(slot: Slot, series: Series, form: int) -> str:
    """Write a slot: a day, or a time in UTC; in an ``exdate`` also on the series' own clocks, with their offset."""
    if not isinstance(slot, datetime):
        return f"{slot:%Y%m%d}" if form % 3 < 2 else f"{slot:%Y%m%d}T000000Z"
    return (
        f"{slot:%Y%m%dT%H%M%SZ}"
        if form % 3 < 2
        else f"{slot.astimezone(series.place.clock):%Y%m%dT%H%M%S%z}"
    )


def _item(
    series: Series, title: str, place: Place, start: date, length: timedelta
) -> dict[str, object]:
    item: dict[str, object] = {
        "uid": series.uid,
        "title": title,
        "etag": 1772000000000,
        "isprivate": False,
    }
    item |= {
        "duration": length // timedelta(milliseconds=1),
        "calendar_alarm": False,
        "role": "organizer",
    }
    if isinstance(start, datetime):
        begin = place.instant(start).astimezone(place.clock)
        end = (place.instant(start) + length).astimezone(place.clock)
        item |= {"isallday": False, "multiday": begin.date() != end.date()}
        form = "%Y%m%dT%H%M%S"
        when = {"start": f"{begin:{form}%z}", "end": f"{end:{form}%z}"}
        return (
            item
            | {"start": f"{begin:{form}}", "end": f"{end:{form}}"}
            | {"dateandtime": {"timezone": place.name} | when}
        )
    # No document says whether the end of an all-day event counts: "duration" tells, in both ways of writing it.
    end = start + length - (DAY if series.quirks % 2 else timedelta(0))
    when = {"start": f"{start:%Y%m%d}", "end": f"{end:%Y%m%d}"}
    return (
        item
        | when
        | {
            "isallday": True,
            "multiday": length > DAY,
            "dateandtime": {"timezone": place.name} | when,
        }
    )
