"""The pace of requests to each product of each account, over all processes.

One short transaction for each request: half a millisecond on SQLite and one on PostgreSQL, where Zoho takes a hundred.
To take places in advance would save little, and lose those that a process then does not need.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, select, update

from bridge.store.database import Database, insert_for
from bridge.store.schema import paces
from bridge.zoho.rate_limit import Rate, RateState


class RateLimits:
    """The client's ``PaceStore`` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self, account: str, product: str, rate: Rate, *, now: datetime, patience: timedelta
    ) -> timedelta:
        """Take the next place in the queue, unless it is further away than ``patience``; tell how far."""
        with self._database.write() as connection:
            pace = _locked(connection, account, product, now)
            wait = pace.wait(rate, now)
            if wait <= patience:
                _keep(connection, account, product, pace.taken(rate, now))
        return wait

    def closed_until(self, account: str, product: str) -> datetime | None:
        """Tell until when Zoho wants no request."""
        query = select(paces.c.closed_until).where(*_is(account, product))
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def close(self, account: str, product: str, *, until: datetime, now: datetime) -> None:
        """Let nobody ask before ``until``."""
        with self._database.write() as connection:
            _keep(
                connection,
                account,
                product,
                _locked(connection, account, product, now).closed(until, now),
            )


def _locked(connection: Connection, account: str, product: str, now: datetime) -> RateState:
    """Give the pace, which no other process changes before the transaction's end."""
    query = (
        select(paces.c.filled_until, paces.c.closed_until)
        .where(*_is(account, product))
        .with_for_update()
    )
    row = connection.execute(query).first()
    if row is None:
        unused = {"account": account, "product": product, "filled_until": now, "closed_until": now}
        connection.execute(
            insert_for(connection, paces).values(unused).on_conflict_do_nothing()
        )  # another process may be faster
        row = connection.execute(query).one()
    return RateState(filled_until=row.filled_until, closed_until=row.closed_until)


def _keep(connection: Connection, account: str, product: str, pace: RateState) -> None:
    values = {"filled_until": pace.filled_until, "closed_until": pace.closed_until}
    connection.execute(update(paces).where(*_is(account, product)).values(values))


def _is(account: str, product: str) -> tuple[ColumnElement[bool], ...]:
    return paces.c.account == account, paces.c.product == product
