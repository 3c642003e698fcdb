"""A whole document: header, zones and kept VEVENT bytes, joined.

It must not render events, but for the placeholder: joining 10,000 kept ones takes milliseconds.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from icalendar import Calendar

from bridge.ical import values
from bridge.ical.vevent import Stamp, render
from bridge.model import Event, event_uid
from bridge.text import clean, one_line
from bridge.timezones import vtimezone

_PRODID = "-//Zoho calendar bridge//Zoho calendar bridge//EN"
_REFRESH = "PT4H"
_END = b"END:VCALENDAR\r\n"

# Far in the past for every reader, and after 1970, whose first midnight is before the epoch east of Greenwich.
_PLACEHOLDER = render(
    Event(
        uid=event_uid("placeholder"),
        upstream_id="",
        title="This calendar has no events yet",
        start=date(2000, 1, 1),
        end=date(2000, 1, 2),
        busy=False,
    ),
    Stamp(changed=datetime(2000, 1, 1, tzinfo=UTC), sequence=0),
)


def document(
    *, title: str, blobs: Iterable[bytes], zones: Iterable[str], description: str = "", single: bool = False
) -> bytes:
    """Join a VCALENDAR of rendered events, in the order given.

    ``zones`` are the TZIDs the blobs use, each of which gets its VTIMEZONE, before the events (rulebook 11, 24). With
    no blob, or empty ones only, a placeholder stands in: Evolution keeps all old events when a feed has none
    (rulebook 17). ``single`` is a download of one event: with a name, Outlook would open a new calendar (rulebook 13).
    """
    events = b"".join(blobs)
    if events:
        events = b"".join(vtimezone(key) for key in sorted(set(zones))) + events
    return _header(title, description, single=single) + (events or _PLACEHOLDER) + _END


def _header(title: str, description: str, *, single: bool) -> bytes:
    """Write the properties in the order of rulebook 11-14; no METHOD, no version of the software."""
    calendar = Calendar()
    calendar.add("VERSION", values.Verbatim("2.0"))
    calendar.add("PRODID", values.text(_PRODID))
    calendar.add("CALSCALE", values.Verbatim("GREGORIAN"))
    if not single:
        if name := one_line(title):
            calendar.add("NAME", values.text(name))
            calendar.add("X-WR-CALNAME", values.text(name))
        if description := clean(description):
            calendar.add("DESCRIPTION", values.text(description))
            calendar.add("X-WR-CALDESC", values.text(description))
        # icalendar leaves VALUE=DURATION out, without which Home Assistant refuses the feed.
        calendar.add("REFRESH-INTERVAL", values.Verbatim(_REFRESH), {"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", values.Verbatim(_REFRESH))
    empty: bytes = calendar.to_ical(sorted=False)
    return empty.removesuffix(_END)
