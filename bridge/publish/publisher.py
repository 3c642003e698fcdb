"""Publish one feed from what the store holds: shape what changed, render it, join the kept bytes, write documents.

It never reads Zoho. Doing it again without a change writes nothing, and doing it after a crash finishes the work:
what is to be done is told by comparing what the sources hold with what the entries were made from.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
import hashlib

import structlog

from bridge.domain import codec
from bridge.domain.event import Event, to_utc
from bridge.domain.feed import Feed, Window
from bridge.domain.rejection import Rejection
from bridge.errors import StoreError
from bridge.feed.agenda import AgendaItem, agenda_items, labels_of, without_labels
from bridge.feed.changelog import Change, EventUpdate, find_changes
from bridge.problems import problem, text_problem
from bridge.publish import ical, view as shape
from bridge.publish.gzip_blocks import Compressed, compress
from bridge.store import Store
from bridge.store.agenda import EntryAgenda
from bridge.store.publications import (
    Document,
    Entry,
    EntryRow,
    PublishedState,
    StoredEvent,
    ViewRow,
)

# The form of the published bytes: raise it when shaping or rendering changes, and every entry is made anew.
FORM = "1"
# The form of the cards: raise it when they change. The published bytes and their stamps stay as they are.
_CARDS = "1"

# SEQUENCE counts the minutes since then, at the time of a change: it grows even when the database is rebuilt.
_SEQUENCE_START = datetime.fromisoformat("2024-01-01T00:00:00+00:00")

# An attempt fails only when another publication was written meanwhile: the sources of a merged feed come together.
_ATTEMPTS = 20
_AT_ONCE = 500  # payloads that are held at a time

Load = Callable[[str, Sequence[str]], Mapping[str, bytes]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What publishing did. ``lost`` names, by source, the events that could not be shown as they are now."""

    rendered: int = 0
    removed: int = 0
    written: bool = False
    lost: Mapping[str, tuple[Rejection, ...]] = field(default_factory=dict)


def publish(store: Store, slug: str, *, now: datetime) -> Publication:
    """Bring a feed's documents up to date, in one transaction that readers see whole or not at all.

    A feed that is not active stays as it is. Raises StoreError when the database can't be written, or when others
    publish the same feed all the time.
    """
    for _attempt in range(_ATTEMPTS):
        current = store.publications.current(slug)
        # The definition is read after the revision. Whoever changes it publishes the feed afterwards: either that is
        # still to come, or this attempt is refused; what a feed may no longer tell can't come back.
        feed = store.feeds.get(slug)
        if feed is None:
            return Publication()
        draft = _Draft(store, feed, current, now)
        del current  # of a large feed it is much, and ends with the draft's use of it
        draft.shape_events()
        if not draft.changes_anything:
            return draft.publication(written=False)
        history = draft.history(lambda uids: store.agenda.of(slug, uids))
        draft.join()
        if store.publications.publish(
            slug,
            revision=draft.revision,
            basis=draft.basis,
            shaped=draft.shaped,
            unshaped=draft.unshaped,
            changed=draft.changed,
            made=draft.documents,
            for_people=draft.for_people,
            history=history,
            begun=draft.begun,
            now=draft.now,
        ):
            return draft.publication(written=True)
    raise StoreError(
        f'Feed "{slug}" could not be published: other processes publish it at the same time.'
    )


