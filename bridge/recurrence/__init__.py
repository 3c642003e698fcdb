"""Recurrence rules on the neutral model: read, write, expand, and tell whether every client reads one alike.

Pure. It must not know of feeds, of windows, or of what becomes of an exception.
"""

from bridge.recurrence.forms import is_plain, rule_text
from bridge.recurrence.reading import parse_rule
from bridge.recurrence.slots import last_start, occurrences

__all__ = ["is_plain", "last_start", "occurrences", "parse_rule", "rule_text"]
