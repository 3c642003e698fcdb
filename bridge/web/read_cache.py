"""What this process remembers of the store, so that polls of an unchanged feed ask the database next to nothing.

Every answer is asked for again after half a second: a new publication and a revoked address are noticed within one.
While the database can't be read, the last answer stands in: nothing can be revoked in it then, and a feed that is
known must not fail (rulebook H8).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
import time
from typing import Generic, TypeAlias, TypeVar

import structlog

from bridge.errors import StoreError
from bridge.store.publications import Publications, Representation

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_Key: TypeAlias = tuple[str, str, bool]  # slug, variant, gzip

_LASTS = 0.5  # seconds
_MOST_ANSWERS = 1024  # of about a kilobyte
_MOST_BYTES = 64 * 2**20

log = structlog.get_logger()


class Remembered(Generic[K, V]):
    """A look-up in the store whose answers last half a second. It remembers no misses, which anyone could heap up."""

    def __init__(
        self, look_up: Callable[[K], V | None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._look_up = look_up
        self._clock = clock
        self._answers: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, key: K) -> V | None:
        """Give the answer of now, or of half a second ago at most; raises StoreError for what was never read."""
        known = self._answers.get(key)
        now = self._clock()
        if known is not None and now < known[1]:
            return known[0]
        try:
            answer = self._look_up(key)
        except StoreError as error:
            if known is None:
                raise
            log.warning("the database can't be read; what is known is served", error=str(error))
            answer = known[0]
        with self._lock:
            self._answers.pop(key, None)
            if answer is not None:
                self._answers[key] = (answer, now + _LASTS)
                if len(self._answers) > _MOST_ANSWERS:
                    self._answers.popitem(last=False)
        return answer


class Documents:
    """The published bytes that were asked for last, and more than once, up to a number of bytes.

    Each coding counts by itself. Most feeds are polled a few times an hour: to hold them all would only cost memory.
    """

    def __init__(self, publications: Publications, *, most_bytes: int = _MOST_BYTES) -> None:
        self._publications = publications
        self._most_bytes = most_bytes
        self._held: OrderedDict[_Key, Representation] = OrderedDict()
        self._asked_once: OrderedDict[_Key, None] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, slug: str, variant: str, etag: str, *, gzip: bool) -> Representation | None:
        """Give a feed's bytes: those of ``etag``, or newer ones that were published a moment ago."""
        key = (slug, variant, gzip)
        with self._lock:
            held = self._held.get(key)
            if held is not None and held.etag == etag:
                self._held.move_to_end(key)
                return held
        try:
            new = self._publications.representation(slug, variant, gzip=gzip)
        except StoreError as error:
            if held is None:
                raise
            log.warning("the database can't be read; what is known is served", error=str(error))
            return held
        if new is not None:
            self._keep(key, new)
        return new

    def _keep(self, key: _Key, new: Representation) -> None:
        with self._lock:
            if key not in self._held and key not in self._asked_once:
                self._asked_once[key] = None
                if len(self._asked_once) > _MOST_ANSWERS:
                    self._asked_once.popitem(last=False)
                return
            self._asked_once.pop(key, None)
            old = self._held.pop(key, None)
            self._held[key] = new
            self._bytes += len(new.data) - (len(old.data) if old else 0)
            while self._bytes > self._most_bytes:
                _, oldest = self._held.popitem(last=False)
                self._bytes -= len(oldest.data)
