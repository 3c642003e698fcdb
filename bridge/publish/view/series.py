"""A repeating event in a form that all clients read alike: a portable rule, else single events.

Pure. Events arrive as the feed may show them: titles and texts are not looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from typing import TypeAlias

from bridge.domain.event import Event, Moment, Recurrence, midnight, to_utc
from bridge.domain.feed import Feed
from bridge.domain.recurrence.expand import occurrences
from bridge.domain.recurrence.rrule import is_portable
from bridge.domain.uid import event_uid
from bridge.publish.view.dst import clock_changes, has_exact_times
from bridge.publish.view.window import next_quarter, quarter
from bridge.publish.view.zones import in_portable_zone, portable_since, zone_of

_Limit: TypeAlias = Moment | None

MOST_IN_WINDOW = 5000
_MOST_PAST = 900  # FullCalendar stops counting at 1000 (rulebook 47)
_YEAR = timedelta(days=366)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
# The most days between two occurrences of a portable rule, where the interval is 1.
_LONGEST = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 35, "YEARLY": 372}
_FAR = timedelta(days=730)  # how far ahead the end of a series is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    """A series that may remain, single events, and the days on which this may change.

    ``cut``: the window has more occurrences than a feed shows of one series.
    """

    series: Event | None = None
    singles: tuple[Event, ...] = ()
    cut: bool = False
    days: tuple[date, ...] = ()


def series_view(event: Event, feed: Feed, today: date) -> SeriesView:
    """Split a series into what stays under its rule and single events, not cut to the window."""
    slots = [override.recurrence_id for override in event.overrides if override.recurrence_id]
    aligned = _aligned(with_excluded(event, slots))
    if aligned.series is None:
        return replace(aligned, singles=(*aligned.singles, *overrides_alone(event)))
    portable = _portable(aligned.series, feed, today)
    if portable is None or portable.series is None:
        window = feed.window(today)
        span = midnight(window.start), midnight(window.end)
        expanded = list(islice(occurrences_between(aligned.series, *span), MOST_IN_WINDOW + 1))
        singles = (*expanded[:MOST_IN_WINDOW], *overrides_alone(event))
        cut = len(expanded) > MOST_IN_WINDOW
        return SeriesView(singles=(*aligned.singles, *singles), cut=cut, days=(today + _DAY,))
    inside, outside = [], []
    for override in event.overrides:
        if feed.exceptions == "recurrence-id" and _can_stay(override, portable.series):
            inside.append(in_portable_zone(override, today))
        else:
            outside.append(override)
    series = _with_overrides(portable.series, inside)
    alone = overrides_alone(replace(event, overrides=tuple(outside)))
    singles = (*aligned.singles, *portable.singles, *alone)
    return SeriesView(series=series, singles=singles, days=portable.days)


def occurrences_between(event: Event, after: datetime, before: datetime) -> Iterator[Event]:
    """Return each occurrence of the rule that overlaps a span as a single event.

    Each has the exact length of the first (RFC 5545 3.8.5.3). Overrides are not looked at.
    """
    length = _length(event)
    for slot in _filled_slots(event, after - length, before):
        if to_utc(slot) + length > after or to_utc(slot) >= after:
            yield _single(event, slot)


def overrides_alone(series: Event) -> tuple[Event, ...]:
    """Return the changed instances of a series as single events (rulebook 42)."""
    uid = series.uid
    return tuple(
        replace(o, uid=event_uid(uid, slot=o.recurrence_id), recurrence_id=None, related_to=uid)
        for o in series.overrides
    )


def with_excluded(event: Event, slots: Sequence[Moment]) -> Event:
    """Return a series without its overrides, and with more excluded slots."""
    recurrence = _recurrence(event)
    recurrence = replace(recurrence, excluded=(*recurrence.excluded, *slots))
    return replace(event, overrides=(), recurrence=recurrence)


def last_end(event: Event, after: datetime) -> datetime | None:
    """Return the end of the last occurrence that ends after a time; None when there is none.

    For a series that continues for long, some time before its end.
    """
    length = _length(event)
    far = max(after, to_utc(event.start)) + _FAR
    if next(_filled_slots(event, far), None) is not None:
        return far
    ends = (to_utc(slot) + length for slot in _filled_slots(event, after - length, far))
    return max((end for end in ends if end > after), default=None)


def _recurrence(event: Event) -> Recurrence:
    assert event.recurrence is not None
    return event.recurrence


def _length(event: Event) -> timedelta:
    return to_utc(event.end) - to_utc(event.start)


def _slots(event: Event, after: _Limit = None, before: _Limit = None) -> Iterator[Moment]:
    """Return the slots of a series' rule, excluded ones too."""
    return occurrences(event.start, _recurrence(event).rule, after=after, before=before)


