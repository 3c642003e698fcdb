"""The change log of each feed, written with each publication and kept for a month."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
import json
from typing import Any

from sqlalchemy import Connection, delete, insert

from bridge.feed.changelog import RETENTION, Change
from bridge.store.database import columns
from bridge.store.schema import changes
from bridge.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """A change, see ``bridge.feed.changelog.Change``, and when it was published."""

    at: datetime
    uid: str
    kind: str
    title: str
    details: Mapping[str, Mapping[str, Any]]


class Changes(Tables):
    """Reads the change logs."""

    def of(self, slug: str, *, since: datetime, most: int | None = None) -> tuple[ChangeRow, ...]:
        """Return the ``most`` latest changes of a feed from ``since`` on, newest first."""
        query = columns(changes, ChangeRow).where(changes.c.slug == slug, changes.c.at >= since)
        query = query.order_by(changes.c.at.desc(), changes.c.id.desc()).limit(most)
        return tuple(
            ChangeRow(**row._asdict() | {"details": json.loads(row.details)})
            for row in self._database.all(query)
        )


def write_changes(
    connection: Connection, slug: str, new: Sequence[Change], *, now: datetime
) -> None:
    """Add to a feed's change log, and delete what is older than a month."""
    old = (changes.c.slug == slug, changes.c.at < now - RETENTION)
    connection.execute(delete(changes).where(*old))
    rows = [
        {"slug": slug, "at": now, **asdict(change)}
        | {"details": json.dumps(change.details, ensure_ascii=False)}
        for change in new
    ]
    if rows:
        connection.execute(insert(changes), rows)
