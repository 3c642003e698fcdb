"""One event as a document of its own, joined by bytes from what is published."""

from bridge.feed.document import join_document
from bridge.feed.publication import Entry


def document(entry: Entry, variant: str) -> bytes | None:
    """Join a VCALENDAR of an event's kept bytes and the VTIMEZONEs that they use.

    ``web`` has the event's occurrences in UTC, None when it has none in the feed's window; every other variant is the
    event itself, with its reminders.
    """
    blob, zones = (entry.web_blob, []) if variant == "web" else (entry.blob, entry.zones.split())
    return join_document(title="", blobs=[blob], zones=zones, single=True) if blob else None
