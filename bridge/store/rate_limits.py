"""Rate limits of requests to each product of each account, over all processes.

Each request takes one short transaction: half a millisecond on SQLite and one on PostgreSQL, where
Zoho takes a hundred. Reserving slots ahead would save little and waste the unused ones.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, select, update

from bridge.store.database import columns, insert_for, values_of
from bridge.store.schema import paces
from bridge.store.tables import Tables
from bridge.zoho.rate_limit import Rate, RateState


class RateLimits(Tables):
    """The client's ``RateLimitStore`` on the database (table ``paces``)."""

    def take(
        self, account: str, product: str, rate: Rate, *, now: datetime, patience: timedelta
    ) -> timedelta:
        """Reserve the next slot if it is within ``patience``; return the time until that slot."""
        with self._database.write() as connection:
            state = _locked(connection, account, product, now)
            wait = state.wait(rate, now)
            if wait <= patience:
                _save(connection, account, product, state.taken(rate, now))
        return wait

    def closed_until(self, account: str, product: str) -> datetime | None:
        """Return the time before which Zoho accepts no request."""
        row = self._database.first(select(paces).where(_is(account, product)))
        return None if row is None else row.closed_until

    def busy_seconds(self, *, now: datetime) -> dict[str, float]:
        """Return the time by product until its budget of requests is unused again."""
        seconds: dict[str, float] = {}
        for row in self._database.all(select(paces)):
            left = (max(row.filled_until, row.closed_until) - now).total_seconds()
            seconds[row.product] = max(0.0, left, seconds.get(row.product, 0.0))
        return seconds

    def close(
        self, account: str, product: str, rate: Rate, *, until: datetime, now: datetime
    ) -> None:
        """Prevent requests of all processes before ``until``."""
        with self._database.write() as connection:
            state = _locked(connection, account, product, now)
            _save(connection, account, product, state.closed(rate, until, now))


def _locked(connection: Connection, account: str, product: str, now: datetime) -> RateState:
    """Return the state, which other processes can't change before the transaction ends."""
    query = columns(paces, RateState).where(_is(account, product)).with_for_update()
    row = connection.execute(query).first()
    if row is None:
        unused = values_of(RateState.unused(now))
        insert = insert_for(connection, paces).values(account=account, product=product, **unused)
        connection.execute(insert.on_conflict_do_nothing())  # another process may be faster
        row = connection.execute(query).one()
    return RateState(**row._asdict())


def _save(connection: Connection, account: str, product: str, state: RateState) -> None:
    connection.execute(update(paces).where(_is(account, product)).values(values_of(state)))


def _is(account: str, product: str) -> ColumnElement[bool]:
    return and_(paces.c.account == account, paces.c.product == product)
