"""What each feed shows: its entries and the documents made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, func, or_, select, update

from bridge.feed.publication import (
    Document,
    Entry,
    EntryRow,
    Freshness,
    Publication,
    PublishedState,
    StoredEvent,
)
from bridge.store.agenda import write_agenda
from bridge.store.changes import write_changes
from bridge.store.database import AT_ONCE, Row, batches, columns, delete_in, rows, upsert, values_of
from bridge.store.schema import documents, entries, events, feed_sources, feeds, shapes, sources
from bridge.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """An active feed and its published document, without the bytes.

    ``labels_at`` is the time of the last change of the labels that its entries are filtered by.
    """

    slug: str
    title: str
    public: bool
    etag: str
    modified_at: datetime
    events: int
    labels_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """The bytes of a published document in one coding; ``etag`` is of the plain bytes."""

    etag: str
    modified_at: datetime
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a feed is published from, without its events.

    ``sources`` is a text that differs whenever the sources of the feed, or their events, do.
    ``settled`` is the text when nothing was left to publish, up to the day ``due``.
    """

    inputs_hash: str | None
    sources: str
    settled: str | None
    due: date | None

    def holds(self, inputs_hash: str, today: date) -> bool:
        """Return whether nothing is left to publish of a feed with these inputs."""
        is_same = (self.inputs_hash, self.settled) == (inputs_hash, self.sources)
        return is_same and (self.due is None or today < self.due)


