"""Which zones a feed may name, and times in UTC for those it may not. Pure."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.domain import timezones
from bridge.domain.event import Event, Moment, to_utc

# Clients that know a zone by its name use their own data rather than our VTIMEZONE, and that data may be old.
_KNOWN_TO_ALL_AFTER = timedelta(days=730)


def named_since(zone: ZoneInfo, today: date) -> datetime | None:
    """Give the moment from which a feed may name the zone in its times; None when it may not (rulebook 24-28)."""
    if timezones.is_fixed(zone):
        return None
    since = timezones.exact_since(zone)
    if since is None or since.date() > today - _KNOWN_TO_ALL_AFTER:
        return None
    return since


def tellable(event: Event, today: date) -> Event:
    """Give a single event whose times every client reads right: in its zone if it may be named, else in UTC."""
    if not isinstance(event.start, datetime) or not isinstance(event.end, datetime):
        return event
    since = named_since(zone_of(event.start), today)
    if (
        since is not None
        and since <= to_utc(event.start)
        and event.end.tzinfo is event.start.tzinfo
    ):
        return event
    return in_utc(event)


def in_utc(event: Event) -> Event:
    """Give a single event in UTC; an all-day one has no zone and stays."""
    return replace(event, start=_to_utc(event.start), end=_to_utc(event.end))


def zone_of(moment: datetime) -> ZoneInfo:
    """Give the zone of a time of the model."""
    assert isinstance(moment.tzinfo, ZoneInfo)
    return moment.tzinfo


def _to_utc(moment: Moment) -> Moment:
    return to_utc(moment).astimezone(timezones.UTC_ZONE) if isinstance(moment, datetime) else moment
