"""One event, or one series with its changed instances, as VEVENT bytes.

No ATTENDEE, ORGANIZER, CLASS, RDATE, ATTACH or GEO is ever written, no LANGUAGE or other parameter
without need, and no empty property (rulebook 7, 9, 44, 52, 59, 60). Feeds, stores and earlier
publications are not known here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

import icalendar

from bridge.domain.event import Event, Moment, Status, nearest_first
from bridge.domain.recurrence.rrule import render_rule
from bridge.domain.text import NO_TITLE, clean, one_line
from bridge.domain.timezones import is_fixed
from bridge.domain.uid import event_uid
from bridge.publish.ical import values
from bridge.publish.view.dst import is_ambiguous

_MOST_SEQUENCE = 2**31 - 1
# Outlook cuts a place at 255 characters; the other clients show all of it.
_LONGEST_PLACE = 1000
# Characters beside an address in running text that are not a part of it.
_AROUND_LINK = "<>()[]{}\"'.,;:!?"


class RenderError(ValueError):
    """An event that can't be written as iCalendar. It is left out; its feed's others stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When the family last changed (aware), and its SEQUENCE; neither falls (rulebook 20-22)."""

    changed: datetime
    sequence: int


def render(event: Event, stamp: Stamp, *, alarms: bool = True) -> bytes:
    """Render the family's VEVENTs, master first, folded, with CRLF.

    Raises RenderError for what iCalendar can't hold.
    """
    family = (event, *event.overrides)
    try:
        return b"".join(_vevent(member, event, stamp, alarms=alarms) for member in family)
    except (ValueError, OverflowError) as error:
        raise RenderError(f"{_name(event)} can't be written as iCalendar: {error}") from error


def render_occurrences(events: Iterable[Event], stamp: Stamp) -> bytes:
    """Render single events without alarms: web pages have none."""
    return b"".join(render(event, stamp, alarms=False) for event in events)


def zones(event: Event) -> frozenset[str]:
    """Return the TZIDs that the rendered family uses."""
    used = (_zone(member, event) for member in (event, *event.overrides))
    return frozenset(values.tzid(zone) for zone in used if zone is not None)


def check(blob: bytes, event: Event) -> None:
    """Parse rendered bytes, so that one bad event does not break a feed (rulebook 10).

    Raises RenderError when they do not hold the event's family, whole and alone.
    """
    name = _name(event)
    try:
        family = icalendar.Event.from_ical(blob, multiple=True)
    except ValueError as error:
        raise RenderError(f"{name} can't be read again: {error}") from error
    expected = 1 + len(event.overrides)
    if len(family) != expected or any(member.name != "VEVENT" for member in family):
        raise RenderError(f"{name} reads as {len(family)} components, not as {expected} VEVENT")
    for member in family:
        for property_, problem in member.errors:
            raise RenderError(f"{name} reads with an error in {property_}: {problem}")
        if str(member.get("UID")) != event.uid:
            raise RenderError(f"{name} reads with another UID")
        missing = {"DTSTAMP", "DTSTART", "SUMMARY"} - set(member)
        if missing:
            raise RenderError(f"{name} reads without {', '.join(sorted(missing))}")


def _name(event: Event) -> str:
    return f'"{one_line(event.title, 60)}"'


def _vevent(event: Event, master: Event, stamp: Stamp, *, alarms: bool) -> bytes:
    component = icalendar.Event()
    component.add("UID", values.text(event.uid))
    component.add("DTSTAMP", values.utc(stamp.changed))
    component.add("LAST-MODIFIED", values.utc(stamp.changed))
    component.add("SEQUENCE", values.Verbatim(str(min(max(stamp.sequence, 0), _MOST_SEQUENCE))))
    _add_times(component, event, master)
    _add_texts(component, event)
    _add_state(component, event)
    if event.related_to:
        component.add("RELATED-TO", values.text(event.related_to))
    if alarms and event.status is not Status.CANCELLED:
        for alarm in nearest_first(event.alarms):
            component.add_component(_valarm(event, alarm.trigger))
    blob: bytes = component.to_ical(sorted=False)
    return blob


def _add_times(component: icalendar.Event, event: Event, master: Event) -> None:
    """Add the times, slots in the master's form (rulebook 33-41). An instant has no DTEND."""
    if event.recurrence_id is not None:
        component.add("RECURRENCE-ID", *_slot(event.recurrence_id, master))
    zone = _zone(event, master)
    component.add("DTSTART", *values.moment(event.start, zone))
    if event.has_length:
        component.add("DTEND", *values.moment(event.end, zone))
    if event.recurrence is None:
        return
    component.add("RRULE", values.Verbatim(render_rule(event.recurrence.rule, event.start)))
    slots = dict(_slot(slot, event) for slot in event.recurrence.excluded)
    for text in sorted(slots):
        component.add("EXDATE", text, slots[text])