def _filled_slots(event: Event, after: _Limit = None, before: _Limit = None) -> Iterator[Moment]:
    excluded = {to_utc(slot) for slot in _recurrence(event).excluded}
    return (slot for slot in _slots(event, after, before) if to_utc(slot) not in excluded)


def _count(event: Event, after: datetime | None, before: datetime) -> int:
    return sum(1 for _slot in _slots(event, after, before))


def _is_slot(event: Event, slot: Moment) -> bool:
    return any(_slots(event, to_utc(slot), to_utc(slot) + _SECOND))


def _single(event: Event, slot: Moment) -> Event:
    """Return the occurrence at a slot as an event of its own."""
    uid, end = event_uid(event.uid, slot=slot), _later(slot, _length(event))
    return replace(
        event, uid=uid, related_to=event.uid, start=slot, end=end, recurrence=None, overrides=()
    )


def _later(slot: Moment, length: timedelta) -> Moment:
    """Add an exact duration: after a clock change, the wall time differs by another."""
    if isinstance(slot, datetime):
        return (to_utc(slot) + length).astimezone(slot.tzinfo)
    return slot + length


def _starting_at(event: Event, slot: Moment, dropped: int) -> Event:
    """Move the start of a series to one of its slots, with ``dropped`` slots before it."""
    recurrence = _recurrence(event)
    if recurrence.rule.count is not None:
        rule = replace(recurrence.rule, count=recurrence.rule.count - dropped)
        recurrence = replace(recurrence, rule=rule)
    return replace(event, start=slot, end=_later(slot, _length(event)), recurrence=recurrence)


def _aligned(event: Event) -> SeriesView:
    """Move the start of a series to its rule's first slot (rulebook 36).

    A start that does not match the rule becomes a single event. RFC 5545 counts it in COUNT.
    """
    rule, excluded = _recurrence(event).rule, _recurrence(event).excluded
    first = next(_slots(event), None)
    if first is not None and to_utc(first) == to_utc(event.start):
        return SeriesView(series=event)
    is_excluded = to_utc(event.start) in {to_utc(slot) for slot in excluded}
    singles = () if is_excluded else (_single(event, event.start),)
    if first is None or rule.count == 1:
        return SeriesView(singles=singles)
    return SeriesView(series=_starting_at(event, first, 1), singles=singles)


def _portable(event: Event, feed: Feed, today: date) -> SeriesView | None:
    """Return the series with a rule that every client reads alike; None: it has no such rule."""
    if not is_portable(_recurrence(event).rule, event.start):
        return None
    recent = _recent(event, feed, today)
    if recent is None or recent.series is None:
        return None
    series, days, length = recent.series, recent.days, _length(event)
    # From before the quarter on, for an occurrence may extend into it.
    begin = quarter(feed.window(today).start) - length - _DAY
    horizon = next_quarter(feed.window(today).end) + _YEAR
    slots = list(islice(_slots(series, midnight(begin), midnight(horizon)), _MOST_PAST * 3))
    excluded = {to_utc(slot) for slot in _recurrence(event).excluded}
    filled = [slot for slot in slots if to_utc(slot) not in excluded]
    if any(to_utc(slot) + length > to_utc(after) for slot, after in pairwise(filled)):
        return None  # overlapping occurrences (rulebook 45)
    spanning: list[Moment] = []
    if isinstance(series.start, datetime):
        wall = series.start.time()
        met = clock_changes(zone_of(series.start), wall, length, begin, horizon)
        if met.ambiguous or met.spanning:
            days = (*days, _next_roll(feed, today))
        times = [slot for slot in slots if isinstance(slot, datetime)]
        # Excluded slots count: engines that compute another time do not match their EXDATE.
        if any(slot.date() in met.ambiguous or slot.time() != wall for slot in times):
            return None
        spanning = [slot for slot in filled if _date(slot) in met.spanning]
    exact = _with_exact_first(series)
    if exact is None:
        return None
    singles = (*recent.singles, *(_single(series, slot) for slot in spanning))
    return SeriesView(series=with_excluded(exact, spanning), singles=singles, days=days)


