"""What each feed shows: its entries and the documents made of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

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
from bridge.store.database import (
    AT_ONCE,
    Row,
    batches,
    columns,
    delete_in,
    rows,
    select_in,
    upsert,
    values_of,
)
from bridge.store.schema import documents, entries, events, feed_sources, feeds, freshness, sources
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


@dataclass(frozen=True, slots=True)
class Basis:
    """What a feed is published from, without its events.

    ``revision`` is that of the last publication, made of a definition and forms with this
    ``inputs_hash``. ``sources`` is a text that differs whenever the sources of the feed, or their
    events, do. ``settled`` is the text when nothing was left to publish, up to the day ``due``.
    ``is_merged``: the feed has several sources, or had them before its settings changed.
    """

    revision: int
    inputs_hash: str | None
    due: date | None
    settled: str | None
    sources: str
    is_merged: bool

    def holds(self, inputs_hash: str, today: date) -> bool:
        """Return whether nothing is left to publish of a feed with these inputs."""
        is_same = (self.inputs_hash, self.settled) == (inputs_hash, self.sources)
        return is_same and (self.due is None or today < self.due)


class Publications(Tables):
    """Reads and writes what feeds show."""

    def basis(self, slug: str) -> Basis:
        """Return what decides whether something is left to publish; read it before all else."""
        of_feed = (feeds.c.revision, feeds.c.inputs_hash, feeds.c.due, feeds.c.settled)
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
        return Basis(*row, text, is_merged=len(found) > 1)

    def settle(self, slug: str, sources_text: str) -> None:
        """Save that nothing is left to publish while the sources are as ``basis`` stated."""
        due = select(func.min(freshness.c.until)).where(freshness.c.slug == slug).scalar_subquery()
        values = {"settled": sources_text, "due": due}
        self._database.execute(update(feeds).where(feeds.c.slug == slug).values(values))

    def current(self, slug: str, *, due: date | None = None) -> PublishedState:
        """Return what the sources of a feed hold, and what was published of it.

        ``due``: only the events whose entries may be out of date on that day.
        """
        known = [freshness.c[field.name] for field in fields(Freshness)]
        is_known = (freshness.c.slug == slug, freshness.c.event_uid == events.c.uid)
        query = _stored(slug).add_columns(*known).outerjoin(freshness, and_(*is_known))
        if due is not None:
            query = query.where(_may_differ(due))
        read = sources.c.last_success.is_not(None)
        new_sources = _present(slug).where(feed_sources.c.published.is_(False), read)
        held = _stored(slug).where(events.c.uid == freshness.c.event_uid).order_by(None)
        removed = select(freshness.c.event_uid).where(freshness.c.slug == slug)
        removed = removed.where(~held.correlate(freshness).exists())
        with self._database.read() as connection:
            pairs = [(row[:4], row[4:]) for row in connection.execute(query)]
            return PublishedState(
                stored=tuple(StoredEvent(*event) for event, _ in pairs),
                freshness={row[0]: Freshness(*row) for _, row in pairs if row[0] is not None},
                removed=tuple(connection.execute(removed).scalars()),
                new_sources=tuple(connection.execute(new_sources).scalars()),
            )

    def entries(
        self, slug: str, *, events: Sequence[str] | None = None, uids: Sequence[str] | None = None
    ) -> dict[str, EntryRow]:
        """Return the entries of a feed without their bytes, by UID; gone ones, too.

        ``events``, ``uids``: only those of these events, or with these UIDs.
        """
        query = columns(entries, EntryRow).where(entries.c.slug == slug)
        column, values = (entries.c.event_uid, events) if uids is None else (entries.c.uid, uids)
        with self._database.read() as connection:
            if values is None:
                return {entry.uid: entry for entry in rows(connection, query, EntryRow)}
            found = select_in(connection, query, column, values)
            return {row.uid: EntryRow(**row._asdict()) for row in found}

    def blobs(
        self, slug: str, *, web: bool, first: str = "", last: str | None = None
    ) -> list[tuple[tuple[str, str], bytes]]:
        """Return the bytes of entries that are not gone, with sort key and UID, in no order.

        ``web``: of that variant. ``first`` and ``last`` are sort keys, both included.
        """
        blob = entries.c.web_blob if web else entries.c.blob
        query = select(entries.c.sort_key, entries.c.uid, blob)
        query = query.where(entries.c.slug == slug, entries.c.gone.is_(False))
        query = query.where(entries.c.sort_key >= first)
        query = query if last is None else query.where(entries.c.sort_key <= last)
        with self._database.read() as connection:
            result = connection.execute(query).yield_per(AT_ONCE)
            return [((sort_key, uid), blob or b"") for sort_key, uid, blob in result]

    def zones(self, slug: str) -> Counter[str]:
        """Return how many entries that are not gone have which time zones."""
        query = select(entries.c.zones, func.count().label("number")).group_by(entries.c.zones)
        query = query.where(entries.c.slug == slug, entries.c.gone.is_(False))
        return Counter({row.zones: row.number for row in self._database.all(query)})

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
            delete_in(connection, freshness.c.event_uid, removed, freshness.c.slug == slug)
            for table, values in (
                (freshness, publication.freshness),
                (entries, publication.entries),
                (documents, publication.documents),
            ):
                upsert(connection, table, ({"slug": slug, **values_of(value)} for value in values))
            if write_agenda(connection, slug, publication.agenda):
                labels_at = update(feeds).where(feeds.c.slug == slug)
                connection.execute(labels_at.values(labels_at=publication.now))
            write_changes(connection, slug, publication.changes, now=publication.now)
            for batch in batches(publication.new_sources):
                shown = (feed_sources.c.slug == slug, feed_sources.c.source_key.in_(batch))
                connection.execute(update(feed_sources).where(*shown).values(published=True))
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
        found = self.document(slug, variant)
        if found is None:
            return None
        data = found.gzip if gzip else found.body
        return Representation(etag=found.etag, modified_at=found.modified_at, data=data)

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


def _may_differ(due: date) -> ColumnElement[bool]:
    """Return the condition that entries were not made from the event as it is, or end on a day."""
    return or_(
        freshness.c.event_uid.is_(None),
        freshness.c.source_key != events.c.source_key,
        freshness.c.content_hash != events.c.content_hash,
        freshness.c.cancelled_since.is_distinct_from(events.c.cancelled_since),
        freshness.c.until <= due,
    )
