"""The renderer of VCALENDAR documents: header, time zones and stored VEVENTs, joined.

It is the only renderer of a VCALENDAR. It must not render events, nor import what does: joining
10,000 stored VEVENTs takes milliseconds, and web processes join documents of their own.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import timedelta
import re
from typing import Any

from bridge.domain.text import one_line
from bridge.domain.timezones import vtimezone
from bridge.domain.uid import event_uid
from bridge.feed.color import color_name

TAIL = b"END:VCALENDAR\r\n"
_BEGIN = (
    b"BEGIN:VCALENDAR\r\n"
    b"VERSION:2.0\r\n"
    b"PRODID:-//Zoho calendar bridge//Zoho calendar bridge//EN\r\n"
    b"CALSCALE:GREGORIAN\r\n"
)
# icalendar omits VALUE=DURATION, without which Home Assistant refuses the feed.
_REFRESH = b"REFRESH-INTERVAL;VALUE=DURATION:PT4H\r\nX-PUBLISHED-TTL:PT4H\r\n"

# The only event of an empty feed, because Evolution keeps all old events if a feed has none
# (rulebook 17). It is long past for every reader. It is after 1970, whose first midnight is before
# the epoch east of Greenwich.
PLACEHOLDER = (
    b"BEGIN:VEVENT\r\n"
    b"UID:0d77e63a-87f9-59c2-abe1-cac793bc7d51\r\n"
    b"DTSTAMP:20000101T000000Z\r\n"
    b"LAST-MODIFIED:20000101T000000Z\r\n"
    b"SEQUENCE:0\r\n"
    b"DTSTART;VALUE=DATE:20000101\r\n"
    b"DTEND;VALUE=DATE:20000102\r\n"
    b"SUMMARY:This calendar has no events yet\r\n"
    b"STATUS:CONFIRMED\r\n"
    b"TRANSP:TRANSPARENT\r\n"
    b"X-MICROSOFT-CDO-BUSYSTATUS:FREE\r\n"
    b"END:VEVENT\r\n"
)

_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,"})
_LONGEST_HEADER = 4000  # octets, with two titles of 255 characters
_LINE = 74  # octets: 75 with the blank that starts a folded line (RFC 5545 3.1)
_BEGIN_VEVENT, _END_VEVENT = b"BEGIN:VEVENT\r\nUID:", b"END:VEVENT\r\n"
_SUMMARY = re.compile(rb"\r\nSUMMARY:(.*?)\r\n(?! )", re.DOTALL)
_SLOT = re.compile(rb"\r\nRECURRENCE-ID[^:\r]*:([^\r]*)")
_WITHOUT_ALARM = re.compile(rb"\r\n(BEGIN:VALARM|STATUS:CANCELLED|DTSTART;VALUE=DATE:)")
_ALARMS = re.compile(rb"\r\nBEGIN:VALARM\r\n.*?\r\nEND:VALARM(?=\r\n)", re.DOTALL)


def head_of(*, title: str, zones: Iterable[str], color: str = "", single: bool = False) -> bytes:
    """Return what is before the rendered events of a VCALENDAR.

    ``zones`` are the TZIDs of the events. Each has a VTIMEZONE before the events (rulebook 11, 24).
    ``single`` is a download of one event, without a title: Outlook would open a new calendar for it
    (rulebook 13).
    """
    header = _BEGIN if single else _header(title, color)
    return b"".join((header, *map(vtimezone, sorted(set(zones)))))


def join_document(blobs: Iterable[bytes], *, zones: Iterable[str], **properties: Any) -> bytes:
    """Return a VCALENDAR of rendered events in order, with the properties of ``head_of``.

    Without events, the document has a placeholder.
    """
    events = b"".join(blobs)
    head = head_of(zones=zones if events else (), **properties)
    return b"".join((head, events or PLACEHOLDER, TAIL))


def select_vevents(
    part: bytes, uids: Container[bytes] | None, *, reminder: int | None = None
) -> bytes:
    """Return the VEVENTs in a part of a rendered VCALENDAR that have one of the UIDs; None: all.

    ``reminder``: those without a reminder get one, in minutes before their start.
    """
    _, *vevents = part.removesuffix(TAIL).split(_BEGIN_VEVENT)
    if uids is not None:
        vevents = [vevent for vevent in vevents if vevent[: vevent.index(b"\r")] in uids]
    if reminder is not None:
        vevents = [_with_alarm(vevent, reminder) for vevent in vevents]
    return _BEGIN_VEVENT.join((b"", *vevents))


def _with_alarm(vevent: bytes, minutes: int) -> bytes:
    """Return a VEVENT without its begin, with an alarm as the renderer writes it.

    Whole days, cancelled events and those with an alarm stay as they are.
    """
    summary = _SUMMARY.search(vevent)
    if summary is None or _WITHOUT_ALARM.search(vevent):
        return vevent
    slot = _SLOT.search(vevent)
    uid = vevent[: vevent.index(b"\r")].decode()
    name = (uid, "alarm", str(-60 * minutes), *([slot[1].decode()] if slot else []))
    title = summary[1].replace(b"\r\n ", b"").decode()
    alarm = valarm(event_uid(*name), timedelta(minutes=-minutes), title)
    return b"".join((vevent.removesuffix(_END_VEVENT), *map(content_line, alarm), _END_VEVENT))


def valarm(uid: str, trigger: timedelta, title: str) -> Iterator[str]:
    """Return the lines of a reminder with an escaped title (rulebook 61) and a UID (RFC 9074)."""
    yield "BEGIN:VALARM"
    yield f"UID:{uid}"
    yield "ACTION:DISPLAY"
    yield f"TRIGGER:{duration(trigger)}"
    yield f"DESCRIPTION:{title}"
    yield "END:VALARM"


def remove_alarms(blob: bytes) -> bytes:
    """Return rendered events without alarms, the same bytes as if rendered without them."""
    return _ALARMS.sub(b"", blob)


def find_color(head: bytes) -> str:
    """Return the colour of a rendered VCALENDAR like ``#8cbf40``, empty if it has none."""
    found = re.search(rb"\r\nX-APPLE-CALENDAR-COLOR:(#\w{6})\r\n", head[:_LONGEST_HEADER])
    return found[1].decode().lower() if found else ""


