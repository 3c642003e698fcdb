"""Readers: which calendar programs poll each feed, by day. Nothing here names a person."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import case, delete, func, select

from bridge.domain.event import midnight
from bridge.store.database import insert_for
from bridge.store.schema import readers
from bridge.store.tables import Tables

_SHOWN_DAYS = 7
_STORED_DAYS = 30
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polls:
    """Polls of one program at one address of a feed on one day (UTC).

    ``unchanged`` of them were answered by a 304. ``link`` is the hash of the address's token, empty
    for the public address.
    """

    slug: str
    link: str
    program: str
    day: date
    polls: int
    unchanged: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A program that polled one address of a feed in the last seven days.

    ``polls_a_day`` is the mean since its first poll in that time, so that a new subscriber does not
    look infrequent.
    """

    link: str
    program: str
    polls: int
    unchanged: int
    polls_a_day: float
    last_at: datetime


class Readers(Tables):
    """The table of polls, which all web processes add to."""

    def count(self, rows: Iterable[Polls]) -> None:
        """Add polls to the stored numbers in one transaction; rows differ in address or day."""
        # In the same order in all processes: otherwise two that add to the same rows may deadlock.
        ordered = sorted(rows, key=lambda row: (row.slug, row.link, row.program, row.day))
        stored = readers.c
        with self._database.write() as connection:
            statement = insert_for(connection, readers)
            new = statement.excluded
            sums = {name: stored[name] + new[name] for name in ("polls", "unchanged")}
            last_at = case((new.last_at > stored.last_at, new.last_at), else_=stored.last_at)
            statement = statement.on_conflict_do_update(
                index_elements=list(readers.primary_key), set_=sums | {"last_at": last_at}
            )
            connection.execute(statement, [asdict(row) for row in ordered])

    def forget(self, *, now: datetime) -> None:
        """Delete the polls of more than thirty days ago."""
        before = now.astimezone(UTC).date() - timedelta(days=_STORED_DAYS)
        self._database.execute(delete(readers).where(readers.c.day < before))

    def on(self, day: date) -> dict[str, tuple[int, int]]:
        """Return the polls of all feeds on a day by program, and those answered by a 304."""
        polls = func.sum(readers.c.polls).label("polls")
        unchanged = func.sum(readers.c.unchanged).label("unchanged")
        query = select(readers.c.program, polls, unchanged).where(readers.c.day == day)
        rows = self._database.all(query.group_by(readers.c.program))
        return {row.program: (int(row.polls), int(row.unchanged)) for row in rows}

    def of(self, slug: str, *, now: datetime) -> tuple[Reader, ...]:
        """Return the readers of a feed today and on the six days before (UTC).

        By address, those that poll most first.
        """
        since = now.astimezone(UTC).date() - timedelta(days=_SHOWN_DAYS - 1)
        address = (readers.c.link, readers.c.program)
        polls = func.sum(readers.c.polls).label("polls")
        unchanged = func.sum(readers.c.unchanged).label("unchanged")
        last_at = func.max(readers.c.last_at).label("last_at")
        query = select(*address, polls, unchanged, last_at, func.min(readers.c.day).label("first"))
        query = query.where(readers.c.slug == slug, readers.c.day >= since).group_by(*address)
        query = query.order_by(readers.c.link, polls.desc(), readers.c.program)
        rows = [row._asdict() for row in self._database.all(query)]
        days = [_days_since(row.pop("first"), now) for row in rows]
        return tuple(
            Reader(**row, polls_a_day=row["polls"] / days_of_row)
            for row, days_of_row in zip(rows, days, strict=True)
        )


def _days_since(first: date, now: datetime) -> float:
    """Return the days since a day began, at least 1.0: a morning's polls are no day's mean."""
    return max(1.0, (now - midnight(first)) / _DAY)
