"""Names and types of the tables' columns, for queries, as ``migrations/*.sql`` create them."""

from datetime import UTC, datetime, timedelta
from importlib import resources
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

SCHEMA_VERSION = 5

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC, stored as microseconds since 1970.

    SQLite and PostgreSQL compare such numbers alike.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> int | None:
        """Return microseconds since 1970; raises ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone can't be stored")
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(
        self,
        value: int | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Return the time in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


_TYPES: dict[str, type[TypeEngine[Any]]] = {
    "TEXT": sa.Text,
    "VARCHAR": sa.Text,
    "INTEGER": sa.Integer,
    "{SERIAL}": sa.Integer,
    "BOOLEAN": sa.Boolean,
    "{BINARY}": sa.LargeBinary,
    "BIGINT": Instant,
    "DATE": sa.Date,
}
_NAMES = {"basis": "inputs_hash"}  # columns that queries use by another name


def migration(version: int) -> str:
    """Return the SQL that leads to a version from the one before it."""
    file = resources.files("bridge.store").joinpath("migrations", f"{version}.sql")
    return file.read_text("utf-8")


def _read_tables() -> sa.MetaData:
    """Return the tables that the migrations lead to. A line of their SQL has one column at most."""
    tables: dict[str, list[Any]] = {}
    lines = (line for n in range(1, SCHEMA_VERSION + 1) for line in migration(n).splitlines())
    for line in lines:
        match re.findall(r"[\w{}]+", line.partition("--")[0]):
            case ["CREATE", "TABLE", name]:
                parts = tables[name] = []
            case ["DROP", "TABLE", name]:
                del tables[name]
            case ["PRIMARY", "KEY", *names]:
                parts.append(sa.PrimaryKeyConstraint(*names))
            case ["ALTER", "TABLE", name, "ADD", "COLUMN", column, kind, *_]:
                tables[name].append(_column(column, kind))
            case ["ALTER", "TABLE", name, "DROP", "COLUMN", column]:
                tables[name] = [part for part in tables[name] if part.name != column]
            case [column, kind, *_] if kind in _TYPES:
                parts.append(_column(column, kind))
    metadata = sa.MetaData()
    for name, parts in tables.items():
        sa.Table(name, metadata, *parts)
    return metadata


def _column(name: str, kind: str) -> sa.Column[Any]:
    return sa.Column(name, _TYPES[kind], key=_NAMES.get(name, name))


metadata = _read_tables()


def __getattr__(name: str) -> sa.Table:
    """Return a table by its name, so that modules import tables from here."""
    if name in metadata.tables:
        return metadata.tables[name]
    raise AttributeError(name)
