"""Duplicates in a merged feed: copies of one event, of which the feed shows the first. Pure."""

from collections.abc import Iterable, Iterator

from bridge.domain import codec
from bridge.domain.event import Event, Status
from bridge.domain.source_rule import SourceRule, fold
from bridge.domain.uid import slot_text
from bridge.feed.publication import StoredEvent
from bridge.publish.view.zones import in_utc

_COMPARED = ("start", "end", "status", "recurrence", "recurrence_id")


def duplicate_keys(event: Event, source_key: str, rule: SourceRule) -> str:
    """Return the keys of an event, separated by blanks. Copies in other sources share one of them.

    One is its id in Zoho Calendar, the other a hash of title, times and repeat. They are of the
    real event, whatever the feed hides. An event that a rule leaves out has no key.
    """
    keys = []
    if rule.allows(event) and source_key.startswith("calendar:"):
        slot = slot_text(event.start) if event.related_to else ""
        name = f"{event.upstream_id}\n{slot}\n{event.status is Status.CANCELLED}"
        keys.append(codec.payload_hash(name.encode()))
    if rule.allows(event) and event.title:
        keys.append(codec.payload_hash(codec.encode(_essence(event))))
    return " ".join(keys)


def find_duplicates(events: Iterable[tuple[StoredEvent, str]]) -> Iterator[StoredEvent]:
    """Yield the copies of events of earlier sources, from events in order with their keys.

    A copy hides no other event: what is shown hides its own copies alone.
    """
    owners: dict[str, str] = {}
    for event, keys in events:
        owner = dict.fromkeys(keys.split(), event.source_key)
        if any(owners.get(key, event.source_key) != event.source_key for key in owner):
            yield event
        else:
            owners |= owner


def _essence(event: Event) -> Event:
    """Return an event of only what makes two events the same to people; one instant is one time."""
    event = event if event.recurrence or event.recurrence_id else in_utc(event)
    values = {name: getattr(event, name) for name in _COMPARED}
    overrides = tuple(map(_essence, event.overrides))
    return Event(uid="", upstream_id="", title=fold(event.title), overrides=overrides, **values)
