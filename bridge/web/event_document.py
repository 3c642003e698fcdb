"""One event as an iCalendar document of its own, joined from published bytes."""

from bridge.feed.document import iter_document
from bridge.feed.publication import Entry


def event_document(entry: Entry, variant: str) -> bytes | None:
    """Return a VCALENDAR of an event's stored bytes and the VTIMEZONEs that they use.

    The variant ``web`` has the event's occurrences in UTC; None if the feed's window has none. All
    other variants are the event with its reminders.
    """
    blob, zones = (entry.web_blob, []) if variant == "web" else (entry.blob, entry.zones.split())
    if not blob:
        return None
    return b"".join(iter_document(title="", blobs=[blob], zones=zones, single=True))
