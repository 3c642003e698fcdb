"""What people see of the entries of a feed: cards by time, and labels to choose by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from bridge import card
from bridge.card import Card
from bridge.store.database import Database, batches, upsert
from bridge.store.schema import cards, labels


@dataclass(frozen=True, slots=True, kw_only=True)
class ForPeople:
    """What people see of an entry: its cards, none when it is gone, and what it can be chosen by."""

    uid: str
    cards: tuple[Card, ...] = ()
    labels: frozenset[tuple[str, str]] = frozenset()


class Cards:
    """Reads what the last publication wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def between(self, slug: str, start: datetime, end: datetime) -> tuple[Card, ...]:
        """Give the cards of a feed with occurrences that may overlap a span of time, in no order.

        All-day occurrences count as days in UTC: ask for a day more on both sides. A card holds all of its
        occurrences, also those outside of the span.
        """
        query = select(cards.c.card).where(cards.c.slug == slug, cards.c.last >= start, cards.c.first < end)
        with self._database.read() as connection:
            return tuple(one for row in connection.execute(query).scalars() for one in card.decode(row))

    def of(self, slug: str, uids: Sequence[str]) -> dict[str, tuple[Card, ...]]:
        """Give the cards of some entries, by UID."""
        found: dict[str, tuple[Card, ...]] = {}
        with self._database.read() as connection:
            for batch in batches(uids):
                query = select(cards.c.uid, cards.c.card).where(cards.c.slug == slug, cards.c.uid.in_(batch))
                found.update({row.uid: card.decode(row.card) for row in connection.execute(query)})
        return found

    def labels(self, slug: str) -> dict[str, tuple[str, ...]]:
        """Give what the entries of a feed can be chosen by: the values of each kind, in order."""
        query = select(labels.c.kind, labels.c.value).distinct().where(labels.c.slug == slug)
        found: dict[str, list[str]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query.order_by(labels.c.kind, labels.c.value)):
                found.setdefault(row.kind, []).append(row.value)
        return {kind: tuple(values) for kind, values in found.items()}


def write_cards(connection: Connection, slug: str, changed: Sequence[ForPeople]) -> None:
    """Write the cards and labels of changed entries in the transaction of their publication."""
    uids = [one.uid for one in changed]
    for batch in batches(uids):
        connection.execute(delete(labels).where(labels.c.slug == slug, labels.c.uid.in_(batch)))
    for batch in batches([one.uid for one in changed if not one.cards]):
        connection.execute(delete(cards).where(cards.c.slug == slug, cards.c.uid.in_(batch)))
    upsert(
        connection,
        cards,
        (
            {
                "slug": slug,
                "uid": one.uid,
                "first": min(each.first for each in one.cards),
                "last": max(each.last for each in one.cards),
                "card": card.encode(one.cards),
            }
            for one in changed
            if one.cards
        ),
    )
    upsert(
        connection,
        labels,
        (
            {"slug": slug, "uid": one.uid, "kind": kind, "value": value}
            for one in changed
            for kind, value in sorted(one.labels)
        ),
    )