class Publications(Tables):
    """Reads and writes what feeds show."""

    def basis(self, slug: str) -> Basis:
        """Return what decides whether something is left to publish; read it before the events."""
        of_feed = (feeds.c.inputs_hash, feeds.c.settled, feeds.c.due)
        of_sources = (sources.c.key, sources.c.version, sources.c.profile, sources.c.last_success)
        query = (
            select(feed_sources.c.position, feed_sources.c.leaving, *of_sources)
            .join(sources, feed_sources.c.source_key == sources.c.key)
            .where(feed_sources.c.slug == slug)
            .order_by(feed_sources.c.position, sources.c.key)
        )
        with self._database.read() as connection:
            row = connection.execute(select(*of_feed).where(feeds.c.slug == slug)).one()
            found = [(*values, read is not None) for *values, read in connection.execute(query)]
        text = sha256(repr(found).encode()).hexdigest()
        return Basis(inputs_hash=row.inputs_hash, sources=text, settled=row.settled, due=row.due)

    def settle(self, slug: str, sources_text: str) -> None:
        """Save that nothing is left to publish while the sources are as ``basis`` stated."""
        due = select(func.min(shapes.c.until)).where(shapes.c.slug == slug).scalar_subquery()
        values = {"settled": sources_text, "due": due}
        self._database.execute(update(feeds).where(feeds.c.slug == slug).values(values))

    def current(self, slug: str) -> PublishedState:
        """Return what is published of a feed and what its sources hold."""
        feed = select(feeds.c.revision, feeds.c.inputs_hash).where(feeds.c.slug == slug)
        fresh = columns(shapes, Freshness).where(shapes.c.slug == slug)
        of_feed = columns(entries, EntryRow).where(entries.c.slug == slug)
        etags = select(documents.c.variant, documents.c.etag).where(documents.c.slug == slug)
        read = sources.c.last_success.is_not(None)
        new_sources = _present(slug).where(feed_sources.c.published.is_(False), read)
        with self._database.read() as connection:
            revision, inputs_hash = connection.execute(feed).one()
            return PublishedState(
                revision=revision,
                inputs_hash=inputs_hash or "",
                stored=tuple(rows(connection, _stored(slug), StoredEvent)),
                freshness={row.event_uid: row for row in rows(connection, fresh, Freshness)},
                entries={entry.uid: entry for entry in rows(connection, of_feed, EntryRow)},
                etags={row.variant: row.etag for row in connection.execute(etags)},
                new_sources=tuple(connection.execute(new_sources).scalars()),
            )

    def blobs(self, slug: str, *, web: bool) -> Mapping[str, bytes]:
        """Return the bytes of all entries that are not gone, by UID; ``web``: of that variant."""
        query = select(entries.c.uid, entries.c.web_blob if web else entries.c.blob)
        query = query.where(entries.c.slug == slug, entries.c.gone.is_(False))
        with self._database.read() as connection:
            result = connection.execute(query).yield_per(AT_ONCE)
            return {uid: blob or b"" for uid, blob in result}

    def compressed(self, slug: str, variant: str) -> tuple[bytes, bytes]:
        """Return a document in gzip and its blocks; empty bytes if there is none."""
        query = select(documents.c.gzip, documents.c.blocks)
        query = query.where(documents.c.slug == slug, documents.c.variant == variant)
        row = self._database.first(query)
        return (row.gzip, row.blocks or b"") if row else (b"", b"")

    def publish(self, slug: str, publication: Publication) -> bool:
        """Write a publication in one transaction: readers see the old one or the new one.

        Return False, and write nothing, when the revision has moved on: another process published.
        """
        current = (feeds.c.slug == slug, feeds.c.revision == publication.revision)
        new = {"revision": publication.revision + 1, "inputs_hash": publication.inputs_hash}
        with self._database.write() as connection:
            if connection.execute(update(feeds).where(*current).values(new)).rowcount == 0:
                return False
            removed = publication.removed_events
            delete_in(connection, shapes.c.event_uid, removed, shapes.c.slug == slug)
            for table, values in ((shapes, publication.freshness), (entries, publication.entries)):
                upsert(connection, table, ({"slug": slug, **values_of(value)} for value in values))
            if write_agenda(connection, slug, publication.agenda):
                labels_at = update(feeds).where(feeds.c.slug == slug)
                connection.execute(labels_at.values(labels_at=publication.now))
            write_changes(connection, slug, publication.changes, now=publication.now)
            for batch in batches(publication.new_sources):
                shown = (feed_sources.c.slug == slug, feed_sources.c.source_key.in_(batch))
                connection.execute(update(feed_sources).where(*shown).values(published=True))
            for document in publication.documents:
                upsert(connection, documents, [{"slug": slug, **values_of(document)}])
                del document  # before the next one is made
        return True

    def document(self, slug: str, variant: str) -> Document | None:
        """Return a feed's published bytes; None when it was never published."""
        query = columns(documents, Document)
        query = query.where(documents.c.slug == slug, documents.c.variant == variant)
        return self._first(query, Document)

    def head(self, slug: str, variant: str) -> Head | None:
        """Return the head of an active, published feed; None for any other."""
        of_document = (documents.c.etag, documents.c.modified_at, documents.c.events)
        query = (
            select(feeds.c.slug, feeds.c.title, feeds.c.public, *of_document, feeds.c.labels_at)
            .join(documents, documents.c.slug == feeds.c.slug)
            .where(feeds.c.slug == slug, feeds.c.active, documents.c.variant == variant)
        )
        return self._first(query, Head)

    def representation(self, slug: str, variant: str, *, gzip: bool) -> Representation | None:
        """Return a feed's published bytes in one coding; None when it was never published."""
        coded = documents.c.gzip if gzip else documents.c.body
        query = select(documents.c.etag, documents.c.modified_at, coded)
        query = query.where(documents.c.slug == slug, documents.c.variant == variant)
        return self._first(query, Representation)

    def entry(self, slug: str, uid: str) -> Entry | None:
        """Return one UID family of a feed; None when the feed does not show it."""
        query = columns(entries, Entry)
        of_entry = (entries.c.slug == slug, entries.c.uid == uid, entries.c.gone.is_(False))
        return self._first(query.where(*of_entry), Entry)

    def _first(self, query: Select[Any], kind: type[Row]) -> Row | None:
        with self._database.read() as connection:
            return next(rows(connection, query, kind), None)


def _present(slug: str) -> Select[Any]:
    """Select the keys of the sources that a feed is configured to show, in order."""
    return (
        select(sources.c.key)
        .join(feed_sources, feed_sources.c.source_key == sources.c.key)
        .where(feed_sources.c.slug == slug, feed_sources.c.leaving.is_(False))
        .order_by(feed_sources.c.position)
    )


def _stored(slug: str) -> Select[Any]:
    """Select the events of a feed's sources, in the order of the sources.

    Sources that leave the feed count until all that stay have been read.
    """
    unread = _present(slug).where(sources.c.last_success.is_(None)).order_by(None)
    return (
        columns(events, StoredEvent)
        .join(feed_sources, feed_sources.c.source_key == events.c.source_key)
        .where(feed_sources.c.slug == slug)
        .where(or_(feed_sources.c.leaving.is_(False), unread.correlate(None).exists()))
        .order_by(feed_sources.c.leaving, feed_sources.c.position, events.c.uid)
    )
