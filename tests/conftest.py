"""Fixtures of many tests: stores on each kind of database, keys, and a time."""

from collections.abc import Iterator
from datetime import UTC, datetime
import os
from pathlib import Path
import secrets
from shutil import copyfile
from urllib.parse import quote

from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2.bccache import Bucket, BytecodeCache
import pytest
from sqlalchemy import create_engine, text

from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.browser.browsing import chromium, demo, visit  # noqa: F401 - fixtures

KEY = "a test's secret key that is long enough for anything"

# Property tests: few examples by default, many with HYPOTHESIS_PROFILE=ci, no limit of time. On a CI
# server (CI is set) they are the same each time, so that no change fails by chance; elsewhere chance
# looks for new ones.
_RELAXED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.register_profile("default", _RELAXED, max_examples=25)
settings.register_profile("ci", _RELAXED, max_examples=300)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


class CompiledTemplates(BytecodeCache):
    """The templates of this process, compiled once and not for each app of a test."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def keys() -> SecretKeys:
    return SecretKeys(KEY)


POSTGRES = os.environ.get("BRIDGE_TEST_POSTGRES_URL", "")


def postgres_schema() -> Iterator[str]:
    """Yield the address of a new schema in the server of BRIDGE_TEST_POSTGRES_URL."""
    server = POSTGRES
    if not server:
        pytest.skip("BRIDGE_TEST_POSTGRES_URL is not set: no PostgreSQL to test with")
    server = server.replace("postgresql://", "postgresql+psycopg://")
    schema = f"bridge_{secrets.token_hex(6)}"
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield f"{server}?options={quote(f'-csearch_path={schema}')}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database of each kind: one suite tests both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bridge.sqlite3"
    else:
        yield from postgres_schema()


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database in SQLite, to copy: that takes a sixth of the time of making it."""
    path = tmp_path_factory.mktemp("database") / "new.sqlite3"
    Store.open(f"sqlite:///{path}", SecretKeys(KEY)).close()
    return path


@pytest.fixture
def any_store(database_url: str, new_database: Path, keys: SecretKeys) -> Iterator[Store]:
    """A store on each kind of database."""
    if database_url.startswith("sqlite:///"):
        copyfile(new_database, database_url.removeprefix("sqlite:///"))
    store = Store.open(database_url, keys)
    yield store
    store.close()


@pytest.fixture
def store(tmp_path: Path, new_database: Path, keys: SecretKeys) -> Iterator[Store]:
    """A store on SQLite, for tests of what stands above it."""
    copyfile(new_database, path := tmp_path / "bridge.sqlite3")
    store = Store.open(f"sqlite:///{path}", keys)
    yield store
    store.close()
