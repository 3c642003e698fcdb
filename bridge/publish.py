"""Publish one feed from what the store holds: shape what changed, render it, join the kept bytes, write documents.

It never reads Zoho. Doing it again without a change writes nothing, and doing it after a crash finishes the work:
what is to be done is told by comparing what the sources hold with what the entries were made from.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
import gzip
import hashlib

import structlog

from bridge import ical, shape, snapshot
from bridge.card import cards_of, labels_of
from bridge.errors import StoreError
from bridge.model import Event, Feed, Rejection, Window, instant
from bridge.store import Document, Entry, ForPeople, Published, ShapeRow, Store, Stored

# The form of the published bytes: raise it when shaping or rendering changes, and every entry is made anew.
FORM = "1"
# The form of the cards: raise it when they change. The published bytes and their stamps stay as they are.
_CARDS = "1"

# SEQUENCE counts the minutes since then, at the time of a change: it grows even when the database is rebuilt.
_SEQUENCE_START = datetime.fromisoformat("2024-01-01T00:00:00+00:00")

# An attempt fails only when another publication was written meanwhile: the sources of a merged feed come together.
_ATTEMPTS = 20

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
        feed = next((feed for feed in store.feeds.active() if feed.slug == slug), None)
        if feed is None:
            return Publication()
        draft = _Draft(feed, current, now)
        draft.shape_events(store.sources.payloads)
        if not draft.changes_anything:
            return draft.publication(written=False)
        if store.publications.publish(
            slug,
            revision=current.revision,
            basis=draft.basis,
            shaped=draft.shaped,
            unshaped=draft.unshaped,
            changed=draft.changed,
            made=draft.documents(),
            for_people=draft.for_people,
        ):
            return draft.publication(written=True)
    raise StoreError(f'Feed "{slug}" could not be published: other processes publish it at the same time.')


class _Draft:
    """One attempt at a publication, from one state of the store."""

    def __init__(self, feed: Feed, current: Published, now: datetime) -> None:
        self.basis = _hash(FORM, _CARDS, snapshot.encode_feed(feed))
        self.shaped: list[ShapeRow] = []
        self.unshaped: list[str] = []
        self.changed: list[Entry] = []
        self.for_people: list[ForPeople] = []
        self._feed = feed
        self._current = current
        self._now = now.replace(microsecond=0)
        self._web_window, self._next_web_window = _web_window(feed, now.date())
        self._shown: set[str] = set()  # the entries of the events that were shaped, by UID
        self._lost: dict[str, list[Rejection]] = defaultdict(list)
        self._rendered = 0
        self._removed = 0

    @property
    def changes_anything(self) -> bool:
        """Whether there is something to write."""
        new = self.basis != self._current.basis or not self._current.etags
        return new or bool(self.shaped or self.unshaped or self.changed)

    def publication(self, *, written: bool) -> Publication:
        """Say what was done."""
        lost = {key: tuple(rejections) for key, rejections in self._lost.items()}
        return Publication(rendered=self._rendered, removed=self._removed, written=written, lost=lost)

    def shape_events(self, load: Load) -> None:
        """Find the events whose entries may be out of date, and make those entries anew."""
        stored = _first_of_each_uid(self._current.stored)
        bases = {uid: self._basis_of(event) for uid, event in stored.items()}
        stale = [event for uid, event in stored.items() if self._is_stale(uid, bases[uid])]
        had: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._current.entries.values():
            if not entry.gone:
                had[entry.event_uid].append(entry)
        replaced = [entry for uid, entries in had.items() if uid not in stored for entry in entries]
        for event, payload in _with_payloads(stale, load):
            whole, until = self._shape_event(event, snapshot.decode(payload), had[event.uid])
            if whole:  # else it stays out of date: the next publication tries again, and tells again what is lost
                self.shaped.append(ShapeRow(event_uid=event.uid, basis=bases[event.uid], until=until))
            replaced += had[event.uid]
        self.unshaped = [uid for uid in self._current.shapes if uid not in stored]
        # Last of all, for an entry may pass from one event to another: an instance from its series to itself.
        gone = [entry for entry in replaced if entry.uid not in self._shown]
        self.changed += [replace(entry, gone=True, blob=None, web_blob=None) for entry in gone]
        self.for_people += [ForPeople(uid=entry.uid) for entry in gone]
        self._removed += len(gone)

    def documents(self) -> list[Document]:
        """Join the entries to the feed's documents; one whose bytes stay the same keeps its time."""
        entries = dict(self._current.entries) | {entry.uid: entry for entry in self.changed}
        shown = sorted((e for e in entries.values() if not e.gone), key=lambda entry: (entry.sort_key, entry.uid))
        zones = {zone for entry in shown for zone in entry.zones.split()}
        title = self._feed.title
        default = ical.document(title=title, blobs=[entry.blob or b"" for entry in shown], zones=zones)
        web = ical.document(title=title, blobs=[entry.web_blob or b"" for entry in shown], zones=())
        bodies = {"default": default, "quiet": ical.without_alarms(default), "web": web}
        return [
            Document(
                variant=variant,
                body=body,
                gzip=gzip.compress(body, 6, mtime=0),
                etag=etag,
                modified_at=self._now,
                events=len(shown),
            )
            for variant, body in bodies.items()
            if (etag := hashlib.sha256(body).hexdigest()) != self._current.etags.get(variant)
        ]

    def _basis_of(self, event: Stored) -> str:
        return _hash(self.basis, event.source_key, event.content_hash, str(event.cancelled_since))

    def _is_stale(self, uid: str, basis: str) -> bool:
        known = self._current.shapes.get(uid)
        return known is None or known.basis != basis or (known.until is not None and known.until <= self._now.date())

    def _shape_event(self, stored: Stored, event: Event, had: Sequence[Entry]) -> tuple[bool, date | None]:
        """Make an event's entries; tell whether all could be made, and the day until which they stay right."""
        since = stored.cancelled_since.date() if stored.cancelled_since else None
        try:
            shaped = shape.shape(event, self._feed, today=self._now.date(), cancelled_since=since)
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
                self._shown.add(shown.uid)
        days = [shaped.until] if shaped.until else []
        if any(shown.recurrence for shown in shaped.events):
            days.append(self._next_web_window)
        return whole, min(days, default=None)

    def _lose(self, stored: Stored, event: Event, error: Exception, had: Sequence[Entry]) -> None:
        """Keep what was shown before of an event that can't be shown as it is now, unless that may tell too much."""
        if self.basis == self._current.basis and not event.private:
            self._shown.update(entry.uid for entry in had)
        told = str(error)
        if not isinstance(error, ical.RenderError):
            log.error("event not shown", feed=self._feed.slug, upstream_id=event.upstream_id, exc_info=error)
            told = f"a bug in the bridge ({type(error).__name__}), see its log"
        reason = f'The event could not be shown in feed "{self._feed.slug}": {told}.'
        self._lost[stored.source_key].append(Rejection(upstream_id=event.upstream_id, reason=reason))

    def _make_entry(self, stored: Stored, event: Event) -> None:
        event = event if self._feed.alarms else _silent(event)
        content_hash = _hash(FORM, snapshot.content_hash(event))
        occurrences = shape.flatten(event, self._web_window)
        old = self._current.entries.get(event.uid)
        if old is not None and not old.gone and old.content_hash == content_hash:
            entry = replace(old, event_uid=stored.uid)
            if event.recurrence is not None:
                stamp = ical.Stamp(changed=old.changed_at, sequence=old.sequence)
                entry = replace(entry, web_blob=ical.render_occurrences(occurrences, stamp))
            if entry != old:
                self.changed.append(entry)
        else:
            self.changed.append(self._rendered_entry(stored.uid, event, content_hash, occurrences, old))
            self._rendered += 1
        cards = cards_of(event, occurrences)
        self.for_people.append(ForPeople(uid=event.uid, cards=cards, labels=labels_of(event, stored.source_key)))

    def _rendered_entry(
        self, event_uid: str, event: Event, content_hash: str, occurrences: Sequence[Event], old: Entry | None
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

    def _next_stamp(self, old: Entry | None) -> ical.Stamp:
        """Stamp a change: later, and with a higher SEQUENCE, than anything shown under this UID (rulebook 20-22)."""
        sequence = max((self._now - _SEQUENCE_START) // timedelta(minutes=1), 0)
        if old is None:
            return ical.Stamp(changed=self._now, sequence=sequence)
        changed = max(self._now, old.changed_at + timedelta(seconds=1))
        return ical.Stamp(changed=changed, sequence=max(sequence, old.sequence + 1))


def _first_of_each_uid(stored: Sequence[Stored]) -> dict[str, Stored]:
    """Show an event that two sources of a feed hold once, from the first of them (rulebook 19)."""
    events: dict[str, Stored] = {}
    for event in stored:
        events.setdefault(event.uid, event)
    return events


def _silent(event: Event) -> Event:
    return replace(event, alarms=(), overrides=tuple(replace(override, alarms=()) for override in event.overrides))


def _with_payloads(stale: Sequence[Stored], load: Load) -> Iterator[tuple[Stored, bytes]]:
    by_source: dict[str, list[Stored]] = defaultdict(list)
    for event in stale:
        by_source[event.source_key].append(event)
    for source_key, events in by_source.items():
        payloads = load(source_key, [event.uid for event in events])
        for event in events:
            if event.uid in payloads:  # else it was removed a moment ago, and the revision will tell
                yield event, payloads[event.uid]


def _web_window(feed: Feed, today: date) -> tuple[Window, date]:
    """Give the days the flavour ``web`` is expanded over, and the day they change: whole months, to change rarely."""
    this_month = today.replace(day=1)
    next_month = (this_month + timedelta(days=31)).replace(day=1)
    return Window(start=feed.window(this_month).start, end=feed.window(next_month).end), next_month


def _sort_key(event: Event) -> str:
    start = event.start
    return f"{instant(start):%Y%m%dT%H%M%SZ}" if isinstance(start, datetime) else f"{start:%Y%m%d}"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
