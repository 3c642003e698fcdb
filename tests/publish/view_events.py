"""Events and series, and what a feed shows of them, for tests of the view."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bridge.domain.event import Event, Moment, Recurrence
from bridge.domain.feed import Feed
from bridge.domain.recurrence.parse import parse_rule
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import zone_by_key
from bridge.publish.view.event import EventView, event_view

BERLIN = zone_by_key("Europe/Berlin")
TODAY = date(2026, 3, 10)
FEED = Feed(slug="team", title="Team", sources=(CalendarSource(calendar="c"),))
CLASSIC = replace(FEED, exceptions="recurrence-id")
BUSY = replace(FEED, privacy="busy")
SALT = "salt"


def at(text: str, where: ZoneInfo | None = BERLIN) -> datetime:
    """Read a wall time."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=where)


def single(
    start: str | Moment = "2026-03-12 10:00",
    hours: float = 1.0,
    where: ZoneInfo | None = BERLIN,
    **fields: Any,
) -> Event:
    """Return an event of some exact hours; of some days, if it begins with a date."""
    begin: Moment = at(start, where) if isinstance(start, str) else start
    end: Moment
    if isinstance(begin, datetime):
        end = (begin.astimezone(UTC) + timedelta(hours=hours)).astimezone(begin.tzinfo)
    else:
        end = begin + timedelta(days=hours)
    values: dict[str, Any] = {"uid": "u", "upstream_id": "up", "title": "Standup"}
    return Event(**values | {"start": begin, "end": end} | fields)


def series(
    rule: str,
    start: str | Moment = "2026-03-02 10:00",
    hours: float = 1.0,
    where: ZoneInfo | None = BERLIN,
    excluded: Iterable[Moment] = (),
    overrides: Iterable[Event] = (),
    **fields: Any,
) -> Event:
    """Return an event that repeats by an RRULE."""
    event = single(start, hours, where, **fields)
    recurrence = Recurrence(rule=parse_rule(rule, event.start), excluded=tuple(excluded))
    return replace(event, recurrence=recurrence, overrides=tuple(overrides))


def override(slot: str | Moment, start: str | Moment, hours: float = 1.0, **fields: Any) -> Event:
    """Return an instance of a series that has been moved."""
    original = at(slot) if isinstance(slot, str) else slot
    values: dict[str, Any] = {"recurrence_id": original, "title": "Moved"}
    return single(start, hours, **values | fields)


def view(
    event: Event,
    feed: Feed = FEED,
    today: date = TODAY,
    since: date | None = None,
    salt: str = SALT,
) -> EventView:
    """Return what the feed shows of an event, and until when."""
    return event_view(event, feed, salt=salt, today=today, cancelled_since=since)


def events(event: Event, feed: Feed = FEED, today: date = TODAY, since: date | None = None) -> Any:
    """Return the events that the feed shows of an event."""
    return view(event, feed, today, since).events


def only(event: Event, feed: Feed = FEED, today: date = TODAY, since: date | None = None) -> Any:
    """Return the one event that the feed shows of an event."""
    (shown,) = events(event, feed, today, since)
    return shown


def starts(shown: Iterable[Event]) -> list[str]:
    """Return the wall time of each start."""
    return [f"{event.start:%m-%d %H:%M}" for event in shown]


def utc(shown: Iterable[Event]) -> list[str]:
    """Return each start in UTC."""
    return [f"{in_utc(event.start):%m-%d %H:%M}" for event in shown]


def in_utc(moment: Moment | None) -> datetime:
    """Return a time in UTC."""
    assert isinstance(moment, datetime)
    return moment.astimezone(UTC)
