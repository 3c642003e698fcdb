"""Which feeds there are, and which sources they read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from bridge import snapshot
from bridge.model import Feed
from bridge.store.database import Database, upsert
from bridge.store.schema import feed_sources, feeds, sources


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A feed as the store knows it; an inactive one is configured no more and not served."""

    feed: Feed
    active: bool


class Feeds:
    """The feeds table and its sources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, wanted: Sequence[Feed], *, now: datetime) -> None:
        """Make ``wanted`` the active feeds, in that order; what they read becomes due now if it is new.

        A feed that is no longer wanted is kept, inactive, with all it has published: should it come back, its
        subscribers find the same address and the same events.
        """
        with self._database.write() as connection:
            connection.execute(update(feeds).values(active=False))
            for position, feed in enumerate(wanted):
                _save(connection, feed, position)
            _save_sources(connection, wanted, now)

    def all(self) -> tuple[FeedRow, ...]:
        """Give every feed, the active ones first, in the configured order."""
        query = select(feeds).order_by(feeds.c.active.desc(), feeds.c.position, feeds.c.slug)
        with self._database.read() as connection:
            return tuple(
                FeedRow(feed=snapshot.decode_feed(row.definition), active=row.active)
                for row in connection.execute(query)
            )

    def active(self) -> tuple[Feed, ...]:
        """Give the feeds that are served, in the configured order."""
        return tuple(row.feed for row in self.all() if row.active)

    def reading(self, source_key: str) -> tuple[Feed, ...]:
        """Give the active feeds that show this source."""
        return tuple(feed for feed in self.active() if source_key in (source.key for source in feed.sources))


def _save(connection: Connection, feed: Feed, position: int) -> None:
    values = {
        "title": feed.title,
        "kind": feed.kind,
        "public": feed.public,
        "definition": snapshot.encode_feed(feed),
        "position": position,
        "active": True,
    }
    if connection.execute(update(feeds).where(feeds.c.slug == feed.slug).values(**values)).rowcount == 0:
        connection.execute(insert(feeds).values(slug=feed.slug, revision=0, **values))


def _save_sources(connection: Connection, wanted: Iterable[Feed], now: datetime) -> None:
    connection.execute(update(sources).values(active=False))
    rows = []
    for feed in wanted:
        for position, source in enumerate(feed.sources):
            if not connection.execute(update(sources).where(sources.c.key == source.key).values(active=True)).rowcount:
                definition = snapshot.encode_source(source)
                values = {"key": source.key, "kind": source.kind, "definition": definition}
                connection.execute(insert(sources).values(active=True, next_check_at=now, **values))
            rows.append({"slug": feed.slug, "source_key": source.key, "position": position, "leaving": False})
        _leave(connection, feed)
    upsert(connection, feed_sources, rows)


def _leave(connection: Connection, feed: Feed) -> None:
    """Let the feed's former sources go, at once if all of its present ones were read before."""
    keys = [source.key for source in feed.sources]
    former = (feed_sources.c.slug == feed.slug, feed_sources.c.source_key.not_in(keys))
    unread = select(func.count()).where(sources.c.key.in_(keys), sources.c.last_success.is_(None))
    if connection.execute(unread).scalar_one():
        connection.execute(update(feed_sources).where(*former).values(leaving=True))
    else:
        connection.execute(delete(feed_sources).where(*former))
