"""Plan of a publication: what is out of date. Pure, from stored state, definition and day.

Which events a feed shows can depend on the content of others, which ``load`` reads.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
import hashlib
from typing import TypeAlias

from bridge.domain import codec
from bridge.domain.event import Event
from bridge.domain.feed import Feed
from bridge.feed.publication import EntryRow, Freshness, PublishedState, StoredEvent
from bridge.publish.duplicates import duplicate_keys, find_duplicates

# The form of the published bytes. Raise it when views or rendering change: all is rendered again.
FORM = "1"
# The form of instants and of events with several reminders, which an upgrade has changed alone.
RARE_FORM = "2"
# The form of agenda items. Raise it when they change: published bytes and stamps stay.
_AGENDA_FORM = "2"

LoadEvents: TypeAlias = Callable[[Sequence[StoredEvent]], Iterable[tuple[StoredEvent, Event]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a publication of ``feed`` at ``now`` (whole seconds) has to look at.

    ``stale`` are the events whose entries may be out of date, with the hash of their inputs.
    ``duplicates`` are events that the feed shows from another source.
    ``orphans`` are the entries of events that no source holds, ``removed_events`` those events.
    """

    feed: Feed
    salt: str
    published: PublishedState
    now: datetime
    inputs_hash: str
    stale: Mapping[StoredEvent, str]
    duplicates: frozenset[StoredEvent]
    orphans: tuple[EntryRow, ...]
    removed_events: tuple[str, ...]

    @property
    def today(self) -> date:
        """Return the day in UTC."""
        return self.now.date()

    @property
    def is_new_form(self) -> bool:
        """Whether all documents differ from the published ones: in definition, form, or at all."""
        return self.inputs_hash != self.published.inputs_hash or not self.published.etags


def make_plan(
    feed: Feed, published: PublishedState, *, salt: str, now: datetime, load: LoadEvents
) -> Plan:
    """Compare what the sources hold with what the entries were made from."""
    inputs_hash = feed_hash(feed, salt)
    events = _one_of_each(feed, published.stored, load)
    hashes = {
        event: _hash(inputs_hash, event.source_key, event.content_hash, str(event.cancelled_since))
        for event in events.values()
    }
    known, today = published.freshness, now.date()
    duplicates = _duplicates(feed, hashes, known, load)
    hashes |= {event: _as_duplicate(hashes[event]) for event in duplicates}
    stale = {e: h for e, h in hashes.items() if not _is_fresh(known.get(e.uid), h, today)}
    shown = (entry for entry in published.entries.values() if not entry.gone)
    return Plan(
        feed=feed,
        salt=salt,
        published=published,
        now=now.replace(microsecond=0),
        inputs_hash=inputs_hash,
        stale=stale,
        duplicates=duplicates,
        orphans=tuple(entry for entry in shown if entry.event_uid not in events),
        removed_events=tuple(uid for uid in known if uid not in events),
    )


def feed_hash(feed: Feed, salt: str) -> str:
    """Return the hash of what all entries of a feed depend on: its definition and the forms."""
    hides_details = feed.privacy == "busy" or not feed.show_private
    salts = (salt,) if hides_details else ()
    return _hash(FORM, RARE_FORM, _AGENDA_FORM, codec.encode_feed(feed), *salts)


def entry_hash(event: Event) -> str:
    """Return the hash of an entry's content: the event as shown, and the form of the bytes."""
    family = (event, *event.overrides)
    is_rare = any(not e.has_length or len(set(e.alarms)) > 1 for e in family)
    return _hash(FORM, *((RARE_FORM,) if is_rare else ()), codec.content_hash(event))


def _one_of_each(
    feed: Feed, stored: Sequence[StoredEvent], load: LoadEvents
) -> dict[str, StoredEvent]:
    """Return the events by UID. One UID of two sources is shown from the first (rulebook 19).

    That is the first of those whose rule allows the event.
    """
    copies: dict[str, list[StoredEvent]] = defaultdict(list)
    for event in stored:
        copies[event.uid].append(event)
    several = [e for group in copies.values() if len(group) > 1 for e in group]
    judged = load(several) if feed.rules else ()
    allowed = {e for e, event in judged if feed.rule_of(e.source_key).allows(event)}
    chosen = {next((e for e in group if e in allowed), group[0]) for group in copies.values()}
    return {event.uid: event for event in stored if event in chosen}


def _duplicates(
    feed: Feed,
    hashes: Mapping[StoredEvent, str],
    known: Mapping[str, Freshness],
    load: LoadEvents,
) -> frozenset[StoredEvent]:
    if not feed.shows_once:
        return frozenset()
    keys = {
        event: known[event.uid].duplicate_keys
        for event, inputs in hashes.items()
        if event.uid in known and known[event.uid].inputs_hash in (inputs, _as_duplicate(inputs))
    }
    for stored, event in load([event for event in hashes if event not in keys]):
        keys[stored] = duplicate_keys(event, stored.source_key, feed.rule_of(stored.source_key))
    return frozenset(find_duplicates((event, keys.get(event, "")) for event in hashes))


def _as_duplicate(inputs_hash: str) -> str:
    return _hash(inputs_hash, "duplicate")


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_fresh(known: Freshness | None, inputs_hash: str, today: date) -> bool:
    if known is None or known.inputs_hash != inputs_hash:
        return False
    return known.until is None or today < known.until
