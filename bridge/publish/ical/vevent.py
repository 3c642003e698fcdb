"""One event, or one series with its changed instances, as VEVENT bytes.

No ATTENDEE, ORGANIZER, CLASS, RDATE, ATTACH or GEO is ever written, no LANGUAGE or other parameter
without need, and no empty property (rulebook 7, 9, 44, 52, 59, 60). Feeds, stores and earlier
publications are not known here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
import re
from zoneinfo import ZoneInfo

from bridge.domain.event import Event, Moment, Status, nearest_first
from bridge.domain.recurrence.rrule import render_rule
from bridge.domain.text import NO_TITLE, clean, one_line
from bridge.domain.timezones import is_fixed
from bridge.domain.uid import event_uid
from bridge.feed.document import content_line, remove_alarms, valarm
from bridge.publish.ical import values
from bridge.publish.ical.grammar import read_uids
from bridge.publish.view.dst import is_ambiguous
from bridge.publish.view.event import with_bounded_texts

# The times precede all texts. They are never folded.
_TIMES = re.compile(rb"\r\nDTSTART[^\r]*\r\n(?:DTEND[^\r]*\r\n)?")
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
    """Render single events without alarms: web pages have none.

    If their descriptions have more than 2 MB together, long ones are shortened and without HTML.
    """
    shown = with_bounded_texts(tuple(events))
    return b"".join(render(event, stamp, alarms=False) for event in shown)


def at_other_times(blob: bytes, event: Event) -> bytes:
    """Return a rendered single event at the times of ``event``, without alarms, as if rendered."""
    times = b"".join(map(content_line, _times(event, event)))
    return _TIMES.sub(b"\r\n" + times, remove_alarms(blob), count=1)


def zones(event: Event) -> frozenset[str]:
    """Return the TZIDs that the rendered family uses."""
    used = (_zone(member, event) for member in (event, *event.overrides))
    return frozenset(values.tzid(zone) for zone in used if zone is not None)


def check(blob: bytes, event: Event) -> None:
    """Read rendered bytes, so that one bad event does not break a feed (rulebook 10).

    Raises RenderError when they do not hold the event's family, whole and alone.
    """
    try:
        uids = read_uids(blob)
    except ValueError as error:
        raise RenderError(f"{_name(event)} can't be read again: {error}") from error
    expected = (values.text(event.uid),) * (1 + len(event.overrides))
    if uids != expected:
        raise RenderError(f"{_name(event)} reads as other events, or as fewer or more")


def _name(event: Event) -> str:
    return f'"{one_line(event.title, 60)}"'


def _vevent(event: Event, master: Event, stamp: Stamp, *, alarms: bool) -> bytes:
    changed = values.utc(stamp.changed)
    lines = [
        "BEGIN:VEVENT",
        f"UID:{values.text(event.uid)}",
        f"DTSTAMP:{changed}",
        f"LAST-MODIFIED:{changed}",
        f"SEQUENCE:{min(max(stamp.sequence, 0), _MOST_SEQUENCE)}",
        *_times(event, master),
        *_texts(event),
        *_state(event),
    ]
    if event.related_to:
        lines.append(f"RELATED-TO:{values.text(event.related_to)}")
    if alarms and event.status is not Status.CANCELLED:
        for alarm in nearest_first(event.alarms):
            lines += _valarm(event, alarm.trigger)
    return b"".join(map(content_line, (*lines, "END:VEVENT")))


def _times(event: Event, master: Event) -> Iterator[str]:
    """Return the times, slots in the master's form (rulebook 33-41). An instant has no DTEND."""
    if event.recurrence_id is not None:
        yield f"RECURRENCE-ID{_slot(event.recurrence_id, master)}"
    zone = _zone(event, master)
    yield f"DTSTART{values.moment(event.start, zone)}"
    if event.has_length:
        yield f"DTEND{values.moment(event.end, zone)}"
    if event.recurrence is None:
        return
    yield f"RRULE:{render_rule(event.recurrence.rule, event.start)}"
    for slot in sorted({_slot(slot, event) for slot in event.recurrence.excluded}):
        yield f"EXDATE{slot}"


def _slot(slot: Moment, master: Event) -> str:
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


def _texts(event: Event) -> Iterator[str]:
    """Return the texts. Few clients show URL: links are in the description too (rulebook 54-57)."""
    yield f"SUMMARY:{_summary(event)}"
    description = clean(event.description)
    details = _details(event, description)
    lines = "\n".join(f"{label}: {value}" for label, value in details)
    if text := "\n\n".join(part for part in (description, lines) if part):
        yield f"DESCRIPTION:{values.text(text)}"
    place = one_line(event.place.line, _LONGEST_PLACE) if event.place else ""
    if place := place or _link(event.join_url):
        yield f"LOCATION:{values.text(place)}"
    if url := values.http_uri(event.url):
        yield f"URL:{url}"
    if event.html:
        page = values.text(_html_page(event.html, details))
        yield f"X-ALT-DESC;FMTTYPE=text/html:{page}"
    if categories := _unique_lines(event.categories):
        yield f"CATEGORIES:{values.texts(categories)}"


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


def _state(event: Event) -> Iterator[str]:
    """Return status, availability and image (rulebook 50, 51). A cancelled event is free."""
    busy = event.busy and event.status is not Status.CANCELLED
    yield f"STATUS:{event.status}"
    yield f"TRANSP:{'OPAQUE' if busy else 'TRANSPARENT'}"
    state = "TENTATIVE" if event.status is Status.TENTATIVE else "BUSY"
    yield f"X-MICROSOFT-CDO-BUSYSTATUS:{state if busy else 'FREE'}"
    if image := values.http_uri(event.image_url):
        yield f"IMAGE;VALUE=URI;DISPLAY=BADGE:{image}"


def _valarm(event: Event, trigger: timedelta) -> Iterator[str]:
    name = (event.uid, "alarm", str(trigger // timedelta(seconds=1)))
    return valarm(event_uid(*name, slot=event.recurrence_id), trigger, _summary(event))


def _summary(event: Event) -> str:
    return values.text(one_line(event.title) or NO_TITLE)
