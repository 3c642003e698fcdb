"""Zoho Calendar as a source of events: find the calendars, read one whole, and tell its events.

``wire`` knows the JSON, ``pages`` the requests, ``times``, ``repeats`` and ``content`` one object each, ``families``
how objects make series. Nothing here knows of iCalendar text or the store.
"""

from bridge.sources.calendar.families import parse
from bridge.sources.calendar.pages import discover, fetch

__all__ = ["discover", "fetch", "parse"]
