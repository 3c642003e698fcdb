"""How an older database becomes a newer one: one step for each version, all in one transaction at the start."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, insert, inspect, select, text, update

from bridge.errors import StoreError
from bridge.store import schema

SCHEMA_VERSION = 2


def migrate(connection: Connection) -> None:
    """Bring the database to ``SCHEMA_VERSION`` in the caller's transaction; raises StoreError for a newer one."""
    meta = schema.meta
    if (
        connection.dialect.name == "postgresql"
    ):  # two processes may start at once; SQLite's BEGIN IMMEDIATE sees to it
        connection.execute(text("SELECT pg_advisory_xact_lock(8460142)"))
    if not inspect(connection).has_table("meta"):
        schema.metadata.create_all(connection)
        connection.execute(insert(meta).values(schema_version=SCHEMA_VERSION))
        return
    version = connection.execute(select(meta.c.schema_version)).scalar_one()
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The database has schema {version}, this program knows {SCHEMA_VERSION} at most: "
            "it was used by a newer release. Install that release again, or restore a backup."
        )
    for step in range(version, SCHEMA_VERSION):
        MIGRATIONS[step](connection)
        connection.execute(update(meta).values(schema_version=step + 1))


def _for_people(connection: Connection) -> None:
    """1 -> 2: what people see of feeds, who reads them, and what processes share of the way to Zoho.

    Written out, not taken from ``schema``, which a later version changes. What people see of the events that are
    published already comes with the next publication.
    """
    binary = "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"
    serial = "SERIAL" if connection.dialect.name == "postgresql" else "INTEGER"
    for statement in _VERSION_2.format(BINARY=binary, SERIAL=serial).split(";"):
        if statement.strip():
            connection.execute(text(statement))


_VERSION_2 = """
ALTER TABLE feeds ADD COLUMN by_admin BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE feeds ADD COLUMN labels_at BIGINT;
ALTER TABLE documents ADD COLUMN blocks {BINARY};
ALTER TABLE feed_sources ADD COLUMN published BOOLEAN DEFAULT false NOT NULL;
CREATE TABLE cards (
  slug VARCHAR(64) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  card {BINARY} NOT NULL,
  PRIMARY KEY (slug, uid),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE INDEX cards_by_time ON cards (slug, last);
CREATE TABLE labels (
  slug VARCHAR(64) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (slug, uid, kind, value),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE INDEX labels_by_value ON labels (slug, kind, value, uid);
CREATE TABLE changes (
  id {SERIAL} NOT NULL,
  slug VARCHAR(64) NOT NULL,
  at BIGINT NOT NULL,
  uid VARCHAR(255) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  title TEXT NOT NULL,
  details TEXT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE INDEX changes_of_feed ON changes (slug, at);
CREATE TABLE readers (
  slug VARCHAR(64) NOT NULL,
  link VARCHAR(64) NOT NULL,
  program VARCHAR(64) NOT NULL,
  day DATE NOT NULL,
  polls INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (slug, link, program, day),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE TABLE verifications (
  source_key TEXT NOT NULL,
  slug VARCHAR(64) NOT NULL,
  at BIGINT NOT NULL,
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  equal INTEGER NOT NULL,
  differing INTEGER NOT NULL,
  details TEXT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (source_key, slug),
  FOREIGN KEY (source_key) REFERENCES sources (key) ON DELETE CASCADE
);
CREATE TABLE paces (
  account VARCHAR(64) NOT NULL,
  product VARCHAR(16) NOT NULL,
  filled_until BIGINT NOT NULL,
  closed_until BIGINT NOT NULL,
  PRIMARY KEY (account, product)
);
CREATE TABLE logins (
  client_id VARCHAR(128) NOT NULL,
  client_secret {BINARY} NOT NULL,
  data_center VARCHAR(8) NOT NULL,
  refresh_token {BINARY} NOT NULL,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (client_id)
);
"""

MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {1: _for_people}