def _slot(slot: Moment, master: Event) -> tuple[values.Verbatim, dict[str, str]]:
    if isinstance(slot, datetime) == master.all_day:
        raise ValueError(f"the slot {slot} is not of the kind of the series' start {master.start}")
    return values.moment(slot, _zone(master, master))


def _zone(event: Event, master: Event) -> ZoneInfo | None:
    """Return the zone in which the event's times are written; None for whole days and for UTC.

    A series needs a zone (rulebook 29, 41). A single event is written in UTC when its start or end
    is an ambiguous wall time (rulebook 32), and when its zone is a bare offset, whose names clients
    do not know.
    """
    start, end = event.start, event.end
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    zone = start.tzinfo
    assert isinstance(zone, ZoneInfo)  # the model refuses others
    if event.recurrence is not None:
        return zone
    if is_ambiguous(start) or is_ambiguous(end.astimezone(zone)):
        return None
    if isinstance(master.start, datetime) and master is not event and master.start.tzinfo == zone:
        return zone
    return None if zone.key == "UTC" or is_fixed(zone) else zone


def _add_texts(component: icalendar.Event, event: Event) -> None:
    """Add the texts. Few clients show URL, so links are in the description too (rulebook 54-57)."""
    component.add("SUMMARY", values.text(one_line(event.title) or NO_TITLE))
    description = clean(event.description)
    details = _details(event, description)
    lines = "\n".join(f"{label}: {value}" for label, value in details)
    if text := "\n\n".join(part for part in (description, lines) if part):
        component.add("DESCRIPTION", values.text(text))
    place = one_line(event.place.line, _LONGEST_PLACE) if event.place else ""
    if place := place or _link(event.join_url):
        component.add("LOCATION", values.text(place))
    if url := values.http_uri(event.url):
        component.add("URL", values.Verbatim(url))
    if event.html:
        page = values.text(_html_page(event.html, details))
        component.add("X-ALT-DESC", page, {"FMTTYPE": "text/html"})
    if categories := _unique_lines(event.categories):
        component.add("CATEGORIES", values.texts(categories))


def _unique_lines(texts: Iterable[str]) -> list[str]:
    return [line for line in dict.fromkeys(map(one_line, texts)) if line]


def _details(event: Event, description: str) -> list[tuple[str, str]]:
    """Return the lines below the description: people by name, and links that it does not hold."""
    details = []
    for role, label in (("organizer", "Organizer"), ("speaker", "Speaker")):
        names = _unique_lines(person.name for person in event.people if person.role == role)
        if names:
            details.append((f"{label}s" if len(names) > 1 else label, ", ".join(names)))
    words = {word.strip(_AROUND_LINK) for word in description.split()}
    for label, address in (("Join", event.join_url), ("Details", event.url)):
        link = _link(address)
        forms = {link.strip(_AROUND_LINK), address.strip().strip(_AROUND_LINK)}
        if link and not words & forms:
            details.append((label, link))
            words.add(link.strip(_AROUND_LINK))
    return details


def _link(address: str) -> str:
    """Return an address as a URI, or as one line if it is none, such as a telephone number."""
    return values.http_uri(address) or one_line(address, _LONGEST_PLACE)


def _html_page(html: str, details: list[tuple[str, str]]) -> str:
    """Return the rich description, which Outlook shows, with the same lines below."""
    lines = []
    for label, value in details:
        text = escape(value)
        link = f'<a href="{text}">{text}</a>' if values.http_uri(value) else text
        lines.append(f"{label}: {link}")
    below = f"<p>{'<br>'.join(lines)}</p>" if lines else ""
    return f"<html><body>{html}{below}</body></html>"


def _add_state(component: icalendar.Event, event: Event) -> None:
    """Add status, availability and image. A cancelled event leaves time free (rulebook 50, 51)."""
    busy = event.busy and event.status is not Status.CANCELLED
    component.add("STATUS", values.Verbatim(event.status))
    component.add("TRANSP", values.Verbatim("OPAQUE" if busy else "TRANSPARENT"))
    state = "TENTATIVE" if event.status is Status.TENTATIVE else "BUSY"
    component.add("X-MICROSOFT-CDO-BUSYSTATUS", values.Verbatim(state if busy else "FREE"))
    if image := values.http_uri(event.image_url):
        component.add("IMAGE", values.Verbatim(image), {"VALUE": "URI", "DISPLAY": "BADGE"})


def _valarm(event: Event, trigger: timedelta) -> icalendar.Alarm:
    """Return a reminder (rulebook 61), with a UID (RFC 9074)."""
    name = (event.uid, "alarm", str(trigger // timedelta(seconds=1)))
    component = icalendar.Alarm()
    component.add("UID", values.Verbatim(event_uid(*name, slot=event.recurrence_id)))
    component.add("ACTION", values.Verbatim("DISPLAY"))
    component.add("TRIGGER", trigger)
    component.add("DESCRIPTION", values.text(one_line(event.title) or NO_TITLE))
    return component
