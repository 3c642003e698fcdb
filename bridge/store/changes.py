"""What changed in each feed lately, for people: written with each publication, and forgotten after a month."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from bridge.feed.changelog import RETENTION, Change
from bridge.store.crypto import SecretKeys
from bridge.store.database import Database
from bridge.store.schema import changes

_PURPOSE = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """A change, see ``history.Change``, and when it was published."""

    at: datetime
    uid: str
    kind: str
    title: str
    details: Mapping[str, Mapping[str, Any]]


class Changes:
    """Reads the changes table, and knows who may without the admin's cookie."""

    def __init__(self, database: Database, keys: SecretKeys) -> None:
        self._database = database
        self._keys = keys

    def token(self, slug: str, *, password: str) -> str:
        """Give the secret in the address of a feed's history: the same until the admin's password is another."""
        return base64.urlsafe_b64encode(self._keys.sign(_PURPOSE, slug, password)).decode()

    def opens(self, token: str, slug: str, *, password: str) -> bool:
        """Whether a token is that of a feed's history; compared in constant time."""
        try:
            signature = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return False
        return self._keys.has_signed(signature, _PURPOSE, slug, password)

    def of(self, slug: str, *, since: datetime, most: int | None = None) -> tuple[ChangeRow, ...]:
        """Give what changed in a feed from ``since`` on, the latest first, and of it the ``most`` latest."""
        query = (
            select(changes)
            .where(changes.c.slug == slug, changes.c.at >= since)
            .order_by(changes.c.at.desc(), changes.c.id.desc())
            .limit(most)
        )
        with self._database.read() as connection:
            return tuple(
                ChangeRow(
                    at=row.at,
                    uid=row.uid,
                    kind=row.kind,
                    title=row.title,
                    details=json.loads(row.details),
                )
                for row in connection.execute(query)
            )


def write_changes(
    connection: Connection, slug: str, new: Sequence[Change], *, now: datetime
) -> None:
    """Add to a feed's history in the transaction of the publication, and forget what is too old."""
    connection.execute(
        delete(changes).where(changes.c.slug == slug, changes.c.at < now - RETENTION)
    )
    rows = [
        {
            "slug": slug,
            "at": now,
            "uid": one.uid,
            "kind": one.kind,
            "title": one.title,
            "details": json.dumps(one.details, ensure_ascii=False),
        }
        for one in new
    ]
    if rows:
        connection.execute(insert(changes), rows)
