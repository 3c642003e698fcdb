"""Which feeds there are, and which sources they read.

A feed comes from the settings (``bridge.toml``, or what was found) or was made by the admin; the settings never end
what the admin made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select, update

from bridge.domain import codec
from bridge.domain.feed import Feed
from bridge.domain.source import Source
from bridge.errors import BridgeError
from bridge.store.database import Database, upsert
from bridge.store.links import Links
from bridge.store.schema import feed_sources, feeds, meta, sources


class FeedError(BridgeError):
    """What was asked of a feed can't be done; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A feed as the store knows it; an inactive one is not served.

    ``by_admin``: made on the admin pages. ``pending``: it waits to be published, for the first time or as it is now.
    """

    feed: Feed
    active: bool
    by_admin: bool
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource:
    """A source that some feed reads, or once read; ``title`` is that of the feed that shows it alone, or empty."""

    source: Source
    active: bool
    title: str


class Feeds:
    """The feeds table and its sources."""

    def __init__(self, database: Database, links: Links) -> None:
        self._database = database
        self._links = links

    def replace(self, wanted: Sequence[Feed], *, now: datetime) -> tuple[str, ...]:
        """Make ``wanted`` the active feeds besides the admin's, in that order; new sources become due now.

        A new feed comes with its first link: there is no moment at which it can be seen and has no address.

        A feed that is no longer wanted is kept, inactive, with all it has published: should it come back, its
        subscribers find the same address and the same events. The admin's feeds stay, but for those whose slug is
        wanted: these are the settings' from now on, and their slugs are given back.
        """
        with self._database.write() as connection:
            _one_at_a_time(connection)
            slugs = [feed.slug for feed in wanted]
            by_admin = (
                select(feeds.c.slug).where(feeds.c.by_admin, feeds.c.active).order_by(feeds.c.slug)
            )
            taken_over = tuple(
                slug for slug in connection.execute(by_admin).scalars() if slug in slugs
            )
            connection.execute(
                update(feeds).where(feeds.c.by_admin.is_(False)).values(active=False)
            )
            for position, feed in enumerate(wanted):
                _save(connection, feed, position=position, by_admin=False)
                self._links.give_first(connection, feed.slug, now=now)
            _save_sources(connection, now)
        return taken_over

    def add(self, feed: Feed, *, now: datetime) -> None:
        """Keep a feed that the admin made, after all others; the worker publishes it.

        Raises FeedError for a slug that any feed has or once had: addresses that were given out must not lead to
        another feed.
        """
        with self._database.write() as connection:
            _one_at_a_time(connection)
            if (
                connection.execute(select(feeds.c.slug).where(feeds.c.slug == feed.slug)).first()
                is not None
            ):
                raise FeedError(
                    f'There is, or was, another feed "{feed.slug}": choose another address.'
                )
            last = connection.execute(
                select(func.max(feeds.c.position)).where(feeds.c.by_admin)
            ).scalar()
            _save(connection, feed, position=0 if last is None else last + 1, by_admin=True)
            self._links.give_first(connection, feed.slug, now=now)
            _save_sources(connection, now)

    def change(self, feed: Feed, *, now: datetime) -> None:
        """Change a feed that the admin made, or bring back one that was removed; the worker publishes it anew.

        Raises FeedError for a feed that the admin did not make.
        """
        with self._database.write() as connection:
            _one_at_a_time(connection)
            position = _admins(connection, feed.slug)
            _save(connection, feed, position=position, by_admin=True)
            connection.execute(
                update(feeds).where(feeds.c.slug == feed.slug).values(inputs_hash=None)
            )
            _save_sources(connection, now)

    def remove(self, slug: str, *, now: datetime) -> None:
        """Serve a feed of the admin's no more; all it has is kept, for the day it is brought back.

        Raises FeedError for a feed that the admin did not make.
        """
        with self._database.write() as connection:
            _one_at_a_time(connection)
            _admins(connection, slug)
            connection.execute(update(feeds).where(feeds.c.slug == slug).values(active=False))
            _save_sources(connection, now)

    def all(self) -> tuple[FeedRow, ...]:
        """Return every feed, active ones first: the settings' in their order, the admin's by age."""
        with self._database.read() as connection:
            return tuple(_feed_row(row) for row in connection.execute(_in_order()))

    def row(self, slug: str) -> FeedRow | None:
        """Return one feed with its state, if it is active."""
        query = select(feeds).where(feeds.c.slug == slug, feeds.c.active)
        with self._database.look() as connection:
            row = connection.execute(query).first()
        return None if row is None else _feed_row(row)

    def active(self) -> tuple[Feed, ...]:
        """Give the feeds that are served, in the same order."""
        return self._served()

    def get(self, slug: str) -> Feed | None:
        """Give one feed, if it is served."""
        return next(iter(self._served(feeds.c.slug == slug)), None)

    def reading(self, source_key: str) -> tuple[Feed, ...]:
        """Give the active feeds that show this source."""
        shown = select(feed_sources.c.slug)
        shown = shown.where(
            feed_sources.c.source_key == source_key, feed_sources.c.leaving.is_(False)
        )
        return self._served(feeds.c.slug.in_(shown))

    def _served(self, *conditions: ColumnElement[bool]) -> tuple[Feed, ...]:
        query = _in_order().where(feeds.c.active, *conditions).with_only_columns(feeds.c.definition)
        with self._database.look() as connection:
            return tuple(
                codec.decode_feed(definition) for definition in connection.execute(query).scalars()
            )

    def known_sources(self) -> tuple[KnownSource, ...]:
        """Give every source that a feed reads or once read, by product and name."""
        titles: dict[str, str] = {}
        for row in sorted(self.all(), key=lambda row: row.by_admin):
            if len(row.feed.sources) == 1:
                titles.setdefault(row.feed.sources[0].key, row.feed.title)
        with self._database.read() as connection:
            known = [
                KnownSource(
                    source=codec.decode_source(row.definition),
                    active=row.active,
                    title=titles.get(row.key, ""),
                )
                for row in connection.execute(
                    select(sources.c.key, sources.c.definition, sources.c.active)
                )
            ]
        return tuple(
            sorted(known, key=lambda one: (one.source.kind, one.title.casefold(), one.source.key))
        )


def _one_at_a_time(connection: Connection) -> None:
    """Let one process at a time change which feeds there are; SQLite has one writer anyway."""
    connection.execute(select(meta.c.schema_version).with_for_update()).all()


def _in_order() -> Select[tuple[object, ...]]:
    return select(feeds).order_by(
        feeds.c.active.desc(), feeds.c.by_admin, feeds.c.position, feeds.c.slug
    )


def _feed_row(row: Row[Any]) -> FeedRow:
    return FeedRow(
        feed=codec.decode_feed(row.definition),
        active=row.active,
        by_admin=row.by_admin,
        pending=row.inputs_hash is None,
    )


def _admins(connection: Connection, slug: str) -> int:
    """Give the position of a feed that the admin made; raises FeedError for any other."""
    row = connection.execute(
        select(feeds.c.position).where(feeds.c.slug == slug, feeds.c.by_admin)
    ).first()
    if row is None:
        raise FeedError(
            f'The feed "{slug}" was not made on the admin pages: change it in bridge.toml.'
        )
    return int(row.position)


def _save(connection: Connection, feed: Feed, *, position: int, by_admin: bool) -> None:
    values = {
        "title": feed.title,
        "kind": feed.kind,
        "public": feed.public,
        "definition": codec.encode_feed(feed),
        "position": position,
        "active": True,
        "by_admin": by_admin,
    }
    if (
        connection.execute(update(feeds).where(feeds.c.slug == feed.slug).values(**values)).rowcount
        == 0
    ):
        connection.execute(insert(feeds).values(slug=feed.slug, revision=0, **values))


def _save_sources(connection: Connection, now: datetime) -> None:
    """Let the sources that active feeds read be active, and no others; one that is new is due now."""
    connection.execute(update(sources).values(active=False))
    rows = []
    wanted = [
        codec.decode_feed(row.definition) for row in connection.execute(_in_order()) if row.active
    ]
    for feed in wanted:
        for position, source in enumerate(feed.sources):
            if not connection.execute(
                update(sources).where(sources.c.key == source.key).values(active=True)
            ).rowcount:
                definition = codec.encode_source(source)
                values = {"key": source.key, "kind": source.kind, "definition": definition}
                connection.execute(insert(sources).values(active=True, next_check_at=now, **values))
            rows.append(
                {
                    "slug": feed.slug,
                    "source_key": source.key,
                    "position": position,
                    "leaving": False,
                }
            )
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
