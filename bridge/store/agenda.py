"""Agenda items of the entries of a feed, by time, and the labels that people select entries by."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

import sqlalchemy as sa

from bridge.domain.source_rule import fold
from bridge.feed.agenda import AgendaItem, decode_item, encode_item
from bridge.feed.publication import EntryAgenda
from bridge.feed.selection import Ticks
from bridge.store.database import delete_in, select_in, upsert
from bridge.store.schema import agenda_items, entries, feeds, labels, occurrences
from bridge.store.tables import Tables


class AgendaTable(Tables):
    """Reads the agenda items and labels that the last publication wrote."""

    def between(
        self,
        slug: str,
        start: datetime,
        end: datetime,
        *,
        ticks: Ticks | None = None,
        words: str = "",
        most: int | None = None,
        latest: bool = False,
        keep: Callable[[datetime, datetime], bool] | None = None,
    ) -> tuple[AgendaItem, ...]:
        """Return the items of a feed with their occurrences that may overlap a span, in no order.

        All-day occurrences count as days in UTC: make the span a day longer on both sides.
        ``ticks``: only selected items. ``words``: only items with all these words in title or
        place. ``most``: only so many occurrences, those that start first, or with ``latest`` last.
        ``keep``: only occurrences with a start and end for which it returns True, in that order.
        """
        query = _times(slug).where(occurrences.c.ends_at >= start, occurrences.c.starts_at < end)
        if ticks is not None and ticks.number:
            query = query.where(_is_selected(occurrences.c.uid, slug, ticks))
        if words:
            found = sa.select(agenda_items.c.uid, agenda_items.c.number)
            found = found.where(agenda_items.c.slug == slug)
            for word in fold(words).split():
                found = found.where(agenda_items.c.words.contains(word, autoescape=True))
            query = query.where(sa.tuple_(occurrences.c.uid, occurrences.c.number).in_(found))
        columns = (occurrences.c.starts_at, occurrences.c.ends_at, occurrences.c.uid)
        query = query.order_by(*((c.desc() for c in columns) if latest else columns)).limit(most)
        with self._database.read() as connection:
            rows = connection.execute(query)
            times = _by_item(r for r in rows if keep is None or keep(r.starts_at, r.ends_at))
            uids = sorted({uid for uid, _ in times})
            return tuple(_items(connection, slug, uids, times, texts=sa.null()))

    def of(self, slug: str, uids: Sequence[str]) -> dict[str, tuple[AgendaItem, ...]]:
        """Return the whole items of some entries with all their occurrences, by UID."""
        with self._database.read() as connection:
            times = _by_item(select_in(connection, _times(slug), occurrences.c.uid, uids))
            items = _items(connection, slug, uids, times, texts=agenda_items.c.texts)
            return {uid: tuple(group) for uid, group in groupby(items, key=attrgetter("uid"))}

    def labels(self, slug: str) -> dict[str, tuple[str, ...]]:
        """Return the sorted label values of a feed's entries by kind."""
        query = sa.select(labels.c.kind, labels.c.value).distinct().where(labels.c.slug == slug)
        query = query.where(sa.or_(labels.c.kind != "answer", ~_is_public(slug)))
        rows = self._database.all(query.order_by(labels.c.kind, labels.c.value))
        by_kind = groupby(rows, key=attrgetter("kind"))
        return {kind: tuple(row.value for row in group) for kind, group in by_kind}

    def selected(self, slug: str, ticks: Ticks) -> frozenset[bytes] | None:
        """Return the UIDs of the entries that ticks select, as in documents; None for all."""
        if not ticks.number:
            return None
        by_label, starred = _ticked(slug, ticks)
        with self._database.read() as connection:
            sets = [_uids(connection, query) for query in by_label]
            of_all_kinds = frozenset.intersection(*sets) if sets else frozenset()
            return of_all_kinds | (_uids(connection, starred) if ticks.events else frozenset())

    def shows(self, slug: str, uid: str, ticks: Ticks) -> bool:
        """Return whether ticks select an entry."""
        if not ticks.number:
            return True
        query = sa.select(sa.true()).where(_is_selected(sa.literal(uid), slug, ticks))
        return self._database.first(query) is not None


