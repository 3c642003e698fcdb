"""The logins that ``zoho-bridge login`` made: one for each client, the secrets in it encrypted."""

from sqlalchemy import Row, select

from bridge.config import Login, Secret
from bridge.store.crypto import SecretKeys
from bridge.store.database import Database, upsert
from bridge.store.schema import logins


class Logins:
    """The logins table."""

    def __init__(self, database: Database, keys: SecretKeys) -> None:
        self._database = database
        self._keys = keys

    def keep(self, login: Login) -> None:
        """Keep a login in place of the client's former one."""
        row = {
            "client_id": login.client_id,
            "client_secret": self._keys.encrypt(login.client_secret.reveal()),
            "data_center": login.data_center,
            "refresh_token": self._keys.encrypt(login.refresh_token.reveal()),
            "scopes": " ".join(login.scopes),
            "created_at": login.created_at,
        }
        with self._database.write() as connection:
            upsert(connection, logins, [row])

    def of(self, client_id: str) -> Login | None:
        """Give the login of a client, or without a client id the latest of all; None when there is none."""
        query = select(logins).order_by(logins.c.created_at.desc(), logins.c.client_id).limit(1)
        if client_id:
            query = query.where(logins.c.client_id == client_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else self._login(row)

    def _login(self, row: Row[tuple[object, ...]]) -> Login:
        return Login(
            client_id=row.client_id,
            client_secret=Secret(self._keys.decrypt(row.client_secret) or ""),
            data_center=row.data_center,
            refresh_token=Secret(self._keys.decrypt(row.refresh_token) or ""),
            scopes=tuple(row.scopes.split()),
            created_at=row.created_at,
        )
