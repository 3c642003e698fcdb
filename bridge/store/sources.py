"""Sources: their events and rejections as last read, the time of the next read, and leases."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import msgspec
import sqlalchemy as sa

from bridge.domain import codec, problems
from bridge.domain.problems import Problem
from bridge.domain.records import CLOCK_SKEW, EventRow, EventToSave, Reading, ReadPart, SourceState
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarProfile
from bridge.store.ctags import ctag_of, note_read
from bridge.store.database import columns, delete_in, select_in, upsert, values_of
from bridge.store.schema import Instant, events, read_parts, rejections, sources
from bridge.store.tables import Tables

# Before any read: events that are missing since then are removed by the next read that misses them.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


# Between a read and the next one, if something makes the source due meanwhile.
WAKE_PAUSE = timedelta(seconds=10)
_LONGEST_LEASE = timedelta(minutes=10)
_LONGEST_PAUSE = timedelta(hours=25)  # an hour after many failures, or a day that Zoho asked for


class Sources(Tables):
    """The tables of sources, of their events, and of their rejections."""

    def states(self) -> tuple[SourceState, ...]:
        """Return every source that an active feed reads, by key."""
        query = _state_query().where(sources.c.active).order_by(sources.c.key)
        return tuple(_state(row) for row in self._database.all(query))

    def state(self, key: str) -> SourceState:
        """Return one source; raises KeyError for a key that no feed ever had."""
        row = self._database.first(_state_query().where(sources.c.key == key))
        if row is None:
            raise KeyError(key)
        return _state(row)

    def due(self, *, now: datetime) -> tuple[str, ...]:
        """Return the keys of the sources that are due and not leased, the longest overdue first."""
        query = (
            sa.select(sources.c.key)
            .where(sources.c.active, _is_due(now), _is_free(now, _LONGEST_LEASE))
            .order_by(sources.c.next_check_at, sources.c.key)
        )
        return tuple(row.key for row in self._database.all(query))

    def claim(
        self, key: str, *, holder: str, now: datetime, term: timedelta, only_due: bool = False
    ) -> bool:
        """Take the lease of a source for ``term``, after which a crashed holder blocks nothing.

        The source is due again at the end of the lease, unless something makes it due before.

        Returns False if another holder has it, or with ``only_due`` if the source is not due.
        """
        statement = sa.update(sources).where(sources.c.key == key, _is_free(now, term))
        if only_due:
            statement = statement.where(_is_due(now))
        end = now + term
        lease = {"lease_holder": holder, "lease_until": end, "next_check_at": end}
        return self._database.execute(statement.values(lease)) == 1

    def free(self, key: str, *, holder: str, now: datetime) -> None:
        """End the lease of a read that was given up; the source is due again."""
        held = sa.update(sources).where(sources.c.key == key, sources.c.lease_holder == holder)
        self._database.execute(held.values(lease_holder=None, lease_until=None, next_check_at=now))

    def wake(self, keys: Iterable[str], *, now: datetime) -> None:
        """Make sources due now ("refresh now")."""
        with self._database.write() as connection:
            for key in keys:
                due = sa.update(sources).where(sources.c.key == key).values(next_check_at=now)
                connection.execute(due)

    def index(
        self, key: str, upstream_ids: Collection[str] | None = None
    ) -> Mapping[str, EventRow]:
        """Return the stored events of a source without their payloads, by UID.

        ``upstream_ids``, a few hundred: only those of these, and those that the last read missed.
        """
        query = columns(events, EventRow).where(events.c.source_key == key)
        if upstream_ids is not None:
            missing = events.c.missing_since.is_not(None)
            query = query.where(sa.or_(missing, events.c.upstream_id.in_(upstream_ids)))
        return {row.uid: row for row in self._database.records(query, EventRow)}

    def count_coming(self, key: str, now: datetime) -> int:
        """Return the number of stored events of a source that are not over."""
        is_coming = sa.or_(events.c.ends_at.is_(None), events.c.ends_at > now)
        query = sa.select(sa.func.count()).where(events.c.source_key == key, is_coming)
        row = self._database.first(query)
        return row[0] if row else 0

    def parts(self, key: str) -> Mapping[str, ReadPart]:
        """Return what the last complete read had, by upstream id; empty if that is unknown."""
        query = sa.select(read_parts.c.data).where(read_parts.c.source_key == key)
        row = self._database.first(query)
        return msgspec.json.decode(row.data, type=dict[str, ReadPart]) if row else {}

    def color(self, key: str) -> str:
        """Return the colour that Zoho has for a calendar; empty if it is not known."""
        row = self._database.first(sa.select(sources.c.profile).where(sources.c.key == key))
        profile = codec.decode_profile(row.profile) if row else None
        return profile.color if profile else ""

    def payloads(self, key: str, uids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the payloads of stored events, by UID."""
        query = sa.select(events.c.uid, events.c.payload).where(events.c.source_key == key)
        with self._database.read() as connection:
            rows = select_in(connection, query, events.c.uid, uids)
            return {row.uid: row.payload for row in rows}

    def rejections(self, key: str) -> tuple[Rejection, ...]:
        """Return the events that the last complete read rejected or repaired."""
        query = sa.select(rejections).where(rejections.c.source_key == key)
        rows = self._database.all(query.order_by(rejections.c.position))
        return tuple(_rejection(row) for row in rows)

    def succeed(
        self,
        key: str,
        *,
        holder: str,
        now: datetime,
        next_check_at: datetime,
        saved: Sequence[EventToSave],
        removed: Sequence[str] = (),
        missing: Sequence[str] = (),
        returned: Sequence[str] = (),
        rejected: Sequence[Rejection] = (),
        notes: Sequence[Problem] = (),
        warning: Problem | None = None,
        profile: CalendarProfile | None = None,
        reading: Reading | None = None,
        parts: Mapping[str, ReadPart] | None = None,
        began: datetime | None = None,
        has_change: bool = False,
    ) -> bool:
        """Save a complete read and free the lease, in one transaction.

        ``began`` is its time, and ``has_change`` whether Zoho's contents have changed.
        ``missing`` events stay and are marked, ``returned`` ones are unmarked. Returns False, and
        writes nothing, if another holder took the lease meanwhile. ``reading``: an equal answer may
        be confirmed from now on. ``parts``: and equal parts of another one left out.
        """
        version = {"version": f"{now.isoformat()} {holder}"} if saved or removed else {}
        statement = _release(key, holder, now, next_check_at).values(
            last_success=now,
            failures=0,
            notes=json.dumps([problems.to_plain(note) for note in notes]),
            failing_since=None,
            error=None,
            warning=problems.dump(warning) if warning else None,
            held_at=_since(sources.c.held_at, now) if warning else None,
            profile=codec.encode_profile(profile) if profile else None,
            reading=codec.encode_reading(reading),
            **version,
        )
        with self._database.write() as connection:
            if connection.execute(statement).rowcount == 0:
                return False
            data = {"source_key": key, "data": msgspec.json.encode(parts or {})}
            upsert(connection, read_parts, [data])
            upsert(connection, events, ({"source_key": key, **values_of(event)} for event in saved))
            delete_in(connection, events.c.uid, removed, events.c.source_key == key)
            for uids, since in ((missing, now), (returned, None)):
                _mark_missing(connection, key, uids, since)
            connection.execute(sa.delete(rejections).where(rejections.c.source_key == key))
            _add_rejections(connection, key, rejected)
            note_read(connection, key, has_change=has_change, began=began or now, now=now)
        return True

    def confirm(
        self,
        key: str,
        *,
        holder: str,
        now: datetime,
        next_check_at: datetime,
        reading: Reading,
        began: datetime | None = None,
    ) -> bool:
        """Save that a complete read was as the last good one, and free the lease.

        Only rejections of that read stay: those of publishing come again. Returns False, and writes
        nothing, if another holder took the lease meanwhile.
        """
        statement = _release(key, holder, now, next_check_at).values(
            last_success=now,
            failures=0,
            failing_since=None,
            error=None,
            reading=codec.encode_reading(reading),
        )
        of_publishing = rejections.c.position > reading.rejections
        with self._database.write() as connection:
            if connection.execute(statement).rowcount == 0:
                return False
            delete = sa.delete(rejections).where(rejections.c.source_key == key, of_publishing)
            connection.execute(delete)
            note_read(connection, key, has_change=False, began=began or now, now=now)
        return True

    def reject(self, key: str, rejected: Sequence[Rejection]) -> None:
        """Add rejections that appear after the last complete read was saved."""
        with self._database.write() as connection:
            _add_rejections(connection, key, rejected)

    def fail(
        self, key: str, *, holder: str, now: datetime, next_check_at: datetime, error: Problem
    ) -> None:
        """Save why a read failed and free the lease; the stored events stay."""
        statement = _release(key, holder, now, next_check_at).values(
            failing_since=_since(sources.c.failing_since, now),
            failures=sources.c.failures + 1,
            error=problems.dump(error),
        )
        self._database.execute(statement)

    def wait(self, key: str, *, holder: str, now: datetime, until: datetime) -> None:
        """Save that a read waits for the bridge's own rate limit, and free the lease."""
        statement = _release(key, holder, now, until)
        self._database.execute(statement.values(waiting_until=until))

    def confirm_loss(self, key: str, *, now: datetime) -> None:
        """Make the next read remove the events that the last one missed, and make it due now."""
        marked = (events.c.source_key == key, events.c.missing_since.is_not(None))
        with self._database.write() as connection:
            connection.execute(sa.update(events).where(*marked).values(missing_since=LONG_AGO))
            due = sa.update(sources).where(sources.c.key == key).values(next_check_at=now)
            connection.execute(due)


