"""A second implementation of a Zoho calendar: series with exceptions, as JSON and as instances.

The exactness tests use it as a second opinion. It uses nothing of the bridge and none of its
libraries. It follows the rules day by day as RFC 5545 states them, with clocks from PyPI's tzdata.

The meaning of upstream's data:

- A series recurs by the wall time of its zone, an all-day series by date. A wall time that clocks
  skip has the offset before the gap. Of a wall time that clocks show twice, the first counts (RFC
  5545 3.3.5, 3.3.10).
- Every instance has the exact length of the first (RFC 5545 3.8.5.3), also across a change of the
  clocks.
- DTSTART is the first instance and the first of COUNT, even if the rule does not match it (RFC 5545
  3.3.10).
- UNTIL is inclusive. A date as the UNTIL of a timed series is that whole day on the clocks of the
  series. A time without an offset is on those clocks too. A UTC time as the UNTIL of an all-day
  series is the date on the zone's clocks at that time, but the first and the last second of a UTC
  day mean that day. With COUNT, the earlier end counts.
- ``recurrenceid`` names a slot, an original start. The times and the title of the object replace
  the instance of the rule there. A deleted object removes it. Without such a slot, the object is an
  additional instance. ``exdate`` removes slots (Zoho Calendar: events list, and public clients).
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
"""A date, or a time in UTC."""

Instance: TypeAlias = tuple[str, str, str]
"""Start, exclusive end (both "2026-03-10" or "2026-03-10T09:30:00Z") and title."""

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def clock(key: str) -> ZoneInfo:
    """Return the clocks of an IANA zone from PyPI's tzdata, not from the machine's."""
    with resources.files("tzdata").joinpath("zoneinfo", *key.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=key)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A zone with its upstream name and its clocks."""

    name: str
    clock: tzinfo

    def instant(self, wall: datetime) -> datetime:
        """Return a wall time in UTC, with the offset before a change (RFC 5545 3.3.5, fold=0)."""
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
    "America/Vancouver": "America/Vancouver",  # has no winter time since 2026
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
    """A rule in the parts of Zoho. ``until_text`` is the form of ``until`` in upstream's data."""

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
        """Return the parts of the RRULE value without those at their defaults."""
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
        """Return the days of the rule up to ``last``, without COUNT and UNTIL (RFC 5545 3.3.10)."""
        for begin, end in takewhile(lambda period: period[0] <= last, self._periods(first)):
            days = [day for day in _days(begin, end) if self._matches(day, first)]
            if self.bysetpos:
                positions = [n - 1 if n > 0 else n for n in self.bysetpos if abs(n) <= len(days)]
                days = sorted({days[n] for n in positions})
            yield from (day for day in days if first <= day <= last)

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

    def _matches(self, day: date, first: date) -> bool:
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
        """Return whether a day is a "FR", or a "-1FR" of its month.

        In a yearly rule without months, it is one of its year.
        """
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
class Override:
    """A changed instance of a slot, deleted without a title. ``start`` is as in ``Series``."""

    slot: Slot
    title: str = ""
    place: Place | None = None
    start: date = date.min
    length: timedelta = DAY


@dataclass(frozen=True, kw_only=True)
class Series:
    """A series. ``start`` is a wall time in ``place`` or a date. ``quirks`` numbers its forms."""

    number: int
    title: str
    place: Place
    start: date
    length: timedelta
    repeat: Repeat
    overrides: tuple[Override, ...] = ()
    excluded: tuple[Slot, ...] = ()
    quirks: int = 0

    @property
    def uid(self) -> str:
        return f"{self.number:032x}@zoho.com"

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)

    def slot(self, day: date) -> Slot:
        """Return the slot of a day."""
        if isinstance(self.start, datetime):
            return self.place.instant(datetime.combine(day, self.start.time()))
        return day

    def slots(self, last: date) -> Iterator[Slot]:
        """Return all slots up to the day ``last`` in order: DTSTART, then those of the rule."""
        first = day_of(self.start)
        others = (day for day in self.repeat.days(first, last) if day != first)
        slots: Iterator[Slot] = (self.slot(day) for day in chain([first], others))
        until = self.repeat.until
        if until is not None:
            slots = takewhile(lambda slot: not self._is_past(slot, until), slots)
        return islice(slots, self.repeat.count)

    def _is_past(self, slot: Slot, until: Slot) -> bool:
        if isinstance(slot, datetime) and not isinstance(until, datetime):
            return slot.astimezone(self.place.clock).date() > until
        return slot > until

    def instances(self, first: date, last: date) -> list[Instance]:
        """Return the instances on the UTC days from ``first`` to before ``last``."""
        gone = {*self.excluded, *(override.slot for override in self.overrides)}
        slots = self.slots(last + DAY)  # the zone's day may be the one after UTC's
        spans = [(slot, slot + self.length, self.title) for slot in slots if slot not in gone]
        for override in self.overrides:
            if override.title and override.place:
                start = override.start
                if isinstance(start, datetime):
                    start = override.place.instant(start)
                spans.append((start, start + override.length, override.title))
        instances = [(_text(start), _text(end), title) for start, end, title in spans]
        return within(instances, first, last)


