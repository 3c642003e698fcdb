"""Documents of selections, joined from the VEVENTs of the feed's document and cached.

Nothing is rendered here. A document is joined again when the feed's own document, the labels of its
events, or the selection change.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from werkzeug.exceptions import NotFound

from bridge.feed.agenda import NO_INVITATION
from bridge.feed.document import PLACEHOLDER, TAIL, find_color, find_zones, head_of, select_vevents
from bridge.feed.gzip_blocks import FIRST, compress, decompress
from bridge.feed.publication import Document
from bridge.feed.selection import Ticks
from bridge.store import Store
from bridge.store.publications import Head
from bridge.store.selections import Selection
from bridge.web.read_cache import SizedCache, forbid_waiting, read_or_stale

_MOST_BYTES = 64 * 2**20
_MOST_NAMES = 3

_WORDS = {"needs-action": "not answered", NO_INVITATION: "no invitation"}


@dataclass(frozen=True, kw_only=True)
class SelectedDocument:
    """A document of a selection, with a head of its own; ``basis`` is all that it depends on."""

    basis: tuple[Any, ...]
    head: Head
    gzip: bytes

    @property
    def body(self) -> bytes:
        """The plain bytes, decompressed by each access."""
        return decompress(self.gzip)


class SelectedDocuments:
    """The documents of selections; the latest requested are cached."""

    def __init__(self, store: Store, *, most_bytes: int = _MOST_BYTES) -> None:
        self._store = store
        self._documents = SizedCache[SelectedDocument](most_bytes, lambda one: len(one.gzip))
        self._joining = Lock()

    def get(self, selection: Selection, source: Head, variant: str) -> SelectedDocument:
        """Return the document of a selection of the feed with the head ``source``."""
        key = (selection.token_hash, variant)
        state = (source.etag, source.labels_at, source.title, source.public)
        basis = (*state, selection.ticks, selection.changed_at)
        cached = self._documents.get(key)
        if cached is not None and cached.basis == basis:
            return cached
        forbid_waiting()
        # One document at a time: other threads serve feeds, or wait and use the result.
        with self._joining:
            cached = self._documents.get(key)
            if cached is not None and cached.basis == basis:
                return cached
            new = read_or_stale(lambda: self._join(selection, source, variant, basis), cached)
            self._documents.put(key, new)
        return new

    def _join(
        self, selection: Selection, source: Head, variant: str, basis: tuple[Any, ...]
    ) -> SelectedDocument:
        ticks, slug = selection.ticks, selection.slug
        uids = self._store.agenda.selected(slug, ticks)
        kept = self._store.publications.document(slug, variant)
        if kept is None:
            raise NotFound
        reminder = ticks.reminder if variant == "default" else None
        shows_all = uids is None or (len(uids), source.etag) == (kept.events, kept.etag)
        first, earlier = next(kept.parts), (kept.gzip, kept.blocks or b"")
        zones, runs = find_zones(first), []
        if not (shows_all and reminder is None and kept.blocks):
            earlier, runs = (b"", b""), self._runs(slug, kept, uids, reminder)
            zones = [zone for zone in zones if any(f";TZID={zone}:".encode() in r for r in runs)]
        title = _title(source.title, ticks)
        new = compress(
            head_of(title=title, zones=zones, color=find_color(first)),
            lambda *_: ((FIRST, run) for run in runs if run),
            TAIL,
            placeholder=PLACEHOLDER,
            earlier=earlier,
            fast=True,
        )
        changes = (source.modified_at, selection.changed_at, source.labels_at or source.modified_at)
        head = replace(
            source,
            title=title,
            etag=new.sha256,
            # Never too early: an event that leaves the selection does not show when it did.
            modified_at=max(changes),
            events=kept.events if uids is None else len(uids),
        )
        return SelectedDocument(basis=basis, head=head, gzip=new.gzip)

    def _runs(
        self, slug: str, kept: Document, uids: Collection[bytes] | None, reminder: int | None
    ) -> list[bytes]:
        """Return the selected VEVENTs of a feed's document in order, joined to runs."""
        if kept.variant == "web" and uids is not None:  # whose occurrences have UIDs of their own
            stored = self._store.publications.blobs(slug, web=True)
            return [b"".join(blob for (_, uid), blob in sorted(stored) if uid.encode() in uids)]
        return [select_vevents(part, uids, reminder=reminder) for part in kept.parts]


def _title(title: str, ticks: Ticks) -> str:
    """Name a selection by the feed and its labels, in English: an address has no language.

    Sources do not count: their titles change without a change of this document's validators.
    """
    by_kind = ticks.by_kind
    names = [_WORDS.get(v, v) for kind in by_kind if kind != "source" for v in by_kind[kind]]
    if ticks.number == 0:
        return title
    simple = len(names) == ticks.number <= _MOST_NAMES
    return f"{title}: {', '.join(names) if simple else 'selection'}"
