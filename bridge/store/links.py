"""Links: the secret addresses of feeds, with the state that opens or closes each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import hmac
from itertools import product
import secrets
from typing import Any
import unicodedata

from sqlalchemy import ColumnElement, Connection, Select, func, insert, or_, select, update

from bridge.errors import BridgeError
from bridge.store.crypto import token_hash
from bridge.store.schema import feeds, links, selections
from bridge.store.tables import SecretTables

FIRST_LABEL = "default"
_LONGEST_LABEL = 80


class LinkError(BridgeError):
    """A feed's links can't be changed or shown as requested; the message names the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One address of a feed. ``ends_at`` in the past: revoked. ``active``: the feed is active.

    ``used_at`` is the last poll, up to a minute late, or None if there was none. ``nonce`` is the
    random part that the token was derived from, None for the first link of a feed.
    """

    token_hash: str
    slug: str
    label: str
    generation: int
    nonce: str | None
    created_at: datetime
    ends_at: datetime | None
    used_at: datetime | None
    active: bool

    def opens(self, now: datetime) -> bool:
        """Return whether the address still opens its feed."""
        return self.ends_at is None or self.ends_at > now


class Links(SecretTables):
    """The table of links. Tokens are derived from the secret keys and stored as hashes only.

    The first link of a feed is the same in a rebuilt database. Any other has a random part: after
    the restore of a backup, a rotation must not return to a token that was revoked meanwhile.
    """

    def ensure(self, slug: str, *, now: datetime) -> None:
        """Add a feed's first link if it never had one."""
        with self._database.write() as connection:
            self.ensure_within(connection, slug, now=now)

    def ensure_within(self, connection: Connection, slug: str, *, now: datetime) -> None:
        """Add a feed's first link if it never had one, in the caller's transaction."""
        query = select(links.c.slug).where(links.c.slug == slug).limit(1)
        if connection.execute(query).first() is None:
            self._insert(connection, slug, FIRST_LABEL, 1, now=now)

    def find(self, token: str) -> Link | None:
        """Return the link of a token, revoked or not; None for a token that never was valid."""
        return self.by_hash(token_hash(token))

    def by_hash(self, hashed: str) -> Link | None:
        """Return the link whose token has this hash, revoked or not; None if there is none."""
        found = self._select(_query().where(links.c.token_hash == hashed))
        return found[0] if found else None

    def of(self, slug: str) -> tuple[Link, ...]:
        """Return a feed's links: first those without an end, and of these its first link."""
        first = (links.c.ends_at.is_not(None), links.c.label != FIRST_LABEL)
        order = (*first, links.c.label, links.c.generation)
        return self._select(_query().where(links.c.slug == slug).order_by(*order))

    def token(self, link: Link) -> str:
        """Return a link's token; raises LinkError if the key it was derived from is missing."""
        for token in self._keys.link_tokens(link.slug, link.label, link.generation, link.nonce):
            if hmac.compare_digest(token_hash(token), link.token_hash):
                return token
        raise LinkError(
            f'The address "{link.label}" of feed "{link.slug}" still works, but was made with '
            "another BRIDGE_SECRET_KEY and can't be shown: append the old key after a comma, "
            "or rotate the link."
        )

    def add(self, slug: str, label: str, *, now: datetime) -> Link:
        """Add a link; raises LinkError for a label in use and for an unknown feed."""
        label = _checked(label)
        with self._database.write() as connection:
            _lock_feed(connection, slug)
            if _is_open(connection, slug, label, now):
                problem = f'Feed "{slug}" has a link "{label}" already'
                raise LinkError(f"{problem}: choose another label, or rotate it.")
            return self._add_generation(connection, slug, label, now)

    def rotate(
        self, slug: str, label: str, *, now: datetime, grace: timedelta = timedelta()
    ) -> Link:
        """Replace a link by one of the same label; the old address works for ``grace``."""
        label = _checked(label)
        with self._database.write() as connection:
            _lock_feed(connection, slug)
            _check_open(connection, slug, label, now)
            _end(connection, slug, label, now + grace)
            return self._add_generation(connection, slug, label, now)

    def revoke(self, slug: str, label: str | None, *, now: datetime) -> int:
        """End a link, or all of a feed (None), at once; return how many addresses ended.

        Addresses in their grace period end too.
        """
        label = None if label is None else _checked(label)
        with self._database.write() as connection:
            _lock_feed(connection, slug)
            if label is not None:
                _check_open(connection, slug, label, now)
            return _end(connection, slug, label, now)

    def record_use(self, times: Mapping[str, datetime]) -> None:
        """Save when links and selections were last used, by the hash of their tokens."""
        with self._database.write() as connection:
            for table, (hashed, at) in product((links, selections), sorted(times.items())):
                earlier = or_(table.c.used_at.is_(None), table.c.used_at < at)
                statement = update(table).where(table.c.token_hash == hashed, earlier)
                connection.execute(statement.values(used_at=at))

    def _select(self, query: Select[Any]) -> tuple[Link, ...]:
        return tuple(Link(**row._asdict()) for row in self._database.all(query))

    def _add_generation(self, connection: Connection, slug: str, label: str, now: datetime) -> Link:
        """Insert the next generation of a label: a revoked token is never used again."""
        last = select(func.coalesce(func.max(links.c.generation), 0)).where(_of(slug, label))
        generation = connection.execute(last).scalar_one() + 1
        nonce = secrets.token_hex(18)
        hashed = self._insert(connection, slug, label, generation, nonce=nonce, now=now)
        row = connection.execute(_query().where(links.c.token_hash == hashed)).one()
        return Link(**row._asdict())

    def _insert(
        self,
        connection: Connection,
        slug: str,
        label: str,
        generation: int,
        *,
        nonce: str | None = None,
        now: datetime,
    ) -> str:
        name = {"slug": slug, "label": label, "generation": generation, "nonce": nonce}
        hashed = token_hash(self._keys.link_token(slug, label, generation, nonce))
        connection.execute(insert(links).values(token_hash=hashed, created_at=now, **name))
        return hashed


