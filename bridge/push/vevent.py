"""What a VEVENT says of the fields that Connect can change, whichever program wrote it. Pure.

Only RFC 5545 is known here; whether a value may be sent, and what it was before, is the business of ``change``.
"""

from collections.abc import Iterable
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
_RINGS = frozenset(
    {"DISPLAY", "AUDIO"}
)  # others are sent by mail, or are a program's mark that there is none


class ToldError(ValueError):
    """A VEVENT that can't be sent as it is: the text is a sentence's end, after the event's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A VEVENT's own words. ``end`` is exclusive; ``reminders`` are times before the start, each once.

    ``sequence`` is None where the VEVENT has none, ``stamps`` are its LAST-MODIFIED and DTSTAMP, as far as it has them.
    """

    uid: str
    title: str
    description: str
    location: str
    start: Moment
    end: Moment
    reminders: tuple[timedelta, ...] = ()
    sequence: int | None = None
    stamps: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A VEVENT as far as it can be named, and the component itself."""

    uid: str
    title: str
    component: Any


def components(data: bytes, name: str) -> tuple[Named, ...]:
    """Find the VEVENTs of a file; raises BridgeError, which names the file, when there is nothing to send in it."""
    try:
        calendars = icalendar.Calendar.from_ical(data, multiple=True)
    except ValueError as error:
        raise BridgeError(
            f"{name} can't be read as an iCalendar file: {one_line(str(error), 200)}."
        ) from error
    found = tuple(
        Named(
            uid=str(component.get("UID", "")).strip(),
            title=one_line(str(component.get("SUMMARY", "")), 80),
            component=component,
        )
        for calendar in calendars
        for component in calendar.walk("VEVENT")
    )
    if not found:
        raise BridgeError(f"{name} holds no event: export the edited ones as an .ics file.")
    return found


def tell(component: Any) -> Told:
    """Read one VEVENT; raises ToldError for one that repeats, is cancelled, or can't be read."""
    if any(name in component for name in _REPEATS):
        raise ToldError(
            "repeats, or is one of several; the documents of Connect know no way to change those"
        )
    if str(component.get("STATUS", "")).upper() == "CANCELLED":
        raise ToldError("is cancelled in the file; an event of Connect can only be deleted there")
    start, end = times_of(component)
    reminders = dict.fromkeys(reminders_of(component, start, end))
    sequence = component.get("SEQUENCE")
    return Told(
        uid=str(component.get("UID", "")).strip(),
        title=clean(str(component.get("SUMMARY", ""))).strip(),
        description=clean(str(component.get("DESCRIPTION", ""))),
        location=clean(str(component.get("LOCATION", ""))).strip(),
        start=start,
        end=end,
        reminders=tuple(reminders),
        sequence=int(sequence) if isinstance(sequence, int) else None,
        stamps=tuple(_stamps(component)),
    )


def times_of(component: Any) -> tuple[Moment, Moment]:
    """Read start and exclusive end; ToldError for what can't be read, or makes no sense."""
    start = _moment(component, "DTSTART")
    if start is None:
        raise ToldError("has no start that can be read")
    end = _moment(component, "DTEND")
    if end is None:
        length = component.get("DURATION")
        # RFC 5545 3.6.1: without either, a day for a date, and no time at all otherwise.
        end = start + (
            length.dt if length is not None else _DAY if is_all_day(start) else timedelta()
        )
    if is_all_day(start) != is_all_day(end):
        raise ToldError("starts on a day and ends at a time, or the other way round")
    if _length(start, end) < timedelta() or (is_all_day(start) and end == start):
        raise ToldError("ends before it starts")
    return start, end


def _moment(component: Any, name: str) -> Moment | None:
    value = component.get(name)
    moment = getattr(value, "dt", None)
    if not isinstance(moment, date):
        return None
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        zone = timezones.zone(str(value.params.get("TZID", "")))
        if zone is None:
            raise ToldError("has a time without a time zone; give it one in the calendar program")
        moment = moment.replace(tzinfo=zone)
    return moment


def reminders_of(component: Any, start: Moment, end: Moment) -> Iterable[timedelta]:
    """Give how long before the start each of its alarms rings; the marks of programs that there is none are none."""
    for alarm in component.walk("VALARM"):
        trigger = alarm.get("TRIGGER")
        value = getattr(trigger, "dt", None)
        if str(alarm.get("ACTION", "")).upper() not in _RINGS:
            continue
        if isinstance(value, timedelta):
            from_end = str(trigger.params.get("RELATED", "START")).upper() == "END"
            yield -value - (_length(start, end) if from_end else timedelta())
        elif (
            isinstance(value, datetime) and isinstance(start, datetime) and value.tzinfo is not None
        ):
            yield start - value
        # How long before a whole day an absolute time is nobody can say.


def _length(start: Moment, end: Moment) -> timedelta:
    if isinstance(start, datetime) and isinstance(end, datetime):
        return to_utc(end) - to_utc(start)
    return timedelta(days=end.toordinal() - start.toordinal())


def _stamps(component: Any) -> Iterable[datetime]:
    for name in ("LAST-MODIFIED", "DTSTAMP"):
        moment = getattr(component.get(name), "dt", None)
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            yield moment
