"""Connections to every kind of database: opening, errors with their remedy, many processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
import sqlite3
import threading

import pytest
from sqlalchemy import Connection, create_engine, text

from bridge.errors import StoreError
from bridge.store import Store, schema
from bridge.store.crypto import SecretKeys
from bridge.zoho.tokens import AccessToken
from tests.store.samples import TERM, WORK, feed


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Connect to the database without the store."""
    engine = create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_no_token_is_stored_in_plain_text(
    any_store: Store, database_url: str, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.links.ensure("team", now=now)
    feed_token = any_store.links.token(any_store.links.of("team")[0])
    any_store.tokens.begin_token_request("a", holder="w", now=now)
    token = AccessToken(value="zoho-access-token", expires_at=now)
    any_store.tokens.end_token_request("a", holder="w", token=token)
    with connected(database_url) as connection:
        rows = [
            str([bytes(v) if isinstance(v, memoryview) else v for v in row])
            for table in schema.metadata.sorted_tables
            for row in connection.execute(text(f"SELECT * FROM {table.name}"))
        ]
    assert len(rows) > 3
    assert not any(feed_token in row or "zoho-access-token" in row for row in rows)


def test_opening_again_keeps_everything(
    any_store: Store, database_url: str, keys: SecretKeys, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    again = Store.open(database_url, keys)
    assert again.feeds.active() == (feed(),)
    again.close()


def test_many_processes_may_open_a_new_database_at_once(
    database_url: str, keys: SecretKeys
) -> None:
    failures = []

    def open_it() -> None:
        try:
            Store.open(database_url, keys).close()
        except Exception as error:  # noqa: BLE001 - of any kind: the test fails with it
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_newer_schema_is_refused_with_the_remedy(
    any_store: Store, database_url: str, keys: SecretKeys
) -> None:
    with connected(database_url) as connection:
        connection.execute(text("UPDATE meta SET schema_version = 99"))
    with pytest.raises(StoreError, match=r"schema 99.*newer release"):
        Store.open(database_url, keys)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:////no/such/folder/bridge.sqlite3", "can't be opened; check that its folder"),
        pytest.param(
            "postgresql+psycopg://u:hidden@127.0.0.1:1/none",
            "none on 127.0.0.1 can't be used",
            marks=pytest.mark.skipif(
                not find_spec("psycopg"), reason="psycopg, the extra postgres, is not installed"
            ),
        ),
        ("nonsense", "BRIDGE_DATABASE_URL can't be used"),
        ("oracle+none://x:hidden@h/d", "BRIDGE_DATABASE_URL can't be used"),
    ],
)
def test_a_database_that_cant_be_opened_is_one_sentence_without_its_password(
    url: str, message: str, keys: SecretKeys
) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        Store.open(url, keys)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_a_database_is_a_clear_error(tmp_path: Path, keys: SecretKeys) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but longer than its header would be " * 20)
    with pytest.raises(StoreError, match="not a SQLite database"):
        Store.open(f"sqlite:///{tmp_path}/notes.txt", keys)


def test_sqlite_allows_reads_while_another_process_writes(tmp_path: Path, keys: SecretKeys) -> None:
    Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", keys).close()
    with sqlite3.connect(tmp_path / "bridge.sqlite3") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.postgres
def test_an_idle_connection_that_the_server_closed_is_replaced(
    any_store: Store, database_url: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that was restarted costs no refresh."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has no server")
    any_store.feeds.replace([feed()], now=now)
    row = any_store.database.first(text("SELECT pg_backend_pid() AS pid"))
    assert row is not None
    with connected(database_url) as connection:
        assert connection.execute(
            text("SELECT pg_terminate_backend(:ours)"), {"ours": row.pid}
        ).scalar_one()
    assert any_store.sources.due(now=now) == (WORK.key,)
    assert any_store.sources.claim(WORK.key, holder="w1", now=now, term=TERM)
