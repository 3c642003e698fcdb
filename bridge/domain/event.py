"""An event between Zoho's three APIs and iCalendar: frozen values, no input and no output.

It must not know of JSON, HTTP, SQL or the serialised form of a feed. A time here is either a ``date`` (all-day) or
an aware ``datetime`` whose zone is a ``zoneinfo.ZoneInfo``: naive times and ``datetime.timezone`` offsets are refused,
because a repeat in them can't be told across a change of the clock (rulebook 29, 30).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

Moment: TypeAlias = datetime | date


def is_all_day(moment: Moment) -> bool:
    """Tell a DATE from a DATE-TIME (a ``datetime`` is a ``date`` in Python)."""
    return not isinstance(moment, datetime)


def midnight(day: date) -> datetime:
    """Return the start of a day in UTC, where the windows of feeds start and end."""
    return datetime.combine(day, time(), UTC)


def to_utc(moment: Moment) -> datetime:
    """Return a time in UTC, or the midnight UTC that starts a date.

    Compare times in UTC only: Python compares two times of one zone by their wall clocks, which repeat an hour when
    clocks go back.
    """
    return moment.astimezone(UTC) if isinstance(moment, datetime) else midnight(moment)


class Status(StrEnum):
    """STATUS of a VEVENT (RFC 5545 3.8.1.11)."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A recurrence rule, RFC 5545 3.3.10, part by part.

    ``until`` is a ``date`` for an all-day series and an aware ``datetime`` otherwise; never together with ``count``.
    ``byday`` holds weekdays with an optional ordinal: ``"MO"``, ``"2TU"``, ``"-1FR"``.
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
    """How an event repeats: its rule, and the slots (original starts, in the form of DTSTART) with nothing in them."""

    rule: Rule
    excluded: tuple[Moment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A reminder: ``trigger`` is relative to the start, negative before it (RFC 5545 3.8.6.3)."""

    trigger: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone named in an event. Never an address: a feed shows names at most (rulebook 60)."""

    name: str
    role: Literal["organizer", "speaker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an event is, as far as upstream tells; empty strings are unknown."""

    name: str = ""
    hall: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    country: str = ""

    @property
    def line(self) -> str:
        """One LOCATION line, from the nearest to the farthest, nothing twice in a row."""
        parts: list[str] = []
        for part in (self.hall, self.name, self.street, self.city, self.state, self.country):
            text = " ".join(part.split())
            if text and text not in parts[-1:]:
                parts.append(text)
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, or one repeating series with its changed instances: a UID family.

    ``end`` is exclusive and of the kind of ``start``; an all-day event ends at least a day after its start, a timed
    one not before it. ``overrides`` are the changed instances of a series: each has the series' ``uid`` and, in
    ``recurrence_id``, the original start that it replaces. ``related_to`` is the UID of the series that a stand-alone
    instance came from. ``description`` is plain text; ``html`` the sanitised rich form, empty where there is none.
    ``track``, the part of its source that it belongs to (a track, which is one of the categories, too, or a group), and
    ``answer``, the account's own to an invitation, are only there to choose by: no feed writes them down.
    Raises ValueError for what no calendar can hold.
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
        _check_moment(self.start, "start")
        _check_moment(self.end, "end")
        if is_all_day(self.start) != is_all_day(self.end):
            raise ValueError(f"start {self.start} and end {self.end} are not of one kind")
        if is_all_day(self.start) and self.end <= self.start:
            raise ValueError(f"an all-day event ends the day after its last day, not on {self.end}")
        if (
            isinstance(self.start, datetime)
            and isinstance(self.end, datetime)
            and to_utc(self.end) < to_utc(self.start)
        ):
            raise ValueError(f"end {self.end} is before start {self.start}")
        if self.recurrence_id is not None:
            _check_moment(self.recurrence_id, "recurrence_id")
        for override in self.overrides:
            if (
                override.recurrence_id is None
                or override.uid != self.uid
                or self.recurrence is None
            ):
                raise ValueError("an override needs a series, its UID and the slot it replaces")

    @property
    def all_day(self) -> bool:
        """Whether the event takes whole days and has no zone."""
        return is_all_day(self.start)


def _check_moment(moment: Moment, name: str) -> None:
    if isinstance(moment, datetime) and not isinstance(moment.tzinfo, ZoneInfo):
        raise ValueError(f"{name} {moment.isoformat()} has no IANA time zone")
