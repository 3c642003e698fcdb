"""Whether a person edited anything: for whatever stands in a file beside what was edited. Pure.

Who saves a calendar as a file saves all of it, what can't be sent included. What nobody touched needs no sending.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bridge.push.normalize import lines, words
from bridge.push.vevent import Named, ToldError, reminders_of, times_of


def is_untouched(members: Iterable[Named], published: Iterable[Named]) -> bool:
    """Compare all VEVENTs of one UID in a file with those that the feed has of it now; stamps don't count.

    A reminder that is missing doesn't count either, for programs leave them out.
    """
    theirs, ours = (
        sorted((_essence(one.component) for one in side), key=str) for side in (members, published)
    )
    return (
        len(theirs) == len(ours)
        and all(mine[:-1] == other[:-1] for mine, other in zip(theirs, ours, strict=True))
        and all(mine[-1] <= other[-1] for mine, other in zip(theirs, ours, strict=True))
    )


def _essence(component: Any) -> tuple[Any, ...]:
    try:
        start, end = times_of(component)
        times: tuple[Any, ...] = (_plain(start), _plain(end))
        reminders = frozenset(reminders_of(component, start, end))
    except ToldError as error:
        times, reminders = (str(error),), frozenset()
    return (
        words(str(component.get("SUMMARY", ""))),
        times,
        tuple(_moments(component, "RECURRENCE-ID")),
        tuple(value.to_ical() for name in ("RRULE", "RDATE") for value in _values(component, name)),
        tuple(sorted(map(str, _moments(component, "EXDATE")))),
        lines(str(component.get("DESCRIPTION", ""))),
        words(str(component.get("LOCATION", ""))),
        str(component.get("STATUS", "")).upper() == "CANCELLED",
        reminders,
    )


def _moments(component: Any, name: str) -> Iterable[Any]:
    for value in _values(component, name):
        for one in getattr(value, "dts", [value]):
            yield _plain(one.dt)


def _values(component: Any, name: str) -> list[Any]:
    found = component.get(name, [])
    return found if isinstance(found, list) else [found]


def _plain(moment: Any) -> Any:
    return moment.astimezone(UTC) if isinstance(moment, datetime) and moment.tzinfo else moment
