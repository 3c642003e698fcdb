"""Rate limit of sign-in attempts at the admin pages, over all processes and machines."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, insert, or_, select

from bridge.store.database import upsert
from bridge.store.schema import admin_clients, sign_ins
from bridge.store.tables import SecretTables

PERIOD = timedelta(minutes=5)
MEMORY = timedelta(days=30)
_MAX_OF_CLIENT = 5
_MAX_OF_ALL = 50  # against an attacker with many addresses


class SignIns(SecretTables):
    """The tables of attempts, kept for ``PERIOD``, and of successes, kept for ``MEMORY``.

    Clients' addresses are keyed hashes.
    """

    def begin(self, address: str, *, now: datetime) -> timedelta:
        """Count an attempt before its password is checked; return zero, or how long to wait.

        The limit of all clients slows only those that did not sign in lately.
        """
        client = self._keys.fingerprint(address)
        known = and_(admin_clients.c.client == client, admin_clients.c.at > now - MEMORY)
        numbers = select(func.count(), func.min(sign_ins.c.at))
        with self._database.write_alone(sign_ins) as connection:
            # Or of a clock that was ahead, which would count for as long.
            past = or_(sign_ins.c.at <= now - PERIOD, sign_ins.c.at > now + PERIOD)
            connection.execute(delete(sign_ins).where(past))
            limits = [(numbers.where(sign_ins.c.client == client), _MAX_OF_CLIENT)]
            if connection.execute(select(admin_clients).where(known)).first() is None:
                limits.append((numbers, _MAX_OF_ALL))
            for query, limit in limits:
                count, first = connection.execute(query).one()
                if count >= limit:
                    wait: timedelta = first + PERIOD - now
                    return max(wait, timedelta(seconds=1))
            connection.execute(insert(sign_ins).values(client=client, at=now))
        return timedelta()

    def succeed(self, address: str, *, now: datetime) -> None:
        """Delete the attempts of a client that knew the password, and remember the client."""
        client = self._keys.fingerprint(address)
        with self._database.write_alone(sign_ins) as connection:
            connection.execute(delete(sign_ins).where(sign_ins.c.client == client))
            connection.execute(delete(admin_clients).where(admin_clients.c.at <= now - MEMORY))
            upsert(connection, admin_clients, [{"client": client, "at": now}])
