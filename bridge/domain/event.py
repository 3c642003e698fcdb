"""Events as frozen values, between Zoho's three APIs and iCalendar.

It must not know JSON, HTTP, SQL or the bytes of a feed. A time is a ``date`` (all-day) or an aware
``datetime`` whose zone is a ``ZoneInfo``. Naive times and ``datetime.timezone`` offsets are
refused: a series in them is undefined across a change of the clocks (rulebook 29, 30).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

Moment: TypeAlias = datetime | date


def is_all_day(moment: Moment) -> bool:
    """Return whether this is a DATE, for a ``datetime`` is a ``date`` in Python too."""
    return not isinstance(moment, datetime)


def midnight(day: date) -> datetime:
    """Return the start of a day in UTC, where the windows of feeds start and end."""
    return datetime.combine(day, time(), UTC)


def to_utc(moment: Moment) -> datetime:
    """Return a time in UTC, or the midnight UTC that starts a date.

    Compare times in UTC only: Python compares two times of one zone by their wall clocks, which
    repeat an hour when clocks go back.
    """
    return moment.astimezone(UTC) if isinstance(moment, datetime) else midnight(moment)


class Status(StrEnum):
    """STATUS of a VEVENT (RFC 5545 3.8.1.11)."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A recurrence rule by its parts (RFC 5545 3.3.10).

    ``until`` is a ``date`` for an all-day series, else an aware ``datetime``. It never comes with
    ``count``. ``byday`` has weekdays with an optional ordinal: ``"MO"``, ``"2TU"``, ``"-1FR"``.
    """

    freq: str
    interval: int = 1
    count: int | None = None
    until: Moment | None = None
    bysecond: tuple[int, ...] = ()
    byminute: tuple[int, ...] = ()
    byhour: tuple[int, ...] = ()
    byday: tuple[str, ...] = ()
    bymonthday: tuple[int, ...] = ()
    byyearday: tuple[int, ...] = ()
    byweekno: tuple[int, ...] = ()
    bymonth: tuple[int, ...] = ()
    bysetpos: tuple[int, ...] = ()
    wkst: str = "MO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """The rule of a series, and its excluded slots: original starts in the form of DTSTART."""

    rule: Rule
    excluded: tuple[Moment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A reminder, ``trigger`` after the start; before it if negative (RFC 5545 3.8.6.3)."""

    trigger: timedelta


def nearest_first(alarms: Iterable[Alarm]) -> tuple[Alarm, ...]:
    """Return different reminders: backwards from the start, then those after it (rulebook 61)."""
    after_start = timedelta.resolution
    return tuple(sorted(set(alarms), key=lambda a: (a.trigger >= after_start, abs(a.trigger))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person named in an event, without an address: feeds show only names (rulebook 60)."""

    name: str
    role: Literal["organizer", "speaker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of an event. Empty strings are unknown."""

    name: str = ""
    hall: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    country: str = ""

    @property
    def line(self) -> str:
        """The LOCATION line, from the hall to the country, without repeated neighbours."""
        parts: list[str] = []
        for part in (self.hall, self.name, self.street, self.city, self.state, self.country):
            text = " ".join(part.split())
            if text and text not in parts[-1:]:
                parts.append(text)
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A single event, or a series with its changed instances (a UID family).

    ``end`` is exclusive and of the type of ``start``. An all-day event ends at least a day after
    its start, a timed event not before its start. ``overrides`` are the changed instances of a
    series: each has the ``uid`` of the series, and ``recurrence_id`` is the original start that it
    replaces. ``related_to`` is the UID of the series from which a stand-alone instance comes.
    ``description`` is plain text, ``html`` its sanitised rich form or empty. ``track`` (a
    Backstage track or a Connect group) and ``answer`` (the account's RSVP) are used for filters
    only and never appear in a feed. Raises ValueError for values that no calendar can show.
    """

    uid: str
    upstream_id: str
    title: str
    start: Moment
    end: Moment
    description: str = ""
    html: str = ""
    place: Place | None = None
    url: str = ""
    join_url: str = ""
    image_url: str = ""
    status: Status = Status.CONFIRMED
    busy: bool = True
    private: bool = False
    categories: tuple[str, ...] = ()
    track: str = ""
    answer: Literal["", "accepted", "tentative", "declined", "needs-action"] = ""
    people: tuple[Person, ...] = ()
    language: str = ""
    alarms: tuple[Alarm, ...] = ()
    recurrence: Recurrence | None = None
    recurrence_id: Moment | None = None
    overrides: tuple["Event", ...] = ()
    related_to: str = ""

    def __post_init__(self) -> None:
        for name in ("start", "end", "recurrence_id"):
            moment = getattr(self, name)
            if isinstance(moment, datetime) and not isinstance(moment.tzinfo, ZoneInfo):
                raise ValueError(f"{name} {moment.isoformat()} has no IANA time zone")
        if self.all_day != is_all_day(self.end):
            raise ValueError(f"start {self.start} and end {self.end} are not of one kind")
        if self.all_day and self.end <= self.start:
            raise ValueError(f"an all-day event ends the day after its last day, not on {self.end}")
        if to_utc(self.end) < to_utc(self.start):
            raise ValueError(f"end {self.end} is before start {self.start}")
        slots = [override.recurrence_id for override in self.overrides]
        uids = {override.uid for override in self.overrides}
        if self.overrides and (self.recurrence is None or None in slots or uids != {self.uid}):
            raise ValueError("an override needs a series, its UID and the slot it replaces")

    @property
    def all_day(self) -> bool:
        """Whether the event takes whole days and has no zone."""
        return is_all_day(self.start)

    @property
    def has_length(self) -> bool:
        """Whether the event takes time: an instant has no DTEND (rulebook 35)."""
        return to_utc(self.start) < to_utc(self.end)
