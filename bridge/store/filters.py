"""The secret addresses of what a person chose of a feed: signed, and derived from the address they were made on.

Nothing of them is kept. Such a token says which link it came from (by the beginning of the hash that the store keeps,
which opens nothing), which labels were chosen, and a signature over both: whoever has it can neither change the choice
nor find the link's own token. It ends with its link.
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

_ORIGIN_LENGTH = 12  # bytes: 96 bits of a link's hash tell it from any other
_PURPOSE = "filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredFeed:
    """What a token of a choice stands for; ``link`` None: it was made on the page of a public feed."""

    slug: str
    link: Link | None
    choice: Filter


class Filters:
    """Makes and reads tokens of choices."""

    def __init__(self, database: Database, links: Links, keys: SecretKeys) -> None:
        self._database = database
        self._links = links
        self._keys = keys

    def token(self, filtered: FilteredFeed) -> str:
        """Give the secret part of the address of a choice: the same each time."""
        origin = _origin(filtered)
        chosen = filtered.choice.encode()
        signature = self._keys.sign(_PURPOSE, origin, chosen.hex())
        return base64.urlsafe_b64encode(
            bytes.fromhex(origin)[:_ORIGIN_LENGTH] + chosen + signature
        ).decode()

    def find(self, token: str) -> FilteredFeed | None:
        """Give what a token stands for, its link revoked or not; None for a token that was never given out."""
        if len(token) > LONGEST_URL:
            return None
        try:
            data = base64.b64decode(token, altchars=b"-_", validate=True)
            choice = Filter.decode(data[_ORIGIN_LENGTH:-SIGNATURE_LENGTH])
        except (binascii.Error, ValueError):
            return None
        if base64.urlsafe_b64encode(data).decode() != token:  # one address for one choice
            return None
        beginning, signature = data[:_ORIGIN_LENGTH], data[-SIGNATURE_LENGTH:]
        for filtered in self._from(beginning, choice):
            if self._keys.has_signed(signature, _PURPOSE, _origin(filtered), choice.encode().hex()):
                return filtered
        return None

    def _from(self, beginning: bytes, choice: Filter) -> list[FilteredFeed]:
        """Give what a token may stand for, before its signature is looked at."""
        links = self._links.beginning_with(beginning.hex())
        found = [FilteredFeed(slug=link.slug, link=link, choice=choice) for link in links]
        query = select(feeds.c.slug).where(feeds.c.active, feeds.c.public)
        with self._database.read() as connection:
            public = [
                FilteredFeed(slug=slug, link=None, choice=choice)
                for slug in connection.execute(query).scalars()
            ]
        return found + [one for one in public if bytes.fromhex(_origin(one)).startswith(beginning)]


def is_filter(token: str) -> bool:
    """Whether a token is so long that it can only be one of a choice: links have shorter ones."""
    return len(token) >= _SHORTEST


_SHORTEST = len(base64.b64encode(bytes(_ORIGIN_LENGTH + DIGEST_LENGTH + SIGNATURE_LENGTH)))


def _origin(filtered: FilteredFeed) -> str:
    """Name where an address was made, in hexadecimal digits: the link's hash, or one of the public feed's name."""
    if filtered.link is not None:
        return filtered.link.token_hash
    return hashlib.sha256(f"public\n{filtered.slug}".encode()).hexdigest()
