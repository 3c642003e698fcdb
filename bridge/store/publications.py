"""What each feed shows: its entries (VEVENT bytes with their stamps) and the documents made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import delete, or_, select, update

from bridge.store.cards import ForPeople, write_cards
from bridge.store.database import Database, batches, upsert
from bridge.store.schema import documents, entries, events, feed_sources, feeds, shapes, sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An event that a feed's sources hold, as far as is needed to tell whether its shape is still right."""

    source_key: str
    uid: str
    content_hash: str
    cancelled_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeRow:
    """What an event's entries in a feed were made from (``basis``), and the day (``until``) they may change."""

    event_uid: str
    basis: str
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One UID family of a feed. A gone one keeps its stamps, so that SEQUENCE never falls when it comes back."""

    uid: str
    event_uid: str
    content_hash: str
    changed_at: datetime
    sequence: int
    sort_key: str
    zones: str
    blob: bytes | None
    web_blob: bytes | None
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A feed's bytes as they are served: ``etag`` is the hash of ``body``, without quotes."""

    variant: str
    body: bytes
    gzip: bytes
    etag: str
    modified_at: datetime
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What an active feed's published document is, without its bytes, and what serving needs of the feed."""

    slug: str
    title: str
    public: bool
    etag: str
    modified_at: datetime
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """The bytes of a published document in one coding, and which document it is; ``etag`` is of the plain bytes."""

    etag: str
    modified_at: datetime
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """All that a feed's next publication starts from, read in one transaction."""

    revision: int
    basis: str
    stored: tuple[Stored, ...]
    shapes: Mapping[str, ShapeRow]
    entries: Mapping[str, Entry]
    etags: Mapping[str, str]


class Publications:
    """Reads and writes what feeds show."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, slug: str) -> Published:
        """Give what is published of a feed and what its sources hold, events in the order of the sources."""
        present = feed_sources.alias()
        unread = (
            select(present.c.source_key)
            .join(sources, sources.c.key == present.c.source_key)
            .where(present.c.slug == slug, present.c.leaving.is_(False), sources.c.last_success.is_(None))
            .exists()
        )
        of_sources = (
            select(events.c.source_key, events.c.uid, events.c.content_hash, events.c.cancelled_since)
            .join(feed_sources, feed_sources.c.source_key == events.c.source_key)
            .where(feed_sources.c.slug == slug, or_(feed_sources.c.leaving.is_(False), unread))
            .order_by(feed_sources.c.leaving, feed_sources.c.position, events.c.uid)
        )
        etags = select(documents.c.variant, documents.c.etag).where(documents.c.slug == slug)
        with self._database.read() as connection:
            row = connection.execute(select(feeds.c.revision, feeds.c.basis).where(feeds.c.slug == slug)).one()
            return Published(
                revision=row.revision,
                basis=row.basis or "",
                stored=tuple(Stored(**stored) for stored in connection.execute(of_sources).mappings()),
                shapes={
                    shape.event_uid: ShapeRow(event_uid=shape.event_uid, basis=shape.basis, until=shape.until)
                    for shape in connection.execute(select(shapes).where(shapes.c.slug == slug))
                },
                entries={
                    entry["uid"]: Entry(**{name: value for name, value in entry.items() if name != "slug"})
                    for entry in connection.execute(select(entries).where(entries.c.slug == slug)).mappings()
                },
                etags={made.variant: made.etag for made in connection.execute(etags)},
            )

    def publish(
        self,
        slug: str,
        *,
        revision: int,
        basis: str,
        shaped: Sequence[ShapeRow],
        unshaped: Sequence[str],
        changed: Sequence[Entry],
        made: Sequence[Document],
        for_people: Sequence[ForPeople] = (),
    ) -> bool:
        """Write one publication in one transaction: readers see the old one or the new one, never a mixture.

        False, and nothing is written, when another publication came between (``revision`` has moved on).
        """
        with self._database.write() as connection:
            mine = update(feeds).where(feeds.c.slug == slug, feeds.c.revision == revision)
            if connection.execute(mine.values(revision=revision + 1, basis=basis)).rowcount == 0:
                return False
            for batch in batches(unshaped):
                connection.execute(delete(shapes).where(shapes.c.slug == slug, shapes.c.event_uid.in_(batch)))
            upsert(connection, shapes, [{"slug": slug, **asdict(shape)} for shape in shaped])
            upsert(connection, entries, [{"slug": slug, **asdict(entry)} for entry in changed])
            write_cards(connection, slug, for_people)
            upsert(connection, documents, [{"slug": slug, **asdict(document)} for document in made])
        return True

    def document(self, slug: str, variant: str) -> Document | None:
        """Give a feed's published bytes; None when it was never published."""
        query = select(documents).where(documents.c.slug == slug, documents.c.variant == variant)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Document(**{name: value for name, value in row.items() if name != "slug"})

    def head(self, slug: str, variant: str) -> Head | None:
        """Tell which bytes an active feed serves; None for an unknown, inactive or never published one."""
        of_document = (documents.c.etag, documents.c.modified_at, documents.c.events)
        query = (
            select(feeds.c.slug, feeds.c.title, feeds.c.public, *of_document)
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
        query = select(entries).where(entries.c.slug == slug, entries.c.uid == uid, entries.c.gone.is_(False))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Entry(**{name: value for name, value in row.items() if name != "slug"})
