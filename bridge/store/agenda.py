"""Agenda items of the entries of a feed, by time, and the labels that entries are filtered by."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import ColumnElement, Connection, select

from bridge.feed.agenda import AgendaItem, decode_items, encode_items
from bridge.feed.filter import Filter
from bridge.feed.publication import EntryAgenda
from bridge.store.database import delete_in, select_in, upsert
from bridge.store.schema import cards, entries, labels
from bridge.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredEntries:
    """The entries of a feed that match a filter: its labels, their zones and bytes, in order."""

    labels: Mapping[str, Sequence[str]]
    zones: frozenset[str]
    blobs: Sequence[bytes]


class AgendaTable(Tables):
    """Reads the agenda items and labels that the last publication wrote."""

    def between(
        self, slug: str, start: datetime, end: datetime, *, matching: Filter | None = None
    ) -> tuple[AgendaItem, ...]:
        """Return the items of a feed with occurrences that may overlap a span, in no order.

        An item holds all its occurrences, also those outside of the span. All-day occurrences count
        as days in UTC: make the span a day longer on both sides.
        """
        query = select(cards.c.card)
        query = query.where(cards.c.slug == slug, cards.c.last >= start, cards.c.first < end)
        if matching is not None:
            chosen = matching.select(self.labels(slug, matching.kinds))
            query = query.where(*_with_labels(cards.c.uid, slug, chosen))
        with self._database.read() as connection:
            packed = connection.execute(query).scalars()
            return tuple(item for items in packed for item in decode_items(items))

    def of(self, slug: str, uids: Sequence[str]) -> dict[str, tuple[AgendaItem, ...]]:
        """Return the items of some entries, by UID."""
        query = select(cards.c.uid, cards.c.card).where(cards.c.slug == slug)
        with self._database.read() as connection:
            rows = select_in(connection, query, cards.c.uid, uids)
            return {row.uid: decode_items(row.card) for row in rows}

    def labels(self, slug: str, kinds: Collection[str] | None = None) -> dict[str, tuple[str, ...]]:
        """Return the sorted label values of a feed's entries by kind; ``kinds``: only those."""
        query = select(labels.c.kind, labels.c.value).distinct().where(labels.c.slug == slug)
        if kinds is not None:
            query = query.where(labels.c.kind.in_(kinds))
        rows = self._database.all(query.order_by(labels.c.kind, labels.c.value))
        by_kind = groupby(rows, key=attrgetter("kind"))
        return {kind: tuple(row.value for row in group) for kind, group in by_kind}

    def filtered(self, slug: str, matching: Filter, *, web: bool) -> FilteredEntries:
        """Return the entries of a feed that match a filter; ``web``: with that variant's bytes."""
        chosen = matching.select(self.labels(slug, matching.kinds))
        blob = entries.c.web_blob if web else entries.c.blob
        query = select(entries.c.sort_key, entries.c.uid, entries.c.zones, blob)
        query = query.where(entries.c.slug == slug, entries.c.gone.is_(False))
        query = query.where(*_with_labels(entries.c.uid, slug, chosen))
        with self._database.read() as connection:
            # Sorted here, for each database sorts text in its own way.
            rows = sorted(tuple(row) for row in connection.execute(query))
        zones = {zone for names in {row[2] for row in rows} for zone in names.split()}
        blobs = [row[3] or b"" for row in rows]
        return FilteredEntries(labels=chosen, zones=frozenset(zones), blobs=blobs)

    def matches(self, slug: str, uid: str, filter_: Filter) -> bool:
        """Whether an entry of a feed matches a filter."""
        query = select(labels.c.kind, labels.c.value)
        query = query.where(labels.c.slug == slug, labels.c.uid == uid)
        return filter_.matches([(row.kind, row.value) for row in self._database.all(query)])


def _with_labels(
    uid: ColumnElement[str], slug: str, chosen: Mapping[str, Sequence[str]]
) -> Iterator[ColumnElement[bool]]:
    """Return the conditions of a filter, one for each kind of label."""
    of_feed = select(labels.c.uid).where(labels.c.slug == slug)
    for kind, values in chosen.items():
        yield uid.in_(of_feed.where(labels.c.kind == kind, labels.c.value.in_(values)))


def write_agenda(connection: Connection, slug: str, changed: Sequence[EntryAgenda]) -> bool:
    """Write the items and labels of changed entries; return whether any label has changed."""
    uids = [entry.uid for entry in changed]
    query = select(labels.c.uid, labels.c.kind, labels.c.value).where(labels.c.slug == slug)
    before = {tuple(row) for row in select_in(connection, query, labels.c.uid, uids)}
    delete_in(connection, labels.c.uid, uids, labels.c.slug == slug)
    without_items = [entry.uid for entry in changed if not entry.items]
    delete_in(connection, cards.c.uid, without_items, cards.c.slug == slug)
    items = (
        {
            "slug": slug,
            "uid": entry.uid,
            "first": min(item.starts_at for item in entry.items),
            "last": max(item.ends_at for item in entry.items),
            "card": encode_items(entry.items),
        }
        for entry in changed
        if entry.items
    )
    upsert(connection, cards, items)
    after = {(entry.uid, kind, value) for entry in changed for kind, value in entry.labels}
    rows = ({"slug": slug, "uid": u, "kind": k, "value": value} for u, k, value in sorted(after))
    upsert(connection, labels, rows)
    return before != after
