"""One event, or one series with its changed instances, as VEVENT bytes.

No ATTENDEE, ORGANIZER, CLASS, RDATE, ATTACH or GEO is ever written, no LANGUAGE or other parameter without need, and
no empty property (rulebook 7, 9, 44, 52, 59, 60). It must not know of feeds, stores or what was published before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

import icalendar

from bridge.domain.event import Alarm, Event, Moment, Status
from bridge.domain.recurrence.rrule import render_rule
from bridge.domain.text import NO_TITLE, clean, one_line
from bridge.domain.timezones import is_fixed
from bridge.domain.uid import event_uid
from bridge.publish.ical import values

_MOST_SEQUENCE = 2**31 - 1
# Outlook cuts a place at 255 characters; nobody gains when the others do so too.
_LONGEST_PLACE = 1000
# What may stand beside an address in running text without being a part of it.
_AROUND_LINK = "<>()[]{}\"'.,;:!?"


class RenderError(ValueError):
    """An event can't be written as iCalendar: it is left out, the others of its feed stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When the family last changed (aware), and how often: never falling, nor "now" (rulebook 20-22)."""

    changed: datetime
    sequence: int


def render(event: Event, stamp: Stamp, *, alarms: bool = True) -> bytes:
    """Write the family's VEVENTs, master first, CRLF, folded; the same values give the same bytes.

    Raises RenderError for what iCalendar can't hold.
    """
    try:
        return b"".join(
            _vevent(member, event, stamp, alarms=alarms) for member in (event, *event.overrides)
        )
    except (ValueError, OverflowError) as error:
        raise RenderError(
            f'"{one_line(event.title, 60)}" can\'t be written as iCalendar: {error}'
        ) from error


def render_occurrences(events: Iterable[Event], stamp: Stamp) -> bytes:
    """Write single events, as ``shape.flatten`` gives them, without alarms: web pages don't ring."""
    return b"".join(render(event, stamp, alarms=False) for event in events)


def zones(event: Event) -> frozenset[str]:
    """Name the TZIDs that the rendered family uses."""
    used = (_zone(member, event) for member in (event, *event.overrides))
    return frozenset(values.tzid(zone) for zone in used if zone is not None)


def check(blob: bytes, event: Event) -> None:
    """Read rendered bytes again before they are kept: one bad event must not sink a feed (rulebook 10).

    Raises RenderError when they do not hold the event's family, whole and alone.
    """
    name = f'"{one_line(event.title, 60)}"'
    try:
        family = icalendar.Event.from_ical(blob, multiple=True)
    except ValueError as error:
        raise RenderError(f"{name} can't be read again: {error}") from error
    expected = 1 + len(event.overrides)
    if len(family) != expected or any(member.name != "VEVENT" for member in family):
        raise RenderError(f"{name} reads as {len(family)} components, not as {expected} VEVENT")
    for member in family:
        if member.errors:
            raise RenderError(
                f"{name} reads with an error in {member.errors[0][0]}: {member.errors[0][1]}"
            )
        if str(member.get("UID")) != event.uid:
            raise RenderError(f"{name} reads with another UID")
        missing = {"DTSTAMP", "DTSTART", "DTEND", "SUMMARY"} - set(member)
        if missing:
            raise RenderError(f"{name} reads without {', '.join(sorted(missing))}")


def _vevent(event: Event, master: Event, stamp: Stamp, *, alarms: bool) -> bytes:
    component = icalendar.Event()
    component.add("UID", values.text(event.uid))
    component.add("DTSTAMP", values.utc(stamp.changed))
    component.add("LAST-MODIFIED", values.utc(stamp.changed))
    component.add("SEQUENCE", values.Verbatim(str(min(max(stamp.sequence, 0), _MOST_SEQUENCE))))
    _add_times(component, event, master)
    _add_words(component, event)
    _add_state(component, event)
    if event.related_to:
        component.add("RELATED-TO", values.text(event.related_to))
    if alarms and event.alarms and event.status is not Status.CANCELLED:
        component.add_component(_valarm(event))
    blob: bytes = component.to_ical(sorted=False)
    return blob


def _add_times(component: icalendar.Event, event: Event, master: Event) -> None:
    """Write when: DTEND always, in DTSTART's form; slots in the form of the master's DTSTART (rulebook 33-41)."""
    if event.recurrence_id is not None:
        component.add("RECURRENCE-ID", *_slot(event.recurrence_id, master))
    zone = _zone(event, master)
    component.add("DTSTART", *values.moment(event.start, zone))
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
    """Give the zone whose clocks tell the event's times; None for whole days and for UTC.

    A series needs a zone (rulebook 29, 41). A single event is told in UTC when its zone's clocks show its start or
    end twice, or skip it (rulebook 32), and when its zone is a bare offset, which has no name that clients know.
    """
    start, end = event.start, event.end
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    zone = start.tzinfo
    assert isinstance(zone, ZoneInfo)  # the model refuses others
    if event.recurrence is not None:
        return zone
    if not _told_by_clock(start) or not _told_by_clock(end.astimezone(zone)):
        return None
    if isinstance(master.start, datetime) and master is not event and master.start.tzinfo == zone:
        return zone
    return None if zone.key == "UTC" or is_fixed(zone) else zone


