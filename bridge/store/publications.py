"""What each feed shows: its entries (VEVENT bytes with their stamps) and the documents made of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import delete, or_, select, update

from bridge.feed.changelog import Change
from bridge.store.agenda import EntryAgenda, write_cards
from bridge.store.changes import write_changes
from bridge.store.database import AT_ONCE, Database, batches, columns, rows, upsert
from bridge.store.schema import documents, entries, events, feed_sources, feeds, shapes, sources


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event that a feed's sources hold, as far as is needed to tell whether its shape is still right."""

    source_key: str
    uid: str
    content_hash: str
    cancelled_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRow:
    """What an event's entries in a feed were made from (``basis``), and the day (``until``) they may change."""

    event_uid: str
    basis: str
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One UID family of a feed, without its bytes.

    A gone one keeps its stamps, so that SEQUENCE never falls when it comes back.
    """

    uid: str
    event_uid: str
    content_hash: str
    changed_at: datetime
    sequence: int
    sort_key: str
    zones: str
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(EntryRow):
    """One UID family of a feed, whole; a gone one has no bytes."""

    blob: bytes | None
    web_blob: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A feed's bytes as they are served: ``etag`` is the hash of ``body``, without quotes.

    ``blocks`` tells what the next document's ``gzip`` may take over of this one's; None: nothing.
    """

    variant: str
    body: bytes
    gzip: bytes
    etag: str
    modified_at: datetime
    events: int
    blocks: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What an active feed's published document is, without its bytes, and what serving needs of the feed.

    ``labels_at``: when what its entries can be chosen by last changed.
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
    """The bytes of a published document in one coding, and which document it is; ``etag`` is of the plain bytes."""

    etag: str
    modified_at: datetime
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedState:
    """What a feed's next publication starts from, read in one transaction.

    The bytes of entries and documents are asked for as they are needed; that they belong to this ``revision`` is seen
    when the next one is written.
    ``begun`` are the keys of sources that have been read, and of which nothing was published in this feed before.
    """

    revision: int
    basis: str
    stored: tuple[StoredEvent, ...]
    shapes: Mapping[str, ViewRow]
    entries: Mapping[str, EntryRow]
    etags: Mapping[str, str]
    begun: tuple[str, ...] = ()


