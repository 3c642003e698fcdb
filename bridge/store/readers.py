"""Who reads: how often each kind of calendar program polls a feed, by day. It keeps nothing that names a person."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import case, delete, func, select

from bridge.domain.event import midnight
from bridge.store.database import Database, insert_for
from bridge.store.schema import readers

_SHOWN_DAYS = 7
_KEPT_DAYS = 30
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polls:
    """Polls of one program at one address of a feed on one day (UTC), ``unchanged`` of which were answered by a 304.

    ``link`` is the hash of the address's token, empty for the public address.
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
    """A program that polled one address of a feed in the last seven days, and how often.

    ``polls_a_day`` is the mean since the first of those days on which it polled: who subscribed yesterday is not
    taken for someone who comes seldom.
    """

    link: str
    program: str
    polls: int
    unchanged: int
    polls_a_day: float
    last_at: datetime


class Readers:
    """The readers table, which all web processes add to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, rows: Iterable[Polls]) -> None:
        """Add polls to those that are counted already, in one transaction; each row of another address or day."""
        # Two processes that add to the same rows must come to them in the same order, or each waits for the other.
        ordered = sorted(rows, key=lambda row: (row.slug, row.link, row.program, row.day))
        with self._database.write() as connection:
            statement = insert_for(connection, readers)
            new = statement.excluded
            statement = statement.on_conflict_do_update(
                index_elements=[column.name for column in readers.primary_key],
                set_={
                    "polls": readers.c.polls + new.polls,
                    "unchanged": readers.c.unchanged + new.unchanged,
                    "last_at": case(
                        (new.last_at > readers.c.last_at, new.last_at), else_=readers.c.last_at
                    ),
                },
            )
            connection.execute(statement, [asdict(row) for row in ordered])

    def forget(self, *, now: datetime) -> None:
        """Delete what is older than thirty days."""
        before = now.astimezone(UTC).date() - timedelta(days=_KEPT_DAYS)
        with self._database.write() as connection:
            connection.execute(delete(readers).where(readers.c.day < before))

    def of(self, slug: str, *, now: datetime) -> tuple[Reader, ...]:
        """Give who polled a feed today or on the six days before (UTC), by address, who polls most first."""
        since = now.astimezone(UTC).date() - timedelta(days=_SHOWN_DAYS - 1)
        query = (
            select(
                readers.c.link,
                readers.c.program,
                func.sum(readers.c.polls).label("polls"),
                func.sum(readers.c.unchanged).label("unchanged"),
                func.min(readers.c.day).label("first_day"),
                func.max(readers.c.last_at).label("last_at"),
            )
            .where(readers.c.slug == slug, readers.c.day >= since)
            .group_by(readers.c.link, readers.c.program)
            .order_by(readers.c.link, func.sum(readers.c.polls).desc(), readers.c.program)
        )
        with self._database.read() as connection:
            return tuple(
                Reader(
                    link=row.link,
                    program=row.program,
                    polls=int(row.polls),
                    unchanged=int(row.unchanged),
                    polls_a_day=int(row.polls) / _days(row.first_day, now),
                    last_at=row.last_at,
                )
                for row in connection.execute(query)
            )


def _days(first: date, now: datetime) -> float:
    """Give how many days have gone by since one began, at least one: a morning's polls are no day's mean."""
    return max(1.0, (now - midnight(first)) / _DAY)
