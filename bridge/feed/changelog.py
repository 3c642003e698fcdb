"""What changed in a feed from one publication to the next, in the terms of people: added, moved, renamed, ...

Pure. It compares cards, which tell no more than the feed does, so that its history tells no more either. It must not
know why an event changed, nor what is no change of the feed: whoever calls it leaves that out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeAlias

from bridge.domain.event import Moment, Status, midnight
from bridge.domain.feed import Window
from bridge.domain.text import CANCELLED_MARK
from bridge.domain.timezones import zone_by_key
from bridge.domain.uid import event_uid
from bridge.feed.agenda import AgendaItem, to_datetime

KEPT_FOR = timedelta(days=30)

Kind: TypeAlias = Literal["added", "moved", "renamed", "cancelled", "gone", "changed"]

_LONGEST = 300  # characters of a description
_TEXTS = ("place", "url", "join_url", "description")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of an event, or of one or more occurrences of it.

    ``uid`` is the entry's. ``details`` holds, of what differs, ``{"before": …, "after": …}`` (None: nothing): ``start``
    and ``end`` of the first occurrence that it is about (ISO 8601; an all-day ``end`` is the day after the last),
    ``occurrences`` (how many, where there are more), ``title``, ``place``, ``url``, ``join_url``, ``description``,
    ``busy`` and ``cancelled``.
    """

    uid: str
    kind: Kind
    title: str
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventUpdate:
    """An event of which something is another: its cards before and after, none where the feed does not show it.

    Only occurrences on the ``days`` that the feed showed before and still shows can be added or gone; others came or
    went because days pass.
    """

    event_uid: str
    before: Sequence[AgendaItem] = ()
    after: Sequence[AgendaItem] = ()
    days: Window

    def holds(self, one: "_Seen") -> bool:
        """Whether an occurrence overlaps the days that are compared."""
        start, end = (midnight(day) for day in (self.days.start, self.days.end))
        return one.first < end and (one.last > start or one.first >= start)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One occurrence. ``key`` is the UID that it has, or would have if it stood alone."""

    key: str
    card: AgendaItem
    start: int
    end: int

    @property
    def first(self) -> datetime:
        return to_datetime(self.start, all_day=self.card.all_day)

    @property
    def last(self) -> datetime:
        return to_datetime(self.end, all_day=self.card.all_day)

    @property
    def cancelled(self) -> bool:
        return self.card.status == Status.CANCELLED.value or self.card.title.startswith(
            CANCELLED_MARK
        )

    @property
    def title(self) -> str:
        return self.card.title.removeprefix(CANCELLED_MARK)


_Pair: TypeAlias = tuple[_Seen, _Seen]


def find_changes(edited: Iterable[EventUpdate]) -> tuple[Change, ...]:
    """Tell what changed, event by event.

    Occurrences are compared by the UID that they have or would have alone: one that leaves its series, because it was
    moved, is the same as before; so is one that comes to stand alone without its series.
    """
    events = tuple(edited)
    before = {one.key: one for event in events for one in _occurrences(event.before)}
    found: list[Change] = []
    met: set[str] = set()
    pairs: dict[str, list[_Pair]] = defaultdict(list)
    for event in events:
        for one in _occurrences(event.after):
            if one.key in before:
                pairs[event.event_uid].append((before[one.key], one))
                met.add(one.key)
    for event in events:
        old = [one for one in _occurrences(event.before) if one.key not in met]
        new = [one for one in _occurrences(event.after) if one.key not in met]
        again = _at_the_same_time(old, new)
        left = {one.key for pair in again for one in pair}
        found += _of_pairs([*pairs[event.event_uid], *again])
        found += _of_rest(
            event,
            [one for one in old if one.key not in left and event.holds(one)],
            [one for one in new if one.key not in left and event.holds(one)],
        )
    return tuple(found)


def _occurrences(cards: Sequence[AgendaItem]) -> list[_Seen]:
    """Give all occurrences of an event, the first in time first."""
    found = []
    for card in cards:
        for start, end in card.times:
            slot = date.fromordinal(start) if card.all_day else datetime.fromtimestamp(start, UTC)
            key = event_uid(card.uid, slot=slot) if card.repeats else card.uid
            found.append(_Seen(key, card, start, end))
    return sorted(found, key=lambda one: (one.first, one.key))


def _at_the_same_time(old: Sequence[_Seen], new: Sequence[_Seen]) -> list[_Pair]:
    """Pair occurrences of one event that begin together: a single event has become a series, or the reverse."""
    by_start = {(one.card.all_day, one.start): one for one in old}
    return [
        (by_start[key], one) for one in new if (key := (one.card.all_day, one.start)) in by_start
    ]


def _of_pairs(pairs: Iterable[_Pair]) -> list[Change]:
    """Tell changes of occurrences that are there still: one for all of an event's that changed in the same way."""
    alike: dict[tuple[object, ...], list[tuple[_Pair, dict[str, dict[str, Any]]]]] = defaultdict(
        list
    )
    for pair in pairs:
        details = _difference(*pair)
        if details:
            told = tuple(
                (name, *one.values())
                for name, one in details.items()
                if name not in ("start", "end")
            )
            alike[(_shift(*pair), *told)].append((pair, details))
    found = []
    for members in alike.values():
        (before, after), details = members[0]
        if len(members) > 1:
            details["occurrences"] = _both(len(members), len(members))
        title = after.title or before.title
        found.append(Change(uid=after.card.uid, kind=_kind(details), title=title, details=details))
    return found


