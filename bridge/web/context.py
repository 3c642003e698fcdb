"""State of a web process: settings, store, caches, and the feed that an address opens."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
import ipaddress
import re
from typing import TypeAlias, cast

from flask import current_app, request
from werkzeug.exceptions import BadRequest, Gone, NotFound

from bridge.config import Settings
from bridge.domain.feed import Feed
from bridge.store import Store
from bridge.store.filters import FilteredFeed
from bridge.store.links import Link
from bridge.store.publications import Head
from bridge.web.filtered_documents import FilteredDocuments
from bridge.web.read_cache import DocumentCache, ReadCache, SizedCache, forbid_waiting
from bridge.web.usage import Usage

_SLUG = re.compile(r"[a-z0-9-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{24}")
_MOST_PAGE_BYTES = 16 * 2**20
_PROXY_HEADERS = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")


# A rendered page and its headers.
KeptPage: TypeAlias = tuple[bytes, tuple[tuple[str, str], ...]]


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
        self._links = ReadCache(store.links.find, clock)
        self._heads = ReadCache(store.publications.head, clock)
        self._filters = ReadCache(self._find_filter, clock)
        self.filtered_documents = FilteredDocuments(store, self._heads)

    @property
    def store(self) -> Store:
        """The store; raises CacheMiss in a request that must not wait."""
        forbid_waiting()
        return self._store

    def open_feed(self, slug: str, token: str | None, variant: str) -> tuple[str, Head]:
        """Return the hash of an address's token, and the head of the published feed.

        ``token`` is None in a public address; its hash is empty. Raises NotFound for an unknown
        address and Gone for a revoked one: 404 keeps a subscriber's events, 410 ends the
        subscription (rulebook H9).
        """
        link = self._open_link(slug, token).token_hash if token is not None else ""
        head = self._heads.get(slug, variant) if _SLUG.fullmatch(slug) else None
        if head is None or (token is None and not head.public):
            raise NotFound
        return link, head

    def open_page(self, slug: str | None, token: str | None) -> Feed:
        """Return the feed whose page an address opens; raise as ``open_feed``.

        ``slug`` is None in the address of a secret feed's page, where the token names the feed.
        """
        if token is not None:
            slug = self._open_link(slug, token).slug
        feed = self.store.feeds.get(slug) if slug is not None and _SLUG.fullmatch(slug) else None
        if feed is None or (token is None and not feed.public):
            raise NotFound
        return feed

    def open_filter(self, slug: str | None, token: str) -> FilteredFeed:
        """Return the filtered feed that a filter's token opens; raise as ``open_feed``.

        ``slug`` is None in the address of its page. It ends with the link it was made on.
        """
        filtered = self._filters.get(token)
        if filtered is None or slug not in (None, filtered.slug):
            raise NotFound
        if filtered.link is not None:
            self._use(filtered.link)
        return filtered

    def _find_filter(self, token: str) -> FilteredFeed | None:
        """Return the filtered feed of a token; None for responses in a public or busy feed."""
        filtered = self.store.filters.find(token)
        if filtered is None or "answer" not in filtered.choice.kinds:
            return filtered
        feed = self.store.feeds.get(filtered.slug)
        is_hidden = filtered.link is None or (feed is not None and feed.privacy == "busy")
        return None if is_hidden else filtered

    def _open_link(self, slug: str | None, token: str) -> Link:
        link = self._links.get(token) if _TOKEN.fullmatch(token) else None
        if link is None or slug not in (None, link.slug):
            raise NotFound
        return self._use(link)

    def _use(self, link: Link) -> Link:
        """Note a use of a link; raise NotFound if its feed is not served, Gone if it ended."""
        if not link.active:
            raise NotFound
        self.usage.note_use(link.token_hash)
        if not link.opens(datetime.now(UTC)):
            raise Gone
        return link


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
