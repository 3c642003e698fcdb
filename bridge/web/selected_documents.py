"""Documents of selections, joined from the VEVENTs of the feed's document and cached.

Nothing is rendered here. A document is joined again when the feed's own document, the labels of its
events, or the selection change.
"""

from dataclasses import dataclass, replace
import gzip
from hashlib import sha256
from threading import Lock
from typing import Any

from werkzeug.exceptions import NotFound

from bridge.feed.agenda import NO_INVITATION
from bridge.feed.document import PLACEHOLDER, add_alarm, find_color, join_document, split_document
from bridge.feed.selection import Ticks
from bridge.store import Store
from bridge.store.publications import Head
from bridge.store.selections import Selection
from bridge.web.read_cache import SizedCache, forbid_waiting, read_or_stale

_MOST_BYTES = 64 * 2**20
_GZIP_LEVEL = 1  # a client waits; the worker compresses whole feeds better
_MOST_NAMES = 3

_WORDS = {"needs-action": "not answered", NO_INVITATION: "no invitation"}


@dataclass(frozen=True, kw_only=True)
class SelectedDocument:
    """A document of a selection, with a head of its own; ``basis`` is all that it depends on."""

    basis: tuple[Any, ...]
    head: Head
    body: bytes
    gzip: bytes


class SelectedDocuments:
    """The documents of selections; the latest requested are cached."""

    def __init__(self, store: Store, *, most_bytes: int = _MOST_BYTES) -> None:
        self._store = store
        self._documents = SizedCache[SelectedDocument](
            most_bytes, lambda kept: len(kept.body) + len(kept.gzip)
        )
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
        ticks = selection.ticks
        entries = self._store.agenda.selected(selection.slug, ticks)
        kept = self._store.publications.document(selection.slug, variant)
        if kept is None:
            raise NotFound
        uids = None if entries is None else {uid.encode() for uid in entries}
        if entries is not None and variant == "web":  # whose occurrences have UIDs of their own
            stored = self._store.publications.blobs(selection.slug, web=True)
            blobs = {uid: blob for (_, uid), blob in stored}
            occurrences = (split_document(blobs.get(uid, b""))[1] for uid in entries)
            uids = {uid for of_entry in occurrences for uid, _ in of_entry}
        body = kept.body
        zones, vevents = split_document(body, uids)
        number = source.events if uids is None else len({uid for uid, _ in vevents})
        if variant == "default" and ticks.reminder is not None:
            vevents = [(uid, add_alarm(uid, blob, ticks.reminder)) for uid, blob in vevents]
        pieces = [blob for _, blob in vevents if blob != PLACEHOLDER]
        used = [z for z in zones if any(f";TZID={z}:".encode() in piece for piece in pieces)]
        title = _title(source.title, ticks)
        body = join_document(pieces, title=title, zones=used, color=find_color(body))
        changes = (source.modified_at, selection.changed_at, source.labels_at or source.modified_at)
        # Never too early: an event that leaves the selection does not show when it did.
        etag, modified_at = sha256(body).hexdigest(), max(changes)
        head = replace(source, title=title, etag=etag, modified_at=modified_at, events=number)
        data = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        return SelectedDocument(basis=basis, head=head, body=body, gzip=data)


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
