"""The secret addresses of feeds: which token opens which feed, and which ones open nothing any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import hmac
from typing import Any
import unicodedata

from sqlalchemy import Connection, Select, case, func, insert, or_, select, update

from bridge.errors import BridgeError
from bridge.store.crypto import SecretKeys, token_hash
from bridge.store.database import Database
from bridge.store.schema import feeds, links

FIRST_LABEL = "default"
_LONGEST_LABEL = 80


class LinkError(BridgeError):
    """What was asked of a feed's links can't be done; the sentence says what can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One address of a feed. ``ends_at`` in the past: revoked. ``active``: the feed itself is still configured.

    ``used_at`` is the last poll, to a minute or so; None when there was none.
    """

    token_hash: str
    slug: str
    label: str
    generation: int
    created_at: datetime
    ends_at: datetime | None
    used_at: datetime | None
    active: bool

    def opens(self, now: datetime) -> bool:
        """Whether the address still opens its feed."""
        return self.ends_at is None or self.ends_at > now


class Links:
    """The links table. Tokens are derived by the keys and kept as hashes only."""

    def __init__(self, database: Database, keys: SecretKeys) -> None:
        self._database = database
        self._keys = keys

    def ensure(self, slug: str, *, now: datetime) -> None:
        """Give a feed its first link if it never had one."""
        with self._database.write() as connection:
            self.give_first(connection, slug, now=now)

    def give_first(self, connection: Connection, slug: str, *, now: datetime) -> None:
        """Do the same in a transaction that has begun."""
        if connection.execute(select(func.count()).where(links.c.slug == slug)).scalar_one() == 0:
            self._insert(connection, slug, FIRST_LABEL, 1, now)

    def find(self, token: str) -> Link | None:
        """Give the link that a token belongs to, revoked or not; None for a token that was never given out."""
        wanted = token_hash(token)
        with self._database.read() as connection:
            row = (
                connection.execute(_query().where(links.c.token_hash == wanted)).mappings().first()
            )
        if row is None or not hmac.compare_digest(row["token_hash"], wanted):
            return None
        return Link(**row)

    def beginning_with(self, digits: str) -> tuple[Link, ...]:
        """Give the links, revoked or not, whose hash begins with some hexadecimal digits: one, or none."""
        within = (links.c.token_hash >= digits, links.c.token_hash < digits + "g")
        with self._database.read() as connection:
            return tuple(
                Link(**row) for row in connection.execute(_query().where(*within)).mappings()
            )

    def of(self, slug: str) -> tuple[Link, ...]:
        """Give a feed's links: first those without an end, and among them the first one it was given."""
        first = case((links.c.label == FIRST_LABEL, 0), else_=1)
        query = _query().where(links.c.slug == slug)
        query = query.order_by(
            links.c.ends_at.is_not(None), first, links.c.label, links.c.generation
        )
        with self._database.read() as connection:
            return tuple(Link(**row) for row in connection.execute(query).mappings())

    def token(self, link: Link) -> str:
        """Show a link's token again; raises LinkError when it was derived from a key that is not there any more."""
        for token in self._keys.link_tokens(link.slug, link.label, link.generation):
            if hmac.compare_digest(token_hash(token), link.token_hash):
                return token
        raise LinkError(
            f'The address "{link.label}" of feed "{link.slug}" still works, but was made with another '
            "BRIDGE_SECRET_KEY and can't be shown: append the old key after a comma, or rotate the link."
        )

    def add(self, slug: str, label: str, *, now: datetime) -> Link:
        """Give a feed one more link; raises LinkError for a label that is in use, and for an unknown feed."""
        label = _checked(label)
        with self._database.write() as connection:
            _lock(connection, slug)
            if _open(connection, slug, label, now):
                raise LinkError(
                    f'Feed "{slug}" has a link "{label}" already: choose another label, or rotate it.'
                )
            return self._next(connection, slug, label, now)

    def rotate(
        self, slug: str, label: str, *, now: datetime, grace: timedelta = timedelta()
    ) -> Link:
        """Replace a link by a new one of its name; the old address works on for ``grace``, and then never again."""
        label = _checked(label)
        with self._database.write() as connection:
            _lock(connection, slug)
            if not _open(connection, slug, label, now):
                raise _no_link(slug, label)
            self._end(connection, slug, label, now + grace)
            return self._next(connection, slug, label, now)

    def revoke(self, slug: str, label: str | None, *, now: datetime) -> int:
        """End a link, or all of a feed (None), at once, with those that were on for a grace period; tell how many."""
        label = None if label is None else _checked(label)
        with self._database.write() as connection:
            _lock(connection, slug)
            if label is not None and not _open(connection, slug, label, now):
                raise _no_link(slug, label)
            return self._end(connection, slug, label, now)

    def used(self, times: Mapping[str, datetime]) -> None:
        """Remember when links were last used, by the hash of their tokens."""
        with self._database.write() as connection:
            for hashed, at in sorted(times.items()):
                earlier = or_(links.c.used_at.is_(None), links.c.used_at < at)
                connection.execute(
                    update(links).where(links.c.token_hash == hashed, earlier).values(used_at=at)
                )

    def _next(self, connection: Connection, slug: str, label: str, now: datetime) -> Link:
        """Insert the next generation of a label: a token that was revoked is never given out again."""
        of_label = select(func.max(links.c.generation)).where(
            links.c.slug == slug, links.c.label == label
        )
        generation = (connection.execute(of_label).scalar() or 0) + 1
        hashed = self._insert(connection, slug, label, generation, now)
        return Link(
            **connection.execute(_query().where(links.c.token_hash == hashed)).mappings().one()
        )

    def _insert(
        self, connection: Connection, slug: str, label: str, generation: int, now: datetime
    ) -> str:
        hashed = token_hash(self._keys.link_token(slug, label, generation))
        values = {"slug": slug, "label": label, "generation": generation, "created_at": now}
        connection.execute(insert(links).values(token_hash=hashed, **values))
        return hashed

    @staticmethod
    def _end(connection: Connection, slug: str, label: str | None, ends_at: datetime) -> int:
        later = or_(links.c.ends_at.is_(None), links.c.ends_at > ends_at)
        statement = update(links).where(links.c.slug == slug, later)
        if label is not None:
            statement = statement.where(links.c.label == label)
        return connection.execute(statement.values(ends_at=ends_at)).rowcount


