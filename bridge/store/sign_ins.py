"""Counts the passwords tried at the admin pages, over all processes and machines."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select

from bridge.store.crypto import SecretKeys
from bridge.store.database import Database
from bridge.store.schema import sign_ins

PERIOD = timedelta(minutes=5)
_OF_ONE_CLIENT = 5
_OF_ALL = 50  # a guesser with many addresses; people who know their password come nowhere near


class SignIns:
    """The sign-ins table. Addresses of clients are kept as keyed hashes, and for ``PERIOD`` only."""

    def __init__(self, database: Database, keys: SecretKeys) -> None:
        self._database = database
        self._keys = keys

    def begin(self, address: str, *, now: datetime) -> timedelta:
        """Count an attempt before its password is looked at (zero), or say how long its client has to wait."""
        client = self._keys.fingerprint(address)
        mine = sign_ins.c.client == client
        oldest = func.min(sign_ins.c.at)
        with self._database.write() as connection:
            connection.execute(delete(sign_ins).where(sign_ins.c.at <= now - PERIOD))
            for condition, most in ((mine, _OF_ONE_CLIENT), (sign_ins.c.id.is_not(None), _OF_ALL)):
                count, first = connection.execute(
                    select(func.count(), oldest).where(condition)
                ).one()
                if count >= most:
                    wait: timedelta = first + PERIOD - now
                    return max(wait, timedelta(seconds=1))
            connection.execute(insert(sign_ins).values(client=client, at=now))
        return timedelta()

    def succeeded(self, address: str) -> None:
        """Forget the attempts of a client that knew the password."""
        with self._database.write() as connection:
            connection.execute(
                delete(sign_ins).where(sign_ins.c.client == self._keys.fingerprint(address))
            )
