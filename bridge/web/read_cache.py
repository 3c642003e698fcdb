"""Caches of reads from the store, so that polls hardly ask the database.

Answers last half a second: publications and revocations are noticed within a second. While the
database cannot be read, the last answer is served: nothing can be revoked in it then, and a known
feed must not fail (rulebook H8).
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
from contextvars import ContextVar
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache
import structlog

from bridge.errors import StoreError
from bridge.store.publications import Publications, Representation

V = TypeVar("V")
W = TypeVar("W")

_LIFETIME = 0.5  # seconds
_MOST_ANSWERS = 1024  # of about a kilobyte each
_MOST_BYTES = 64 * 2**20

log = structlog.get_logger()

# Set while a request is answered that must not wait for the database.
cached_only = ContextVar("cached_only", default=False)


class CacheMiss(Exception):  # noqa: N818 - it is no error
    """A request that must not wait has to read from the database."""


def forbid_waiting() -> None:
    """Raise CacheMiss in a request that must not wait."""
    if cached_only.get():
        raise CacheMiss


def read_or_stale(read: Callable[[], V], stale: W | None) -> V | W:
    """Return what a read returns, or ``stale`` in its place if the database can't be read."""
    forbid_waiting()
    try:
        return read()
    except StoreError as error:
        if stale is None:
            raise
        log.warning("the database can't be read; what is known is served", error=str(error))
        return stale


class SizedCache(Generic[V]):
    """The latest used values up to a total size, by default a number, for many threads."""

    def __init__(self, most: int, size_of: Callable[[V], int] | None = None) -> None:
        self._values: LRUCache[Hashable, V] = LRUCache(most, size_of)
        self._lock = Lock()

    def get(self, key: Hashable) -> V | None:
        """Return a value, None if it is not cached."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: Hashable, value: V | None) -> None:
        """Replace a value; remove it if the new value is None or larger than the cache."""
        with self._lock:
            self._values.pop(key, None)
            if value is not None:
                with suppress(ValueError):  # larger than the cache
                    self._values[key] = value


class ReadCache(Generic[V]):
    """A look-up in the store, cached for half a second; misses, which anyone can cause, are not."""

    def __init__(self, look_up: Callable[..., V | None], clock: Callable[[], float]) -> None:
        self._look_up = look_up
        self._clock = clock
        # With the time at which each expires; TTLCache would drop what a broken database needs.
        self._answers = SizedCache[tuple[V, float]](_MOST_ANSWERS)

    def get(self, *key: str) -> V | None:
        """Return an answer half a second old at most; raise StoreError if the first read fails."""
        now = self._clock()
        answer, expires = self._answers.get(key) or (None, now)
        if answer is not None and now < expires:
            return answer
        new = read_or_stale(lambda: self._look_up(*key), answer)
        self._answers.put(key, None if new is None else (new, now + _LIFETIME))
        return new


class DocumentCache:
    """Published bytes that were requested lately and more than once, up to a total size.

    Each content coding counts separately. Most feeds are polled a few times an hour: caching those
    would only cost memory.
    """

    def __init__(self, publications: Publications, *, most_bytes: int = _MOST_BYTES) -> None:
        self._publications = publications
        self._documents = SizedCache[Representation](most_bytes, lambda d: len(d.data))
        self._requested = SizedCache[bool](_MOST_ANSWERS)

    def get(self, slug: str, variant: str, etag: str, *, gzip: bool) -> Representation | None:
        """Return a feed's bytes: those of ``etag``, or newer ones published a moment ago."""
        key = (slug, variant, gzip)
        cached = self._documents.get(key)
        if cached is not None and cached.etag == etag:
            return cached
        new = read_or_stale(
            lambda: self._publications.representation(slug, variant, gzip=gzip), cached
        )
        if cached is not None or self._requested.get(key):
            self._documents.put(key, new)
        elif new is not None:
            self._requested.put(key, True)
        return new
