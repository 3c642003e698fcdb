"""The shape of Zoho Calendar's JSON, and how it is read: what a calendar needs, in every variant seen; nothing else.

Fields that the bridge doesn't show (attendee addresses, colours, ids of other systems) are not decoded, so that no
oddity in them can cost an event. A field that is decoded and can't be read is left out and reported; whether its loss
can be borne is the parser's business.
"""

from typing import Any

import msgspec

from bridge.errors import BadDataError
from bridge.sources.fields import read, read_values

_NO_EVENT = "it is not an event object with a uid"


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
    """An event, a series, or a changed or deleted instance of one (Zoho Calendar: events list and event details)."""

    uid: str
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
    """What a calendar says of itself; ``reminders`` are the ones of events that have none of their own."""

    uid: str = ""
    name: str | None = None
    timezone: str | None = None
    reminders: list[Reminder] | None = None


def objects(answer: Any, name: str) -> list[Any]:
    """Give the list ``name`` of an answer, which may be wrapped as documented, a single object or a bare list.

    Anything else is no answer to the question, and must not be read as "there is nothing": BadDataError.
    """
    content = answer.get(name) if isinstance(answer, dict) else answer
    if isinstance(content, dict):
        return [content]
    if isinstance(content, list):
        return [item for item in content if not _is_remark(item)]
    raise BadDataError(
        f"Zoho Calendar's answer has no list of {name}; the last good state is kept."
    )


def _is_remark(item: Any) -> bool:
    # An empty range is answered with one such object in place of an empty list.
    return isinstance(item, dict) and item.keys() == {"message"}


def read_item(data: Any) -> tuple[Item, dict[str, str]]:
    """Read one event object; the second value tells the fields that had to be left out, and why.

    Raises ValueError where there is no uid to speak of.
    """
    if not isinstance(data, dict) or not data.get("uid"):
        raise ValueError(_NO_EVENT)
    try:
        return msgspec.convert(data, Item, strict=False), {}
    except msgspec.ValidationError:
        values, faults = read_values(data, Item)
    if "uid" not in values:
        raise ValueError(_NO_EVENT)
    return Item(**values), faults


def read_calendar(data: Any) -> tuple[CalendarInfo, dict[str, str]]:
    """Read a calendar object as far as it can be read; the events can do without it."""
    return read(data, CalendarInfo) if isinstance(data, dict) else (CalendarInfo(), {})
