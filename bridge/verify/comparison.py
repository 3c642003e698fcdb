"""Comparison of Zoho's instances with those of a feed. Pure.

Times are days for all-day instances and UTC for the others. Instances are matched by key (UID and
original start), not by time. An instance of Zoho without a match is then paired with the nearest
unmatched instance of the same event.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeAlias

from bridge.domain.event import Moment, is_all_day, to_utc
from bridge.domain.feed import Window
from bridge.domain.problems import Problem, problem
from bridge.domain.rejection import Rejection
from bridge.domain.text import CANCELLED_MARK, NO_TITLE, one_line
from bridge.domain.uid import event_uid, slot_text

Key: TypeAlias = tuple[str, str]
"""A UID, and the original start of an instance as text; empty for an event outside a series."""

Kind: TypeAlias = Literal["missing", "extra", "shifted", "renamed", "unreadable"]
KINDS: tuple[Kind, ...] = ("missing", "extra", "shifted", "renamed", "unreadable")

# Offsets differ by up to 26 hours, but a daily series must not seem to have moved by a day.
_NEAR, _NEAR_ALL_DAY = timedelta(hours=14), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZohoInstance:
    """An instance that Zoho reports, with the ``ends`` and original starts that it may have.

    ``uid`` is the bridge's for the event, ``hidden_uid`` its UID where the feed hides its details,
    else empty. ``title`` is None if the feed may not show it, or if
    Zoho does not report it.
    """

    uid: str
    hidden_uid: str = ""
    upstream_id: str
    start: Moment
    ends: tuple[Moment, ...]
    slots: tuple[Moment, ...] = ()
    title: str | None
    private: bool = False
    cancelled: bool = False

    @property
    def end(self) -> Moment:
        """The most likely end."""
        return self.ends[0]

    @property
    def keys(self) -> tuple[Key, ...]:
        """Its possible keys in a feed: of a single event, in a series, or detached from it."""
        keys: list[Key] = []
        for uid in filter(None, (self.hidden_uid, self.uid)):
            keys += [] if self.slots else [(uid, "")]
            for slot in self.slots or (self.start,):
                keys += [(uid, slot_text(slot)), (event_uid(uid, slot=slot), "")]
        return tuple(keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedInstance:
    """An instance that the feed publishes, with the source and Zoho's id of its event."""

    key: Key
    start: Moment
    end: Moment
    title: str
    source_key: str = ""
    upstream_id: str = ""
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The feed, source and window of a comparison.

    ``rejections`` state by upstream id why the bridge could not publish an event as Zoho sent it,
    ``left_out`` why the feed is to show not all of its instances.
    """

    slug: str
    source_key: str
    window: Window
    rejections: Mapping[str, Problem]
    left_out: Mapping[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An instance that differs, on Zoho's side and in the feed; None on the side that lacks it.

    ``reason`` states why a difference is intended, or why an instance is unreadable.
    """

    kind: Kind
    upstream_id: str
    zoho: ZohoInstance | None = None
    feed: PublishedInstance | None = None
    reason: Problem | None = None

    def to_json(self, form: Callable[[Problem], Any] = str) -> dict[str, Any]:
        """Return it as an object of JSON without empty values, and its reason in a form."""
        values: dict[str, Any] = {"kind": self.kind, "upstream_id": self.upstream_id}
        for prefix, side in (("", self.zoho), ("shown_", self.feed)):
            if side is not None:
                values[f"{prefix}title"] = side.title
                values[f"{prefix}start"] = side.start.isoformat()
                values[f"{prefix}end"] = side.end.isoformat()
        values["reason"] = form(self.reason) if self.reason else None
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result for one source of a feed; ``left_out`` are intended differences."""

    scope: Scope
    equal: int
    differences: tuple[Difference, ...]
    left_out: tuple[Difference, ...]
    notes: tuple[Problem, ...] = ()

    @property
    def last_day(self) -> date:
        """The last day of its window."""
        return self.scope.window.end - timedelta(days=1)

    def to_json(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        by_kind: dict[str, list[Any]] = {kind: [] for kind in KINDS}
        for difference in self.differences:
            by_kind[difference.kind].append(difference.to_json())
        return {
            "source": self.scope.source_key,
            "first_day": self.scope.window.start.isoformat(),
            "last_day": self.last_day.isoformat(),
            "equal": self.equal,
            **by_kind,
            "left_out": [difference.to_json() for difference in self.left_out],
            "notes": list(map(str, self.notes)),
        }

    def for_log(self) -> dict[str, object]:
        """Return the fields of one log line."""
        first_day = self.scope.window.start.isoformat()
        numbers = {"equal": self.equal, "differing": len(self.differences)}
        return {"feed": self.scope.slug, "first_day": first_day, **numbers}


def compare(
    reported: Iterable[ZohoInstance],
    published: Iterable[PublishedInstance],
    scope: Scope,
    unreadable: Iterable[Rejection] = (),
) -> Comparison:
    """Compare one source with a feed; skip instances of the feed's other sources.

    ``unreadable`` is what Zoho reports in an unreadable form.
    """
    equal = 0
    differences: list[Difference] = []
    left_out: list[Difference] = []
    for zoho, feed in _match(reported, published, scope.source_key):
        if not any(side and scope.window.shows(side.start, side.end) for side in (zoho, feed)):
            continue
        difference = _difference(zoho, feed, scope)
        if difference is None:
            equal += 1
        else:
            (left_out if difference.reason else differences).append(difference)
    differences.sort(key=_order)
    left_out.sort(key=_order)
    for rejection in unreadable:
        upstream_id, why = rejection.upstream_id, join_problems(rejection)
        difference = Difference(kind="unreadable", upstream_id=upstream_id, reason=why)
        (left_out if upstream_id in scope.rejections else differences).append(difference)
    return Comparison(scope, equal, tuple(differences), tuple(left_out))


def join_problems(rejection: Rejection) -> Problem:
    """Return the problems of a rejection as one problem."""
    first, *others = rejection.problems
    for other in others:
        first = problem("both", problem=first, why=other)
    return first


def _match(
    reported: Iterable[ZohoInstance], published: Iterable[PublishedInstance], source_key: str
) -> Iterator[tuple[ZohoInstance | None, PublishedInstance | None]]:
    """Yield pairs of instances; the unmatched with None in place of the other side."""
    by_key: dict[Key, list[PublishedInstance]] = defaultdict(list)
    for feed in published:
        by_key[feed.key].append(feed)
    unmatched = []
    for zoho in reported:
        match = next((by_key[key].pop(0) for key in zoho.keys if by_key.get(key)), None)
        if match is None:
            unmatched.append(zoho)
        else:
            yield zoho, match
    rest = (feed for instances in by_key.values() for feed in instances)
    surplus = [feed for feed in rest if feed.source_key == source_key]
    pairs = _pair_near(unmatched, surplus)
    yield from pairs
    paired = {id(instance) for pair in pairs for instance in pair}
    yield from ((zoho, None) for zoho in unmatched if id(zoho) not in paired)
    yield from ((None, feed) for feed in surplus if id(feed) not in paired)


def _difference(
    zoho: ZohoInstance | None, feed: PublishedInstance | None, scope: Scope
) -> Difference | None:
    """Return how the sides of an instance differ, with a reason if that is intended."""
    kind: Kind
    side = zoho or feed
    assert side is not None
    reason = scope.rejections.get(side.upstream_id)
    if zoho is None or feed is None:
        kind = "missing" if zoho else "extra"
        if feed is None:
            reason = reason or scope.left_out.get(side.upstream_id)
        if side.cancelled:
            reason = problem("event-cancelled" if zoho else "shown-as-cancelled")
    elif zoho.start != feed.start or feed.end not in zoho.ends:
        kind = "shifted"
    elif not _has_title(feed, zoho):
        kind = "renamed"
    else:
        return None
    upstream_id = side.upstream_id
    return Difference(kind=kind, upstream_id=upstream_id, zoho=zoho, feed=feed, reason=reason)


def _pair_near(
    unmatched: Iterable[ZohoInstance], surplus: Iterable[PublishedInstance]
) -> list[tuple[ZohoInstance, PublishedInstance]]:
    """Pair instances of one event that are close to each other, the closest first."""
    by_event: dict[str, list[PublishedInstance]] = defaultdict(list)
    for feed in surplus:
        by_event[feed.upstream_id].append(feed)
    candidates = [
        (abs(to_utc(feed.start) - to_utc(zoho.start)), zoho, feed)
        for zoho in unmatched
        for feed in by_event.get(zoho.upstream_id, ())
        if is_all_day(feed.start) == is_all_day(zoho.start)
    ]
    pairs: list[tuple[ZohoInstance, PublishedInstance]] = []
    paired: set[int] = set()
    for distance, zoho, feed in sorted(candidates, key=lambda candidate: candidate[0]):
        limit = _NEAR_ALL_DAY if is_all_day(feed.start) else _NEAR
        if distance <= limit and not paired & {id(zoho), id(feed)}:
            paired |= {id(zoho), id(feed)}
            pairs.append((zoho, feed))
    return pairs


def in_utc(moment: Moment) -> Moment:
    """Return a time in UTC, and a day as it is."""
    return to_utc(moment) if isinstance(moment, datetime) else moment


def _has_title(feed: PublishedInstance, zoho: ZohoInstance) -> bool:
    if zoho.title is None:
        return True
    title = one_line(zoho.title) or NO_TITLE
    # A long title is cut to one line of a feed, mark included.
    return feed.title == title or (
        zoho.cancelled and feed.title == one_line(CANCELLED_MARK + title)
    )


def _order(difference: Difference) -> tuple[datetime, str]:
    side = difference.zoho or difference.feed
    return to_utc(side.start if side else date.min), difference.kind
