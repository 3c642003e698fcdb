"""Zoho Calendar's JSON: the lists in its answers and the fields that a calendar needs.

Fields that the bridge doesn't show (attendee addresses, colours, ids of other systems) are not
decoded, so that no oddity in them can cost an event. An unreadable field is left out and reported:
the parser decides whether an event can do without it.
"""

import re
from typing import Any

import msgspec

from bridge.domain.problems import BadValueError
from bridge.domain.source import CalendarProfile
from bridge.sources import fields
from bridge.sources.fields import Faults, read
from bridge.sources.shapes import listed

# The category of a calendar, in the forms of the field and of the parameter (Zoho APIs 4.1).
_CATEGORIES = {"own": "own", "group": "group", "app": "app", "other": "shared", "others": "shared"}


class When(msgspec.Struct, frozen=True, kw_only=True):
    """``dateandtime``: the times with an offset, beside the name of their zone."""

    timezone: str | None = None
    start: str | None = None
    end: str | None = None


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``reminders``: ``"-10"`` is ten minutes before the start, and so is 10."""

    minutes: int | str
    action: str | None = None


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``alarm``: the same reminders again, in milliseconds from the start."""

    trigger: int
    action: str | None = None


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``repeat``: a rule in parts, each a number, a text with commas or a list."""

    freq: str
    interval: Any = None
    count: Any = None
    until: str | None = None
    byday: Any = None
    bymonthday: Any = None
    bymonth: Any = None
    bysetpos: Any = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An event, a series, or a changed or deleted instance of a series (Zoho APIs 4.3, 4.4)."""

    uid: str = ""
    recurrenceid: str | None = None
    estatus: str | None = None
    etag: int | str | None = None
    lastmodifiedtime: str | None = None

    isallday: bool | None = None
    multiday: bool | None = None
    duration: int | None = None
    dateandtime: When | None = None
    start: str | None = None
    end: str | None = None

    rrule: str | None = None
    repeat: list[Repeat] | Repeat | None = None
    exdate: list[str] | str | None = None

    title: str | None = None
    location: str | None = None
    description: str | None = None
    url: str | None = None
    view_url: str | None = msgspec.field(default=None, name="viewEventURL")
    meeting_url: str | None = msgspec.field(default=None, name="onlineMeetingUrl")
    conference_data: Any = None
    app_data: Any = None

    isprivate: bool | None = None
    transparency: int | None = None
    role: str | None = None
    rsvp: int | None = msgspec.field(default=None, name="rsvpStatus")
    attendees: Any = None

    reminders: list[Reminder] | None = None
    alarm: list[Trigger] | None = None
    calendar_alarm: bool | None = None


class CalendarInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar; ``reminders`` are those of events that have none of their own."""

    uid: str = ""
    name: str | None = None
    timezone: str | None = None
    reminders: list[Reminder] | None = None
    category: Any = None
    privilege: Any = None
    color: Any = None
    status: Any = None

    @property
    def profile(self) -> CalendarProfile:
        """What the pages and commands show of it; a value of an unknown form is left out."""
        category, privilege, color = (
            value.strip().lower() if isinstance(value, str) else ""
            for value in (self.category, self.privilege, self.color)
        )
        return CalendarProfile(
            category=_CATEGORIES.get(category, ""),
            privilege=privilege if privilege.isalpha() and privilege.isascii() else "",
            color=color if re.fullmatch("#[0-9a-f]{6}", color) else "",
            hidden=self.status in (False, "false"),
        )


def calendar_object(answer: Any) -> Any:
    """Return the calendar in an answer about one, wrapped or bare; empty if there is none."""
    if isinstance(answer, dict) and "calendars" not in answer:
        return answer
    items = (
        listed(answer, "calendar", "calendars")
        if answer and isinstance(answer, dict | list)
        else []
    )
    return next(iter(items), {})


def uid_of(data: Any) -> str:
    """Return an object's uid; empty if it has none that can be read."""
    uid = data.get("uid") if isinstance(data, dict) else None
    return uid if isinstance(uid, str) and len(uid) <= fields.LONGEST_ID else ""


def ctag_of(data: Any) -> str:
    """Return a calendar's ctag as text; empty if it has none."""
    ctag = data.get("ctag")
    is_known = isinstance(ctag, str | int) and not isinstance(ctag, bool)
    return str(ctag)[: fields.LONGEST_ID] if is_known else ""


def read_item(data: Any) -> tuple[Item, Faults]:
    """Read one event object, and the faults of its fields; BadValueError without a uid."""
    item, faults = read(data, Item)
    if not uid_of(data):
        raise BadValueError("no-id")
    return item, faults


def read_calendar(data: Any) -> tuple[CalendarInfo, Faults]:
    """Read a calendar object as far as possible: events can do without it."""
    return read(data if isinstance(data, dict) else {}, CalendarInfo)
