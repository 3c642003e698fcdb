"""Tokens of filtered feeds: signed, derived from the link they were made on, and not stored.

A token holds the beginning of its link's hash, the selected labels, and a signature over both.
Its owner can neither change the filter nor find the link's token. It ends with its link.
"""

import base64
import binascii
from dataclasses import dataclass
import hashlib

from sqlalchemy import select

from bridge.config.addresses import LONGEST_URL
from bridge.feed.filter import DIGEST_LENGTH, Filter
from bridge.store.crypto import SIGNATURE_LENGTH, SecretKeys
from bridge.store.database import Database
from bridge.store.links import Link, Links
from bridge.store.schema import feeds

_ORIGIN_LENGTH = 12  # bytes: 96 bits of a link's hash identify it
_PURPOSE = "filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredFeed:
    """A feed with a filter. ``link`` is None if it was made on the page of a public feed."""

    slug: str
    link: Link | None
    choice: Filter


class Filters:
    """Makes and reads the tokens of filtered feeds."""

    def __init__(self, database: Database, links: Links, keys: SecretKeys) -> None:
        self._database = database
        self._links = links
        self._keys = keys

    def token(self, filtered: FilteredFeed) -> str:
        """Return the secret part of the address of a filtered feed: the same each time."""
        origin = _origin(filtered)
        labels = filtered.choice.encode()
        signature = self._keys.sign(_PURPOSE, origin, labels.hex())
        data = bytes.fromhex(origin)[:_ORIGIN_LENGTH] + labels + signature
        return base64.urlsafe_b64encode(data).decode()

    def find(self, token: str) -> FilteredFeed | None:
        """Return the filtered feed of a token, even of a revoked link; None if it is invalid."""
        if len(token) > LONGEST_URL:
            return None
        try:
            data = base64.b64decode(token, altchars=b"-_", validate=True)
            choice = Filter.decode(data[_ORIGIN_LENGTH:-SIGNATURE_LENGTH])
        except (binascii.Error, ValueError):
            return None
        if base64.urlsafe_b64encode(data).decode() != token:  # one address for each filter
            return None
        labels, signature = choice.encode().hex(), data[-SIGNATURE_LENGTH:]
        for filtered in self._candidates(data[:_ORIGIN_LENGTH], choice):
            if self._keys.has_signed(signature, _PURPOSE, _origin(filtered), labels):
                return filtered
        return None

    def _candidates(self, beginning: bytes, choice: Filter) -> list[FilteredFeed]:
        """Return the filtered feeds that a token may mean, before its signature is checked."""
        links = self._links.beginning_with(beginning.hex())
        public = self._database.all(select(feeds.c.slug).where(feeds.c.active, feeds.c.public))
        places = [(link.slug, link) for link in links] + [(row.slug, None) for row in public]
        candidates = [FilteredFeed(slug=slug, link=link, choice=choice) for slug, link in places]
        return [feed for feed in candidates if _origin(feed).startswith(beginning.hex())]


def is_filter(token: str) -> bool:
    """Return whether a token is that of a filtered feed, by its length: links have shorter ones."""
    return len(token) >= _SHORTEST


_SHORTEST = len(base64.b64encode(bytes(_ORIGIN_LENGTH + DIGEST_LENGTH + SIGNATURE_LENGTH)))


def _origin(filtered: FilteredFeed) -> str:
    """Return the link's hash, or a hash of the public feed's slug, as hexadecimal digits."""
    if filtered.link is not None:
        return filtered.link.token_hash
    return hashlib.sha256(f"public\n{filtered.slug}".encode()).hexdigest()
