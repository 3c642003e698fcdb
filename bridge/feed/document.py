"""A whole document of kept bytes: header, zones and rendered events, joined. The one place that writes a VCALENDAR.

It must not render events: joining 10,000 kept ones takes milliseconds. Nor may it import what does, for the web
processes join documents of their own: of one event, and of those that someone chose.
"""

from collections.abc import Iterable, Iterator
import re

from bridge.domain.text import clean, one_line
from bridge.domain.timezones import vtimezone

_END = b"END:VCALENDAR\r\n"
_BEGIN = (
    b"BEGIN:VCALENDAR\r\n"
    b"VERSION:2.0\r\n"
    b"PRODID:-//Zoho calendar bridge//Zoho calendar bridge//EN\r\n"
    b"CALSCALE:GREGORIAN\r\n"
)
# icalendar leaves VALUE=DURATION out, without which Home Assistant refuses the feed.
_REFRESH = b"REFRESH-INTERVAL;VALUE=DURATION:PT4H\r\nX-PUBLISHED-TTL:PT4H\r\n"

# Stands in for events: Evolution keeps all old ones when a feed has none (rulebook 17). Far in the past for every
# reader, and after 1970, whose first midnight is before the epoch east of Greenwich.
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

_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_LINE = 74  # octets: 75 with the blank that begins a folded line (RFC 5545 3.1)
_ALARMS = re.compile(rb"\r\nBEGIN:VALARM\r\n.*?\r\nEND:VALARM(?=\r\n)", re.DOTALL)


def join_document(
    *,
    title: str,
    blobs: Iterable[bytes],
    zones: Iterable[str],
    description: str = "",
    single: bool = False,
) -> bytes:
    """Join a VCALENDAR of rendered events, in the order given.

    ``zones`` are the TZIDs the blobs use, each of which gets its VTIMEZONE, before the events (rulebook 11, 24). With
    no blob, or empty ones only, a placeholder stands in. ``single`` is a download of one event: with a name, Outlook
    would open a new calendar (rulebook 13).
    """
    return b"".join(
        iter_document(title=title, blobs=blobs, zones=zones, description=description, single=single)
    )


def iter_document(
    *,
    title: str,
    blobs: Iterable[bytes],
    zones: Iterable[str],
    description: str = "",
    single: bool = False,
) -> Iterator[bytes]:
    """Give what ``join_document`` joins one by one, so that a large one need not be held at once."""
    yield _BEGIN if single else render_header(title, description)
    empty = True
    for blob in blobs:
        if blob and empty:
            empty = False
            yield from (vtimezone(key) for key in sorted(set(zones)))
        yield blob
    if empty:
        yield PLACEHOLDER
    yield _END


def render_header(title: str, description: str = "") -> bytes:
    """Write the properties of a feed in the order of rulebook 11-14; no METHOD, no version of the software."""
    lines = []
    if name := one_line(title):
        lines += [_text("NAME", name), _text("X-WR-CALNAME", name)]
    if description := clean(description):
        lines += [_text("DESCRIPTION", description), _text("X-WR-CALDESC", description)]
    return b"".join((_BEGIN, *lines, _REFRESH))


def remove_alarms(blob: bytes) -> bytes:
    """Cut the alarms out of rendered bytes: exactly what rendering without alarms gives."""
    return _ALARMS.sub(b"", blob)


def _text(name: str, value: str) -> bytes:
    """Write a property with a TEXT value, escaped and folded (RFC 5545 3.1 and 3.3.11; rulebook 1-5)."""
    line = f"{name}:{clean(value).translate(_ESCAPES)}"
    parts, begin, octets = [], 0, 0
    for position, character in enumerate(line):
        length = len(character.encode())
        if octets + length > _LINE:
            # An escape is not parted from what it escapes: some clients unfold too late.
            cut = position - 1 if line[position - 1] in "\\^" and position - 1 > begin else position
            parts.append(line[begin:cut])
            begin, octets = cut, len(line[cut:position].encode())
        octets += length
    return "\r\n ".join((*parts, line[begin:])).encode() + b"\r\n"
