"""Access tokens that all processes share, and the lease of the process that requests a new one.

Zoho issues 10 tokens in 10 minutes and then none (Zoho APIs 1.3). All processes count here.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from bridge.store.database import upsert
from bridge.store.schema import access_tokens, token_requests
from bridge.store.tables import SecretTables
from bridge.zoho.tokens import TOKEN_LEASE, TOKEN_PERIOD, TOKEN_REQUESTS, AccessToken

_RETRY_SECONDS = 1.0  # wait before a new look at the token that another process requests


class Tokens(SecretTables):
    """The client's ``TokenStore`` on the database; token values are encrypted."""

    def access_token(self, account: str) -> AccessToken | None:
        """Return the current token, valid or not; None if none can be decrypted."""
        row = self._database.first(select(access_tokens).where(access_tokens.c.account == account))
        value = self._keys.decrypt(row.value) if row is not None and row.value else None
        if row is None or value is None:
            return None
        return AccessToken(value=value, expires_at=row.expires_at)

    def begin_token_request(self, account: str, *, holder: str, now: datetime) -> float:
        """Count a token request and take the lease (0.0), or return how many seconds to wait."""
        mine = access_tokens.c.account == account
        with self._database.write() as connection:
            upsert(connection, access_tokens, [{"account": account}])
            row = connection.execute(select(access_tokens).where(mine).with_for_update()).one()
            until = row.lease_until  # a clock that was ahead leaves one that ends much later
            is_leased = until is not None and now < until <= now + 2 * TOKEN_LEASE
            if is_leased and row.lease_holder != holder:
                return _RETRY_SECONDS
            wait = _wait_for_budget(connection, account, now)
            if wait > 0:
                return wait
            connection.execute(insert(token_requests).values(account=account, at=now))
            lease = {"lease_holder": holder, "lease_until": now + TOKEN_LEASE}
            connection.execute(update(access_tokens).where(mine).values(lease))
        return 0.0

    def end_token_request(self, account: str, *, holder: str, token: AccessToken | None) -> None:
        """Save the new token, if there is one, and free the lease if ``holder`` still has it."""
        mine = update(access_tokens).where(access_tokens.c.account == account)
        release = mine.where(access_tokens.c.lease_holder == holder)
        with self._database.write() as connection:
            connection.execute(release.values(lease_holder=None, lease_until=None))
            if token is not None:
                value = self._keys.encrypt(token.value)
                connection.execute(mine.values(value=value, expires_at=token.expires_at))

    def forget_access_token(self, account: str, token: str) -> None:
        """Delete a token that Zoho refused, unless another process has already replaced it."""
        mine = access_tokens.c.account == account
        with self._database.write() as connection:
            query = select(access_tokens.c.value).where(mine).with_for_update()
            value = connection.execute(query).scalar()
            if value is not None and self._keys.decrypt(value) == token:
                empty = update(access_tokens).where(mine).values(value=None, expires_at=None)
                connection.execute(empty)


def _wait_for_budget(connection: Connection, account: str, now: datetime) -> float:
    """Return how many seconds remain until the account may request a token."""
    mine = token_requests.c.account == account
    at = token_requests.c.at
    past = or_(at <= now - TOKEN_PERIOD, at > now + TOKEN_PERIOD)  # or of a clock that was ahead
    connection.execute(delete(token_requests).where(mine, past))
    numbers = select(func.count(), func.min(token_requests.c.at)).where(mine)
    count, oldest = connection.execute(numbers).one()
    if count < TOKEN_REQUESTS:
        return 0.0
    return float((oldest + TOKEN_PERIOD - now) / timedelta(seconds=1))
