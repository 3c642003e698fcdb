"""Parts of parsed events, with the types that a test expects."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.domain.event import Event, Moment, Recurrence


def timed(moment: Moment | None) -> datetime:
    """Return a moment that has a time of day."""
    assert isinstance(moment, datetime)
    return moment


def zone_key(moment: Moment) -> str:
    """Return the key of a moment's time zone."""
    zone = timed(moment).tzinfo
    assert isinstance(zone, ZoneInfo)
    return zone.key


def recurrence_of(event: Event) -> Recurrence:
    """Return the recurrence of a series."""
    assert event.recurrence is not None
    return event.recurrence
