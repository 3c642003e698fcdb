"""Connections and transactions, alike on SQLite and PostgreSQL, and helpers for statements."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from importlib import import_module
from itertools import islice
from pathlib import Path
import sqlite3
import time
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from bridge.domain.data_file import read_toml
from bridge.errors import StoreError
from bridge.store.migrations import migrate

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Row = TypeVar("Row")

BUSY_SECONDS = 30  # wait for another process that writes to SQLite
AT_ONCE = 500  # rows, or values of a condition
_LOCK_RETRY_SECONDS = 0.02
_MISTAKES = (exc.DataError, exc.IntegrityError, exc.ProgrammingError)
_INSUFFICIENT_PRIVILEGE = "42501"  # PostgreSQL: error codes


class Database:
    """An engine for either kind of database. Errors of the database are raised as StoreError.

    ``all``, ``first``, ``records`` and ``execute`` run one statement. ``read`` and ``write`` open a
    transaction for several.
    """

    def __init__(self, url: str) -> None:
        self._place = _describe(url)
        try:
            self._engine = _engine(url)
        except (exc.ArgumentError, exc.NoSuchModuleError, ModuleNotFoundError) as error:
            raise StoreError(
                f"BRIDGE_DATABASE_URL can't be used ({type(error).__name__}): write "
                "sqlite:///path/to/file or postgresql://user:password@host/name (and install "
                "zoho-calendar-bridge[postgres])."
            ) from None  # the cause repeats the address, which may hold a password
        self._has_server = self._engine.dialect.name != "sqlite"

    def open(self) -> None:
        """Create or migrate the tables in one transaction; raises StoreError."""
        try:
            with self.write() as connection:
                migrate(connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction in which all queries see the same state of the database."""
        options = {"isolation_level": "REPEATABLE READ"} if self._has_server else {}
        with self.connect(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open a transaction that writes all or nothing; on SQLite it waits for other writers."""
        with self.connect(bridge_write=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def write_alone(self, table: sa.Table) -> Iterator[sa.Connection]:
        """Open a transaction that waits for all others that write a table, so that none collide."""
        with self.write() as connection:
            if self._has_server:  # SQLite has one writer at a time
                connection.execute(sa.text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))
            yield connection

    def all(self, query: sa.Executable) -> Sequence[sa.Row[Any]]:
        """Return the rows of one query."""
        with self._one_query() as connection:
            return connection.execute(query).all()

    def first(self, query: sa.Executable) -> sa.Row[Any] | None:
        """Return the first row of one query, None if there is none."""
        with self._one_query() as connection:
            return connection.execute(query).first()

    def records(self, query: sa.Select[Any], kind: type[Row]) -> list[Row]:
        """Return a dataclass for each row of one query for its ``columns``."""
        with self._one_query() as connection:
            return list(rows(connection, query, kind))

    def execute(self, statement: sa.Update | sa.Delete) -> int:
        """Run one statement that writes; return how many rows it changed."""
        with self.write() as connection:
            return connection.execute(statement).rowcount

    @contextmanager
    def connect(self, **options: Any) -> Iterator[sa.Connection]:
        """Open a connection with execution options; raises StoreError.

        Errors that only a mistake in this program can cause stay as they are.
        """
        try:
            with self._engine.connect().execution_options(**options) as connection:
                yield connection
        except exc.DBAPIError as error:
            if isinstance(error, _MISTAKES) and not _is_forbidden(error):
                raise
            problem = f"can't be used: {_reason(error)}"
            raise StoreError(f"The database {self._place} {problem}.") from error
        except exc.TimeoutError as error:
            problem = "has no free connection; try again"
            raise StoreError(f"The database {self._place} {problem}.") from error

    def _one_query(self) -> AbstractContextManager[sa.Connection]:
        """Open a connection for one query; a server then needs no BEGIN and COMMIT."""
        return self.connect(**{"isolation_level": "AUTOCOMMIT"} if self._has_server else {})


def values_of(row: Any) -> dict[str, Any]:
    """Return the fields of a dataclass without copies of their values, as ``asdict`` makes them."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def upsert(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, or overwrite those of the same primary key; all rows name the same columns.

    An iterator of ``rows`` is taken in batches, so that few of them are in memory at a time.
    """
    keys = [column.name for column in table.primary_key]
    remaining = iter(rows)
    while batch := list(islice(remaining, AT_ONCE)):
        statement = insert_for(connection, table)
        changed = {name: statement.excluded[name] for name in batch[0] if name not in keys}
        if changed:
            statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=keys)
        connection.execute(statement, batch)


def insert_for(connection: sa.Connection, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """Return an INSERT of the connection's dialect, which supports ON CONFLICT."""
    dialect = import_module(f"sqlalchemy.dialects.{connection.dialect.name}")  # not the other one
    statement: sqlite.Insert | postgresql.Insert = dialect.insert(table)
    return statement


def columns(table: sa.Table, kind: type[Any]) -> sa.Select[Any]:
    """Select the columns that a dataclass has fields for, in their order."""
    return sa.select(*(table.c[field.name] for field in fields(kind)))


def rows(connection: sa.Connection, query: sa.Select[Any], kind: type[Row]) -> Iterator[Row]:
    """Return a dataclass for each row of a query for its ``columns``, fast for many rows."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for row in connection.execute(query).yield_per(AT_ONCE):
        yield kind(**dict(zip(names, row, strict=True)))


def select_in(
    connection: sa.Connection, query: sa.Select[Any], column: sa.Column[Any], values: Sequence[str]
) -> Iterator[sa.Row[Any]]:
    """Run a query for the rows whose ``column`` has one of many values."""
    for batch in batches(values):
        yield from connection.execute(query.where(column.in_(batch)))


def delete_in(
    connection: sa.Connection,
    column: sa.Column[Any],
    values: Sequence[str],
    *where: sa.ColumnElement[bool],
) -> None:
    """Delete the rows of a table whose ``column`` has one of many values."""
    for batch in batches(values):
        connection.execute(sa.delete(column.table).where(*where, column.in_(batch)))


def batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split values for ``IN (…)``: databases limit the number of parameters."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def _engine(url: str) -> sa.Engine:
    if sa.make_url(url).get_backend_name() != "sqlite":
        # A restarted server costs no refresh. Stricter transactions, if its default, may collide.
        return sa.create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED")
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below, not where the driver decides
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        _use_wal(connection)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("bridge_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Allow reads while another process writes; SQLite waits for no lock in this statement."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) and time.monotonic() < deadline:
                time.sleep(_LOCK_RETRY_SECONDS)
                continue
            if "readonly" not in str(error):
                raise
        return


def _describe(url: str) -> str:
    """Return the name of the database without its password."""
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        return "of BRIDGE_DATABASE_URL"
    if parsed.get_backend_name() == "sqlite":
        return str(Path(parsed.database or ":memory:"))
    return f"{parsed.database} on {parsed.host or 'this machine'}"


_REASONS = read_toml("bridge.store", "reasons.toml")  # by words in a driver's message


def _reason(error: exc.DBAPIError) -> str:
    """Return the driver's message on one line, without the parameters of the statement."""
    text = " ".join(str(error.orig).split())
    reason = next((reason for words, reason in _REASONS.items() if words in text.lower()), text)
    return reason.replace("{seconds}", str(BUSY_SECONDS)) or type(error.orig).__name__


def _is_forbidden(error: exc.DBAPIError) -> bool:
    """Return whether PostgreSQL's user lacks a right, which its driver calls a ProgrammingError."""
    return getattr(error.orig, "sqlstate", None) == _INSUFFICIENT_PRIVILEGE
