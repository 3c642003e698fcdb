"""Recurrence rules on the neutral model: read, write, expand, and tell whether every client reads one alike.

Pure. It must not know of feeds, of windows, or of what becomes of an exception.
"""

from bridge.domain.recurrence.expand import last_start, occurrences
from bridge.domain.recurrence.parse import parse_rule
from bridge.domain.recurrence.rrule import is_portable, render_rule

__all__ = ["is_portable", "last_start", "occurrences", "parse_rule", "render_rule"]
