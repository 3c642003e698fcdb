"""The repeat rule of a Zoho Calendar event, from ``rrule`` or else ``repeat`` (Zoho APIs 4.3, 4.4).

Only Zoho's own habits are handled here: ``bridge.domain.recurrence`` knows what a rule may contain.
"""

from datetime import datetime
import re
from typing import Any

from bridge.domain.event import Rule
from bridge.domain.problems import BadValueError
from bridge.domain.recurrence.parse import parse_rule
from bridge.sources.calendar.times import Span, local_day
from bridge.sources.calendar.wire import Item, Repeat
from bridge.sources.dates import compact

_UNTIL = re.compile(r"(?<=UNTIL=)[0-9TZ]+")
_PARTS = ("byday", "bymonthday", "bymonth", "bysetpos")


def repeats(item: Item) -> bool:
    """Return whether the event has a rule."""
    return bool((item.rrule and item.rrule.strip()) or item.repeat)


def read_rule(item: Item, span: Span) -> Rule:
    """Read the rule of a series from ``rrule``, or from ``repeat`` if that fails.

    Raises ValueError if neither can be read, about ``rrule`` if there is one.
    """
    reason: ValueError | None = None
    if item.rrule and item.rrule.strip():
        try:
            return parse_rule(_tidy(item.rrule, span), span.start)
        except ValueError as error:
            reason = error
    try:
        return parse_rule(_tidy(_joined(item.repeat), span), span.start)
    except ValueError as error:
        raise reason or error from error


def _joined(repeat: list[Repeat] | Repeat | None) -> str:
    parts = [repeat] if isinstance(repeat, Repeat) else repeat or []
    if len(parts) != 1:
        raise BadValueError("several-rules", count=len(parts))
    part = parts[0]
    values = {
        "freq": part.freq,
        "interval": _number(part.interval),
        "count": _number(part.count),
        "until": part.until,
    }
    values |= {name: _joined_values(getattr(part, name)) for name in _PARTS}
    return ";".join(f"{name}={value}" for name, value in values.items() if value)


def _number(value: Any) -> str:
    # Zoho writes zero or less for a number that is not set.
    text = str(value if value is not None else "").strip()
    return "" if text.lstrip("-").strip("0") == "" or text.startswith("-") else text


def _joined_values(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(part).strip() for part in value)
    text = str(value if value is not None else "").strip()
    return "" if text == "0" else text


def _tidy(text: str, span: Span) -> str:
    """Remove what Zoho adds: a repeated ordinal, and the time in an all-day UNTIL."""
    parts = "".join(text.split()).upper().split(";")
    if any(re.fullmatch(r"BYDAY=[+-]?[0-9]+[A-Z]{2}", part) for part in parts):
        # The third Friday as 3FR, and as the third of all Fridays: both together never happen.
        parts = [part for part in parts if not part.startswith("BYSETPOS=")]
    text = ";".join(parts)
    if isinstance(span.start, datetime):
        return text
    return _UNTIL.sub(lambda until: _last_day(until[0], span), text)


def _last_day(until: str, span: Span) -> str:
    if until.startswith("9"):  # programs write "without end"; no calendar holds such a day
        return until[:8]
    return f"{local_day(compact(until), span.zone):%Y%m%d}"
