"""Base classes of the accesses to tables, which hold the database and the secret keys."""

from bridge.store.crypto import SecretKeys
from bridge.store.database import Database


class Tables:
    """Access to some tables of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database


class SecretTables(Tables):
    """Access to tables with values that the secret keys encrypt, sign or derive."""

    def __init__(self, database: Database, keys: SecretKeys) -> None:
        super().__init__(database)
        self._keys = keys
