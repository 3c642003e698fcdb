"""The entries of a feed that change: VEVENT bytes with their stamps, agenda items and labels."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

import structlog

from bridge.domain import codec
from bridge.domain.event import Alarm, Event, nearest_first, to_utc
from bridge.domain.feed import Feed, Window
from bridge.domain.problems import Problem, problem, text_problem
from bridge.domain.rejection import Rejection
from bridge.feed.agenda import agenda_items, labels_of
from bridge.feed.publication import Entry, EntryAgenda, EntryRow, Freshness, StoredEvent
from bridge.publish.duplicates import duplicate_keys
from bridge.publish.ical.vevent import (
    RenderError,
    Stamp,
    at_other_times,
    check,
    render,
    render_occurrences,
    zones,
)
from bridge.publish.plan import Plan, entry_hash
from bridge.publish.view.event import EventView, event_view, occurrences_in
from bridge.publish.view.series import MOST_IN_WINDOW
from bridge.store import Store

# SEQUENCE counts the minutes since then: it grows even when the database is rebuilt.
_SEQUENCE_START = datetime.fromisoformat("2024-01-01T00:00:00+00:00")
_BATCH = 500  # payloads that are held at a time

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class EntryUpdates:
    """What changes in a feed's entries.

    ``known`` are the published entries that belong to the stale and removed events, and None for
    UIDs that the feed never had. ``entries`` are new, changed and gone. ``owners`` are the event
    UIDs of all entries that the stale events have now, changed or not. ``rejections`` name, by
    source key, the events that the feed can't show as they are. They are tried again.
    """

    known: dict[str, EntryRow | None]
    entries: list[Entry] = field(default_factory=list)
    agenda: list[EntryAgenda] = field(default_factory=list)
    freshness: list[Freshness] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    rejections: dict[str, list[Rejection]] = field(default_factory=dict)
    rendered: int = 0
    removed: int = 0

    def shown(self, event_uids: Container[str]) -> list[EntryRow]:
        """Return the published entries of some events that are not gone."""
        rows = self.known.values()
        return [row for row in rows if row and not row.gone and row.event_uid in event_uids]


def update_entries(store: Store, plan: Plan) -> EntryUpdates:
    """Make the entries of all stale events; only what belongs to them is read."""
    uids = [*(event.uid for event in plan.stale), *plan.published.removed]
    rows = store.publications.entries(plan.feed.slug, events=uids if len(uids) <= _BATCH else None)
    updates = EntryUpdates(known={**rows})
    previous: dict[str, list[EntryRow]] = defaultdict(list)
    for row in updates.shown({*uids}):
        previous[row.event_uid].append(row)
    candidates = [row for uid in plan.published.removed for row in previous[uid]]
    for stored, event in load_events(store, plan.stale):
        _update_event(updates, store, plan, stored, event, previous=previous[stored.uid])
        candidates += previous[stored.uid]
    updates.rendered = sum(_has_new_stamp(entry, updates) for entry in updates.entries)
    # Last, for an entry may pass from one event to another: an instance from its series to itself.
    gone = [row for row in candidates if row.uid not in updates.owners]
    updates.entries += map(_gone, gone)
    updates.agenda += (EntryAgenda(uid=row.uid) for row in gone)
    updates.removed = len(gone)
    return updates


def load_events(store: Store, wanted: Iterable[StoredEvent]) -> Iterator[tuple[StoredEvent, Event]]:
    """Read events in batches.

    An event that was removed meanwhile is left out, and the revision check rejects the publication.
    """
    by_source: dict[str, list[StoredEvent]] = defaultdict(list)
    for event in wanted:
        by_source[event.source_key].append(event)
    for source_key, events in by_source.items():
        for start in range(0, len(events), _BATCH):
            batch = events[start : start + _BATCH]
            payloads = store.sources.payloads(source_key, [event.uid for event in batch])
            yield from ((e, codec.decode(payloads[e.uid])) for e in batch if e.uid in payloads)


def _update_event(
    updates: EntryUpdates,
    store: Store,
    plan: Plan,
    stored: StoredEvent,
    event: Event,
    *,
    previous: Sequence[EntryRow],
) -> None:
    """Add an event's entries. A bug that one event triggers is logged and must not sink the feed.

    An entry that can't be made stays as it was, unless that may disclose too much.
    """
    may_stay = not plan.is_new_form and not event.private
    since = stored.cancelled_since.date() if stored.cancelled_since else None
    rule, view = plan.feed.rule_of(stored.source_key), EventView(events=(), until=None)
    try:
        if stored not in plan.duplicates:
            view = event_view(
                event,
                plan.feed,
                salt=plan.salt,
                today=plan.today,
                cancelled_since=since,
                rule=rule,
            )
    except Exception as error:  # noqa: BLE001
        _reject(updates, plan.feed, stored, event, error)
        updates.owners |= {row.uid: stored.uid for row in previous if may_stay}
        is_complete = False
    else:
        is_complete = not view.cut  # or the rejection would disappear with the next read
    window, next_window = _web_window(plan.feed, plan.today)
    if view.cut:
        why = problem("too-many-occurrences", feed=plan.feed.slug, most=MOST_IN_WINDOW)
        _add_rejection(updates, stored, event, why, kind="repaired")
    for shown in view.events:
        try:
            entry, agenda = _entry(store, plan, updates, stored, shown, web_window=window)
        except Exception as error:  # noqa: BLE001
            _reject(updates, plan.feed, stored, event, error)
            is_complete = False
            if not may_stay or all(row.uid != shown.uid for row in previous):
                continue
        else:
            updates.entries += [entry] if entry else []
            updates.agenda.append(agenda)
        updates.owners[shown.uid] = stored.uid
    days = [view.until] if view.until else []
    if any(shown.recurrence for shown in view.events):
        days.append(next_window)
    fresh = Freshness(
        event_uid=stored.uid,
        source_key=stored.source_key,
        content_hash=stored.content_hash if is_complete else "",
        cancelled_since=stored.cancelled_since,
        is_copy=stored in plan.duplicates,
        until=min(days, default=None),
        duplicate_keys=duplicate_keys(event, stored.source_key, rule)
        if plan.feed.shows_once
        else "",
    )
    if fresh != plan.published.freshness.get(stored.uid):
        updates.freshness.append(fresh)


def _entry(
    store: Store,
    plan: Plan,
    updates: EntryUpdates,
    stored: StoredEvent,
    event: Event,
    *,
    web_window: Window,
) -> tuple[Entry | None, EntryAgenda]:
    """Return the entry of an event as the feed shows it, None if it is unchanged, and its agenda.

    Raises RenderError.
    """
    full = plan.feed.privacy == "full"
    labels = labels_of(event, stored.source_key) if full else frozenset()
    event = _with_alarms(event, plan.feed)
    occurrences = occurrences_in(event, web_window)
    items = agenda_items(event, occurrences, stored.source_key if full else "")
    agenda = EntryAgenda(uid=event.uid, items=items, labels=labels)
    content_hash, old = entry_hash(event), _find(store, plan, updates, event.uid)
    if old is None or old.gone or old.content_hash != content_hash:
        stamp = _next_stamp(old, plan.now)
        blob = render(event, stamp)
        check(blob, event)
        return Entry(
            uid=event.uid,
            event_uid=stored.uid,
            content_hash=content_hash,
            changed_at=stamp.changed,
            sequence=stamp.sequence,
            sort_key=_sort_key(event),
            zones=" ".join(sorted(zones(event))),
            blob=blob,
            web_blob=_web_blob(event, blob, occurrences, stamp),
        ), agenda
    if event.recurrence is None and old.event_uid == stored.uid:
        return None, agenda
    # Content and stamps stay. The owner may change, and the occurrences that are written out.
    kept = store.publications.entry(plan.feed.slug, event.uid)
    if kept is None:  # removed meanwhile: the revision check rejects this attempt
        return None, agenda
    stamp = Stamp(changed=kept.changed_at, sequence=kept.sequence)
    web_blob = render_occurrences(occurrences, stamp)
    entry = replace(kept, event_uid=stored.uid, web_blob=web_blob)
    return entry if entry != kept else None, agenda


def _find(store: Store, plan: Plan, updates: EntryUpdates, uid: str) -> EntryRow | None:
    """Return the published entry with a UID, which may have been of another event."""
    if uid not in updates.known and len(plan.stale) <= _BATCH:  # else all are known
        updates.known[uid] = store.publications.entries(plan.feed.slug, uids=[uid]).get(uid)
    return updates.known.get(uid)


def _web_blob(event: Event, blob: bytes, occurrences: Sequence[Event], stamp: Stamp) -> bytes:
    """Return the variant ``web``; a single event needs only other times."""
    if event.recurrence is None and occurrences:
        return at_other_times(blob, occurrences[0])
    return render_occurrences(occurrences, stamp)


def _next_stamp(old: EntryRow | None, now: datetime) -> Stamp:
    """Return stamps above all that were ever shown under this UID (rulebook 20-22)."""
    sequence = max((now - _SEQUENCE_START) // timedelta(minutes=1), 0)
    if old is None:
        return Stamp(changed=now, sequence=sequence)
    changed = max(now, old.changed_at + timedelta(seconds=1))
    return Stamp(changed=changed, sequence=max(sequence, old.sequence + 1))


def _has_new_stamp(entry: Entry, updates: EntryUpdates) -> bool:
    old = updates.known.get(entry.uid)
    return old is None or old.sequence != entry.sequence


def _gone(row: EntryRow) -> Entry:
    return Entry(**asdict(row) | {"gone": True}, blob=None, web_blob=None)


def _reject(
    updates: EntryUpdates, feed: Feed, stored: StoredEvent, event: Event, error: Exception
) -> None:
    """Add why a feed can't show an event, and log the error if it is a bug."""
    why = text_problem(f"{error}.")
    if not isinstance(error, RenderError):
        log.error("event not shown", feed=feed.slug, upstream_id=event.upstream_id, exc_info=error)
        why = problem("bug", error=type(error).__name__)
    not_shown = problem("not-rendered", feed=feed.slug, why=why)
    _add_rejection(updates, stored, event, not_shown)


