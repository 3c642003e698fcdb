"""State of a web process: settings, store, caches, and the feed that an address opens."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
import ipaddress
import re
from typing import TypeAlias, cast

from flask import current_app, request
from werkzeug.exceptions import BadRequest, Gone, NotFound

from bridge.config import Settings
from bridge.domain.feed import Feed
from bridge.feed.selection import Ticks
from bridge.store import Store
from bridge.store.links import Link
from bridge.store.publications import Head
from bridge.store.selections import Selection
from bridge.web.read_cache import DocumentCache, ReadCache, SizedCache, forbid_waiting
from bridge.web.selected_documents import SelectedDocuments
from bridge.web.usage import Usage

_SLUG = re.compile(r"[a-z0-9-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{24}")
_MOST_PAGE_BYTES = 16 * 2**20
_PROXY_HEADERS = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")


# A rendered page and its headers.
KeptPage: TypeAlias = tuple[bytes, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What an address opens: a feed by a link, None for a public one, or a selection of either."""

    slug: str
    link: Link | None = None
    selection: Selection | None = None

    @property
    def ticks(self) -> Ticks:
        """The ticks of the selection, without any tick for all events."""
        return self.selection.ticks if self.selection else Ticks()


class Web:
    """The state of a web process, shared by all its threads."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Callable[[], float],
        *,
        open_admin: bool,
        is_private: bool,
    ) -> None:
        self.settings = settings
        self._store = store
        self.open_admin = open_admin
        self.is_private = is_private
        self.usage = Usage(store)
        self.documents = DocumentCache(store.publications)
        self.pages = SizedCache[KeptPage](_MOST_PAGE_BYTES, lambda page: len(page[0]))
        self._tokens = ReadCache(self._find, clock)
        self._heads = ReadCache(store.publications.head, clock)
        self.selected_documents = SelectedDocuments(store)

    @property
    def store(self) -> Store:
        """The store; raises CacheMiss in a request that must not wait."""
        forbid_waiting()
        return self._store

    def open_feed(self, slug: str, token: str | None, variant: str) -> tuple[Access, Head]:
        """Return what an address opens, and the head of the published feed.

        ``token`` is None in a public address. Raises NotFound for an unknown address and Gone for a
        revoked one: 404 keeps a subscriber's events, 410 ends the subscription (rulebook H9).
        """
        access = self._open(slug, token, is_poll=True)
        head = self._heads.get(slug, variant) if _SLUG.fullmatch(slug) else None
        if head is None or (access.link is None and not head.public):
            raise NotFound
        return access, head

    def open_page(
        self, slug: str | None, token: str | None, *, is_poll: bool = True
    ) -> tuple[Access, Feed]:
        """Return what the address of a page opens, and the feed; raise as ``open_feed``.

        ``slug`` is None where the token names the feed. A selection does not live of visits to the
        page that it was made on, which are no poll.
        """
        access = self._open(slug, token, is_poll=is_poll)
        feed = self.store.feeds.get(access.slug) if _SLUG.fullmatch(access.slug) else None
        if feed is None or (access.link is None and not feed.public):
            raise NotFound
        return access, feed

    def head_of(self, access: Access, variant: str = "default") -> Head | None:
        """Return the head of the document that an address opens; None if there is none."""
        head = self._heads.get(access.slug, variant)
        if head is None or access.selection is None:
            return head
        return self.selected_documents.get(access.selection, head, variant).head

    def shows(self, access: Access, uid: str) -> bool:
        """Whether an address opens an entry of its feed."""
        return self.store.agenda.shows(access.slug, uid, access.ticks)

    def _open(self, slug: str | None, token: str | None, *, is_poll: bool) -> Access:
        """Return what an address opens, and note its use; raise NotFound or Gone."""
        if token is None:
            return Access(slug=slug or "")
        # The page of a selection shows what was saved a moment ago.
        find = self._tokens.get if is_poll else self._find
        access = find(token) if _TOKEN.fullmatch(token) else None
        if access is None or slug not in (None, access.slug):
            raise NotFound
        if access.link is not None:
            if not access.link.active:
                raise NotFound
            self.usage.note_use(access.link.token_hash)
            if not access.link.opens(datetime.now(UTC)):
                raise Gone
        if access.selection is not None and is_poll:
            self.usage.note_use(access.selection.token_hash)
        return access

    def _find(self, token: str) -> Access | None:
        """Return what the token of a link or of a selection opens."""
        link = self.store.links.find(token)
        if link is not None:
            return Access(slug=link.slug, link=link)
        selection = self.store.selections.find(token, now=datetime.now(UTC))
        if selection is None:
            return None
        return Access(slug=selection.slug, link=selection.link, selection=selection)


def web() -> Web:
    """Return the state of the process that answers this request."""
    return cast("Web", current_app.extensions["bridge"])


def public_root() -> str:
    """Return the address of the bridge for people, without a trailing slash.

    Raises BadRequest if no setting and no host of the request names one.
    """
    if not (web().settings.public_url or request.host):
        raise BadRequest
    return web().settings.public_url or request.host_url.rstrip("/")


def is_local_request() -> bool:
    """Whether the request comes directly from this machine, not through a proxy on it."""
    address = client_address()
    has_proxy = any(name in request.headers for name in _PROXY_HEADERS)
    return address is not None and address.is_loopback and not has_proxy


def client_address() -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that the request comes from, None if the server names none."""
    with suppress(ValueError):
        return ipaddress.ip_address(request.remote_addr or "")
    return None
