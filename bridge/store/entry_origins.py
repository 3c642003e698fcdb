"""Where an entry of a feed comes from, found by its UID: for events that come back, edited, from a calendar program."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from bridge.domain import codec
from bridge.domain.feed import Feed
from bridge.domain.source import Source
from bridge.store.database import Database, batches
from bridge.store.schema import entries, events, feed_sources, feeds, sources


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOrigin:
    """An entry that an active feed shows, and the event of a source that it was made from.

    ``blob`` is the VEVENT as published, ``changed_at`` and ``sequence`` its stamps; ``payload`` the stored event.
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


class EntryOrigins:
    """Reads entries together with what they were made from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, uids: Sequence[str]) -> tuple[EntryOrigin, ...]:
        """Find the entries with these UIDs in all active feeds; one UID may have several, or none."""
        found: list[EntryOrigin] = []
        with self._database.read() as connection:
            for batch in batches(uids):
                query = (
                    select(
                        entries.c.uid,
                        entries.c.event_uid,
                        entries.c.blob,
                        entries.c.changed_at,
                        entries.c.sequence,
                        events.c.upstream_id,
                        events.c.content_hash,
                        events.c.payload,
                        feeds.c.definition.label("feed"),
                        sources.c.definition.label("source"),
                    )
                    .join(feeds, feeds.c.slug == entries.c.slug)
                    .join(feed_sources, feed_sources.c.slug == entries.c.slug)
                    .join(
                        events,
                        and_(
                            events.c.source_key == feed_sources.c.source_key,
                            events.c.uid == entries.c.event_uid,
                        ),
                    )
                    .join(sources, sources.c.key == events.c.source_key)
                    .where(entries.c.uid.in_(batch), entries.c.gone.is_(False), feeds.c.active)
                    .order_by(feeds.c.position, feed_sources.c.position)
                )
                found += [
                    EntryOrigin(
                        uid=row.uid,
                        feed=codec.decode_feed(row.feed),
                        source=codec.decode_source(row.source),
                        event_uid=row.event_uid,
                        upstream_id=row.upstream_id,
                        content_hash=row.content_hash,
                        payload=row.payload,
                        blob=row.blob or b"",
                        changed_at=row.changed_at,
                        sequence=row.sequence,
                    )
                    for row in connection.execute(query)
                ]
        return tuple(found)
