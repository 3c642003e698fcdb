"""Factories for tests: valid events and series, and a store with a published feed of them.

A test names only the fields that it is about.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from bridge.domain.event import Event, Moment, Recurrence, Rule
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarProfile, CalendarSource, Source
from bridge.domain.timezones import zone_by_key
from bridge.publish.publisher import publish
from bridge.refresh.diff import decide
from bridge.sources.protocols import ParseResult
from bridge.store import Store
from bridge.store.sources import LONG_AGO

BERLIN = zone_by_key("Europe/Berlin")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WORK = CalendarSource(calendar="work")
FEED = Feed(slug="team", title="Team", sources=(WORK,))
_READS = count(1)


def event(
    uid: str = "u",
    *,
    start: Moment = datetime(2026, 3, 12, 10),
    hours: float = 1,
    rule: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Event:
    """Return an event, titled like its UID, on Thursday, 12 March 2026, 10:00 to 11:00 in Berlin.

    A naive ``start`` is a wall time in Berlin, and a date makes an all-day event of one day.
    ``rule`` has the fields of a ``Rule``, ``fields`` any other fields of the ``Event``.
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


def put(
    store: Store,
    at: datetime,
    *events: Event,
    source: Source = WORK,
    profile: CalendarProfile | None = None,
) -> None:
    """Save the events as the result of the second complete read that finds no other events."""
    rows = store.sources.index(source.key)
    known = {uid: replace(row, missing_since=LONG_AGO) for uid, row in rows.items()}
    decision = decide(known, ParseResult(events=events), now=at)
    holder = f"read {next(_READS)}"  # each read has a lease of its own, as in a refresh
    assert store.sources.claim(source.key, holder=holder, now=at, term=MINUTE)
    assert store.sources.succeed(
        source.key,
        holder=holder,
        now=at,
        next_check_at=at,
        saved=decision.saved,
        removed=decision.removed,
        rejected=(),
        notes=(),
        profile=profile,
    )


def publish_events(store: Store, at: datetime, *events: Event, feed: Feed = FEED) -> None:
    """Define a feed, save the events in its source WORK, and publish the feed."""
    store.feeds.replace([feed], now=at)
    put(store, at, *events)
    publish(store, feed.slug, now=at)
