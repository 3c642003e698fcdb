"""A published feed at one moment, expanded by an independent engine: recurring-ical-events.

The bridge uses that engine nowhere else, and none of its own code for rules or VEVENTs here.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bridge.domain.event import to_utc
from bridge.domain.feed import Feed, Window
from bridge.domain.problems import problem
from bridge.domain.uid import event_uid, slot_text
from bridge.errors import BridgeError
from bridge.store import Store
from bridge.verify.comparison import PublishedInstance, in_utc

# Series are expanded beyond the window, to find instances that moved across its edges.
_MARGIN = timedelta(days=2)
_PLACEHOLDER = event_uid("placeholder")
_SERIES_PROPERTIES = ("RRULE", "RDATE", "RECURRENCE-ID")


class UnverifiableError(BridgeError):
    """A feed or source that cannot be compared yet; ``problem`` has the remedy."""

    def __init__(self, code: str, **fields: str) -> None:
        self.problem = problem(code, **fields)
        super().__init__(str(self.problem))


def read_snapshot(store: Store, feed: Feed, window: Window) -> tuple[PublishedInstance, ...]:
    """Return what a feed publishes: its series in the window, its single events at any time.

    An event that two sources have belongs to the first, as in publishing.
    """
    document = store.publications.document(feed.slug, "default")
    if document is None:
        raise UnverifiableError("feed-unpublished", feed=feed.slug)
    current = store.publications.current(feed.slug)
    entries = store.publications.entries(feed.slug)
    indexes = {key: store.sources.index(key) for key in {row.source_key for row in current.stored}}
    rows = {row.uid: row for row in reversed(current.stored) if row.uid in indexes[row.source_key]}
    instances = []
    for instance in expand(document.body, window):
        entry = entries.get(instance.key[0])
        row = rows.get(entry.event_uid) if entry else None
        if row:
            event = indexes[row.source_key][row.uid]
            known = replace(instance, source_key=row.source_key, upstream_id=event.upstream_id)
            instances.append(replace(known, cancelled=row.cancelled_since is not None))
        else:
            source_key = feed.sources[0].key if entry else ""
            instances.append(replace(instance, source_key=source_key))
    return tuple(instances)


def expand(body: bytes, window: Window) -> tuple[PublishedInstance, ...]:
    """Return the instances of a document: series within the window, single events anywhere."""
    import icalendar  # noqa: PLC0415 - half a second, which other commands need not wait for
    import recurring_ical_events  # noqa: PLC0415 - as above

    calendar = icalendar.Calendar.from_ical(body)
    events = [vevent for vevent in calendar.walk("VEVENT") if str(vevent["UID"]) != _PLACEHOLDER]
    repeating = {
        str(vevent["UID"])
        for vevent in events
        if any(name in vevent for name in _SERIES_PROPERTIES)
    }
    single = [vevent for vevent in events if str(vevent["UID"]) not in repeating]
    calendar.subcomponents = [
        component
        for component in calendar.subcomponents
        if str(component.get("UID", "")) in repeating
    ]
    first, last = to_utc(window.start) - _MARGIN, to_utc(window.end) + _MARGIN
    expanded = recurring_ical_events.of(calendar).between(first, last)
    return (*map(_instance, single), *(_instance(vevent, in_series=True) for vevent in expanded))


def _instance(vevent: Any, *, in_series: bool = False) -> PublishedInstance:
    start, slot = in_utc(vevent.start), ""
    if in_series:
        original = vevent.get("RECURRENCE-ID")
        slot = slot_text(start if original is None else in_utc(original.dt))
    key, title = (str(vevent["UID"]), slot), str(vevent.get("SUMMARY", ""))
    return PublishedInstance(key=key, start=start, end=in_utc(vevent.end), title=title)
