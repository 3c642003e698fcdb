"""Documents of what someone chose of a feed: joined from kept bytes on first use, and held while they are read.

Nothing is rendered here. A document is made again when the feed's own document, or what its entries can be chosen by,
is another one: both stand in what is remembered of the feed for half a second.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
import gzip
import hashlib
from threading import Lock
from typing import TypeAlias

import structlog
from werkzeug.exceptions import Gone, NotFound

from bridge.errors import StoreError
from bridge.feed.agenda import NO_INVITATION
from bridge.feed.document import join_document, remove_alarms
from bridge.feed.filter import Filter
from bridge.store import Store
from bridge.store.filters import FilteredFeed
from bridge.store.publications import Head
from bridge.web.read_cache import Remembered

_MOST_BYTES = 64 * 2**20
_GZIP_LEVEL = 1  # someone waits; a kept feed is compressed better, by the worker

_ANSWERS = {
    "accepted": "accepted",
    "tentative": "tentative",
    "declined": "declined",
    "needs-action": "not answered",
    NO_INVITATION: "no invitation",
}

_Key: TypeAlias = tuple[str, Filter, str]  # slug, choice, variant

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Made:
    """A document of a choice. ``source`` is the feed's document that it was made with; ``head`` tells of its own."""

    source: Head
    head: Head
    body: bytes
    _gzip: bytes = field(default=b"", init=False)

    def data(self, *, coded: bool) -> bytes:
        """Give the bytes in one coding; gzip is made when it is first asked for."""
        if not coded:
            return self.body
        if not self._gzip:
            self._gzip = gzip.compress(self.body, _GZIP_LEVEL, mtime=0)
        return self._gzip

    @property
    def size(self) -> int:
        """How many bytes it takes, or soon will: compressed, an iCalendar document is a quarter or less."""
        return len(self.body) + len(self.body) // 4


class ChosenDocuments:
    """What choices open, and their documents; those read last are held, up to a number of bytes."""

    def __init__(
        self,
        store: Store,
        head: Callable[[tuple[str, str]], Head | None],
        used: Callable[[str], None],
        *,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._store = store
        self._head = head
        self._used = used
        self._most_bytes = most_bytes
        self._filtered = Remembered[str, FilteredFeed](self._find)
        self._held: OrderedDict[_Key, Made] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._joining = Lock()

    def opened(self, slug: str | None, token: str) -> FilteredFeed:
        """Give what the token of a choice opens; raises NotFound for an unknown one, Gone where its link has ended.

        ``slug`` None: the address of its page.
        """
        filtered = self._filtered(token)
        if filtered is None or slug not in (None, filtered.slug):
            raise NotFound
        link = filtered.link
        if link is not None and not link.active:
            raise NotFound
        if link is not None and not link.opens(datetime.now(UTC)):
            raise Gone
        return filtered

    def get(self, filtered: FilteredFeed, variant: str) -> Made:
        """Give the document of a choice as the feed is published now; raises NotFound for a feed that is not."""
        head = self._head((filtered.slug, variant))
        if head is None:
            raise NotFound
        key = (filtered.slug, filtered.choice, variant)
        made = self._get_held(key)
        if made is not None and _is_of(made, head):
            return made
        with (
            self._joining
        ):  # one at a time: the other threads are for the feeds, and whoever waits finds it done
            made = self._get_held(key)
            if made is not None and _is_of(made, head):
                return made
            try:
                new = self._join(filtered, head, variant)
            except StoreError as error:
                if made is None:
                    raise
                log.warning("the database can't be read; what is known is served", error=str(error))
                return made
            self._hold(key, new)
        return new

    def _find(self, token: str) -> FilteredFeed | None:
        filtered = self._store.filters.find(token)
        if filtered is not None and filtered.link is not None:
            self._used(filtered.link.token_hash)
        return filtered

    def _join(self, filtered: FilteredFeed, head: Head, variant: str) -> Made:
        web = variant == "web"
        chosen = self._store.agenda.filtered(filtered.slug, filtered.choice, web=web)
        title = _title(head.title, chosen.labels)
        body = join_document(title=title, blobs=chosen.blobs, zones=() if web else chosen.zones)
        if variant == "quiet":
            body = remove_alarms(body)
        own = replace(
            head,
            title=title,
            etag=hashlib.sha256(body).hexdigest(),
            # It may say later than it changed, never earlier: an event that left can't tell when it did.
            modified_at=max(head.modified_at, head.labels_at or head.modified_at),
            events=len(chosen.blobs),
        )
        return Made(source=head, head=own, body=body)

    def _get_held(self, key: _Key) -> Made | None:
        with self._lock:
            made = self._held.get(key)
            if made is not None:
                self._held.move_to_end(key)
            return made

    def _hold(self, key: _Key, new: Made) -> None:
        with self._lock:
            old = self._held.pop(key, None)
            self._bytes += new.size - (old.size if old else 0)
            self._held[key] = new
            while self._bytes > self._most_bytes:
                _, oldest = self._held.popitem(last=False)
                self._bytes -= oldest.size


def _is_of(made: Made, head: Head) -> bool:
    """Whether a document is still the one to be made with this state of the feed."""
    known = made.source
    return (known.etag, known.labels_at, known.title) == (head.etag, head.labels_at, head.title)


def _title(title: str, meant: Mapping[str, Sequence[str]]) -> str:
    """Name a calendar after its feed and what was chosen of it: only by what moves the document's own validators.

    Sources are named by the titles of other feeds, which come and go. English, for an address has no language.
    """
    names = [
        _ANSWERS.get(value, value) for kind in meant if kind != "source" for value in meant[kind]
    ]
    return f"{title}: {', '.join(names)}" if names else title