def _add_rejection(
    updates: EntryUpdates,
    stored: StoredEvent,
    event: Event,
    why: Problem,
    kind: Literal["dropped", "repaired"] = "dropped",
) -> None:
    rejection = Rejection(kind, event.upstream_id, event.title, (why,))
    updates.rejections.setdefault(stored.source_key, []).append(rejection)


def _with_alarms(event: Event, feed: Feed) -> Event:
    """Return an event with the reminders that the feed shows: all, the nearest, or none.

    A timed event without a reminder gets the feed's own. A whole day begins at midnight, and its
    reminder would ring at night.
    """
    if feed.alarms is True and feed.reminder is None:
        return event
    overrides = tuple(_with_alarms(override, feed) for override in event.overrides)
    alarms = event.alarms
    if not alarms and feed.reminder is not None and not event.all_day:
        alarms = (Alarm(trigger=-feed.reminder),)
    if feed.alarms is not True:
        alarms = nearest_first(alarms)[:1] if feed.alarms else ()
    return replace(event, alarms=alarms, overrides=overrides)


def _web_window(feed: Feed, today: date) -> tuple[Window, date]:
    """Return the days that the variant ``web`` covers, whole months, and the day they change."""
    this_month = today.replace(day=1)
    next_month = (this_month + timedelta(days=31)).replace(day=1)
    return Window(start=feed.window(this_month).start, end=feed.window(next_month).end), next_month


def _sort_key(event: Event) -> str:
    start = event.start
    return f"{to_utc(start):%Y%m%dT%H%M%SZ}" if isinstance(start, datetime) else f"{start:%Y%m%d}"
