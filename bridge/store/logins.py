"""Logins to Zoho, one for each client, with encrypted secrets."""

from sqlalchemy import select

from bridge.config import Login, Secret
from bridge.store.crypto import SecretKeys
from bridge.store.database import Database, upsert
from bridge.store.schema import logins


class Logins:
    """The table of logins."""

    def __init__(self, database: Database, keys: SecretKeys) -> None:
        self._database = database
        self._keys = keys

    def keep(self, login: Login) -> None:
        """Insert or replace the login of a client."""
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
        """Return the login of a client, or the latest of all if the client id is empty."""
        query = select(logins).order_by(logins.c.created_at.desc(), logins.c.client_id).limit(1)
        if client_id:
            query = query.where(logins.c.client_id == client_id)
        row = self._database.first(query)
        if row is None:
            return None
        return Login(
            client_id=row.client_id,
            client_secret=Secret(self._keys.decrypt(row.client_secret) or ""),
            data_center=row.data_center,
            refresh_token=Secret(self._keys.decrypt(row.refresh_token) or ""),
            scopes=tuple(row.scopes.split()),
            created_at=row.created_at,
        )