def find_zones(head: bytes) -> Sequence[str]:
    """Return the TZIDs of the VTIMEZONEs that are before the events of a rendered VCALENDAR."""
    zones, _, _ = head.partition(_BEGIN_VEVENT)
    return re.findall(r"\r\nTZID:([^\r]+)", zones.decode())


def _header(title: str, color: str) -> bytes:
    """Render the properties of a feed in the order of rulebook 11-14.

    There is no METHOD, and no version of the software. COLOR takes a CSS3 name (RFC 7986 5.9).
    """
    name = one_line(title)
    text = name.translate(_ESCAPES)
    names = (f"NAME:{text}", f"X-WR-CALNAME:{text}") if name else ()
    if color:
        names = (*names, f"COLOR:{color_name(color)}", f"X-APPLE-CALENDAR-COLOR:{color.upper()}")
    return b"".join((_BEGIN, *map(content_line, names), _REFRESH))


def duration(value: timedelta) -> str:
    """Return a DURATION (RFC 5545 3.3.6)."""
    days, seconds = divmod(abs(value) // timedelta(seconds=1), 86400)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    shown = (hours, minutes or (hours and seconds), seconds)  # no seconds directly after hours
    parts = zip((hours, minutes, seconds), "HMS", shown, strict=True)
    clock = "".join(f"{number}{unit}" for number, unit, is_shown in parts if is_shown)
    date = f"{days}D" if days or not clock else ""
    return f"{'-' * (value < timedelta())}P{date}{f'T{clock}' if clock else ''}"


def content_line(line: str) -> bytes:
    """Render a content line, folded (RFC 5545 3.1; rulebook 2, 3).

    A fold separates neither a character nor an escape: some clients unfold too late.
    """
    data = line.encode()
    parts, begin = [], 0
    while len(data) - begin > _LINE:
        cut = begin + _LINE
        while data[cut] & 0xC0 == 0x80:  # inside a character (RFC 3629 3)
            cut -= 1
        if data[cut - 1] in b"\\^" and cut - 1 > begin:
            cut -= 1
        parts.append(data[begin:cut])
        begin = cut
    return b"\r\n ".join((*parts, data[begin:])) + b"\r\n"