class Publications:
    """Reads and writes what feeds show."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, slug: str) -> PublishedState:
        """Give what is published of a feed and what its sources hold, events in the order of the sources."""
        present = feed_sources.alias()
        unread = (
            select(present.c.source_key)
            .join(sources, sources.c.key == present.c.source_key)
            .where(
                present.c.slug == slug,
                present.c.leaving.is_(False),
                sources.c.last_success.is_(None),
            )
            .exists()
        )
        of_sources = (
            columns(events, StoredEvent)
            .join(feed_sources, feed_sources.c.source_key == events.c.source_key)
            .where(feed_sources.c.slug == slug, or_(feed_sources.c.leaving.is_(False), unread))
            .order_by(feed_sources.c.leaving, feed_sources.c.position, events.c.uid)
        )
        of_shapes = columns(shapes, ViewRow).where(shapes.c.slug == slug)
        of_entries = columns(entries, EntryRow).where(entries.c.slug == slug)
        etags = select(documents.c.variant, documents.c.etag).where(documents.c.slug == slug)
        begun = (
            select(feed_sources.c.source_key)
            .join(sources, sources.c.key == feed_sources.c.source_key)
            .where(feed_sources.c.slug == slug, feed_sources.c.leaving.is_(False))
            .where(feed_sources.c.published.is_(False), sources.c.last_success.is_not(None))
            .order_by(feed_sources.c.position)
        )
        with self._database.read() as connection:
            row = connection.execute(
                select(feeds.c.revision, feeds.c.basis).where(feeds.c.slug == slug)
            ).one()
            return PublishedState(
                revision=row.revision,
                basis=row.basis or "",
                stored=tuple(rows(connection, of_sources, StoredEvent)),
                shapes={shape.event_uid: shape for shape in rows(connection, of_shapes, ViewRow)},
                entries={entry.uid: entry for entry in rows(connection, of_entries, EntryRow)},
                etags={made.variant: made.etag for made in connection.execute(etags)},
                begun=tuple(connection.execute(begun).scalars()),
            )

    def blobs(self, slug: str, *, web: bool) -> Mapping[str, bytes]:
        """Give the bytes of all entries that are not gone, by UID; with ``web`` those of that flavour."""
        query = select(entries.c.uid, entries.c.web_blob if web else entries.c.blob)
        with self._database.read() as connection:
            found = connection.execute(
                query.where(entries.c.slug == slug, entries.c.gone.is_(False))
            )
            return {uid: blob or b"" for uid, blob in found.yield_per(AT_ONCE)}

    def compressed(self, slug: str, variant: str) -> tuple[bytes, bytes]:
        """Give a document in gzip, and what that is made of; empty bytes where there is none."""
        query = select(documents.c.gzip, documents.c.blocks)
        query = query.where(documents.c.slug == slug, documents.c.variant == variant)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return (row.gzip, row.blocks or b"") if row else (b"", b"")

    def publish(
        self,
        slug: str,
        *,
        revision: int,
        basis: str,
        shaped: Sequence[ViewRow],
        unshaped: Sequence[str],
        changed: Sequence[Entry],
        made: Iterable[Document],
        for_people: Sequence[EntryAgenda] = (),
        history: Sequence[Change] = (),
        begun: Sequence[str] = (),
        now: datetime | None = None,
    ) -> bool:
        """Write one publication in one transaction: readers see the old one or the new one, never a mixture.

        ``now``, the time of ``history`` and of changed labels, may be left out where there are none.
        False, and nothing is written, when another publication came between (``revision`` has moved on). ``made`` may
        be made as they are taken: they are large, and one at a time is enough.
        """
        with self._database.write() as connection:
            mine = update(feeds).where(feeds.c.slug == slug, feeds.c.revision == revision)
            if connection.execute(mine.values(revision=revision + 1, basis=basis)).rowcount == 0:
                return False
            for batch in batches(unshaped):
                connection.execute(
                    delete(shapes).where(shapes.c.slug == slug, shapes.c.event_uid.in_(batch))
                )
            upsert(connection, shapes, ({"slug": slug, **asdict(shape)} for shape in shaped))
            upsert(connection, entries, ({"slug": slug, **asdict(entry)} for entry in changed))
            if write_cards(connection, slug, for_people) and now is not None:
                connection.execute(update(feeds).where(feeds.c.slug == slug).values(labels_at=now))
            if now is not None:
                write_changes(connection, slug, history, now=now)
            for batch in batches(begun):
                shown = (feed_sources.c.slug == slug, feed_sources.c.source_key.in_(batch))
                connection.execute(update(feed_sources).where(*shown).values(published=True))
            for document in made:
                upsert(connection, documents, [{"slug": slug, **asdict(document)}])
                del document  # before the next one is made
        return True

    def document(self, slug: str, variant: str) -> Document | None:
        """Give a feed's published bytes; None when it was never published."""
        query = select(documents).where(documents.c.slug == slug, documents.c.variant == variant)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return (
            None
            if row is None
            else Document(**{name: value for name, value in row.items() if name != "slug"})
        )

    def head(self, slug: str, variant: str) -> Head | None:
        """Tell which bytes an active feed serves; None for an unknown, inactive or never published one."""
        of_document = (documents.c.etag, documents.c.modified_at, documents.c.events)
        query = (
            select(feeds.c.slug, feeds.c.title, feeds.c.public, feeds.c.labels_at, *of_document)
            .join(documents, documents.c.slug == feeds.c.slug)
            .where(feeds.c.slug == slug, feeds.c.active, documents.c.variant == variant)
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Head(**row)

    def representation(self, slug: str, variant: str, *, gzip: bool) -> Representation | None:
        """Give a feed's published bytes in one coding; None when it was never published."""
        coded = documents.c.gzip if gzip else documents.c.body
        query = select(documents.c.etag, documents.c.modified_at, coded.label("data"))
        query = query.where(documents.c.slug == slug, documents.c.variant == variant)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Representation(**row)

    def entry(self, slug: str, uid: str) -> Entry | None:
        """Give one UID family of a feed; None when the feed does not show it."""
        query = select(entries).where(
            entries.c.slug == slug, entries.c.uid == uid, entries.c.gone.is_(False)
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return (
            None
            if row is None
            else Entry(**{name: value for name, value in row.items() if name != "slug"})
        )