def _told_by_clock(time: datetime) -> bool:
    """Tell whether the wall time happens exactly once (PEP 495)."""
    return time.replace(fold=0).utcoffset() == time.replace(fold=1).utcoffset()


def _add_words(component: icalendar.Event, event: Event) -> None:
    """Write what people read. Few clients show URL, so that links stand in the description too (rulebook 54-57)."""
    component.add("SUMMARY", values.text(one_line(event.title) or NO_TITLE))
    description = clean(event.description)
    details = _details(event, description)
    text = "\n".join(f"{label}: {value}" for label, value in details)
    if description or text:
        component.add(
            "DESCRIPTION", values.text("\n\n".join(part for part in (description, text) if part))
        )
    place = one_line(event.place.line, _LONGEST_PLACE) if event.place else ""
    if place := place or _link(event.join_url):
        component.add("LOCATION", values.text(place))
    if url := values.http_uri(event.url):
        component.add("URL", values.Verbatim(url))
    if event.html:
        component.add(
            "X-ALT-DESC", values.text(_page(event.html, details)), {"FMTTYPE": "text/html"}
        )
    if categories := [name for name in dict.fromkeys(map(one_line, event.categories)) if name]:
        component.add("CATEGORIES", values.texts(categories))


def _details(event: Event, description: str) -> list[tuple[str, str]]:
    """Give the lines below the description: people by name, and links that it does not hold already."""
    details = []
    for role, singular, plural in (
        ("organizer", "Organizer", "Organizers"),
        ("speaker", "Speaker", "Speakers"),
    ):
        names = [
            name
            for name in dict.fromkeys(one_line(p.name) for p in event.people if p.role == role)
            if name
        ]
        if names:
            details.append((plural if len(names) > 1 else singular, ", ".join(names)))
    said = {word.strip(_AROUND_LINK) for word in description.split()}
    for label, address in (("Join", event.join_url), ("Details", event.url)):
        link = _link(address)
        if link and not said & {link.strip(_AROUND_LINK), address.strip().strip(_AROUND_LINK)}:
            details.append((label, link))
            said.add(link.strip(_AROUND_LINK))
    return details


def _link(address: str) -> str:
    """Give an address as people can use it: a URI, or on one line what is none, such as a telephone number."""
    return values.http_uri(address) or one_line(address, _LONGEST_PLACE)


def _page(html: str, details: list[tuple[str, str]]) -> str:
    """Give the rich description with the same lines below it: Outlook shows it in place of the plain one."""
    lines = []
    for label, value in details:
        word = escape(value)
        lines.append(
            f"{label}: " + (f'<a href="{word}">{word}</a>' if values.http_uri(value) else word)
        )
    below = f"<p>{'<br>'.join(lines)}</p>" if lines else ""
    return f"<html><body>{html}{below}</body></html>"


def _add_state(component: icalendar.Event, event: Event) -> None:
    """Write status, availability and image. A cancelled event takes nobody's time (rulebook 50, 51)."""
    busy = event.busy and event.status is not Status.CANCELLED
    component.add("STATUS", values.Verbatim(event.status))
    component.add("TRANSP", values.Verbatim("OPAQUE" if busy else "TRANSPARENT"))
    taken = "TENTATIVE" if event.status is Status.TENTATIVE else "BUSY"
    component.add("X-MICROSOFT-CDO-BUSYSTATUS", values.Verbatim(taken if busy else "FREE"))
    if image := values.http_uri(event.image_url):
        component.add("IMAGE", values.Verbatim(image), {"VALUE": "URI", "DISPLAY": "BADGE"})


def _valarm(event: Event) -> icalendar.Alarm:
    """Write the one reminder clients agree on (rulebook 61), with a UID (RFC 9074)."""
    trigger = _nearest(event.alarms)
    name = (event.uid, "alarm", str(trigger // timedelta(seconds=1)))
    component = icalendar.Alarm()
    component.add("UID", values.Verbatim(event_uid(*name, slot=event.recurrence_id)))
    component.add("ACTION", values.Verbatim("DISPLAY"))
    component.add("TRIGGER", trigger)
    component.add("DESCRIPTION", values.text(one_line(event.title) or NO_TITLE))
    return component


def _nearest(alarms: tuple[Alarm, ...]) -> timedelta:
    """Choose the reminder nearest before the start: of "a day" and "ten minutes before", who has one wants the last.

    Only when all come after the start ("at nine on the day" of an all-day event) it is the first of them.
    """
    triggers = [alarm.trigger for alarm in alarms]
    return max((t for t in triggers if t <= timedelta()), default=min(triggers))
