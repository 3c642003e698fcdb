"""Migrations: a database of every earlier schema is brought to the current one and keeps its data."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
import subprocess
import sys

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DatabaseError

from bridge.domain.rejection import reasons
from bridge.errors import StoreError
from bridge.publish.publisher import PublishResult, publish
from bridge.store import Store, migrations, schema
from bridge.store.crypto import SecretKeys
from tests.store.dumps import DUMPS, KEY, restore, schema_of, version_of

LAST_RELEASED = 4  # by version 0.1.0
RELEASED = range(1, LAST_RELEASED + 1)


@pytest.fixture
def other_url(tmp_path: Path, database_url: str) -> Iterator[str]:
    """A second, empty database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/new.sqlite3"
        return
    engine = create_engine(database_url)
    with engine.begin() as connection:
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        connection.execute(text(f"CREATE SCHEMA {schema}_new"))
    yield database_url.replace(schema, f"{schema}_new")
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema}_new CASCADE"))
    engine.dispose()


@pytest.mark.parametrize("version", RELEASED)
def test_an_older_database_gets_the_schema_of_a_new_database(
    database_url: str, other_url: str, version: int
) -> None:
    restore(database_url, version)
    Store.open(database_url, SecretKeys(KEY)).close()
    Store.open(other_url, SecretKeys(KEY)).close()
    assert schema_of(database_url) == schema_of(other_url)
    assert version_of(database_url) == schema.SCHEMA_VERSION


@pytest.mark.parametrize("version", RELEASED)
def test_an_older_database_keeps_addresses_events_and_bytes(
    database_url: str, version: int
) -> None:
    """Subscribers do not notice an update: the same token opens the same bytes, and stamps stay."""
    restore(database_url, version)
    store = Store.open(database_url, SecretKeys(KEY))
    before = store.publications.document("team", "default")
    entries = store.publications.entries("team")
    blobs = store.publications.blobs("team", web=False)
    assert before is not None
    assert b"SUMMARY:Stand-up" in before.body
    (link, *_) = store.links.of("team")
    assert store.links.find(store.links.token(link)) == link
    assert [reasons(row) for row in store.sources.rejections("calendar:team")] == [
        "The event was left out: it has no start."
    ]
    token = store.tokens.access_token("account")
    assert token is not None
    assert token.value == "tok"
    publish(store, "team", now=datetime(2026, 3, 10, 10, tzinfo=UTC))
    assert store.publications.document("team", "default") == before
    assert store.publications.entries("team") == entries
    assert store.publications.blobs("team", web=False) == blobs
    store.close()


def test_a_database_of_the_last_release_is_served_without_a_new_rendering(
    database_url: str,
) -> None:
    """An update costs a large installation nothing, and people's selections and webhooks stay."""
    now = datetime(2026, 3, 10, 10, tzinfo=UTC)
    restore(database_url, LAST_RELEASED)
    store = Store.open(database_url, SecretKeys(KEY))
    assert publish(store, "team", now=now) == PublishResult()
    assert sum(store.selections.count("team", now=now).values()) == 1
    assert store.hooks.find("gbl_Y8txEcPQpXvZCC91JwY6") is not None
    store.close()


@pytest.mark.parametrize("version", RELEASED)
def test_the_agenda_of_an_older_publication_is_written_with_the_next_one(
    database_url: str, version: int
) -> None:
    restore(database_url, version)
    store = Store.open(database_url, SecretKeys(KEY))
    now = datetime(2026, 3, 10, 10, tzinfo=UTC)
    publish(store, "team", now=now)
    items = store.agenda.between("team", now, now + timedelta(days=30))
    assert [item.title for item in items] == ["Stand-up"]
    store.close()


@pytest.mark.parametrize("version", range(1, schema.SCHEMA_VERSION))
def test_a_migration_that_fails_changes_nothing(
    database_url: str, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore(database_url, version)
    before = schema_of(database_url)
    statements = migrations.statements

    def incomplete(version: int, dialect: str) -> list[str]:
        return [*statements(version, dialect), "CREATE TABLE feeds (slug TEXT)"]

    monkeypatch.setattr(migrations, "statements", incomplete)
    with pytest.raises((StoreError, DatabaseError), match="feeds"):
        Store.open(database_url, SecretKeys(KEY))
    assert schema_of(database_url) == before
    assert version_of(database_url) == version


OPEN = """
import sys
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.store.dumps import DUMPS, KEY, restore, schema_of, version_of
Store.open(sys.argv[1], SecretKeys(sys.argv[2])).close()
"""


@pytest.mark.slow
def test_ten_processes_that_start_together_migrate_once(database_url: str) -> None:
    """A second run of a migration would fail, because its tables and columns exist."""
    restore(database_url, schema.SCHEMA_VERSION - 1)
    command = [sys.executable, "-c", OPEN, database_url, KEY]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(10)]
    errors = [process.communicate()[1] for process in processes]
    assert ([process.returncode for process in processes], errors) == ([0] * 10, [""] * 10)
    assert version_of(database_url) == schema.SCHEMA_VERSION


def test_queries_know_every_column_and_key_of_the_database(database_url: str) -> None:
    """The names in ``schema`` are those that the SQL files create."""
    Store.open(database_url, SecretKeys(KEY)).close()
    engine = create_engine(database_url)
    inspector = inspect(engine)
    created = {
        name: (
            {column["name"] for column in inspector.get_columns(name)},
            set(inspector.get_pk_constraint(name)["constrained_columns"]),
        )
        for name in inspector.get_table_names()
    }
    engine.dispose()
    assert created == {
        table.name: ({c.name for c in table.columns}, {c.name for c in table.primary_key})
        for table in schema.metadata.tables.values()
    }


def test_every_released_schema_has_its_dumps() -> None:
    assert schema.SCHEMA_VERSION - LAST_RELEASED in (0, 1)
    names = {path.name for path in DUMPS.iterdir()}
    assert names == {
        f"{version}.{kind}.sql" for version in RELEASED for kind in ("sqlite", "postgresql")
    }
