"""Entries, documents and publications of a feed: the publisher makes them, the store keeps them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bridge.feed.agenda import AgendaItem
from bridge.feed.changelog import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event of one of the feed's sources, without its payload."""

    source_key: str
    uid: str
    content_hash: str
    cancelled_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How long the entries of an event are up to date.

    ``inputs_hash`` is a hash of all that they were made from. ``until`` is the first day on which
    they may differ although the inputs are the same, None: never. ``duplicate_keys`` are those by
    which copies of the event are found, empty in a feed that shows all.
    """

    event_uid: str
    inputs_hash: str
    until: date | None
    duplicate_keys: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """The bytes of a feed in one variant. ``etag`` is the hash of ``body``, without quotes.

    ``blocks`` names the blocks of ``gzip``, for the next document to reuse them; None: unknown.
    """

    variant: str
    body: bytes
    gzip: bytes
    etag: str
    modified_at: datetime
    events: int
    blocks: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedState:
    """What is published of a feed and what its sources hold, read in one transaction.

    ``stored`` is in the order of the sources. ``new_sources`` are the keys of sources that were
    read and of which this feed has published nothing yet.
    """

    revision: int
    inputs_hash: str
    stored: tuple[StoredEvent, ...]
    freshness: Mapping[str, Freshness]
    entries: Mapping[str, EntryRow]
    etags: Mapping[str, str]
    new_sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """All that one publication writes, in one transaction.

    ``revision`` is that of the published state that the publication replaces. ``removed_events``
    are UIDs of events that no source holds. ``documents`` are those whose bytes have changed. They
    are large, so they may be an iterator, which is read once, inside the write transaction.
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
    documents: Iterable[Document] = ()
