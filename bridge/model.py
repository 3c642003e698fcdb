"""The neutral model between Zoho's three APIs and iCalendar: frozen values, no input and no output.

It must not know of JSON, HTTP, SQL or the serialised form of a feed. A time here is either a ``date`` (all-day) or
an aware ``datetime`` whose zone is a ``zoneinfo.ZoneInfo``: naive times and ``datetime.timezone`` offsets are refused,
because a repeat in them can't be told across a change of the clock (rulebook 29, 30).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias
import uuid
from zoneinfo import ZoneInfo

Moment: TypeAlias = datetime | date

_UIDS = uuid.UUID("6a3b1c1e-52cf-5b0f-9d4e-0c8f7f5d2a61")


def is_all_day(moment: Moment) -> bool:
    """Tell a DATE from a DATE-TIME (a ``datetime`` is a ``date`` in Python)."""
    return not isinstance(moment, datetime)


def instant(moment: datetime) -> datetime:
    """Give a time in UTC. Python compares two times of one zone by their wall clocks, which lie when clocks go back."""
    return moment.astimezone(UTC)


def midnight(day: date) -> datetime:
    """Give the beginning of a day in UTC, where windows begin and end."""
    return datetime.combine(day, time(), UTC)


def instant_of(moment: Moment) -> datetime:
    """Give a moment in UTC; a day begins at midnight UTC, as the window does."""
    return instant(moment) if isinstance(moment, datetime) else midnight(moment)


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
            and instant(self.end) < instant(self.start)
        ):
            raise ValueError(f"end {self.end} is before start {self.start}")
        if self.recurrence_id is not None:
            _check_moment(self.recurrence_id, "recurrence_id")
        for override in self.overrides:
            if override.recurrence_id is None or override.uid != self.uid or self.recurrence is None:
                raise ValueError("an override needs a series, its UID and the slot it replaces")

    @property
    def all_day(self) -> bool:
        """Whether the event takes whole days and has no zone."""
        return is_all_day(self.start)


def _check_moment(moment: Moment, name: str) -> None:
    if isinstance(moment, datetime) and not isinstance(moment.tzinfo, ZoneInfo):
        raise ValueError(f"{name} {moment.isoformat()} has no IANA time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackstageSource:
    """A Backstage portal's events, or with ``event`` the agenda (sessions) of that one event."""

    portal: str
    event: str = ""
    brand: str = ""

    @property
    def kind(self) -> Literal["backstage"]:
        """The product it is read from."""
        return "backstage"

    @property
    def key(self) -> str:
        """What names this source in the store, in logs and to the admin."""
        text = f"backstage:{self.portal}"
        text += f"/{self.event}" if self.event else ""
        return text + (f"?brand={self.brand}" if self.brand else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectSource:
    """The events of one group of a Connect network, or of several that are read at once.

    ``network`` is Zoho's scopeID, ``group`` the group's partitionId; of several groups the ids in order, each once,
    with commas between them: then the same groups are the same source, however they were named.
    """

    group: str
    network: str

    @property
    def kind(self) -> Literal["connect"]:
        """The product it is read from."""
        return "connect"

    @property
    def groups(self) -> tuple[str, ...]:
        """The id of each group."""
        return tuple(self.group.split(","))

    @property
    def key(self) -> str:
        """What names this source in the store, in logs and to the admin."""
        return f"connect:{self.network}/{self.group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSource:
    """One calendar of Zoho Calendar, by its uid (``caluid``)."""

    calendar: str

    @property
    def kind(self) -> Literal["calendar"]:
        """The product it is read from."""
        return "calendar"

    @property
    def key(self) -> str:
        """What names this source in the store, in logs and to the admin."""
        return f"calendar:{self.calendar}"


Source: TypeAlias = BackstageSource | ConnectSource | CalendarSource


def event_uid(*parts: str, slot: Moment | None = None) -> str:
    """Give the bridge's own UID for an upstream id: the same for ever, ASCII, without a host or a person in it.

    ``parts`` name the thing upstream, from the product inwards (``"calendar", calendar uid, event uid``); ``slot``
    is the original start of an instance that stands alone. A name-based UUID, RFC 9562 5.5 and RFC 7986 5.3;
    rulebook 18, 19.
    """
    name = "\n".join(parts)
    return str(uuid.uuid5(_UIDS, name if slot is None else f"{name}\n{slot_text(slot)}"))


def slot_text(slot: Moment) -> str:
    """Write an original start so that the same instant gives the same text in any zone."""
    if isinstance(slot, datetime):
        return instant(slot).strftime("%Y%m%dT%H%M%SZ")
    return slot.strftime("%Y%m%d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days a feed shows: from ``start`` up to, not including, ``end``, both at midnight UTC."""

    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One subscribable calendar: what it shows, of which sources, in which form (the ``[[feed]]`` table)."""

    slug: str
    title: str
    sources: tuple[Source, ...]
    public: bool = False
    privacy: Literal["full", "busy"] = "full"
    alarms: bool = True
    past: timedelta = timedelta(days=90)
    future: timedelta = timedelta(days=540)
    exceptions: Literal["detached", "recurrence-id"] = "detached"
    cancelled: Literal["mark", "status", "drop"] = "mark"
    show_private: bool = False

    @property
    def kind(self) -> str:
        """``backstage``, ``connect`` or ``calendar``; ``merged`` for more than one source."""
        return self.sources[0].kind if len(self.sources) == 1 else "merged"

    def window(self, today: date) -> Window:
        """Give the days the feed shows when today is ``today``."""
        return Window(start=today - self.past, end=today + self.future)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An upstream event that did not come across whole: dropped, or with ``kept`` mended and published.

    ``upstream_id`` is Zoho's own id, for the admin to find it; ``reason`` a sentence.
    """

    upstream_id: str
    reason: str
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one complete fetch of a source says: its events, what went wrong, and remarks for the admin."""

    events: tuple[Event, ...]
    rejections: tuple[Rejection, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A source that the account can see, with the name it has in Zoho; ``within`` is the network or portal's name."""

    source: Source
    title: str
    within: str = ""
