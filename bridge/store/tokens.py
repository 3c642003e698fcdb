"""The one access token that all processes share, and the lease that lets only one of them ask for the next.

Zoho gives 10 tokens in 10 minutes and then none (OAuth: token limits); the count is kept here, over all processes.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from bridge.store.crypto import SecretKeys
from bridge.store.database import Database, upsert
from bridge.store.schema import access_tokens, token_requests
from bridge.zoho.tokens import TOKEN_LEASE, TOKEN_PERIOD, TOKEN_REQUESTS, AccessToken

_RETRY_SECONDS = 1.0  # how soon to look again for the token another process is asking for


class Tokens:
    """The client's ``TokenStore`` on the database; token values are encrypted."""

    def __init__(self, database: Database, keys: SecretKeys) -> None:
        self._database = database
        self._keys = keys

    def access_token(self, account: str) -> AccessToken | None:
        """Give the token in use, whether or not it is still good; None when there is none that can be read."""
        query = select(access_tokens.c.value, access_tokens.c.expires_at).where(
            access_tokens.c.account == account
        )
        with self._database.look() as connection:
            row = connection.execute(query).first()
        if row is None or row.value is None:
            return None
        value = self._keys.decrypt(row.value)
        return None if value is None else AccessToken(value=value, expires_at=row.expires_at)

    def begin_token_request(self, account: str, *, holder: str, now: datetime) -> float:
        """Count a token request and take the lease (0.0), or say how many seconds to wait."""
        with self._database.write() as connection:
            upsert(connection, access_tokens, [{"account": account}])
            lease = connection.execute(
                select(access_tokens.c.lease_holder, access_tokens.c.lease_until)
                .where(access_tokens.c.account == account)
                .with_for_update()
            ).one()
            if (
                lease.lease_until is not None
                and lease.lease_until > now
                and lease.lease_holder != holder
            ):
                return _RETRY_SECONDS
            wait = _wait_for_budget(connection, account, now)
            if wait > 0:
                return wait
            connection.execute(insert(token_requests).values(account=account, at=now))
            taken = update(access_tokens).where(access_tokens.c.account == account)
            connection.execute(taken.values(lease_holder=holder, lease_until=now + TOKEN_LEASE))
        return 0.0

    def end_token_request(self, account: str, *, holder: str, token: AccessToken | None) -> None:
        """Keep the new token, if there is one, and free the lease if it is still the holder's."""
        values = {"lease_holder": None, "lease_until": None}
        mine = (access_tokens.c.account == account, access_tokens.c.lease_holder == holder)
        with self._database.write() as connection:
            connection.execute(update(access_tokens).where(*mine).values(**values))
            if token is not None:
                new = {"value": self._keys.encrypt(token.value), "expires_at": token.expires_at}
                connection.execute(
                    update(access_tokens).where(access_tokens.c.account == account).values(**new)
                )

    def forget_access_token(self, account: str, token: str) -> None:
        """Drop a token that Zoho refused, unless another process has already put a new one in its place."""
        query = (
            select(access_tokens.c.value)
            .where(access_tokens.c.account == account)
            .with_for_update()
        )
        with self._database.write() as connection:
            value = connection.execute(query).scalar()
            if value is not None and self._keys.decrypt(value) == token:
                gone = update(access_tokens).where(access_tokens.c.account == account)
                connection.execute(gone.values(value=None, expires_at=None))


def _wait_for_budget(connection: Connection, account: str, now: datetime) -> float:
    mine = token_requests.c.account == account
    connection.execute(
        delete(token_requests).where(mine, token_requests.c.at <= now - TOKEN_PERIOD)
    )
    count, oldest = connection.execute(
        select(func.count(), func.min(token_requests.c.at)).where(mine)
    ).one()
    if count < TOKEN_REQUESTS:
        return 0.0
    return float((oldest + TOKEN_PERIOD - now) / timedelta(seconds=1))
