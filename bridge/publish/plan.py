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
from bridge.feed.publication import Freshness, PublishedState, StoredEvent
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

    ``is_new_form``: all documents differ from the published ones, in definition or form, or none
    are published. ``stale`` are the events whose entries may be out of date. ``duplicates`` are
    events that the feed shows from another source.
    """

    feed: Feed
    salt: str
    published: PublishedState
    now: datetime
    is_new_form: bool
    stale: tuple[StoredEvent, ...]
    duplicates: frozenset[StoredEvent]

    @property
    def today(self) -> date:
        """Return the day in UTC."""
        return self.now.date()


def make_plan(
    feed: Feed,
    published: PublishedState,
    *,
    salt: str,
    now: datetime,
    is_new_form: bool,
    load: LoadEvents,
) -> Plan:
    """Compare what the sources hold with what the entries were made from."""
    events = _one_of_each(feed, published.stored, load)
    known = {} if is_new_form else published.freshness
    duplicates = _duplicates(feed, events, known, load)
    return Plan(
        feed=feed,
        salt=salt,
        published=published,
        now=now.replace(microsecond=0),
        is_new_form=is_new_form,
        stale=tuple(
            event
            for event in events
            if not _is_fresh(known.get(event.uid), event, event in duplicates, now.date())
        ),
        duplicates=duplicates,
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


def _one_of_each(feed: Feed, stored: Sequence[StoredEvent], load: LoadEvents) -> list[StoredEvent]:
    """Return the events, one of each UID. It is shown from the first source (rulebook 19).

    That is the first of those whose rule allows the event.
    """
    copies: dict[str, list[StoredEvent]] = defaultdict(list)
    for event in stored:
        copies[event.uid].append(event)
    several = [e for group in copies.values() if len(group) > 1 for e in group]
    judged = load(several) if feed.rules else ()
    allowed = {e for e, event in judged if feed.rule_of(e.source_key).allows(event)}
    chosen = {next((e for e in group if e in allowed), group[0]) for group in copies.values()}
    return [event for event in stored if event in chosen]


def _duplicates(
    feed: Feed,
    events: Sequence[StoredEvent],
    known: Mapping[str, Freshness],
    load: LoadEvents,
) -> frozenset[StoredEvent]:
    if not feed.shows_once:
        return frozenset()
    keys = {
        event: known[event.uid].duplicate_keys
        for event in events
        if event.uid in known and known[event.uid].is_of(event)
    }
    for stored, event in load([event for event in events if event not in keys]):
        keys[stored] = duplicate_keys(event, stored.source_key, feed.rule_of(stored.source_key))
    return frozenset(find_duplicates((event, keys.get(event, "")) for event in events))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_fresh(known: Freshness | None, event: StoredEvent, is_copy: bool, today: date) -> bool:
    if known is None or not known.is_of(event) or known.is_copy != is_copy:
        return False
    return known.until is None or today < known.until
