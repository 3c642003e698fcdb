"""One way to open a database and to read or write in a transaction, on SQLite and PostgreSQL alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from itertools import islice
from pathlib import Path
import sqlite3
import time
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, Table, create_engine, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
    TimeoutError,  # noqa: A004 - SQLAlchemy's name for a pool without a free connection
)
from sqlalchemy.pool import ConnectionPoolEntry

from bridge.errors import StoreError
from bridge.store.migrations import migrate

Row = TypeVar("Row")

_BUSY_SECONDS = 30
_LOOK_AGAIN_SECONDS = 0.02
_REST_SECONDS = 1.0
AT_ONCE = 500  # rows, or values of a condition
_INSUFFICIENT_PRIVILEGE = "42501"  # PostgreSQL: error codes


class Database:
    """An engine with the settings both kinds of database need; ``open`` also brings the schema up to date."""

    def __init__(self, url: str) -> None:
        self._place = _describe(url)
        try:
            self._engine = _engine(url)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise StoreError(
                f"BRIDGE_DATABASE_URL can't be used ({type(error).__name__}): write sqlite:///path/to/file or "
                "postgresql://user:password@host/name (and install zoho-calendar-bridge[postgres])."
            ) from None  # the cause repeats the address, which may hold a password

    def open(self) -> None:
        """Create or migrate the tables in one transaction; raises StoreError when the database can't be used."""
        try:
            with self.write() as connection:
                migrate(connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database from its first query to its last."""
        with self._reported():
            options = (
                {}
                if self._engine.dialect.name == "sqlite"
                else {"isolation_level": "REPEATABLE READ"}
            )
            with (
                self._engine.connect().execution_options(**options) as connection,
                connection.begin(),
            ):
                yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Open a connection for one query, which sees one state of the database by itself.

        A server is told neither of the beginning of a transaction nor of its end: that would be three ways for one.
        """
        with self._reported():
            options = (
                {} if self._engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
            )
            with self._engine.connect().execution_options(**options) as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes all or nothing; SQLite takes the write lock at its beginning."""
        options = {"bridge_write": True}
        with (
            self._reported(),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if isinstance(
                error, DataError | IntegrityError | ProgrammingError
            ) and not _is_forbidden(error):
                raise  # the bridge's own mistake, not the database's state
            raise StoreError(
                f"The database {self._place} can't be used: {_reason(error)}."
            ) from error
        except TimeoutError as error:
            raise StoreError(
                f"The database {self._place} has no free connection; try again."
            ) from error


def upsert(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, or overwrite those of the same primary key; all rows name the same columns.

    ``rows`` may be made as they are taken: only some hundred are held at once.
    """
    keys = [column.name for column in table.primary_key]
    remaining = iter(rows)
    while batch := list(islice(remaining, AT_ONCE)):
        statement = insert_for(connection, table)
        changed = {name: statement.excluded[name] for name in batch[0] if name not in keys}
        statement = (
            statement.on_conflict_do_update(index_elements=keys, set_=changed)
            if changed
            else statement.on_conflict_do_nothing(index_elements=keys)
        )
        connection.execute(statement, batch)


def insert_for(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Begin an INSERT that can say what is to become of a row that is there already (ON CONFLICT)."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def columns(table: Table, kind: type[Any]) -> Select[Any]:
    """Select what a dataclass has fields for, in their order."""
    return select(*(table.c[field.name] for field in fields(kind)))


def rows(connection: Connection, query: Select[Any], kind: type[Row]) -> Iterator[Row]:
    """Make a dataclass of each row of a query for its ``columns``, for thousands of them in little time."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for row in connection.execute(query).yield_per(AT_ONCE):
        yield kind(**dict(zip(names, row, strict=True)))


def batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a long list for ``IN (…)``: databases bound the number of parameters."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_engine(url)
        _test_rested(engine)
        return engine
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        _use_wal(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("bridge_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _test_rested(engine: Engine) -> None:
    """Replace a connection whose server has gone meanwhile, which only one that has rested is asked for.

    ``pool_pre_ping`` asks each time, and a refresh takes ten connections one after the other.
    """

    @event.listens_for(engine, "checkin")
    def _rest(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _wake(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("rests_since", time.monotonic()) < _REST_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error  # the pool makes a new one


def _use_wal(connection: sqlite3.Connection) -> None:
    """Let readers read while one writes. SQLite does not wait for others by itself where it changes this mode."""
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) and time.monotonic() < give_up:
                time.sleep(_LOOK_AGAIN_SECONDS)
                continue
            if "readonly" not in str(error):
                raise
        return


def _describe(url: str) -> str:
    """Name the database without its password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return "of BRIDGE_DATABASE_URL"
    if parsed.get_backend_name() == "sqlite":
        return str(Path(parsed.database or ":memory:"))
    return f"{parsed.database} on {parsed.host or 'this machine'}"


# What a driver says, and what that means for a person; the first that fits counts.
_REASONS = (
    (
        "unable to open database file",
        "the file can't be opened; check that its folder (BRIDGE_DATA_DIR) exists and may be written",
    ),
    (
        "readonly",
        "it is read-only; give the bridge leave to write the file and its folder, where SQLite writes too",
    ),
    ("read-only", "it is read-only; connect to the server that may be written"),
    ("is full", "the disk is full; make room, and the bridge goes on by itself"),
    (
        "no space left",
        "the disk of its server is full; make room, and the bridge goes on by itself",
    ),
    ("disk i/o error", "the disk fails (disk I/O error); see the log of the system"),
    (
        "is locked",
        f"another process has been writing for more than {_BUSY_SECONDS} seconds; try again",
    ),
    ("malformed", "the file is damaged; restore a backup"),
    (
        "not a database",
        "the file is not a SQLite database; correct BRIDGE_DATABASE_URL or move the file away",
    ),
)


def _reason(error: DBAPIError) -> str:
    """Say what the driver says, on one line and without the statement's parameters."""
    text = " ".join(str(error.orig).split())
    told = next((reason for words, reason in _REASONS if words in text.lower()), text)
    return told or type(error.orig).__name__


def _is_forbidden(error: DBAPIError) -> bool:
    """Whether PostgreSQL's user lacks a right, which its driver counts among the mistakes of a program."""
    return getattr(error.orig, "sqlstate", None) == _INSUFFICIENT_PRIVILEGE
