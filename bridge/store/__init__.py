"""The database of the bridge, in SQLite or PostgreSQL: the state that all processes share.

It knows tables and transactions. It must not know Zoho, HTTP or iCalendar.
"""

import contextlib

from bridge.config import Settings
from bridge.store.agenda import AgendaTable
from bridge.store.answer_cache import SourceAnswers
from bridge.store.changes import Changes
from bridge.store.crypto import SecretKeys
from bridge.store.ctags import Ctags
from bridge.store.database import Database
from bridge.store.entry_origins import EntryOrigins
from bridge.store.feeds import Feeds
from bridge.store.hooks import Hooks
from bridge.store.links import Links
from bridge.store.logins import Logins
from bridge.store.permissions import make_private
from bridge.store.publications import Publications
from bridge.store.rate_limits import RateLimits
from bridge.store.readers import Readers
from bridge.store.selections import Selections
from bridge.store.sessions import Sessions
from bridge.store.sign_ins import SignIns
from bridge.store.sources import Sources
from bridge.store.tokens import Tokens
from bridge.store.verifications import Verifications


class Store:
    """The tables of one database, each behind an attribute named by its content."""

    def __init__(self, database: Database, keys: SecretKeys) -> None:
        self.database = database
        self.sources = Sources(database)
        self.ctags = Ctags(database)
        self.hooks = Hooks(database, keys)
        self.publications = Publications(database)
        self.agenda = AgendaTable(database)
        self.changes = Changes(database)
        self.links = Links(database, keys)
        self.feeds = Feeds(database, keys, self.links)
        self.selections = Selections(database, keys, self.links)
        self.logins = Logins(database, keys)
        self.entry_origins = EntryOrigins(database)
        self.readers = Readers(database)
        self.sessions = Sessions(database)
        self.sign_ins = SignIns(database, keys)
        self.tokens = Tokens(database, keys)
        self.verifications = Verifications(database)
        self.rate_limits = RateLimits(database)

    def answers(self, source_key: str) -> SourceAnswers:
        """Return the cached answers of one source."""
        return SourceAnswers(self.database, source_key)

    @classmethod
    def open(cls, url: str, keys: SecretKeys) -> "Store":
        """Open the database at ``url`` and bring its schema up to date; raises StoreError."""
        database = Database(url)
        database.open()
        return cls(database, keys)

    @classmethod
    def configured(cls, settings: Settings, keys: SecretKeys) -> "Store":
        """Open the database of the settings; create the data folder if the database lies in it.

        The data folder and its files are closed to other users of the machine.

        Raises StoreError. A folder that only BRIDGE_DATABASE_URL names is not created: it may be
        a typing error.
        """
        if settings.database_url.startswith(f"sqlite:///{settings.data_dir}/"):
            with contextlib.suppress(OSError):  # opening the database raises the clearer error
                settings.data_dir.mkdir(0o700, parents=True, exist_ok=True)
        make_private(settings.data_dir)
        store = cls.open(settings.database_url, keys)
        make_private(settings.data_dir)  # the files that SQLite created
        return store

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
