"""What the bridge remembers, in SQLite or PostgreSQL: the truth that every process reads and writes.

It knows tables and transactions, and nothing of Zoho, HTTP or iCalendar.
"""

from bridge.store.cards import Cards, ForPeople
from bridge.store.database import Database
from bridge.store.details import Details
from bridge.store.feeds import FeedRow, Feeds
from bridge.store.links import Link, LinkError, Links
from bridge.store.publications import (
    Document,
    Entry,
    Head,
    Publications,
    Published,
    Representation,
    ShapeRow,
    Stored,
)
from bridge.store.sign_ins import SignIns
from bridge.store.sources import EventRow, EventToSave, Sources, SourceState
from bridge.store.tokens import Tokens
from bridge.vault import Vault

__all__ = [
    "Document",
    "Entry",
    "EventRow",
    "EventToSave",
    "FeedRow",
    "ForPeople",
    "Head",
    "Link",
    "LinkError",
    "Publications",
    "Published",
    "Representation",
    "ShapeRow",
    "SourceState",
    "Store",
    "Stored",
]


class Store:
    """The tables by what they are for; ``open_store`` gives one that is ready."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self.feeds = Feeds(database)
        self.sources = Sources(database)
        self.publications = Publications(database)
        self.cards = Cards(database)
        self.details = Details(database)
        self.links = Links(database, vault)
        self.sign_ins = SignIns(database, vault)
        self.tokens = Tokens(database, vault)

    @classmethod
    def open(cls, url: str, vault: Vault) -> "Store":
        """Open the database of ``url`` and bring its schema up to date; raises StoreError."""
        database = Database(url)
        database.open()
        return cls(database, vault)

    def close(self) -> None:
        """Give all connections back."""
        self._database.close()
