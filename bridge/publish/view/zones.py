"""Which zones a feed may name, and times in UTC for those that it may not. Pure."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.domain import timezones
from bridge.domain.event import Event, Moment, to_utc

# Clients that know a zone's name use their own data, which may be old, and not our VTIMEZONE.
_KNOWN_TO_ALL_AFTER = timedelta(days=730)


def portable_since(zone: ZoneInfo, today: date) -> datetime | None:
    """Return the time from which a feed may name the zone; None: never (rulebook 24-28)."""
    since = None if timezones.is_fixed(zone) else timezones.exact_since(zone)
    return since if since and since.date() <= today - _KNOWN_TO_ALL_AFTER else None


def in_portable_zone(event: Event, today: date) -> Event:
    """Return a single event in its zone if all clients read that alike, else in UTC."""
    start, end = event.start, event.end
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return event
    since = portable_since(zone_of(start), today)
    if since and since <= to_utc(start) and end.tzinfo is start.tzinfo:
        return event
    return in_utc(event)


def in_utc(event: Event) -> Event:
    """Return a single event in UTC; an all-day event has no zone and stays."""
    return replace(event, start=_in_utc(event.start), end=_in_utc(event.end))


def zone_of(moment: datetime) -> ZoneInfo:
    """Return the zone of a time of the model."""
    assert isinstance(moment.tzinfo, ZoneInfo)
    return moment.tzinfo


def _in_utc(moment: Moment) -> Moment:
    return to_utc(moment).astimezone(timezones.UTC_ZONE) if isinstance(moment, datetime) else moment