class _Draft:
    """One attempt at a publication, from one state of the store."""

    def __init__(self, store: Store, feed: Feed, current: PublishedState, now: datetime) -> None:
        self.revision = current.revision
        self.begun = current.begun
        self.basis = _hash(FORM, _CARDS, codec.encode_feed(feed))
        self.shaped: list[ViewRow] = []
        self.unshaped: list[str] = []
        self.changed: list[Entry] = []
        self.for_people: list[EntryAgenda] = []
        self._store = store
        self._feed = feed
        self._current = current
        self.now = now.replace(microsecond=0)
        self._web_window, self._next_web_window = _web_window(feed, now.date())
        self._shown: dict[
            str, str
        ] = {}  # the entries of the events that were shaped, by UID, and the event's UID
        self._lost: dict[str, list[Rejection]] = defaultdict(list)
        self._joined: dict[str, Compressed] = {}
        self._number = 0  # of shown entries
        self._rendered = 0
        self._removed = 0

    @property
    def changes_anything(self) -> bool:
        """Whether there is something to write."""
        new = self.basis != self._current.basis or not self._current.etags
        return new or bool(self.shaped or self.unshaped or self.changed or self.begun)

    def publication(self, *, written: bool) -> Publication:
        """Say what was done."""
        lost = {key: tuple(rejections) for key, rejections in self._lost.items()}
        return Publication(
            rendered=self._rendered, removed=self._removed, written=written, lost=lost
        )

    def shape_events(self) -> None:
        """Find the events whose entries may be out of date, and make those entries anew."""
        stored = _first_of_each_uid(self._current.stored)
        bases = {uid: self._basis_of(event) for uid, event in stored.items()}
        stale = [event for uid, event in stored.items() if self._is_stale(uid, bases[uid])]
        had: dict[str, list[EntryRow]] = defaultdict(list)
        for entry in self._current.entries.values():
            if not entry.gone:
                had[entry.event_uid].append(entry)
        replaced = [entry for uid, entries in had.items() if uid not in stored for entry in entries]
        for event, payload in _with_payloads(stale, self._store.sources.payloads):
            whole, until = self._shape_event(event, codec.decode(payload), had[event.uid])
            if whole:  # else it stays out of date: the next publication tries again, and tells again what is lost
                self.shaped.append(
                    ViewRow(event_uid=event.uid, basis=bases[event.uid], until=until)
                )
            replaced += had[event.uid]
        self.unshaped = [uid for uid in self._current.shapes if uid not in stored]
        # Last of all, for an entry may pass from one event to another: an instance from its series to itself.
        gone = [entry for entry in replaced if entry.uid not in self._shown]
        self.changed += [
            _whole(replace(entry, gone=True), blob=None, web_blob=None) for entry in gone
        ]
        self.for_people += [EntryAgenda(uid=entry.uid) for entry in gone]
        self._removed += len(gone)

    def join(self) -> None:
        """Join the entries to the feed's documents and compress them: the last that is made of what was read."""
        entries = {**self._current.entries, **{entry.uid: entry for entry in self.changed}}
        shown = sorted(
            (e for e in entries.values() if not e.gone),
            key=lambda entry: (entry.sort_key, entry.uid),
        )
        self._number = len(shown)
        zones = {zone for names in {entry.zones for entry in shown} for zone in names.split()}
        blobs = self._blobs(shown, web=False)
        self._compress("default", blobs, zones)
        self._compress("quiet", map(ical.remove_alarms, blobs), zones)
        del blobs  # of a large feed, those of one flavour are enough at a time
        self._compress("web", self._blobs(shown, web=True), ())
        self._current = replace(
            self._current, stored=(), shapes={}, entries={}
        )  # for what is written next is large

    @property
    def documents(self) -> Iterator[Document]:
        """Give the documents whose bytes have changed, one by one; the others keep their time."""
        for variant, joined in self._joined.items():
            if joined.sha256 != self._current.etags.get(variant):
                yield Document(
                    variant=variant,
                    body=joined.plain(),
                    gzip=joined.gzip,
                    blocks=joined.blocks,
                    etag=joined.sha256,
                    modified_at=self.now,
                    events=self._number,
                )

    def _compress(self, variant: str, blobs: Iterable[bytes], zones: Iterable[str]) -> None:
        earlier, blocks = self._store.publications.compressed(self._feed.slug, variant)
        pieces = ical.iter_document(title=self._feed.title, blobs=blobs, zones=zones)
        self._joined[variant] = compress(pieces, earlier=earlier, blocks=blocks)

    def _blobs(self, shown: Sequence[EntryRow], *, web: bool) -> list[bytes]:
        """Give the bytes of entries in order: of a changed one its new ones, of the others those in the store."""
        stored = self._store.publications.blobs(self._feed.slug, web=web)
        return [
            (entry.web_blob if web else entry.blob) or b""
            if isinstance(entry, Entry)
            else stored.get(entry.uid, b"")
            for entry in shown
        ]

    def history(
        self, cards: Callable[[Sequence[str]], Mapping[str, Sequence[AgendaItem]]]
    ) -> tuple[Change, ...]:
        """Tell what changed for people; ``cards`` gives those of entries as they are published.

        Nothing did where the feed, its form or one of its sources is published for the first time, nor in an event that
        is shaped anew because a day has come: its basis is the same.
        """
        known = self._current.shapes
        if self.basis != self._current.basis or not self._current.etags or self.begun:
            return ()
        edited = {
            row.event_uid
            for row in self.shaped
            if getattr(known.get(row.event_uid), "basis", "") != row.basis
        }
        edited.update(self.unshaped)
        had = (
            [e for e in self._current.entries.values() if not e.gone and e.event_uid in edited]
            if edited
            else []
        )
        old = cards([entry.uid for entry in had])
        new = {**old, **{one.uid: one.cards for one in self.for_people}}
        before: dict[str, list[AgendaItem]] = defaultdict(list)
        after: dict[str, list[AgendaItem]] = defaultdict(list)
        for entry in had:
            before[entry.event_uid] += old.get(entry.uid, ())
        for uid, owner in self._shown.items():
            after[owner] += new.get(uid, ())
        return find_changes(
            EventUpdate(
                event_uid=uid, before=before[uid], after=after[uid], days=self._days_compared(uid)
            )
            for uid in sorted(edited)
        )

    def _days_compared(self, event_uid: str) -> Window:
        """Give the days that the feed showed of an event when it was shaped before, and still does."""
        today, known = self.now.date(), self._current.shapes.get(event_uid)
        shaped = min(today, known.until - timedelta(days=1)) if known and known.until else today
        return Window(start=self._feed.window(today).start, end=self._feed.window(shaped).end)

    def _basis_of(self, event: StoredEvent) -> str:
        return _hash(self.basis, event.source_key, event.content_hash, str(event.cancelled_since))

    def _is_stale(self, uid: str, basis: str) -> bool:
        known = self._current.shapes.get(uid)
        return (
            known is None
            or known.basis != basis
            or (known.until is not None and known.until <= self.now.date())
        )

    def _shape_event(
        self, stored: StoredEvent, event: Event, had: Sequence[EntryRow]
    ) -> tuple[bool, date | None]:
        """Make an event's entries; tell whether all could be made, and the day until which they stay right."""
        since = stored.cancelled_since.date() if stored.cancelled_since else None
        try:
            shaped = shape.shape(event, self._feed, today=self.now.date(), cancelled_since=since)
        except Exception as error:  # noqa: BLE001 - a bug that one event brings out must not sink the feed: it is logged
            self._lose(stored, event, error, had)
            return False, None
        whole = True
        for shown in shaped.events:
            try:
                self._make_entry(stored, shown)
            except Exception as error:  # noqa: BLE001 - as above
                self._lose(stored, event, error, [entry for entry in had if entry.uid == shown.uid])
                whole = False
            else:
                self._shown[shown.uid] = stored.uid
        days = [shaped.until] if shaped.until else []
        if any(shown.recurrence for shown in shaped.events):
            days.append(self._next_web_window)
        return whole, min(days, default=None)

    def _lose(
        self, stored: StoredEvent, event: Event, error: Exception, had: Sequence[EntryRow]
    ) -> None:
        """Keep what was shown before of an event that can't be shown as it is now, unless that may tell too much."""
        if self.basis == self._current.basis and not event.private:
            self._shown.update((entry.uid, stored.uid) for entry in had)
        why = text_problem(f"{error}.")
        if not isinstance(error, ical.RenderError):
            log.error(
                "event not shown",
                feed=self._feed.slug,
                upstream_id=event.upstream_id,
                exc_info=error,
            )
            why = problem("bug", error=type(error).__name__)
        self._lost[stored.source_key].append(
            Rejection(
                kind="dropped",
                upstream_id=event.upstream_id,
                title=event.title,
                problems=(problem("not-rendered", feed=self._feed.slug, why=why),),
            )
        )

    def _make_entry(self, stored: StoredEvent, event: Event) -> None:
        labels = (
            labels_of(event, stored.source_key) if self._feed.privacy == "full" else frozenset()
        )
        event = without_labels(event if self._feed.alarms else _silent(event))
        content_hash = _hash(FORM, codec.content_hash(event))
        occurrences = shape.flatten(event, self._web_window)
        old = self._current.entries.get(event.uid)
        if old is not None and not old.gone and old.content_hash == content_hash:
            if event.recurrence is not None or old.event_uid != stored.uid:
                self._keep_entry(event.uid, stored.uid, occurrences)
        else:
            self.changed.append(
                self._rendered_entry(stored.uid, event, content_hash, occurrences, old)
            )
            self._rendered += 1
        cards = agenda_items(event, occurrences)
        self.for_people.append(EntryAgenda(uid=event.uid, cards=cards, labels=labels))

    def _keep_entry(self, uid: str, event_uid: str, occurrences: Sequence[Event]) -> None:
        """Leave an entry's content and stamps; whose it is and which of its occurrences are written out may change."""
        old = self._store.publications.entry(self._feed.slug, uid)
        if old is None:  # it went a moment ago, and the revision will tell
            return
        stamp = ical.Stamp(changed=old.changed_at, sequence=old.sequence)
        entry = replace(
            old, event_uid=event_uid, web_blob=ical.render_occurrences(occurrences, stamp)
        )
        if entry != old:
            self.changed.append(entry)

    def _rendered_entry(
        self,
        event_uid: str,
        event: Event,
        content_hash: str,
        occurrences: Sequence[Event],
        old: EntryRow | None,
    ) -> Entry:
        stamp = self._next_stamp(old)
        blob = ical.render(event, stamp)
        ical.check(blob, event)
        return Entry(
            uid=event.uid,
            event_uid=event_uid,
            content_hash=content_hash,
            changed_at=stamp.changed,
            sequence=stamp.sequence,
            sort_key=_sort_key(event),
            zones=" ".join(sorted(ical.zones(event))),
            blob=blob,
            web_blob=ical.render_occurrences(occurrences, stamp),
        )

    def _next_stamp(self, old: EntryRow | None) -> ical.Stamp:
        """Stamp a change: later, and with a higher SEQUENCE, than anything shown under this UID (rulebook 20-22)."""
        sequence = max((self.now - _SEQUENCE_START) // timedelta(minutes=1), 0)
        if old is None:
            return ical.Stamp(changed=self.now, sequence=sequence)
        changed = max(self.now, old.changed_at + timedelta(seconds=1))
        return ical.Stamp(changed=changed, sequence=max(sequence, old.sequence + 1))


def _first_of_each_uid(stored: Sequence[StoredEvent]) -> dict[str, StoredEvent]:
    """Show an event that two sources of a feed hold once, from the first of them (rulebook 19)."""
    events: dict[str, StoredEvent] = {}
    for event in stored:
        events.setdefault(event.uid, event)
    return events


def _silent(event: Event) -> Event:
    return replace(
        event,
        alarms=(),
        overrides=tuple(replace(override, alarms=()) for override in event.overrides),
    )


def _with_payloads(stale: Sequence[StoredEvent], load: Load) -> Iterator[tuple[StoredEvent, bytes]]:
    by_source: dict[str, list[StoredEvent]] = defaultdict(list)
    for event in stale:
        by_source[event.source_key].append(event)
    for source_key, events in by_source.items():
        for start in range(0, len(events), _AT_ONCE):
            batch = events[start : start + _AT_ONCE]
            payloads = load(source_key, [event.uid for event in batch])
            for event in batch:
                if (
                    event.uid in payloads
                ):  # else it was removed a moment ago, and the revision will tell
                    yield event, payloads[event.uid]


def _whole(entry: EntryRow, *, blob: bytes | None, web_blob: bytes | None) -> Entry:
    return Entry(**asdict(entry), blob=blob, web_blob=web_blob)


def _web_window(feed: Feed, today: date) -> tuple[Window, date]:
    """Give the days the flavour ``web`` is expanded over, and the day they change: whole months, to change rarely."""
    this_month = today.replace(day=1)
    next_month = (this_month + timedelta(days=31)).replace(day=1)
    return Window(start=feed.window(this_month).start, end=feed.window(next_month).end), next_month


def _sort_key(event: Event) -> str:
    start = event.start
    return f"{to_utc(start):%Y%m%dT%H%M%SZ}" if isinstance(start, datetime) else f"{start:%Y%m%d}"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
