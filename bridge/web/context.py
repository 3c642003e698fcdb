"""What every answer needs: the settings, the store, and which feed an address opens."""

from datetime import UTC, datetime
import ipaddress
import re
from typing import cast

from flask import current_app, request
from werkzeug.exceptions import BadRequest, Gone, NotFound

from bridge.config import Settings
from bridge.domain.feed import Feed
from bridge.store import Store
from bridge.store.links import Link
from bridge.store.publications import Head
from bridge.web.filtered_documents import ChosenDocuments
from bridge.web.read_cache import Documents, Remembered
from bridge.web.usage import Uses

_SLUG = re.compile(r"[a-z0-9-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{24}")
_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")


class Web:
    """Made once for each process, shared by all its threads."""

    def __init__(self, settings: Settings, store: Store, *, open_admin: bool) -> None:
        self.settings = settings
        self.store = store
        self.open_admin = open_admin
        self.uses = Uses(store)
        self.documents = Documents(store.publications)
        self._link = Remembered[str, Link](self._used_link)
        self._head = Remembered[tuple[str, str], Head](lambda key: store.publications.head(*key))
        self.chosen = ChosenDocuments(
            store, self._head, lambda hashed: self.uses.note(hashed, datetime.now(UTC))
        )

    def opened_slug(self, slug: str | None, token: str) -> str:
        """Give the feed that a token opens; raises NotFound for an unknown one and Gone for a revoked one.

        ``slug`` None: the address of a secret feed's page, where the token tells all. 404 keeps a subscriber's
        events, 410 ends the subscription (rulebook H9).
        """
        return self._opened_link(slug, token).slug

    def opened_head(self, slug: str, token: str | None, variant: str) -> tuple[str, Head]:
        """Give what is published of the feed that an address opens, after the hash of the address's token.

        ``token`` None: a public address, and the hash is empty. Raises as above.
        """
        link = ""
        if token is not None:
            link = self._opened_link(slug, token).token_hash
        head = self._head((slug, variant)) if _SLUG.fullmatch(slug) else None
        if head is None or (token is None and not head.public):
            raise NotFound
        return link, head

    def opened_feed(self, slug: str | None, token: str | None) -> Feed:
        """Give the feed itself that an address opens, for its page; raises as above."""
        if token is not None:
            slug = self.opened_slug(slug, token)
        feed = self.store.feeds.get(slug) if slug is not None and _SLUG.fullmatch(slug) else None
        if feed is None or (token is None and not feed.public):
            raise NotFound
        return feed

    def _opened_link(self, slug: str | None, token: str) -> Link:
        link = self._link(token) if _TOKEN.fullmatch(token) else None
        if link is None or not link.active or slug not in (None, link.slug):
            raise NotFound
        if link.ends_at is not None and not link.opens(datetime.now(UTC)):
            raise Gone
        return link

    def _used_link(self, token: str) -> Link | None:
        link = self.store.links.find(token)
        if link is not None:
            self.uses.note(link.token_hash, datetime.now(UTC))
        return link


def web() -> Web:
    """Give what is shared by the app that answers this request."""
    return cast("Web", current_app.extensions["bridge"])


def public_root() -> str:
    """Give the address people reach the bridge at, without a trailing slash.

    Raises BadRequest where that is not set, and the request names no host that an address could be made of.
    """
    if not (web().settings.public_url or request.host):
        raise BadRequest
    return web().settings.public_url or request.host_url.rstrip("/")


def from_this_machine() -> bool:
    """Whether the request comes straight from this machine, and not through a proxy on it."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
