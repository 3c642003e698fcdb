"""A published feed read by somebody else: every instance in it, as an independent engine expands it.

recurring-ical-events is used here and nowhere else in the bridge, and nothing of the bridge that makes rules, slots or
VEVENTs is used here. It is loaded when it is needed, for it is needed by ``verify`` alone.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bridge.domain.event import to_utc
from bridge.domain.feed import Window
from bridge.domain.uid import event_uid, slot_text
from bridge.verify.values import Shown, plain

# A series is expanded a little beyond the window, so that an instance on its edge that was moved is found.
_MARGIN = timedelta(days=2)
_PLACEHOLDER = event_uid("placeholder")
_OF_SERIES = ("RRULE", "RDATE", "RECURRENCE-ID")


def expand(body: bytes, window: Window) -> tuple[Shown, ...]:
    """Give all that a document shows: series within the window and a little beyond, the others wherever they are."""
    import icalendar  # noqa: PLC0415 - half a second, which other commands need not wait for
    import recurring_ical_events  # noqa: PLC0415 - as above

    calendar = icalendar.Calendar.from_ical(body)
    events = [
        component for component in calendar.walk("VEVENT") if str(component["UID"]) != _PLACEHOLDER
    ]
    repeating = {
        str(component["UID"])
        for component in events
        if any(name in component for name in _OF_SERIES)
    }
    calendar.subcomponents = [
        one for one in calendar.subcomponents if str(one.get("UID", "")) in repeating
    ]
    found = recurring_ical_events.of(calendar).between(
        to_utc(window.start) - _MARGIN, to_utc(window.end) + _MARGIN
    )
    singles = (component for component in events if str(component["UID"]) not in repeating)
    return (*_shown(singles, of_series=False), *_shown(found, of_series=True))


def _shown(components: Any, *, of_series: bool) -> Iterator[Shown]:
    for component in components:
        start = plain(component.start)
        slot = ""
        if of_series:
            original = component.get("RECURRENCE-ID")
            slot = slot_text(start if original is None else plain(original.dt))
        yield Shown(
            key=(str(component["UID"]), slot),
            start=start,
            end=plain(component.end),
            title=str(component.get("SUMMARY", "")),
        )
