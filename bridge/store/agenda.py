"""Agenda items of the entries of a feed, by time, and the labels that entries are filtered by."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, null, select, tuple_

from bridge.feed.agenda import AgendaItem, decode_item, encode_item, search_words
from bridge.feed.filter import Filter
from bridge.feed.publication import EntryAgenda
from bridge.store.database import delete_in, select_in, upsert
from bridge.store.schema import agenda_items, entries, labels, occurrences
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
        self,
        slug: str,
        start: datetime,
        end: datetime,
        *,
        matching: Filter | None = None,
        words: str = "",
        most: int | None = None,
        latest: bool = False,
    ) -> tuple[AgendaItem, ...]:
        """Return the items of a feed with their occurrences that may overlap a span, in no order.

        All-day occurrences count as days in UTC: make the span a day longer on both sides.
        ``words``: only items with all these words in title or place. ``most``: only so many
        occurrences, those that start first, or with ``latest`` last.
        """
        query = _times(slug).where(occurrences.c.ends_at >= start, occurrences.c.starts_at < end)
        if matching is not None:
            chosen = matching.select(self.labels(slug, matching.kinds))
            query = query.where(*_with_labels(occurrences.c.uid, slug, chosen))
        if words:
            found = select(agenda_items.c.uid, agenda_items.c.number)
            found = found.where(agenda_items.c.slug == slug)
            for word in search_words(words).split():
                found = found.where(agenda_items.c.words.contains(word, autoescape=True))
            query = query.where(tuple_(occurrences.c.uid, occurrences.c.number).in_(found))
        columns = (occurrences.c.starts_at, occurrences.c.ends_at, occurrences.c.uid)
        query = query.order_by(*((c.desc() for c in columns) if latest else columns)).limit(most)
        with self._database.read() as connection:
            times = _by_item(connection.execute(query))
            uids = sorted({uid for uid, _ in times})
            return tuple(_items(connection, slug, uids, times, texts=null()))

    def of(self, slug: str, uids: Sequence[str]) -> dict[str, tuple[AgendaItem, ...]]:
        """Return the whole items of some entries with all their occurrences, by UID."""
        with self._database.read() as connection:
            times = _by_item(select_in(connection, _times(slug), occurrences.c.uid, uids))
            items = _items(connection, slug, uids, times, texts=agenda_items.c.texts)
            return {uid: tuple(group) for uid, group in groupby(items, key=attrgetter("uid"))}

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


_Times: TypeAlias = Mapping[tuple[str, int], Sequence[tuple[datetime, datetime]]]


def _times(slug: str) -> Select[Any]:
    """Select the occurrences of a feed."""
    return select(occurrences).where(occurrences.c.slug == slug)


def _by_item(rows: Iterable[Row[Any]]) -> _Times:
    times: dict[tuple[str, int], list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in rows:
        times[row.uid, row.number].append((row.starts_at, row.ends_at))
    return times


def _items(
    connection: Connection,
    slug: str,
    uids: Sequence[str],
    times: _Times,
    texts: ColumnElement[Any],
) -> Iterator[AgendaItem]:
    """Return the items of some entries that have occurrences, with those."""
    table = agenda_items.c
    query = select(table.uid, table.number, table.item, texts.label("texts"))
    query = query.where(table.slug == slug).order_by(table.uid, table.number)
    for row in select_in(connection, query, table.uid, uids):
        if spans := times.get((row.uid, row.number)):
            yield decode_item(row.item, row.texts, sorted(spans))


def write_agenda(connection: Connection, slug: str, changed: Sequence[EntryAgenda]) -> bool:
    """Write the items and labels of changed entries; return whether any label has changed."""
    uids = [entry.uid for entry in changed]
    query = select(labels.c.uid, labels.c.kind, labels.c.value).where(labels.c.slug == slug)
    before = {tuple(row) for row in select_in(connection, query, labels.c.uid, uids)}
    delete_in(connection, labels.c.uid, uids, labels.c.slug == slug)
    for table in (agenda_items, occurrences):
        delete_in(connection, table.c.uid, uids, table.c.slug == slug)
    upsert(connection, agenda_items, _item_rows(slug, changed))
    upsert(connection, occurrences, _occurrence_rows(slug, changed))
    after = {(entry.uid, kind, value) for entry in changed for kind, value in entry.labels}
    rows = ({"slug": slug, "uid": u, "kind": k, "value": value} for u, k, value in sorted(after))
    upsert(connection, labels, rows)
    return before != after


def _item_rows(slug: str, changed: Iterable[EntryAgenda]) -> Iterator[dict[str, object]]:
    for entry in changed:
        for number, item in enumerate(entry.items):
            packed, texts = encode_item(item)
            words = search_words(f"{item.name} {item.place}")
            key = {"slug": slug, "uid": entry.uid, "number": number}
            yield key | {"words": words, "item": packed, "texts": texts}


def _occurrence_rows(slug: str, changed: Iterable[EntryAgenda]) -> Iterator[dict[str, object]]:
    for entry in changed:
        for number, item in enumerate(entry.items):
            key = {"slug": slug, "uid": entry.uid, "number": number}
            for start, end in item.spans():
                yield key | {"starts_at": start, "ends_at": end}
