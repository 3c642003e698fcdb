"""One event as a document of its own, joined by bytes from what is published."""

from bridge.store import Entry
from bridge.timezones import vtimezone

# Without a name and refresh times: with them Outlook would open a new calendar for the event (rulebook 13).
_HEAD = (
    b"BEGIN:VCALENDAR\r\n"
    b"VERSION:2.0\r\n"
    b"PRODID:-//Zoho calendar bridge//Zoho calendar bridge//EN\r\n"
    b"CALSCALE:GREGORIAN\r\n"
)
_END = b"END:VCALENDAR\r\n"


def document(entry: Entry, variant: str) -> bytes | None:
    """Join a VCALENDAR of an event's kept bytes and the VTIMEZONEs that they use (rulebook 11, 24).

    ``web`` has the event's occurrences in UTC, None when it has none in the feed's window; every other variant is the
    event itself, with its reminders.
    """
    blob, zones = (entry.web_blob, []) if variant == "web" else (entry.blob, sorted(entry.zones.split()))
    return _HEAD + b"".join(vtimezone(key) for key in zones) + blob + _END if blob else None