def _is_public(slug: str) -> sa.ColumnElement[bool]:
    """Whether a feed is public: the responses of the account are no part of it."""
    return sa.exists(sa.select(feeds.c.slug).where(feeds.c.slug == slug, feeds.c.public))


def _ticked(slug: str, ticks: Ticks) -> tuple[Sequence[sa.Select[Any]], sa.Select[Any]]:
    """Select the UIDs of entries with a ticked label, for each kind, and of ticked events.

    A ticked event has all its entries: instances that stand apart may have any UID tomorrow.
    """
    by_label = []
    for kind, values in ticks.by_kind.items():
        query = sa.select(labels.c.uid).where(labels.c.slug == slug, labels.c.kind == kind)
        query = query.where(labels.c.value.in_(values))
        by_label.append(query.where(~_is_public(slug)) if kind == "answer" else query)
    owners = sa.select(entries.c.event_uid).where(entries.c.slug == slug)
    owners = owners.where(entries.c.uid.in_(ticks.events))
    gone = sa.select(entries.c.uid).where(entries.c.slug == slug, entries.c.gone)
    starred = sa.select(entries.c.uid).where(
        entries.c.slug == slug, entries.c.event_uid.in_(owners), entries.c.uid.not_in(gone)
    )
    return by_label, starred


def _is_selected(uid: sa.ColumnElement[str], slug: str, ticks: Ticks) -> sa.ColumnElement[bool]:
    by_label, starred = _ticked(slug, ticks)
    of_all_kinds = [sa.and_(*(uid.in_(query) for query in by_label))] if by_label else []
    return sa.or_(uid.in_(starred), *of_all_kinds)


def _uids(connection: sa.Connection, query: sa.Select[Any]) -> frozenset[bytes]:
    """Return the UIDs that a query selects, as one row: a row for each takes ten times as long."""
    uid = next(iter(query.selected_columns))
    joined: str | None = connection.execute(
        query.with_only_columns(sa.func.aggregate_strings(uid, "\n"))
    ).scalar()
    return frozenset((joined or "").encode().splitlines())


_Times: TypeAlias = Mapping[tuple[str, int], Sequence[tuple[datetime, datetime]]]


def _times(slug: str) -> sa.Select[Any]:
    """Select the occurrences of a feed."""
    return sa.select(occurrences).where(occurrences.c.slug == slug)


def _by_item(rows: Iterable[sa.Row[Any]]) -> _Times:
    times: dict[tuple[str, int], list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in rows:
        times[row.uid, row.number].append((row.starts_at, row.ends_at))
    return times


def _items(
    connection: sa.Connection,
    slug: str,
    uids: Sequence[str],
    times: _Times,
    texts: sa.ColumnElement[Any],
) -> Iterator[AgendaItem]:
    """Return the items of some entries that have occurrences, with those."""
    table = agenda_items.c
    query = sa.select(table.uid, table.number, table.item, texts.label("texts"))
    query = query.where(table.slug == slug).order_by(table.uid, table.number)
    for row in select_in(connection, query, table.uid, uids):
        if spans := times.get((row.uid, row.number)):
            yield decode_item(row.item, row.texts, sorted(spans))


def write_agenda(connection: sa.Connection, slug: str, changed: Sequence[EntryAgenda]) -> bool:
    """Write the items and labels of changed entries; return whether any label has changed."""
    uids = [entry.uid for entry in changed]
    query = sa.select(labels.c.uid, labels.c.kind, labels.c.value).where(labels.c.slug == slug)
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
            words = fold(f"{item.name} {item.place}")
            key = {"slug": slug, "uid": entry.uid, "number": number}
            yield key | {"words": words, "item": packed, "texts": texts}


def _occurrence_rows(slug: str, changed: Iterable[EntryAgenda]) -> Iterator[dict[str, object]]:
    for entry in changed:
        for number, item in enumerate(entry.items):
            key = {"slug": slug, "uid": entry.uid, "number": number}
            for start, end in item.spans():
                yield key | {"starts_at": start, "ends_at": end}
