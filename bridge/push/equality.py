"""Equality of VEVENTs in everything that a person can edit. Pure.

A file usually has a whole calendar. Events that are equal to the feed's need no sending, even if
they could not be sent.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from bridge.push.normalize import collapse, split_lines
from bridge.push.vevent import RefusalError, Vevent, parse_reminders, parse_times


def are_equal(edited: Iterable[Vevent], published: Iterable[Vevent]) -> bool:
    """Return whether all VEVENTs of one UID in a file are those that the feed has now.

    Stamps do not count, nor does a missing reminder, because programs leave reminders out.
    """
    ours, theirs = (sorted(map(_values, vevents), key=str) for vevents in (published, edited))
    return len(ours) == len(theirs) and all(
        values == published_values and reminders <= published_reminders
        for (values, reminders), (published_values, published_reminders) in zip(
            theirs, ours, strict=True
        )
    )


def _values(vevent: Vevent) -> tuple[tuple[Any, ...], frozenset[Any]]:
    """Return what a person can edit, and apart from it the reminders."""
    component = vevent.component
    try:
        start, end = parse_times(component)
        times: tuple[Any, ...] = (_in_utc(start), _in_utc(end))
        reminders = frozenset(parse_reminders(component, start, end))
    except RefusalError as error:
        times, reminders = (str(error),), frozenset()
    rules = [value.to_ical() for name in ("RRULE", "RDATE") for value in _all(component, name)]
    values = (
        collapse(str(component.get("SUMMARY", ""))),
        times,
        list(_moments(component, "RECURRENCE-ID")),
        rules,
        sorted(map(str, _moments(component, "EXDATE"))),
        split_lines(str(component.get("DESCRIPTION", ""))),
        collapse(str(component.get("LOCATION", ""))),
        str(component.get("STATUS", "")).upper() == "CANCELLED",
    )
    return values, reminders


def _moments(component: Any, name: str) -> Iterator[Any]:
    for value in _all(component, name):
        yield from (_in_utc(moment.dt) for moment in getattr(value, "dts", [value]))


def _all(component: Any, name: str) -> list[Any]:
    value = component.get(name, [])
    return value if isinstance(value, list) else [value]


def _in_utc(moment: Any) -> Any:
    return moment.astimezone(UTC) if isinstance(moment, datetime) and moment.tzinfo else moment
