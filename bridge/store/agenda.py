"""What people see of the entries of a feed: cards by time, and labels to choose by."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select

from bridge.feed.agenda import AgendaItem, decode_items, encode_items
from bridge.feed.filter import Filter
from bridge.store.database import Database, batches, upsert
from bridge.store.schema import cards, entries, labels


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAgenda:
    """What people see of an entry: its cards, none when it is gone, and what it can be chosen by."""

    uid: str
    cards: tuple[AgendaItem, ...] = ()
    labels: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Entries that were chosen: the labels that this was by, their zones, and their bytes in the feed's order."""

    labels: Mapping[str, Sequence[str]]
    zones: frozenset[str]
    blobs: Sequence[bytes]


class AgendaTable:
    """Reads what the last publication wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def between(
        self, slug: str, start: datetime, end: datetime, *, chosen: Filter | None = None
    ) -> tuple[AgendaItem, ...]:
        """Give the cards of a feed, or of what was chosen of it, with occurrences that may overlap a span of time.

        In no order. All-day occurrences count as days in UTC: ask for a day more on both sides. A card holds all of its
        occurrences, also those outside of the span.
        """
        query = select(cards.c.card).where(
            cards.c.slug == slug, cards.c.last >= start, cards.c.first < end
        )
        if chosen is not None:
            query = query.where(
                *_within(cards.c.uid, slug, chosen.select(self.labels(slug, chosen.kinds)))
            )
        with self._database.read() as connection:
            return tuple(
                one for row in connection.execute(query).scalars() for one in decode_items(row)
            )

    def of(self, slug: str, uids: Sequence[str]) -> dict[str, tuple[AgendaItem, ...]]:
        """Give the cards of some entries, by UID."""
        found: dict[str, tuple[AgendaItem, ...]] = {}
        with self._database.read() as connection:
            for batch in batches(uids):
                query = select(cards.c.uid, cards.c.card).where(
                    cards.c.slug == slug, cards.c.uid.in_(batch)
                )
                found.update({row.uid: decode_items(row.card) for row in connection.execute(query)})
        return found

    def labels(self, slug: str, kinds: Collection[str] | None = None) -> dict[str, tuple[str, ...]]:
        """Give what the entries of a feed can be chosen by: the values of each kind, or of some kinds, in order."""
        query = select(labels.c.kind, labels.c.value).distinct().where(labels.c.slug == slug)
        if kinds is not None:
            query = query.where(labels.c.kind.in_(kinds))
        found: dict[str, list[str]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query.order_by(labels.c.kind, labels.c.value)):
                found.setdefault(row.kind, []).append(row.value)
        return {kind: tuple(values) for kind, values in found.items()}

    def chosen(self, slug: str, choice: Filter, *, web: bool) -> Chosen:
        """Give what joining needs of the entries of a feed that a choice fits; ``web``: the bytes of that flavour."""
        meant = choice.select(self.labels(slug, choice.kinds))
        blob = entries.c.web_blob if web else entries.c.blob
        query = select(entries.c.sort_key, entries.c.uid, entries.c.zones, blob.label("blob"))
        query = query.where(entries.c.slug == slug, entries.c.gone.is_(False))
        query = query.where(*_within(entries.c.uid, slug, meant))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        # Sorted here, for databases sort text in ways of their own. There may be thousands: no names are looked up.
        in_order = sorted(tuple(row) for row in rows)
        zones = {zone for used in {row[2] for row in in_order} for zone in used.split()}
        return Chosen(
            labels=meant, zones=frozenset(zones), blobs=[row[3] or b"" for row in in_order]
        )

    def fits(self, slug: str, uid: str, choice: Filter) -> bool:
        """Whether an entry of a feed is one that was chosen."""
        query = select(labels.c.kind, labels.c.value).where(
            labels.c.slug == slug, labels.c.uid == uid
        )
        with self._database.read() as connection:
            return choice.matches([(row.kind, row.value) for row in connection.execute(query)])


def _within(
    uid: ColumnElement[str], slug: str, meant: Mapping[str, Sequence[str]]
) -> list[ColumnElement[bool]]:
    """Write a choice as conditions, one for each of its kinds."""
    return [
        uid.in_(
            select(labels.c.uid).where(
                labels.c.slug == slug, labels.c.kind == kind, labels.c.value.in_(values)
            )
        )
        for kind, values in meant.items()
    ]


def write_cards(connection: Connection, slug: str, changed: Sequence[EntryAgenda]) -> bool:
    """Write the cards and labels of changed entries in the transaction of their publication.

    Tells whether any label is another than before.
    """
    uids = [one.uid for one in changed]
    had: set[tuple[str, str, str]] = set()
    for batch in batches(uids):
        mine = (labels.c.slug == slug, labels.c.uid.in_(batch))
        known = connection.execute(select(labels.c.uid, labels.c.kind, labels.c.value).where(*mine))
        had.update((row.uid, row.kind, row.value) for row in known)
        connection.execute(delete(labels).where(*mine))
    for batch in batches([one.uid for one in changed if not one.cards]):
        connection.execute(delete(cards).where(cards.c.slug == slug, cards.c.uid.in_(batch)))
    upsert(
        connection,
        cards,
        (
            {
                "slug": slug,
                "uid": one.uid,
                "first": min(each.starts_at for each in one.cards),
                "last": max(each.ends_at for each in one.cards),
                "card": encode_items(one.cards),
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
    return had != {(one.uid, kind, value) for one in changed for kind, value in one.labels}
