"""A store with a feed in it, and what its published documents hold, for tests of publishing."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
import re
from typing import Any

import icalendar

from bridge.domain.event import Alarm, Event
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.publication import Document
from bridge.publish.publisher import PublishResult, publish
from bridge.store import Store
from tests.factories import event, put, series

WORK, TEAM = CalendarSource(calendar="work"), CalendarSource(calendar="team")
FEED = Feed(slug="team", title="Team", sources=(WORK,))
VARIANTS = ("default", "quiet", "web")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ALARM = Alarm(trigger=-10 * MINUTE)
PLACEHOLDER = "This calendar has no events yet"
SOME = (
    event("a"),
    event("b", start=date(2026, 3, 20)),
    series("s", 11),
    event("c", alarms=(ALARM,)),
)


def publish_all(store: Store, at: datetime, *events: Event, feed: Feed = FEED) -> PublishResult:
    """Make these the events of a feed, and publish it."""
    store.feeds.replace([feed], now=at)
    put(store, at, *events)
    return publish(store, feed.slug, now=at)


def document(store: Store, variant: str = "default", slug: str = "team") -> Document:
    """Return a published document."""
    found = store.publications.document(slug, variant)
    assert found is not None
    return found


def body(store: Store, variant: str = "default", slug: str = "team") -> bytes:
    """Return the bytes of a published document."""
    return document(store, variant, slug).body


def bodies(store: Store) -> dict[str, bytes]:
    """Return the bytes of each variant."""
    return {variant: body(store, variant) for variant in VARIANTS}


def vevents(store: Store, variant: str = "default", slug: str = "team") -> list[Any]:
    """Return the VEVENTs of a document, as icalendar reads them."""
    return list(icalendar.Calendar.from_ical(body(store, variant, slug)).walk("VEVENT"))


def uids(store: Store, variant: str = "default") -> list[str]:
    """Return the UID of each VEVENT."""
    return [str(component["UID"]) for component in vevents(store, variant)]


def titles(store: Store, variant: str = "default") -> list[str]:
    """Return the SUMMARY of each VEVENT."""
    return [str(component["SUMMARY"]) for component in vevents(store, variant)]


def blobs(store: Store) -> dict[str, bytes]:
    """Return the bytes of each VEVENT, by UID."""
    blobs: Iterable[bytes] = re.findall(
        rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", body(store), re.DOTALL
    )
    return {re.findall(rb"\r\nUID:([^\r]*)", blob)[0].decode(): blob for blob in blobs}


def stamp(store: Store, uid: str = "u") -> tuple[datetime, datetime, int]:
    """Return DTSTAMP, LAST-MODIFIED and SEQUENCE of an event."""
    family = [component for component in vevents(store) if component["UID"] == uid]
    (master,) = [component for component in family if "RECURRENCE-ID" not in component]
    return master["DTSTAMP"].dt, master["LAST-MODIFIED"].dt, master["SEQUENCE"]
