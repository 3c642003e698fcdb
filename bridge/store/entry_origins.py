"""Origins of published entries: feed, source and stored event of an entry, by its UID.

``push`` uses them to find the event that a calendar program edited.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from bridge.domain import codec
from bridge.domain.feed import Feed
from bridge.domain.source import Source
from bridge.store.database import select_in
from bridge.store.schema import entries, events, feed_sources, feeds, sources
from bridge.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOrigin:
    """An entry of an active feed, and the stored event that it was rendered from.

    ``blob`` is the published VEVENT with its stamps ``changed_at`` and ``sequence``. ``payload`` is
    the stored event.
    """

    uid: str
    feed: Feed
    source: Source
    event_uid: str
    upstream_id: str
    content_hash: str
    payload: bytes
    blob: bytes
    changed_at: datetime
    sequence: int


class EntryOrigins(Tables):
    """Reads entries joined with their feeds, sources and events."""

    def of(self, uids: Sequence[str]) -> tuple[EntryOrigin, ...]:
        """Return the origins of the entries with these UIDs, in all active feeds.

        A UID may have several, or none.
        """
        entry = entries.c
        event = events.c
        is_event = and_(event.source_key == feed_sources.c.source_key, event.uid == entry.event_uid)
        query = (
            select(entry.uid, entry.event_uid, entry.blob, entry.changed_at, entry.sequence)
            .add_columns(event.upstream_id, event.content_hash, event.payload)
            .add_columns(feeds.c.definition.label("feed"), sources.c.definition.label("source"))
            .join(feeds, feeds.c.slug == entry.slug)
            .join(feed_sources, feed_sources.c.slug == entry.slug)
            .join(events, is_event)
            .join(sources, sources.c.key == event.source_key)
            .where(entry.gone.is_(False), feeds.c.active)
            .order_by(feeds.c.position, feed_sources.c.position)
        )
        with self._database.read() as connection:
            rows = [row._asdict() for row in select_in(connection, query, entry.uid, uids)]
        for row in rows:
            row["feed"] = codec.decode_feed(row["feed"])
            row["source"] = codec.decode_source(row["source"])
            row["blob"] = row["blob"] or b""
        return tuple(EntryOrigin(**row) for row in rows)
