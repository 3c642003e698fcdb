"""Factories of domain values for tests: valid events and series, of which a test names only the fields it is about."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.domain.event import Event, Moment, Recurrence, Rule
from bridge.domain.timezones import zone_by_key

BERLIN = zone_by_key("Europe/Berlin")


def event(
    uid: str = "u",
    *,
    start: Moment = datetime(2026, 3, 12, 10),
    hours: float = 1,
    rule: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Event:
    """Return an event, titled like its UID, on Thursday, 12 March 2026, 10:00 to 11:00 in Berlin.

    A naive ``start`` is a wall time in Berlin; a date makes an all-day event of one day. ``rule`` holds the fields of
    a ``Rule``, ``fields`` any other fields of the ``Event``.
    """
    length = timedelta(hours=hours) if isinstance(start, datetime) else timedelta(days=1)
    begin = berlin(start)
    values: dict[str, Any] = {"upstream_id": f"up-{uid}", "title": uid, "start": begin}
    values |= {"end": begin + length, "recurrence": Recurrence(rule=Rule(**rule)) if rule else None}
    return Event(uid=uid, **values | fields)


def series(uid: str = "s", *moved: int, **fields: Any) -> Event:
    """Return a daily series of 30 from Monday, 9 March 2026, 9:00 in Berlin.

    Its instances on the days ``moved`` of March take place an hour later.
    """
    start = datetime(2026, 3, 9, 9)
    overrides = tuple(
        event(
            uid,
            start=start.replace(day=day, hour=10),
            recurrence_id=berlin(start.replace(day=day)),
        )
        for day in moved
    )
    values: dict[str, Any] = {"start": start, "rule": {"freq": "DAILY", "count": 30}}
    return event(uid, **values | {"overrides": overrides} | fields)


def berlin(moment: Moment) -> Moment:
    """Return a naive time as a time in Berlin; return dates and aware times as they are."""
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=BERLIN)
    return moment
