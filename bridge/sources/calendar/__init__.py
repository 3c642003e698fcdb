"""Zoho Calendar as a source of events: find the calendars, read one whole, and tell its events.

``wire`` knows the JSON, ``pages`` the requests, ``times``, ``repeats`` and ``content`` one object each, ``families``
how objects make series. Nothing here knows of iCalendar text or the store.
"""

from bridge.sources.calendar.fetch import discover, fetch
from bridge.sources.calendar.parse import parse

__all__ = ["discover", "fetch", "parse"]
