"""Zoho Connect as a source of events: those of one group of a network, or of several.

``fetch`` knows the requests, ``clock`` what an event's times mean, ``parse`` the events. Nothing here knows of
iCalendar text or the store.
"""

from bridge.sources.connect.fetch import discover, fetch
from bridge.sources.connect.parse import parse, parse_update, repeating_streams

__all__ = ["discover", "fetch", "parse", "parse_update", "repeating_streams"]
