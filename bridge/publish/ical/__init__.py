"""iCalendar: an event as VEVENT bytes, and, from ``bridge.feed.document``, kept bytes as a whole document.

``render`` is the slow part and runs once per change; ``document`` only joins. The same values give the same bytes, for
ever: nothing here reads a clock, a counter or a host name. It must not decide what a feed shows: that is ``shape``.
"""

from bridge.feed.document import iter_document, join_document, remove_alarms
from bridge.publish.ical.vevent import RenderError, Stamp, check, render, render_occurrences, zones

__all__ = [
    "RenderError",
    "Stamp",
    "check",
    "iter_document",
    "join_document",
    "remove_alarms",
    "render",
    "render_occurrences",
    "zones",
]
