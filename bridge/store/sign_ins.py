"""Rate limit of sign-in attempts at the admin pages, over all processes and machines."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, true

from bridge.store.schema import sign_ins
from bridge.store.tables import SecretTables

PERIOD = timedelta(minutes=5)
_MAX_OF_CLIENT = 5
_MAX_OF_ALL = 50  # against an attacker with many addresses


class SignIns(SecretTables):
    """The table of attempts, kept for ``PERIOD``; clients' addresses are keyed hashes."""

    def begin(self, address: str, *, now: datetime) -> timedelta:
        """Count an attempt before its password is checked; return zero, or how long to wait."""
        client = self._keys.fingerprint(address)
        limits = ((sign_ins.c.client == client, _MAX_OF_CLIENT), (true(), _MAX_OF_ALL))
        numbers = select(func.count(), func.min(sign_ins.c.at))
        with self._database.write() as connection:
            connection.execute(delete(sign_ins).where(sign_ins.c.at <= now - PERIOD))
            for condition, limit in limits:
                count, first = connection.execute(numbers.where(condition)).one()
                if count >= limit:
                    wait: timedelta = first + PERIOD - now
                    return max(wait, timedelta(seconds=1))
            connection.execute(insert(sign_ins).values(client=client, at=now))
        return timedelta()

    def forget(self, address: str) -> None:
        """Delete the attempts of a client that knew the password."""
        client = self._keys.fingerprint(address)
        self._database.execute(delete(sign_ins).where(sign_ins.c.client == client))
