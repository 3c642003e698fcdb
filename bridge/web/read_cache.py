"""Caches of what a process reads from the store, so that polls hardly ask the database.

Answers last half a second: a publication or a revocation is noticed within one. While the database
cannot be read, the last answer is served: nothing can be revoked in it then, and a known feed must
not fail (rulebook H8).
"""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache
import structlog

from bridge.errors import StoreError
from bridge.store.publications import Publications, Representation

V = TypeVar("V")

_LIFETIME = 0.5  # seconds
_MOST_ANSWERS = 1024  # of about a kilobyte each
_MOST_BYTES = 64 * 2**20

log = structlog.get_logger()


class ReadCache(Generic[V]):
    """A look-up in the store, cached for half a second; misses, which anyone can cause, are not."""

    def __init__(self, look_up: Callable[..., V | None], clock: Callable[[], float]) -> None:
        self._look_up = look_up
        self._clock = clock
        # With the time at which each expires; TTLCache would drop what a broken database needs.
        self._answers: LRUCache[tuple[str, ...], tuple[V, float]] = LRUCache(_MOST_ANSWERS)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, *key: str) -> V | None:
        """Return an answer half a second old at most; raise StoreError if there never was one."""
        now = self._clock()
        with self._lock:
            answer, expires = self._answers.get(key, (None, 0.0))
        if answer is not None and now < expires:
            return answer
        try:
            new = self._look_up(*key)
        except StoreError as error:
            if answer is None:
                raise
            new = answer
            log_stale(error)
        with self._lock:
            if new is None:
                self._answers.pop(key, None)
            else:
                self._answers[key] = new, now + _LIFETIME
        return new


class DocumentCache:
    """Published bytes that were requested lately and more than once, up to a total size.

    Each content coding counts separately. Most feeds are polled a few times an hour: caching those
    would only cost memory.
    """

    def __init__(self, publications: Publications, *, most_bytes: int = _MOST_BYTES) -> None:
        self._publications = publications
        self._documents: LRUCache[tuple[str, str, bool], Representation] = LRUCache(
            most_bytes, getsizeof=lambda document: len(document.data)
        )
        self._requested_once: LRUCache[tuple[str, str, bool], None] = LRUCache(_MOST_ANSWERS)
        self._lock = Lock()

    @property
    def size(self) -> int:
        """The total of all cached bytes."""
        return int(self._documents.currsize)

    def get(self, slug: str, variant: str, etag: str, *, gzip: bool) -> Representation | None:
        """Return a feed's bytes: those of ``etag``, or newer ones published a moment ago."""
        key = (slug, variant, gzip)
        with self._lock:
            cached = self._documents.get(key)
        if cached is not None and cached.etag == etag:
            return cached
        try:
            new = self._publications.representation(slug, variant, gzip=gzip)
        except StoreError as error:
            if cached is None:
                raise
            log_stale(error)
            return cached
        if new is not None:
            with self._lock:
                self._add(key, new)
        return new

    def _add(self, key: tuple[str, str, bool], new: Representation) -> None:
        if key not in self._documents and key not in self._requested_once:
            self._requested_once[key] = None
            return
        self._requested_once.pop(key, None)
        self._documents.pop(key, None)
        if len(new.data) <= self._documents.maxsize:
            self._documents[key] = new


def log_stale(error: StoreError) -> None:
    """Log that a cached answer is served in place of the database's."""
    log.warning("the database can't be read; what is known is served", error=str(error))