def _with_exact_first(event: Event) -> Event | None:
    """Move the start of a series to an occurrence during which no clock changes.

    Some clients apply the difference of the wall times of DTSTART and DTEND to all occurrences.
    The earlier occurrences are single events already.
    """
    length = _length(event)
    for dropped, slot in enumerate(islice(_slots(event), _MOST_PAST)):
        if not isinstance(slot, datetime) or has_exact_times(slot, length):
            return _starting_at(event, slot, dropped) if dropped else event
    return None


def _next_roll(feed: Feed, today: date) -> date:
    """Return the day on which the start or end of the window enters another quarter."""
    window = feed.window(today)
    return min(next_quarter(window.start) + feed.past, next_quarter(window.end) - feed.future)


def _recent(event: Event, feed: Feed, today: date) -> SeriesView | None:
    """Move DTSTART forward so that fewer than 900 instances precede today (rulebook 47).

    The zone may be named from there on. Earlier instances in the window become single events. None
    when the zone may not be named.
    """
    bound = quarter(feed.window(today).start)
    is_old = False
    if isinstance(event.start, datetime):
        since = portable_since(zone_of(event.start), today)
        if since is None or max(midnight(bound), to_utc(event.start)) < since:
            return None
        is_old = to_utc(event.start) < since
    past = sum(1 for _slot in islice(_slots(event, before=midnight(today)), _MOST_PAST))
    if past < _MOST_PAST and not is_old:
        begin = today if past else max(today, to_utc(event.start).date())
        return SeriesView(series=event, days=(begin + (_MOST_PAST - past) * _DAY,))
    while _count(event, midnight(bound), midnight(today)) >= _MOST_PAST:
        bound = next_quarter(bound)
    slot = next(_slots(event, midnight(bound)), None)
    if slot is None:
        return None
    dropped = 0 if _recurrence(event).rule.count is None else _count(event, None, to_utc(slot))
    earlier = occurrences_between(event, midnight(feed.window(today).start), to_utc(slot))
    rest, days = _starting_at(event, slot, dropped), (_next_roll(feed, today),)
    return SeriesView(series=rest, singles=tuple(earlier), days=days)


def _can_stay(override: Event, series: Event) -> bool:
    """Whether a changed instance may stay an override: in order, and of its kind (rulebook 40)."""
    slot = override.recurrence_id
    if slot is None or override.all_day != series.all_day or not _is_slot(series, slot):
        return False
    before, after = _neighbours(series, slot)
    day = _date_in(series, override.start)
    return (before is None or _date_in(series, before) < day) and (
        after is None or day < _date_in(series, after)
    )


def _neighbours(series: Event, slot: Moment) -> tuple[Moment | None, Moment | None]:
    """Return the slots before and after a slot of a portable rule."""
    rule, moment = _recurrence(series).rule, to_utc(slot)
    # A day more: from before to after the end of summer time, an hour more passes.
    span = _LONGEST[rule.freq] * rule.interval * _DAY + _DAY
    before = list(_slots(series, moment - span, moment))
    return (before[-1] if before else None), next(_slots(series, moment + _SECOND), None)


def _date_in(series: Event, moment: Moment) -> date:
    """Return the day of a time in the zone of the series."""
    if isinstance(moment, datetime) and isinstance(series.start, datetime):
        return moment.astimezone(series.start.tzinfo).date()
    return moment


def _date(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _with_overrides(series: Event, overrides: Sequence[Event]) -> Event:
    """Add overrides, and keep only the excluded slots that the rule would fill."""
    replaced = {to_utc(o.recurrence_id) for o in overrides if o.recurrence_id is not None}
    recurrence = _recurrence(series)
    excluded = {to_utc(slot): slot for slot in recurrence.excluded}
    needed = (s for m, s in sorted(excluded.items()) if m not in replaced and _is_slot(series, s))
    recurrence = replace(recurrence, excluded=tuple(needed))
    in_order = sorted(overrides, key=lambda o: to_utc(o.recurrence_id or o.start))
    return replace(series, overrides=tuple(in_order), recurrence=recurrence)