def _of_rest(event: EventUpdate, old: Sequence[_Seen], new: Sequence[_Seen]) -> list[Change]:
    """Tell what became of occurrences that have no counterpart."""
    if not old and not new:
        return []
    first = (new or old)[0]
    details = {"start": _both(_start(old), _start(new)), "end": _both(_end(old), _end(new))}
    if len(old) > 1 or len(new) > 1:
        details["occurrences"] = _both(len(old), len(new))
    kind: Kind
    if old and new:
        details |= {
            name: one
            for name, one in _difference(old[0], new[0]).items()
            if name not in ("start", "end")
        }
        kind = "cancelled" if "cancelled" in details and new[0].cancelled else "moved"
    elif new:
        kind = "cancelled" if first.cancelled and not event.before else "added"
    else:
        kind = "cancelled" if event.after else "gone"
    if not (old and new) and first.card.place:
        details["place"] = _both(*((first.card.place, None) if old else (None, first.card.place)))
    return [Change(uid=_series_uid(event, first), kind=kind, title=first.title, details=details)]


def _difference(before: _Seen, after: _Seen) -> dict[str, dict[str, Any]]:
    """Give what people see differ between two occurrences."""
    details: dict[str, dict[str, Any]] = {}
    times = [(one.card.all_day, one.start, one.end) for one in (before, after)]
    if times[0] != times[1]:
        details["start"] = _both(_start([before]), _start([after]))
        details["end"] = _both(_end([before]), _end([after]))
    if before.title != after.title:
        details["title"] = _both(before.title, after.title)
    for name in _TEXTS:
        texts = getattr(before.card, name), getattr(after.card, name)
        if texts[0] != texts[1]:
            details[name] = _both(*(text[:_LONGEST] for text in texts))
    if before.cancelled != after.cancelled:
        details["cancelled"] = _both(before.cancelled, after.cancelled)
    elif before.card.busy != after.card.busy:  # who is cancelled takes no time, which is no news
        details["busy"] = _both(before.card.busy, after.card.busy)
    return details


def _kind(details: Mapping[str, Mapping[str, Any]]) -> Kind:
    """Give the most important of what differs."""
    if details.get("cancelled", {}).get("after"):
        return "cancelled"
    if "start" in details:
        return "moved"
    return "renamed" if "title" in details else "changed"


def _shift(before: _Seen, after: _Seen) -> object:
    """Tell by how much an occurrence moved, so that those that moved alike can be told together."""
    if before.card.all_day != after.card.all_day:
        return after.card.all_day
    return after.start - before.start, after.end - before.end


def _series_uid(event: EventUpdate, one: _Seen) -> str:
    """Name the entry that an event's occurrences belong to: its series, if it has one."""
    cards = (*event.after, *event.before)
    return next((card.uid for card in cards if card.repeats), one.card.uid)


def _both(before: Any, after: Any) -> dict[str, Any]:
    return {"before": before, "after": after}


def _start(seen: Sequence[_Seen]) -> str | None:
    return _text(seen[0].start, seen[0].card) if seen else None


def _end(seen: Sequence[_Seen]) -> str | None:
    return _text(seen[0].end, seen[0].card) if seen else None


def _text(number: int, card: AgendaItem) -> str:
    moment: Moment
    moment = (
        date.fromordinal(number)
        if card.all_day
        else datetime.fromtimestamp(number, zone_by_key(card.zone))
    )
    return moment.isoformat()
