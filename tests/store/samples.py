"""Feeds, events, entries and documents, as rows that the tests of the store write and compare."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
import gzip
from typing import Any

from bridge.domain import codec
from bridge.domain.feed import Feed
from bridge.domain.records import EventToSave
from bridge.domain.source import CalendarSource, ConnectSource, Source
from bridge.feed.publication import Document, Entry, Publication
from bridge.store import Store
from bridge.store.database import columns
from bridge.store.readers import Polls
from bridge.store.schema import readers
from tests.factories import event

KEY = "a test's secret key that is long enough for anything"
WORK = CalendarSource(calendar="work==")
TEAM = ConnectSource(group="77", network="1")
TERM = timedelta(minutes=10)
TENTH = datetime(2026, 3, 10, tzinfo=UTC)


def feed(slug: str = "team", *sources: Source, **fields: Any) -> Feed:
    """Return a feed of the sources, by default of WORK."""
    return Feed(slug=slug, title=slug.title(), sources=sources or (WORK,), **fields)


def event_to_save(
    uid: str = "u1", title: str = "Standup", cancelled_since: datetime | None = None
) -> EventToSave:
    """Return an event as a read saves it."""
    new = event(uid, title=title)
    return EventToSave(
        uid=uid,
        upstream_id=new.upstream_id,
        content_hash=codec.content_hash(new),
        payload=codec.encode(new),
        cancelled_since=cancelled_since,
        ends_at=datetime(2026, 3, 12, 10, tzinfo=UTC),
    )


def save_read(
    store: Store,
    now: datetime,
    *,
    source: Source = WORK,
    saved: Sequence[EventToSave] = (),
    **changes: Any,
) -> None:
    """Save a complete read of a source; the next read is 15 minutes later."""
    assert store.sources.claim(source.key, holder="w1", now=now, term=TERM)
    assert store.sources.succeed(
        source.key,
        holder="w1",
        now=now,
        next_check_at=now + timedelta(minutes=15),
        saved=saved,
        **changes,
    )


def entry(uid: str = "u1", **fields: Any) -> Entry:
    """Return an entry of a feed."""
    values: dict[str, Any] = {
        "uid": uid,
        "event_uid": uid,
        "content_hash": "h",
        "changed_at": TENTH,
        "sequence": 3,
        "sort_key": "20260311T080000Z",
        "zones": "Europe/Berlin",
        "blob": b"BEGIN:VEVENT\r\n",
        "web_blob": b"",
    }
    return Entry(**values | fields)


def document(variant: str = "default", body: bytes = b"BEGIN:VCALENDAR\r\n") -> Document:
    """Return a document of a feed."""
    return Document(
        variant=variant,
        gzip=gzip.compress(body, mtime=0),
        etag=f"e{len(body)}",
        modified_at=TENTH,
        events=1,
    )


def publish(store: Store, slug: str = "team", revision: int = 0, **fields: Any) -> bool:
    """Write a publication of a feed, empty but for ``fields``."""
    new = Publication(revision=revision, now=TENTH, **fields)
    return store.publications.publish(slug, new)


def polls(
    day: date,
    count: int,
    *,
    unchanged: int = 0,
    link: str = "",
    program: str = "curl",
    at: datetime | None = None,
    slug: str = "team",
) -> Polls:
    """Return the polls of a day, the last of them at 8:00 UTC."""
    last = at or datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    numbers = {"polls": count, "unchanged": unchanged}
    return Polls(slug=slug, link=link, program=program, day=day, last_at=last, **numbers)


def stored_polls(store: Store) -> list[Polls]:
    """Return all stored polls, by day."""
    query = columns(readers, Polls).order_by(readers.c.day, readers.c.slug)
    return store.database.records(query, Polls)
