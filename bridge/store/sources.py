"""What the bridge last read from each source, when it reads again, and who is reading now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
import json
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    ScalarSelect,
    Select,
    Table,
    Update,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from bridge import problems
from bridge.domain import codec
from bridge.domain.records import EventRow, EventToSave, SourceState
from bridge.domain.rejection import Rejection
from bridge.problems import Problem
from bridge.store.database import Database, batches, columns, rows, upsert
from bridge.store.schema import Instant, events, rejections, sources


class Sources:
    """The sources table, the events read from each, and their rejections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def states(self) -> tuple[SourceState, ...]:
        """Give every source that an active feed reads, by key."""
        with self._database.look() as connection:
            query = _state_query().where(sources.c.active).order_by(sources.c.key)
            return tuple(_state(row) for row in connection.execute(query))

    def state(self, key: str) -> SourceState:
        """Give one source; raises KeyError for a key that no feed ever had."""
        with self._database.look() as connection:
            row = connection.execute(_state_query().where(sources.c.key == key)).first()
        if row is None:
            raise KeyError(key)
        return _state(row)

    def due(self, *, now: datetime) -> tuple[str, ...]:
        """Give the keys of the sources to be read now that nobody is reading, the longest overdue first."""
        query = (
            select(sources.c.key)
            .where(sources.c.active, sources.c.next_check_at <= now)
            .where(or_(sources.c.lease_until.is_(None), sources.c.lease_until <= now))
            .order_by(sources.c.next_check_at, sources.c.key)
        )
        with self._database.look() as connection:
            return tuple(connection.execute(query).scalars())

    def claim(
        self, key: str, *, holder: str, now: datetime, term: timedelta, only_due: bool = False
    ) -> bool:
        """Take the lease of a source for ``term``; it ends by itself, so that a crash blocks nothing.

        False when someone holds it, and with ``only_due`` when the source has been read since it was due.
        """
        free = or_(sources.c.lease_until.is_(None), sources.c.lease_until <= now)
        statement = update(sources).where(sources.c.key == key, free)
        if only_due:
            statement = statement.where(sources.c.next_check_at <= now)
        with self._database.write() as connection:
            return (
                connection.execute(
                    statement.values(lease_holder=holder, lease_until=now + term)
                ).rowcount
                == 1
            )

    def wake(self, keys: Iterable[str], *, now: datetime) -> None:
        """Make sources due now ("refresh now")."""
        with self._database.write() as connection:
            for key in keys:
                connection.execute(
                    update(sources).where(sources.c.key == key).values(next_check_at=now)
                )

    def index(self, key: str) -> Mapping[str, EventRow]:
        """Give what is known of a source's events, by UID."""
        query = columns(events, EventRow).where(events.c.source_key == key)
        with self._database.look() as connection:
            return {row.uid: row for row in rows(connection, query, EventRow)}

    def payloads(self, key: str, uids: Sequence[str]) -> Mapping[str, bytes]:
        """Give the stored form of events, by UID."""
        found: dict[str, bytes] = {}
        with self._database.read() as connection:
            for batch in batches(uids):
                query = select(events.c.uid, events.c.payload).where(
                    events.c.source_key == key, events.c.uid.in_(batch)
                )
                found.update((row.uid, row.payload) for row in connection.execute(query))
        return found

    def rejections(self, key: str) -> tuple[Rejection, ...]:
        """Give what of the last complete read did not come across whole."""
        query = (
            select(rejections).where(rejections.c.source_key == key).order_by(rejections.c.position)
        )
        with self._database.read() as connection:
            return tuple(_rejection(row) for row in connection.execute(query))

    def succeed(
        self,
        key: str,
        *,
        holder: str,
        now: datetime,
        next_check_at: datetime,
        saved: Sequence[EventToSave],
        removed: Sequence[str],
        rejected: Sequence[Rejection],
        notes: Sequence[Problem],
    ) -> bool:
        """Keep what a complete read found and free the lease, in one transaction.

        False, and nothing is written, when the lease went to another holder meanwhile.
        """
        values = {
            "last_attempt": now,
            "last_success": now,
            "failing_since": None,
            "failures": 0,
            "error": None,
            "warning": None,
            "held_hash": None,
            "held_at": None,
            "notes": json.dumps([problems.to_plain(note) for note in notes]),
        }
        with self._database.write() as connection:
            done = _release(key, holder).values(next_check_at=next_check_at, **values)
            if connection.execute(done).rowcount == 0:
                return False
            upsert(connection, events, ({"source_key": key, **asdict(event)} for event in saved))
            for batch in batches(removed):
                connection.execute(
                    delete(events).where(events.c.source_key == key, events.c.uid.in_(batch))
                )
            connection.execute(delete(rejections).where(rejections.c.source_key == key))
            _append_rejections(connection, key, rejected)
        return True

    def reject(self, key: str, rejected: Sequence[Rejection]) -> None:
        """Add to the rejections of the last complete read what turned out later."""
        with self._database.write() as connection:
            _append_rejections(connection, key, rejected)

    def fail(
        self, key: str, *, holder: str, now: datetime, next_check_at: datetime, error: Problem
    ) -> None:
        """Remember why a read failed and free the lease; what was read before stays."""
        values = {
            "last_attempt": now,
            "failing_since": func.coalesce(sources.c.failing_since, literal(now, Instant)),
            "failures": sources.c.failures + 1,
            "error": problems.dump(error),
        }
        with self._database.write() as connection:
            connection.execute(_release(key, holder).values(next_check_at=next_check_at, **values))

    def hold(
        self,
        key: str,
        *,
        holder: str,
        now: datetime,
        next_check_at: datetime,
        warning: Problem,
        held_hash: str,
        held_at: datetime,
    ) -> None:
        """Remember a complete read that is not believed yet and free the lease; what was read before stays."""
        values = {
            "last_attempt": now,
            "warning": problems.dump(warning),
            "held_hash": held_hash,
            "held_at": held_at,
        }
        with self._database.write() as connection:
            connection.execute(_release(key, holder).values(next_check_at=next_check_at, **values))


