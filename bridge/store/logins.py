"""The logins that ``zoho-bridge login`` made: one for each client, the secrets in it encrypted."""

from dataclasses import asdict

from sqlalchemy import delete, select

from bridge.config import Login, Secret
from bridge.store.database import upsert
from bridge.store.schema import logins
from bridge.store.tables import SecretTables


class Logins(SecretTables):
    """The logins table."""

    def keep(self, login: Login) -> None:
        """Keep a login in place of the client's former one."""
        row = asdict(login) | {
            "client_secret": self._keys.encrypt(login.client_secret.reveal()),
            "refresh_token": self._keys.encrypt(login.refresh_token.reveal()),
            "scopes": " ".join(login.scopes),
        }
        with self._database.write() as connection:
            upsert(connection, logins, [row])

    def forget(self, client_id: str) -> None:
        """Delete the login of a client."""
        self._database.execute(delete(logins).where(logins.c.client_id == client_id))

    def of(self, client_id: str) -> Login | None:
        """Return the login of a client, or the latest without a client id; None without any."""
        query = select(logins).order_by(logins.c.created_at.desc(), logins.c.client_id)
        if client_id:
            query = query.where(logins.c.client_id == client_id)
        row = self._database.first(query.limit(1))
        if row is None:
            return None
        values = row._asdict()
        for name in ("client_secret", "refresh_token"):
            values[name] = Secret(self._keys.decrypt(values[name]) or "")
        return Login(**values | {"scopes": tuple(row.scopes.split())})
