"""Feeds, and the sources that they read.

A feed comes from the settings (``bridge.toml``, or discovery) or from the admin pages. The settings
never end a feed of the admin pages.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select, update

from bridge.domain import codec
from bridge.domain.feed import Feed
from bridge.domain.source import AvailableSource, CalendarProfile, ConnectSource, Source
from bridge.errors import BridgeError
from bridge.store.crypto import SecretKeys
from bridge.store.database import Database, upsert
from bridge.store.hooks import hook_hash
from bridge.store.links import Links
from bridge.store.schema import feed_sources, feeds, meta, metadata, source_names, sources
from bridge.store.tables import SecretTables

# The tables of what a feed serves and of its history.
_TEXTS = ("documents", "agenda_items", "occurrences", "labels", "changes", "verifications")


class FeedError(BridgeError):
    """A feed can't be created or changed as requested; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A feed with its state.

    ``active``: it is served. ``by_admin``: it was created on the admin pages. ``pending``: it has
    changes that are not published yet.
    """

    feed: Feed
    active: bool
    by_admin: bool
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource:
    """A source that a feed reads or once read.

    ``title`` is that of a feed that shows this source only, or empty. ``name`` is the one in Zoho
    if a discovery found it, else the title.
    """

    source: Source
    active: bool
    title: str
    name: str
    profile: CalendarProfile | None = None


class Feeds(SecretTables):
    """The tables of feeds and of their sources."""

    def __init__(self, database: Database, keys: SecretKeys, links: Links) -> None:
        super().__init__(database, keys)
        self._links = links

    def replace(self, new: Sequence[Feed], *, now: datetime) -> tuple[str, ...]:
        """Make ``new`` the active feeds of the settings, in that order; new sources are due now.

        A new feed gets its first link in the same transaction. A feed that is not in ``new``
        becomes inactive and keeps all it has published: if it returns, its address is the same
        and the same events. Feeds of the admin pages stay. Those whose slug is in ``new`` belong to
        the settings from then on, and their slugs are returned.
        """
        with self._change(now) as connection:
            slugs = [feed.slug for feed in new]
            by_admin = select(feeds.c.slug).where(feeds.c.by_admin, feeds.c.active)
            admins = connection.execute(by_admin.order_by(feeds.c.slug)).scalars()
            taken_over = tuple(slug for slug in admins if slug in slugs)
            former = update(feeds).where(feeds.c.by_admin.is_(False))
            connection.execute(former.values(active=False))
            for position, feed in enumerate(new):
                self._save(connection, feed, now, position=position, by_admin=False)
        return taken_over

    def add(self, feed: Feed, *, now: datetime) -> None:
        """Add a feed of the admin pages after all others; the worker publishes it.

        Raises FeedError for a slug that any feed has or once had: an address must never lead to
        another feed.
        """
        with self._change(now) as connection:
            same_slug = select(feeds.c.slug).where(feeds.c.slug == feed.slug)
            if connection.execute(same_slug).first() is not None:
                problem = f'There is, or was, another feed "{feed.slug}"'
                raise FeedError(f"{problem}: choose another address.")
            last = select(func.coalesce(func.max(feeds.c.position), -1)).where(feeds.c.by_admin)
            position = connection.execute(last).scalar_one() + 1
            self._save(connection, feed, now, position=position, by_admin=True)

    def change(self, feed: Feed, *, now: datetime) -> None:
        """Change a feed of the admin pages, or restore a removed one; the worker publishes it.

        Raises FeedError for a feed of the settings.
        """
        with self._change(now) as connection:
            position = _position_by_admin(connection, feed.slug)
            self._save(connection, feed, now, position=position, by_admin=True)
            changed = update(feeds).where(feeds.c.slug == feed.slug)
            connection.execute(changed.values(inputs_hash=None))

    def remove(self, slug: str, *, now: datetime) -> None:
        """Stop serving a feed of the admin pages; all it has stays stored, so that it can return.

        Raises FeedError for a feed of the settings.
        """
        with self._change(now) as connection:
            _position_by_admin(connection, slug)
            connection.execute(update(feeds).where(feeds.c.slug == slug).values(active=False))

    def all(self) -> tuple[FeedRow, ...]:
        """Return every feed, active ones first: those of the settings in order, others by age."""
        return tuple(_feed_row(row) for row in self._database.all(_in_order()))

    def row(self, slug: str) -> FeedRow | None:
        """Return one feed with its state, if it is active."""
        row = self._database.first(select(feeds).where(feeds.c.slug == slug, feeds.c.active))
        return None if row is None else _feed_row(row)

    def active(self, *conditions: ColumnElement[bool]) -> tuple[Feed, ...]:
        """Return the feeds that are served, in the same order; only those of some conditions."""
        query = _in_order().where(feeds.c.active, *conditions)
        return tuple(codec.decode_feed(row.definition) for row in self._database.all(query))

    def get(self, slug: str) -> Feed | None:
        """Return one feed, if it is active."""
        return next(iter(self.active(feeds.c.slug == slug)), None)

    def salt(self, slug: str) -> str:
        """Return the key of the feed's hidden UIDs, and store it at its first use.

        A new secret key does not change it: it is part of the database and of its backups.
        """
        stored = select(feeds.c.salt).where(feeds.c.slug == slug, feeds.c.salt.is_not(None))
        row = self._database.first(stored)
        if row is None:
            unset = update(feeds).where(feeds.c.slug == slug, feeds.c.salt.is_(None))
            with self._database.write() as connection:
                connection.execute(unset.values(salt=self._keys.feed_salt(slug)))
                row = connection.execute(stored).one()
        return str(row.salt)

    def reading(self, source_key: str) -> tuple[Feed, ...]:
        """Return the active feeds that show this source."""
        shown = (feed_sources.c.source_key == source_key, feed_sources.c.leaving.is_(False))
        return self.active(feeds.c.slug.in_(select(feed_sources.c.slug).where(*shown)))

    def known_sources(self) -> tuple[KnownSource, ...]:
        """Return every source that a feed reads or once read, by product and name."""
        titles: dict[str, str] = {}
        for row in sorted(self.all(), key=lambda row: row.by_admin):
            if len(row.feed.sources) == 1:
                titles.setdefault(row.feed.sources[0].key, row.feed.title)
        names = {row.source_key: row.name for row in self._database.all(select(source_names))}
        query = select(sources.c.key, sources.c.definition, sources.c.active, sources.c.profile)
        known = []
        for stored in self._database.all(query):
            source, title = codec.decode_source(stored.definition), titles.get(stored.key, "")
            name, profile = _name(source, names) or title, codec.decode_profile(stored.profile)
            fields: dict[str, Any] = {"title": title, "name": name, "profile": profile}
            known.append(KnownSource(source=source, active=stored.active, **fields))
        return tuple(sorted(known, key=lambda k: (k.source.kind, k.name.casefold(), k.source.key)))

    def name_sources(self, available: Iterable[AvailableSource]) -> None:
        """Save the names that sources have in Zoho."""
        names = {each.source.key: each.name for each in available}
        rows = [{"source_key": key, "name": name} for key, name in names.items()]
        with self._database.write() as connection:
            upsert(connection, source_names, rows)

    @contextmanager
    def _change(self, now: datetime) -> Iterator[Connection]:
        """Open a transaction that changes feeds alone, and make the sources fit them at its end."""
        with self._database.write() as connection:
            # Waits for other processes that change feeds. SQLite has one writer anyway.
            connection.execute(select(meta.c.schema_version).with_for_update()).all()
            yield connection
            _save_sources(connection, now, self._keys)

    def _save(
        self, connection: Connection, feed: Feed, now: datetime, *, position: int, by_admin: bool
    ) -> None:
        """Insert or update an active feed, and give it a first link.

        A feed that hides more than before is not served until its next publication.
        """
        stored = select(feeds.c.definition).where(feeds.c.slug == feed.slug)
        old: str | None = connection.execute(stored).scalar()
        values = {
            "title": feed.title,
            "kind": feed.kind,
            "public": feed.public,
            "definition": codec.encode_feed(feed),
            "position": position,
            "active": True,
            "by_admin": by_admin,
        }
        statement = update(feeds).where(feeds.c.slug == feed.slug).values(values)
        if connection.execute(statement).rowcount == 0:
            connection.execute(insert(feeds).values(slug=feed.slug, revision=0, **values))
        if old is not None and feed.hides_more_than(codec.decode_feed(old)):
            _withhold(connection, feed.slug)
        self._links.ensure_within(connection, feed.slug, now=now)


def _in_order() -> Select[Any]:
    order = feeds.c.active.desc(), feeds.c.by_admin, feeds.c.position, feeds.c.slug
    return select(feeds).order_by(*order)


def _feed_row(row: Row[Any]) -> FeedRow:
    return FeedRow(
        feed=codec.decode_feed(row.definition),
        active=row.active,
        by_admin=row.by_admin,
        pending=row.inputs_hash is None,
    )


def _name(source: Source, names: Mapping[str, str]) -> str:
    """Return the name of a source in Zoho, of several groups their names; empty if unknown."""
    keys = [source.key]
    if isinstance(source, ConnectSource) and source.groups:
        keys = [replace(source, group=group).key for group in source.groups]
    return ", ".join(names[key] for key in keys if key in names)


def _position_by_admin(connection: Connection, slug: str) -> int:
    """Return the position of a feed of the admin pages; raises FeedError for any other."""
    query = select(feeds.c.position).where(feeds.c.slug == slug, feeds.c.by_admin)
    position: int | None = connection.execute(query).scalar()
    if position is None:
        problem = f'The feed "{slug}" was not made on the admin pages'
        raise FeedError(f"{problem}: change it in bridge.toml.")
    return position


def _withhold(connection: Connection, slug: str) -> None:
    """Delete all that a feed serves and the texts of its history.

    Its entries stay, with their stamps. The new revision rejects a publication that has begun.
    """
    row = update(feeds).where(feeds.c.slug == slug)
    connection.execute(row.values(revision=feeds.c.revision + 1, inputs_hash=None))
    for table in (metadata.tables[name] for name in _TEXTS):
        connection.execute(delete(table).where(table.c.slug == slug))


def _save_sources(connection: Connection, now: datetime, keys: SecretKeys) -> None:
    """Make the sources of active feeds active, and no others; a new source is due now."""
    stored = connection.execute(select(sources.c.key, sources.c.hook_hash)).all()
    hooks = {row.key: row.hook_hash for row in stored}
    connection.execute(update(sources).values(active=False))
    rows = []
    definitions = connection.execute(_in_order().where(feeds.c.active)).all()
    for feed in [codec.decode_feed(row.definition) for row in definitions]:
        for position, source in enumerate(feed.sources):
            statement = update(sources).where(sources.c.key == source.key)
            hook = hook_hash(keys, source.key, hooks.get(source.key))
            state = {"active": True, "hook_hash": hook}
            if connection.execute(statement.values(state)).rowcount == 0:
                new: dict[str, Any] = {
                    "kind": source.kind,
                    "definition": codec.encode_source(source),
                }
                new |= {"next_check_at": now, "failures": 0, "notes": "[]", **state}
                connection.execute(insert(sources).values(key=source.key, **new))
            values = {"source_key": source.key, "position": position, "leaving": False}
            rows.append({"slug": feed.slug, **values})
        _remove_former_sources(connection, feed)
    upsert(connection, feed_sources, rows)


def _remove_former_sources(connection: Connection, feed: Feed) -> None:
    """Remove former sources of the feed, or mark them ``leaving`` until the others are read."""
    keys = [source.key for source in feed.sources]
    former = (feed_sources.c.slug == feed.slug, feed_sources.c.source_key.not_in(keys))
    unread = select(sources.c.key).where(sources.c.key.in_(keys), sources.c.last_success.is_(None))
    if connection.execute(unread).first() is None:
        connection.execute(delete(feed_sources).where(*former))
    else:
        connection.execute(update(feed_sources).where(*former).values(leaving=True))