def within(instances: list[Instance], first: date, last: date) -> list[Instance]:
    """Return the instances on the UTC days from ``first`` to before ``last``, sorted."""
    low, high = f"{first}T00:00:00Z", f"{last}T00:00:00Z"

    def touches(start: str, end: str) -> bool:
        start, end = (text if "T" in text else f"{text}T00:00:00Z" for text in (start, end))
        return start < high and (end > low or start >= low)

    return sorted(instance for instance in instances if touches(*instance[:2]))


def day_of(moment: date) -> date:
    """Return a date, or the date of a time in its own zone."""
    return moment.date() if isinstance(moment, datetime) else moment


def _text(moment: Slot) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if isinstance(moment, datetime) else f"{moment:%Y-%m-%d}"


# --- the JSON, as in Zoho Calendar's events list and event details


def responses(series: tuple[Series, ...]) -> dict[str, object]:
    """Return a complete fetch: two overlapping pages, and the details of each series."""
    masters = [_master(item) for item in series]
    parts = [[_instance(item, override) for override in item.overrides] for item in series]
    listed = [instance for instances in parts for instance in instances[::2]]
    half = len(masters) // 2
    return {
        "calendar": {"uid": "c", "name": "Team", "timezone": "Europe/Berlin"},
        "pages": [masters[: half + 10], [*listed, *masters[half:]]],
        "details": {
            item.uid: [*instances[::-1], master]
            for item, master, instances in zip(series, masters, parts, strict=True)
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
        # Some programs write "3FR" with BYSETPOS=3.
        rrule["bysetpos"] = series.repeat.byday[0][:-2]
    if series.quirks % 2 or "wkst" in parts:
        item["rrule"] = ";".join(f"{name.upper()}={value}" for name, value in rrule.items())
    if "rrule" not in item or series.quirks % 5:
        numbers = {name: int(parts[name]) for name in ("interval", "count") if name in parts}
        item["repeat"] = [parts | {"freq": series.repeat.freq.lower()} | numbers]
    if series.excluded:
        texts = [
            _slot_text(slot, series, series.quirks + number)
            for number, slot in enumerate(series.excluded)
        ]
        item["exdate"] = ",".join(texts) if series.quirks % 4 < 2 else texts
    return item


def _instance(series: Series, override: Override) -> dict[str, object]:
    name = {"recurrenceid": _slot_text(override.slot, series, 0)}
    if not override.title or override.place is None:
        start: date = override.slot
        if isinstance(start, datetime):
            start = start.astimezone(series.place.clock).replace(tzinfo=None)
        item = _item(series, series.title, series.place, start, series.length)
        return item | name | {"estatus": "deleted", "etag": "1772000000001"}
    item = _item(series, override.title, override.place, override.start, override.length)
    return item | name | {"etag": "1772000000001"}


def _slot_text(slot: Slot, series: Series, form: int) -> str:
    """Return a slot as a date or a UTC time. ``form`` 2 has the offset of the series' clocks."""
    if not isinstance(slot, datetime):
        return f"{slot:%Y%m%d}" if form % 3 < 2 else f"{slot:%Y%m%d}T000000Z"
    if form % 3 < 2:
        return f"{slot:%Y%m%dT%H%M%SZ}"
    return f"{slot.astimezone(series.place.clock):%Y%m%dT%H%M%S%z}"


def _item(
    series: Series, title: str, place: Place, start: date, length: timedelta
) -> dict[str, object]:
    item: dict[str, object] = {
        "uid": series.uid,
        "title": title,
        "etag": 1772000000000,
        "isprivate": False,
        "duration": length // timedelta(milliseconds=1),
        "calendar_alarm": False,
        "role": "organizer",
    }
    if isinstance(start, datetime):
        begin = place.instant(start).astimezone(place.clock)
        end = (place.instant(start) + length).astimezone(place.clock)
        form = "%Y%m%dT%H%M%S"
        offsets = {"start": f"{begin:{form}%z}", "end": f"{end:{form}%z}"}
        return item | {
            "isallday": False,
            "multiday": begin.date() != end.date(),
            "start": f"{begin:{form}}",
            "end": f"{end:{form}}",
            "dateandtime": {"timezone": place.name} | offsets,
        }
    # No document states whether the end of an all-day event is inclusive. "duration" decides, so
    # both forms occur.
    last = start + length - (DAY if series.quirks % 2 else timedelta(0))
    dates = {"start": f"{start:%Y%m%d}", "end": f"{last:%Y%m%d}"}
    return item | {
        "isallday": True,
        "multiday": length > DAY,
        **dates,
        "dateandtime": {"timezone": place.name} | dates,
    }