def _append_rejections(connection: Connection, key: str, rejected: Sequence[Rejection]) -> None:
    if not rejected:
        return
    last = select(func.coalesce(func.max(rejections.c.position), 0)).where(
        rejections.c.source_key == key
    )
    first = connection.execute(last).scalar_one() + 1
    new = [
        {
            "source_key": key,
            "position": n,
            "upstream_id": rejection.upstream_id,
            "kept": rejection.kind == "repaired",
            "reason": json.dumps(
                {
                    "title": rejection.title,
                    "problems": [problems.to_plain(problem) for problem in rejection.problems],
                }
            ),
        }
        for n, rejection in enumerate(rejected, first)
    ]
    connection.execute(insert(rejections), new)


def _rejection(row: Row[Any]) -> Rejection:
    """Return a stored rejection; one of schema 2's first release has a sentence as its reason."""
    try:
        stored = json.loads(row.reason)
    except ValueError:
        stored = {"title": "", "problems": [row.reason]}
    return Rejection(
        kind="repaired" if row.kept else "dropped",
        upstream_id=row.upstream_id,
        title=stored["title"],
        problems=tuple(map(problems.from_plain, stored["problems"])),
    )


def _release(key: str, holder: str) -> Update:
    held = (sources.c.key == key, sources.c.lease_holder == holder)
    return update(sources).where(*held).values(lease_holder=None, lease_until=None)


def _state_query() -> Select[Any]:
    def number_of(table: Table) -> ScalarSelect[int]:
        return select(func.count()).where(table.c.source_key == sources.c.key).scalar_subquery()

    return select(
        sources, number_of(events).label("events"), number_of(rejections).label("rejections")
    )


def _state(row: Row[Any]) -> SourceState:
    return SourceState(
        source=codec.decode_source(row.definition),
        active=row.active,
        next_check_at=row.next_check_at,
        last_attempt=row.last_attempt,
        last_success=row.last_success,
        failing_since=row.failing_since,
        failures=row.failures,
        error=problems.load(row.error) if row.error else None,
        warning=problems.load(row.warning) if row.warning else None,
        held_hash=row.held_hash or "",
        held_at=row.held_at,
        notes=tuple(problems.from_plain(note) for note in json.loads(row.notes)),
        events=row.events,
        rejections=row.rejections,
    )
