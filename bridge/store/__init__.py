"""What the bridge remembers, in SQLite or PostgreSQL: the truth that every process reads and writes.

It knows tables and transactions, and nothing of Zoho, HTTP or iCalendar.
"""

import contextlib

from bridge.config import Settings
from bridge.domain.records import EventRow, EventToSave, SourceState
from bridge.store.agenda import AgendaTable, EntryAgenda
from bridge.store.answer_cache import AnswerCache
from bridge.store.changes import ChangeRow, Changes
from bridge.store.crypto import Vault
from bridge.store.database import Database
from bridge.store.feeds import FeedError, FeedRow, Feeds, KnownSource
from bridge.store.filters import Filtered, Filters, is_filter
from bridge.store.links import Link, LinkError, Links
from bridge.store.logins import Login, Logins
from bridge.store.provenance import Provenance, ProvenanceTable
from bridge.store.publications import (
    Document,
    Entry,
    EntryRow,
    Head,
    Publications,
    PublishedState,
    Representation,
    StoredEvent,
    ViewRow,
)
from bridge.store.rate_limits import RateLimits
from bridge.store.readers import Polls, Reader, Readers
from bridge.store.sign_ins import SignIns
from bridge.store.sources import Sources
from bridge.store.tokens import Tokens
from bridge.store.verifications import Verification, Verifications

__all__ = [
    "ChangeRow",
    "Document",
    "Entry",
    "EntryAgenda",
    "EntryRow",
    "EventRow",
    "EventToSave",
    "FeedError",
    "FeedRow",
    "Filtered",
    "Head",
    "KnownSource",
    "Link",
    "LinkError",
    "Login",
    "Polls",
    "Provenance",
    "Publications",
    "PublishedState",
    "Reader",
    "Representation",
    "SourceState",
    "Store",
    "StoredEvent",
    "Verification",
    "ViewRow",
    "is_filter",
]


class Store:
    """The tables by what they are for; ``open_store`` gives one that is ready."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self.sources = Sources(database)
        self.publications = Publications(database)
        self.agenda = AgendaTable(database)
        self.changes = Changes(database, vault)
        self.answer_cache = AnswerCache(database)
        self.links = Links(database, vault)
        self.feeds = Feeds(database, self.links)
        self.filters = Filters(database, self.links, vault)
        self.logins = Logins(database, vault)
        self.provenance = ProvenanceTable(database)
        self.readers = Readers(database)
        self.sign_ins = SignIns(database, vault)
        self.tokens = Tokens(database, vault)
        self.verifications = Verifications(database)
        self.rate_limits = RateLimits(database)

    @classmethod
    def open(cls, url: str, vault: Vault) -> "Store":
        """Open the database of ``url`` and bring its schema up to date; raises StoreError."""
        database = Database(url)
        database.open()
        return cls(database, vault)

    @classmethod
    def configured(cls, settings: Settings, vault: Vault) -> "Store":
        """Open the database that the settings name, and make the data folder for one that lies there.

        Raises StoreError. A folder that only a database's own address names is not made: it may be a typing error.
        """
        if settings.database_url.startswith(f"sqlite:///{settings.data_dir}/"):
            with contextlib.suppress(OSError):  # the database says it better
                settings.data_dir.mkdir(parents=True, exist_ok=True)
        return cls.open(settings.database_url, vault)

    def close(self) -> None:
        """Give all connections back."""
        self._database.close()
