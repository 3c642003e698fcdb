"""Cache of answers of Zoho between the reads of a source, for data that rarely changes.

A source names the answers, and decides by their version when one is out of date.
"""

from collections.abc import Collection, Mapping
import json
from typing import Any

from sqlalchemy import select

from bridge.store.database import Database, delete_in, upsert
from bridge.store.schema import details


class SourceAnswers:
    """The cached answers of one source (table ``details``); safe for threads."""

    def __init__(self, database: Database, key: str) -> None:
        self._database = database
        self._key = key

    def all(self) -> Mapping[str, tuple[str, Any]]:
        """Return version and value of every answer, by name."""
        rows = self._database.all(select(details).where(details.c.source_key == self._key))
        return {row.name: (row.version, json.loads(row.answer)) for row in rows}

    def keep(self, new: Mapping[str, tuple[str, Any]], *, gone: Collection[str] = ()) -> None:
        """Insert or overwrite answers, and delete those in ``gone``, in one transaction."""
        source = {"source_key": self._key}
        rows = [
            {**source, "name": name, "version": version, "answer": json.dumps(answer).encode()}
            for name, (version, answer) in new.items()
        ]
        with self._database.write() as connection:
            mine = details.c.source_key == self._key
            delete_in(connection, details.c.name, sorted(gone), mine)
            upsert(connection, details, rows)