def _query() -> Select[Any]:
    return select(links, feeds.c.active).join(feeds, feeds.c.slug == links.c.slug)


def _open(connection: Connection, slug: str, label: str, now: datetime) -> bool:
    """Whether any address of this label opens the feed, be it for a grace period only."""
    on = or_(links.c.ends_at.is_(None), links.c.ends_at > now)
    query = select(func.count()).where(links.c.slug == slug, links.c.label == label, on)
    return connection.execute(query).scalar_one() > 0


def _lock(connection: Connection, slug: str) -> None:
    """Let one process at a time change a feed's links; raises LinkError for a feed that there is not."""
    query = select(feeds.c.slug).where(feeds.c.slug == slug, feeds.c.active).with_for_update()
    if connection.execute(query).first() is None:
        raise LinkError(f'There is no feed "{slug}"; `zoho-bridge feeds` lists them.')


def _checked(label: str) -> str:
    text = " ".join(label.split())
    if (
        not text
        or len(text) > _LONGEST_LABEL
        or any(unicodedata.category(char) in ("Cc", "Cs") for char in text)
    ):
        raise LinkError(
            f"A link's label is one line of 1 to {_LONGEST_LABEL} characters, such as: Outlook of the sales team."
        )
    return text


def _no_link(slug: str, label: str) -> LinkError:
    return LinkError(
        f'Feed "{slug}" has no link "{label}" that still works: `zoho-bridge links list {slug}` shows those it has, '
        "`links add` makes one."
    )