def _is_free(now: datetime, term: timedelta) -> sa.ColumnElement[bool]:
    until = sources.c.lease_until
    return sa.or_(until.is_(None), until <= now, until > now + term + CLOCK_SKEW)


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that the time of the next read came, or is of a clock that was ahead."""
    due, last = sources.c.next_check_at, sources.c.last_attempt
    by_wrong_clock = sa.or_(
        due > now + _LONGEST_PAUSE, sa.func.coalesce(last, due) > now + CLOCK_SKEW
    )
    return sa.or_(due <= now, by_wrong_clock)


def _since(column: sa.ColumnElement[datetime], now: datetime) -> sa.ColumnElement[datetime]:
    """Return the time in a column, or now if it has none, or that of a clock that was ahead."""
    return sa.case((column <= now + CLOCK_SKEW, column), else_=sa.literal(now, Instant))


def _release(key: str, holder: str, now: datetime, next_check_at: datetime) -> sa.Update:
    """Return a statement that ends an attempt of the lease's holder, and changes nothing else.

    If something made the source due meanwhile, it is read again after a pause.
    """
    statement = sa.update(sources).where(sources.c.key == key, sources.c.lease_holder == holder)
    is_woken = sources.c.next_check_at < sources.c.lease_until
    again = sa.literal(min(now + WAKE_PAUSE, next_check_at), Instant)
    due = sa.case((is_woken, again), else_=sa.literal(next_check_at, Instant))
    times = {"last_attempt": now, "next_check_at": due, "waiting_until": None}
    return statement.values(lease_holder=None, lease_until=None, **times)


def _mark_missing(
    connection: sa.Connection, key: str, uids: Sequence[str], since: datetime | None
) -> None:
    marked = (events.c.source_key == key, events.c.uid == sa.bindparam("missing_uid"))
    if uids:
        statement = sa.update(events).where(*marked).values(missing_since=since)
        connection.execute(statement, [{"missing_uid": uid} for uid in uids])


def _add_rejections(connection: sa.Connection, key: str, rejected: Sequence[Rejection]) -> None:
    last = sa.func.coalesce(sa.func.max(rejections.c.position), 0)
    query = sa.select(last).where(rejections.c.source_key == key)
    position: int = connection.execute(query).scalar_one()
    rows = []
    for number, rejection in enumerate(rejected, position + 1):
        plain = [problems.to_plain(problem) for problem in rejection.problems]
        reason = json.dumps({"title": rejection.title, "url": rejection.url, "problems": plain})
        row = {"source_key": key, "position": number, "upstream_id": rejection.upstream_id}
        rows.append(row | {"kept": rejection.kind == "repaired", "reason": reason})
    if rows:
        connection.execute(sa.insert(rejections), rows)


def _rejection(row: sa.Row[Any]) -> Rejection:
    stored: dict[str, Any] = {"title": "", "problems": [row.reason]}
    if row.reason.startswith("{"):  # earlier releases wrote a sentence
        stored = json.loads(row.reason)
    found = tuple(map(problems.from_plain, stored["problems"]))
    title, url = stored["title"], stored.get("url", "")
    return Rejection("repaired" if row.kept else "dropped", row.upstream_id, title, found, url)


def _state_query() -> sa.Select[Any]:
    query = sa.select(sources)
    for table in (events, rejections):
        of_source = sa.select(sa.func.count()).where(table.c.source_key == sources.c.key)
        query = query.add_columns(of_source.scalar_subquery().label(table.name))
    return query


def _state(row: sa.Row[Any]) -> SourceState:
    stored = {name: value for name, value in row._asdict().items() if name in SourceState.__slots__}
    decoded: dict[str, Any] = {
        "source": codec.decode_source(row.definition),
        "error": problems.load(row.error) if row.error else None,
        "warning": problems.load(row.warning) if row.warning else None,
        "notes": tuple(problems.from_plain(note) for note in json.loads(row.notes)),
        "profile": codec.decode_profile(row.profile),
        "reading": codec.decode_reading(row.reading),
        "ctag": ctag_of(row),
    }
    return SourceState(**stored | decoded)