def _query() -> Select[Any]:
    return select(links, feeds.c.active).join(feeds, feeds.c.slug == links.c.slug)


def _of(slug: str, label: str | None) -> ColumnElement[bool]:
    """Return the condition for a feed's links, or those of one label."""
    of_feed = links.c.slug == slug
    return of_feed if label is None else of_feed & (links.c.label == label)


def _ends_after(at: datetime) -> ColumnElement[bool]:
    return or_(links.c.ends_at.is_(None), links.c.ends_at > at)


def _end(connection: Connection, slug: str, label: str | None, at: datetime) -> int:
    statement = update(links).where(_of(slug, label), _ends_after(at))
    return connection.execute(statement.values(ends_at=at)).rowcount


def _is_open(connection: Connection, slug: str, label: str, now: datetime) -> bool:
    """Return whether an address of this label opens the feed, also in a grace period."""
    query = select(links.c.label).where(_of(slug, label), _ends_after(now))
    return connection.execute(query).first() is not None


def _check_open(connection: Connection, slug: str, label: str, now: datetime) -> None:
    if not _is_open(connection, slug, label, now):
        problem = f'Feed "{slug}" has no link "{label}" that still works'
        remedy = f"`zoho-bridge links list {slug}` shows those it has, `links add` makes one."
        raise LinkError(f"{problem}: {remedy}")


def _lock_feed(connection: Connection, slug: str) -> None:
    """Wait for other processes that change a feed's links; raises LinkError for an unknown feed."""
    query = select(feeds.c.slug).where(feeds.c.slug == slug, feeds.c.active).with_for_update()
    if connection.execute(query).first() is None:
        raise LinkError(f'There is no feed "{slug}"; `zoho-bridge feeds` lists them.')


def _checked(label: str) -> str:
    """Return a label with single spaces; raises LinkError for one that is empty or not one line."""
    text = " ".join(label.split())
    is_printable = all(unicodedata.category(char) not in ("Cc", "Cs") for char in text)
    if 0 < len(text) <= _LONGEST_LABEL and is_printable and len(label.splitlines()) == 1:
        return text
    rule = f"A link's label is one line of 1 to {_LONGEST_LABEL} characters"
    raise LinkError(f"{rule}, such as: Outlook of the sales team.")
