"""Selections: secret addresses that people make of a link or a public feed, on its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import secrets

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update

from bridge.errors import BridgeError
from bridge.feed.selection import Ticks, decode_ticks, encode_ticks
from bridge.store.crypto import SecretKeys, token_hash
from bridge.store.database import Database, columns
from bridge.store.links import Link, Links
from bridge.store.schema import selections
from bridge.store.tables import SecretTables

PERIOD = timedelta(hours=1)
MOST_OF_CLIENT = 20  # in a period
MOST_OF_LINK = 1_000
MOST_OF_PUBLIC_FEED = 100_000
UNUSED = timedelta(days=7)
IDLE = timedelta(days=400)


class SelectionError(BridgeError):
    """No selection can be made now; ``of_client``: because this client made too many."""

    def __init__(self, *, of_client: bool) -> None:
        super().__init__("There are too many selections.")
        self.of_client = of_client


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A part of a feed with an address of its own.

    It ends with its ``link``, which is None if it was made of a public feed. ``used_at`` is the
    last poll, up to a minute late. ``changed_at`` is the version of the ticks.
    """

    token_hash: str
    slug: str
    link: Link | None
    ticks: Ticks
    changed_at: datetime
    used_at: datetime | None


class Selections(SecretTables):
    """The table of selections. Tokens are random and stored as hashes only.

    A selection is deleted if it is not polled within ``UNUSED`` of being made, or for ``IDLE``.
    """

    def __init__(self, database: Database, keys: SecretKeys, links: Links) -> None:
        super().__init__(database, keys)
        self._links = links

    def find(self, token: str, *, now: datetime) -> Selection | None:
        """Return the selection of a token, even of a revoked link; None for an unknown token."""
        of_token = selections.c.token_hash == token_hash(token)
        query = columns(selections, Selection).where(of_token, _is_kept(now))
        row = self._database.first(query)
        if row is None:
            return None
        decoded = {"link": self._links.by_hash(row.link), "ticks": decode_ticks(row.ticks)}
        return Selection(**row._asdict() | decoded)

    def add(self, slug: str, link: Link | None, ticks: Ticks, *, client: str, now: datetime) -> str:
        """Add a selection of a link, or of a public feed; return its token.

        ``client`` is the address that asks for it. Raises SelectionError above a limit.
        """
        parent, token = link.token_hash if link else "", secrets.token_urlsafe(18)
        client = self._keys.fingerprint(client)
        # A time of a clock that was ahead would count for as long.
        recent = selections.c.created_at.between(now - PERIOD, now + PERIOD)
        of_client = (selections.c.client == client, recent)
        of_parent = (selections.c.slug == slug, selections.c.link == parent, _is_kept(now))
        with self._database.write_alone(selections) as connection:
            number = select(func.count()).select_from(selections)
            if connection.execute(number.where(*of_client)).scalar_one() >= MOST_OF_CLIENT:
                raise SelectionError(of_client=True)
            most = MOST_OF_LINK if link else MOST_OF_PUBLIC_FEED
            if connection.execute(number.where(*of_parent)).scalar_one() >= most:
                raise SelectionError(of_client=False)
            values = {
                "token_hash": token_hash(token),
                "slug": slug,
                "link": parent,
                "ticks": encode_ticks(ticks),
                "client": client,
                "created_at": now,
                "changed_at": now,
            }
            connection.execute(insert(selections).values(values))
        return token

    def change(self, selection: Selection, ticks: Ticks, *, now: datetime) -> bool:
        """Replace the ticks; return False, and write nothing, if they were changed meanwhile."""
        version = selections.c.changed_at == selection.changed_at
        same = update(selections).where(selections.c.token_hash == selection.token_hash, version)
        # A version of its own, also within the clock's resolution.
        changed_at = max(now, selection.changed_at + timedelta.resolution)
        new = {"ticks": encode_ticks(ticks), "changed_at": changed_at}
        return self._database.execute(same.values(new)) > 0

    def count(self, slug: str, *, now: datetime) -> Mapping[str, int]:
        """Return the number of a feed's selections by the hash of their link, empty for none."""
        query = select(selections.c.link, func.count().label("number"))
        query = query.where(selections.c.slug == slug, _is_kept(now)).group_by(selections.c.link)
        return {row.link: row.number for row in self._database.all(query)}

    def forget(self, *, now: datetime) -> None:
        """Delete what is no longer used, and the clients of all but the latest selections."""
        self._database.execute(delete(selections).where(~_is_kept(now)))
        old = update(selections).where(selections.c.created_at < now - PERIOD)
        self._database.execute(old.where(selections.c.client != "").values(client=""))


def _is_kept(now: datetime) -> ColumnElement[bool]:
    used, made = selections.c.used_at, selections.c.created_at
    return or_(func.coalesce(used, made) >= now - UNUSED, used.is_not(None) & (used >= now - IDLE))
