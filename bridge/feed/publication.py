"""Entries, documents and publications of a feed: the publisher makes them, the store keeps them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bridge.feed.agenda import AgendaItem
from bridge.feed.changelog import Change
from bridge.feed.gzip_blocks import decompress, decompress_blocks


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of one of the feed's sources, without its payload."""

    source_key: str
    uid: str
    content_hash: str
    cancelled_since: datetime | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the entries of an event were made from, besides the definition and form of the feed.

    ``content_hash`` is empty if not all could be made: the event is tried again. ``is_copy``: the
    feed shows it from another source. ``until`` is the first day on which its entries may differ
    although all that is the same, None: never. ``duplicate_keys`` are those by which copies of the
    event are found, empty in a feed that shows all.
    """

    event_uid: str
    source_key: str
    content_hash: str
    cancelled_since: datetime | None = None
    is_copy: bool = False
    until: date | None = None
    duplicate_keys: str = ""

    @property
    def made_from(self) -> tuple[object, ...]:
        """The event as it was when the entries were made."""
        return self.source_key, self.content_hash, self.cancelled_since

    def is_of(self, event: StoredEvent) -> bool:
        """Return whether the entries were made from the event as it is."""
        return self.made_from == (event.source_key, event.content_hash, event.cancelled_since)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One UID family of a feed, without its bytes. Several entries may come from one event.

    A gone entry keeps its stamps, so that SEQUENCE never falls when it comes back.
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
    """One UID family of a feed, with its VEVENT bytes; a gone entry has none."""

    blob: bytes | None
    web_blob: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAgenda:
    """The agenda items of an entry, none when it is gone, and its labels as (kind, value)."""

    uid: str
    items: tuple[AgendaItem, ...] = ()
    labels: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A feed in one variant, in gzip. ``etag`` is the hash of ``body``, without quotes.

    ``blocks`` names the blocks of ``gzip``, for the next document to reuse them; None: unknown.
    """

    variant: str
    gzip: bytes
    etag: str
    modified_at: datetime
    events: int
    blocks: bytes | None = None

    @property
    def body(self) -> bytes:
        """The plain bytes, decompressed by each access."""
        return decompress(self.gzip)

    @property
    def parts(self) -> Iterator[bytes]:
        """The plain bytes in parts: the head, then runs of VEVENTs; all in one if unknown."""
        if self.blocks is None:
            return iter([self.body])
        return decompress_blocks(self.gzip, self.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedState:
    """What the sources of a feed hold, and what is published of it.

    ``stored`` are events in the order of the sources: all, or only those whose entries may be out
    of date. ``freshness`` is that of these events, by UID. ``removed`` are UIDs of published events
    that no source holds. ``new_sources`` are the keys of sources that were read and of which this
    feed has published nothing yet.
    """

    stored: tuple[StoredEvent, ...]
    freshness: Mapping[str, Freshness]
    removed: tuple[str, ...]
    new_sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """All that one publication writes, in one transaction.

    ``revision`` is that of the published state that the publication replaces. ``removed_events``
    are UIDs of events that no source holds. ``documents`` are those whose bytes have changed.
    """

    revision: int
    now: datetime
    inputs_hash: str = ""
    freshness: Sequence[Freshness] = ()
    removed_events: Sequence[str] = ()
    entries: Sequence[Entry] = ()
    agenda: Sequence[EntryAgenda] = ()
    changes: Sequence[Change] = ()
    new_sources: Sequence[str] = ()
    documents: Sequence[Document] = ()
