"""The changes of a feed from one publication to the next, as a person names them: added or moved.

It compares agenda items, which reveal no more than the feed, so the changelog does not either. It
must not know why an event changed. Callers leave out what is not a change of the feed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from bridge.domain.event import Moment, to_utc
from bridge.domain.feed import Window
from bridge.domain.text import CANCELLED_MARK
from bridge.domain.uid import event_uid
from bridge.feed.agenda import AgendaItem

RETENTION = timedelta(days=30)

Kind: TypeAlias = Literal["added", "moved", "renamed", "cancelled", "gone", "changed"]
Details: TypeAlias = dict[str, dict[str, Any]]

_LONGEST = 300  # characters of a description
_TIMES = ("start", "end")
_TEXTS = ("place", "url", "join_url", "description")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of an event, or of some of its occurrences.

    ``uid`` is the UID of the entry. ``details`` has ``{"before": …, "after": …}`` for each
    difference, with None for nothing: ``start`` and ``end`` of the first occurrence (ISO 8601, an
    all-day ``end`` is the day after the last), ``occurrences`` (their number if there are several),
    ``title``, ``place``, ``url``, ``join_url``, ``description``, ``busy`` and ``cancelled``.
    """

    uid: str
    kind: Kind
    title: str
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventUpdate:
    """A changed event with its agenda items before and after, empty if the feed does not show it.

    Only occurrences on ``days``, which the feed showed before and still shows, can be added or
    gone. Others appear and disappear because days pass.
    """

    event_uid: str
    before: Sequence[AgendaItem] = ()
    after: Sequence[AgendaItem] = ()
    days: Window


@dataclass(frozen=True, slots=True)
class _Occurrence:
    """An occurrence. ``key`` is the UID that it has, or would have as a single event."""

    key: str
    item: AgendaItem
    start: Moment
    end: Moment

    @property
    def title(self) -> str:
        return self.item.title.removeprefix(CANCELLED_MARK)

    @property
    def span(self) -> tuple[bool, datetime, datetime]:
        return self.item.all_day, to_utc(self.start), to_utc(self.end)


_Pair: TypeAlias = tuple[_Occurrence, _Occurrence]


def find_changes(updates: Iterable[EventUpdate]) -> tuple[Change, ...]:
    """Return the changes, event by event.

    Occurrences are compared by the UID that they have, or would have as single events. So an
    occurrence stays the same when it leaves its series because it moved, or when it stays without
    its series.
    """
    updates = tuple(updates)
    before = {o.key: o for update in updates for o in _occurrences(update.before)}
    after = [_occurrences(update.after) for update in updates]
    shared = before.keys() & {o.key for occurrences in after for o in occurrences}
    changes: list[Change] = []
    for update, occurrences in zip(updates, after, strict=True):
        pairs = [(before[o.key], o) for o in occurrences if o.key in shared]
        old = [o for o in _occurrences(update.before) if o.key not in shared]
        new = [o for o in occurrences if o.key not in shared]
        # A single event became a series, or the reverse, if both start together.
        old_by_start = {o.span[:2]: o for o in old}
        simultaneous = [(old_by_start[o.span[:2]], o) for o in new if o.span[:2] in old_by_start]
        paired = {o.key for pair in simultaneous for o in pair}
        old, new = (
            [o for o in rest if o.key not in paired and update.days.shows(o.start, o.end)]
            for rest in (old, new)
        )
        changes += _changes_of_pairs([*pairs, *simultaneous])
        if old or new:
            changes.append(_change_of_rest(update, old, new))
    return tuple(changes)


def _occurrences(items: Iterable[AgendaItem]) -> list[_Occurrence]:
    """Return all occurrences of an event in order of time."""
    occurrences = [
        _Occurrence(event_uid(item.uid, slot=start) if item.repeats else item.uid, item, start, end)
        for item in items
        for start, end in item.occurrences()
    ]
    return sorted(occurrences, key=lambda occurrence: (occurrence.span[1], occurrence.key))


def _changes_of_pairs(pairs: Iterable[_Pair]) -> list[Change]:
    """Return the changes of an event's remaining occurrences, one for all that changed alike."""
    groups: dict[tuple[object, ...], list[tuple[_Occurrence, Details]]] = defaultdict(list)
    for before, after in pairs:
        if details := _difference(before, after):
            others = (
                (name, *values.values()) for name, values in details.items() if name not in _TIMES
            )
            groups[(*_shift(before, after), *others)].append((after, details))
    changes = []
    for group in groups.values():
        after, details = group[0]
        if len(group) > 1:
            details["occurrences"] = _both(len(group), len(group))
        uid, kind = after.item.uid, _kind(details)
        changes.append(Change(uid=uid, kind=kind, title=after.title, details=details))
    return changes


def _change_of_rest(
    update: EventUpdate, old: Sequence[_Occurrence], new: Sequence[_Occurrence]
) -> Change:
    """Return the change of an event's occurrences without a counterpart."""
    first = (new or old)[0]
    details = _times(old[0] if old else None, new[0] if new else None)
    if len(old) > 1 or len(new) > 1:
        details["occurrences"] = _both(len(old), len(new))
    kind: Kind
    if old and new:
        difference = _difference(old[0], new[0])
        details |= {name: both for name, both in difference.items() if name not in _TIMES}
        kind = "cancelled" if "cancelled" in details and first.item.cancelled else "moved"
    elif new:
        kind = "cancelled" if first.item.cancelled and not update.before else "added"
    else:
        kind = "cancelled" if update.after else "gone"
    if (place := first.item.place) and not (old and new):
        details["place"] = _both(place if old else None, place if new else None)
    # The entry of the occurrences is their series, if there is one.
    series = (item.uid for item in (*update.after, *update.before) if item.repeats)
    uid = next(series, first.item.uid)
    return Change(uid=uid, kind=kind, title=first.title, details=details)


def _difference(before: _Occurrence, after: _Occurrence) -> Details:
    """Return the visible differences between two occurrences."""
    details = _times(before, after) if before.span != after.span else {}
    if before.title != after.title:
        details["title"] = _both(before.title, after.title)
    for name in _TEXTS:
        old, new = getattr(before.item, name), getattr(after.item, name)
        if old != new:
            details[name] = _both(old[:_LONGEST], new[:_LONGEST])
    if before.item.cancelled != after.item.cancelled:
        details["cancelled"] = _both(before.item.cancelled, after.item.cancelled)
    elif before.item.busy != after.item.busy:  # a cancelled event is always free
        details["busy"] = _both(before.item.busy, after.item.busy)
    return details


def _kind(details: Details) -> Kind:
    """Return the most important of the differences."""
    if details.get("cancelled", {}).get("after"):
        return "cancelled"
    if "start" in details:
        return "moved"
    return "renamed" if "title" in details else "changed"


def _shift(before: _Occurrence, after: _Occurrence) -> tuple[object, ...]:
    """Return how far an occurrence moved, to group those that moved alike."""
    (was_all_day, old_start, old_end), (all_day, start, end) = before.span, after.span
    return (all_day,) if all_day != was_all_day else (start - old_start, end - old_end)


def _times(before: _Occurrence | None, after: _Occurrence | None) -> Details:
    return {
        "start": _both(*(o and o.start.isoformat() for o in (before, after))),
        "end": _both(*(o and o.end.isoformat() for o in (before, after))),
    }


def _both(before: Any, after: Any) -> dict[str, Any]:
    return {"before": before, "after": after}
