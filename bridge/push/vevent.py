"""The fields of a VEVENT that Connect can change, from any calendar program. Pure.

It knows only RFC 5545, not what Connect accepts or what was published before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import icalendar

from bridge.domain import timezones
from bridge.domain.event import Moment, is_all_day, to_utc
from bridge.domain.text import clean, one_line
from bridge.errors import BridgeError

_REPEATS = ("RRULE", "RDATE", "RECURRENCE-ID", "EXRULE")
_DAY = timedelta(days=1)
# Other alarms are sent by mail, or are a program's mark for no alarm.
_ACTIONS = frozenset({"DISPLAY", "AUDIO"})


class RefusalError(ValueError):
    """An event that can't be sent; the text is the end of a sentence that starts with its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VeventFields:
    """The fields of a VEVENT that Connect can change, and the VEVENT's stamps.

    ``end`` is exclusive. ``reminders`` are different times before the start. ``sequence`` is None
    without SEQUENCE, and ``stamps`` are LAST-MODIFIED and DTSTAMP where they exist.
    """

    title: str
    description: str
    location: str
    start: Moment
    end: Moment
    reminders: tuple[timedelta, ...] = ()
    sequence: int | None = None
    stamps: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vevent:
    """A component of a file, with its name for a person."""

    uid: str
    title: str
    component: Any


def read_vevents(data: bytes, name: str) -> tuple[Vevent, ...]:
    """Return the VEVENTs of a file; raise BridgeError with its name if there is none."""
    try:
        calendars = icalendar.Calendar.from_ical(data, multiple=True)
    except ValueError as error:
        reason = one_line(str(error), 200)
        raise BridgeError(f"{name} can't be read as an iCalendar file: {reason}.") from error
    vevents = tuple(
        Vevent(
            uid=str(component.get("UID", "")).strip(),
            title=one_line(str(component.get("SUMMARY", "")), 80),
            component=component,
        )
        for calendar in calendars
        for component in calendar.walk("VEVENT")
    )
    if not vevents:
        raise BridgeError(f"{name} has no events: export the edited ones as an .ics file.")
    return vevents


def parse_fields(component: Any) -> VeventFields:
    """Parse one VEVENT; raise RefusalError if it repeats, is cancelled, or can't be read."""
    if any(name in component for name in _REPEATS):
        raise RefusalError("repeats, and Connect documents no request that changes such events")
    if str(component.get("STATUS", "")).upper() == "CANCELLED":
        raise RefusalError("is cancelled in the file; delete it in Zoho Connect instead")
    start, end = parse_times(component)
    sequence = component.get("SEQUENCE")
    stamps = (getattr(component.get(name), "dt", None) for name in ("LAST-MODIFIED", "DTSTAMP"))
    return VeventFields(
        title=clean(str(component.get("SUMMARY", ""))).strip(),
        description=clean(str(component.get("DESCRIPTION", ""))),
        location=clean(str(component.get("LOCATION", ""))).strip(),
        start=start,
        end=end,
        reminders=tuple(dict.fromkeys(parse_reminders(component, start, end))),
        sequence=int(sequence) if isinstance(sequence, int) else None,
        stamps=tuple(stamp for stamp in stamps if isinstance(stamp, datetime) and stamp.tzinfo),
    )


def parse_times(component: Any) -> tuple[Moment, Moment]:
    """Parse start and exclusive end; raise RefusalError if they are unreadable or senseless."""
    start, end = _moment(component, "DTSTART"), _moment(component, "DTEND")
    if start is None:
        raise RefusalError("has no start that can be read")
    if end is None:
        # RFC 5545 3.6.1: without DTEND and DURATION, a date lasts a day and a time no time.
        default = _DAY if is_all_day(start) else timedelta()
        end = start + getattr(component.get("DURATION"), "dt", default)
    if is_all_day(start) != is_all_day(end):
        raise RefusalError("starts on a day and ends at a time, or the other way round")
    if _length(start, end) < timedelta() or (is_all_day(start) and end == start):
        raise RefusalError("ends before it starts")
    return start, end


def _moment(component: Any, name: str) -> Moment | None:
    value = component.get(name)
    moment = getattr(value, "dt", None)
    if isinstance(moment, datetime) and moment.tzinfo is None:
        zone = timezones.zone(str(value.params.get("TZID", "")))
        if zone is None:
            raise RefusalError("has a time without a time zone; set one in the calendar program")
        return moment.replace(tzinfo=zone)
    return moment if isinstance(moment, date) else None


def parse_reminders(component: Any, start: Moment, end: Moment) -> Iterator[timedelta]:
    """Yield the time between each reminder and the start.

    An absolute time for an all-day event is skipped, because its distance is unknown.
    """
    for alarm in component.walk("VALARM"):
        if str(alarm.get("ACTION", "")).upper() not in _ACTIONS:
            continue
        trigger = alarm.get("TRIGGER")
        match getattr(trigger, "dt", None):
            case timedelta() as offset:
                from_end = str(trigger.params.get("RELATED", "START")).upper() == "END"
                yield -offset - (_length(start, end) if from_end else timedelta())
            case datetime() as at if isinstance(start, datetime) and at.tzinfo:
                yield start - at


def _length(start: Moment, end: Moment) -> timedelta:
    return to_utc(end) - to_utc(start)
