"""Migrations of the database schema: one SQL file for each version.

A new database runs all files, an older one those of later versions, in one transaction.
"""

from sqlalchemy import Connection, inspect, select, text, update

from bridge.errors import StoreError
from bridge.store.schema import SCHEMA_VERSION, meta, migration

_TYPES = {
    "sqlite": {"BINARY": "BLOB", "SERIAL": "INTEGER"},
    "postgresql": {"BINARY": "BYTEA", "SERIAL": "SERIAL"},
}


def migrate(connection: Connection) -> None:
    """Bring the schema to ``SCHEMA_VERSION`` in the caller's transaction.

    Raises StoreError for a database of a newer version.
    """
    if connection.dialect.name == "postgresql":  # SQLite: BEGIN IMMEDIATE excludes other processes
        connection.execute(text("SELECT pg_advisory_xact_lock(8460142)"))
    is_new = not inspect(connection).has_table("meta")
    version = 0 if is_new else connection.execute(select(meta.c.schema_version)).scalar_one()
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The database has schema {version}, this program knows {SCHEMA_VERSION} at most: "
            "it was used by a newer release. Install that release again, or restore a backup."
        )
    for step in range(version + 1, SCHEMA_VERSION + 1):
        for statement in statements(step, connection.dialect.name):
            connection.exec_driver_sql(statement)
        connection.execute(update(meta).values(schema_version=step))


def statements(version: int, dialect: str) -> list[str]:
    """Return the SQL statements that lead to a version from the one before it."""
    sql = migration(version)
    return [part for part in sql.format(**_TYPES[dialect]).split(";") if part.strip()]
