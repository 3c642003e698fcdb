"""FilteredFeed documents, joined from stored VEVENTs on first request and cached.

Nothing is rendered here. A document is joined again when the feed's own document or the labels of
its events change: the feed's head shows both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
import gzip
import hashlib
from operator import attrgetter
from threading import Lock

from werkzeug.exceptions import NotFound

from bridge.errors import StoreError
from bridge.feed.agenda import NO_INVITATION
from bridge.feed.document import join_document, remove_alarms
from bridge.store import Store
from bridge.store.filters import FilteredFeed
from bridge.store.publications import Head
from bridge.web.read_cache import ReadCache, SizedCache, forbid_waiting, log_stale

_MOST_BYTES = 64 * 2**20
_GZIP_LEVEL = 1  # a client waits; the worker compresses whole feeds better

_WORDS = {"needs-action": "not answered", NO_INVITATION: "no invitation"}


@dataclass(frozen=True, kw_only=True)
class FilteredDocument:
    """A document of a filtered feed, with a head of its own; ``source`` is the feed's head."""

    source: Head
    head: Head
    body: bytes

    @cached_property
    def _gzip(self) -> bytes:
        return gzip.compress(self.body, _GZIP_LEVEL, mtime=0)

    def data(self, *, gzipped: bool) -> bytes:
        """Return the bytes in one content coding."""
        return self._gzip if gzipped else self.body

    @property
    def size(self) -> int:
        """The bytes it takes; gzip adds a quarter of the plain bytes at most."""
        return len(self.body) + len(self.body) // 4

    def is_current(self, head: Head) -> bool:
        """Whether this state of the feed leads to the same document."""
        old = self.source
        return (old.etag, old.labels_at, old.title) == (head.etag, head.labels_at, head.title)


class FilteredDocuments:
    """The documents of filtered feeds; the latest requested are cached."""

    def __init__(
        self, store: Store, heads: ReadCache[Head], *, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._store = store
        self._heads = heads
        self._documents = SizedCache[FilteredDocument](most_bytes, attrgetter("size"))
        self._joining = Lock()

    def get(self, filtered: FilteredFeed, variant: str) -> FilteredDocument:
        """Return the document of the feed as published now; raise NotFound if it is not."""
        head = self._heads.get(filtered.slug, variant)
        if head is None:
            raise NotFound
        key = (filtered.slug, filtered.choice, variant)
        cached = self._documents.get(key)
        if cached is not None and cached.is_current(head):
            return cached
        forbid_waiting()
        # One document at a time: other threads serve feeds, or wait and use the result.
        with self._joining:
            cached = self._documents.get(key)
            if cached is not None and cached.is_current(head):
                return cached
            try:
                new = self._join(filtered, head, variant)
            except StoreError as error:
                if cached is None:
                    raise
                log_stale(error)
                return cached
            self._documents.put(key, new)
        return new

    def _join(self, filtered: FilteredFeed, head: Head, variant: str) -> FilteredDocument:
        is_web = variant == "web"
        part = self._store.agenda.filtered(filtered.slug, filtered.choice, web=is_web)
        title = _title(head.title, part.labels)
        body = join_document(title=title, blobs=part.blobs, zones=() if is_web else part.zones)
        if variant == "quiet":
            body = remove_alarms(body)
        own = replace(
            head,
            title=title,
            etag=hashlib.sha256(body).hexdigest(),
            # Never too early: an event that leaves the filtered feed does not show when it did.
            modified_at=max(head.modified_at, head.labels_at or head.modified_at),
            events=len(part.blobs),
        )
        return FilteredDocument(source=head, head=own, body=body)


def _title(title: str, labels: Mapping[str, Sequence[str]]) -> str:
    """Name a filtered feed by the feed and its labels, in English: an address has no language.

    Sources do not count: their titles change without a change of this document's validators.
    """
    names = [_WORDS.get(v, v) for kind in labels if kind != "source" for v in labels[kind]]
    return f"{title}: {', '.join(names)}" if names else title
