"""Answers of Zoho that are kept from one read of a source to the next, because what they are about rarely changes.

The store doesn't know what they mean: a source names them, and tells by the version when one is out of date.
"""

from collections.abc import Collection, Mapping
import json
from typing import Any

from sqlalchemy import delete, select

from bridge.store.database import Database, batches, upsert
from bridge.store.schema import details


class AnswerCache:
    """The details table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, source_key: str) -> "SourceDetails":
        """Give what is kept for one source."""
        return SourceDetails(self._database, source_key)


class SourceDetails:
    """The kept answers of one source; safe for threads."""

    def __init__(self, database: Database, key: str) -> None:
        self._database = database
        self._key = key

    def all(self) -> Mapping[str, tuple[str, Any]]:
        """Give version and answer of all that is kept, by name."""
        query = select(details.c.name, details.c.version, details.c.answer).where(
            details.c.source_key == self._key
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {row.name: (row.version, json.loads(row.answer)) for row in rows}

    def keep(self, new: Mapping[str, tuple[str, Any]], *, gone: Collection[str] = ()) -> None:
        """Keep answers, over those of the same name, and drop the ones in ``gone``; in one transaction."""
        rows = [
            {
                "source_key": self._key,
                "name": name,
                "version": version,
                "answer": json.dumps(answer).encode(),
            }
            for name, (version, answer) in new.items()
        ]
        with self._database.write() as connection:
            for batch in batches(sorted(gone)):
                connection.execute(
                    delete(details).where(
                        details.c.source_key == self._key, details.c.name.in_(batch)
                    )
                )
            upsert(connection, details, rows)
