"""A repeating event in the form that every client reads alike: a plain rule where there is one, else one by one.

Pure. It gets events as the feed may show them, and must not know why a title or a text is what it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice, pairwise

from bridge.domain.event import Event, Moment, Recurrence, Rule, midnight, to_utc
from bridge.domain.feed import Feed
from bridge.domain.recurrence.expand import occurrences
from bridge.domain.recurrence.rrule import is_portable
from bridge.domain.uid import event_uid
from bridge.publish.view.dst import is_level, meetings
from bridge.publish.view.window import next_quarter, quarter
from bridge.publish.view.zones import named_since, tellable, zone_of

_MOST_PAST = 900  # FullCalendar stops counting at 1000 (rulebook 47)
_A_YEAR = timedelta(days=366)
_A_DAY = timedelta(days=1)
_A_SECOND = timedelta(seconds=1)
# The most days between two occurrences of a plain rule, where the interval is 1.
_LONGEST = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 35, "YEARLY": 372}
_FAR = timedelta(days=730)  # how far the end of a series is looked for


@dataclass(slots=True, kw_only=True)
class Parts:
    """What becomes of a series: perhaps still a series, singles, and days on which the answer may change."""

    series: Event | None = None
    singles: list[Event] = field(default_factory=list)
    days: list[date] = field(default_factory=list)


def split(event: Event, feed: Feed, today: date) -> Parts:
    """Part a series into what stays under a rule and what has to stand alone; singles are not cut to the window."""
    parts = Parts()
    changed = tuple(
        slot for override in event.overrides if (slot := override.recurrence_id) is not None
    )
    series = _aligned(_excluding(event, changed), parts)
    ruled = None if series is None else _ruled(series, feed, today, parts)
    if series is not None and ruled is None:
        window = feed.window(today)
        parts.singles += slots_within(series, midnight(window.start), midnight(window.end))
        parts.days.append(today + _A_DAY)
    staying: list[Event] = []
    for override in event.overrides:
        if ruled is not None and feed.exceptions == "recurrence-id" and _can_stay(override, ruled):
            staying.append(tellable(override, today))
        else:
            parts.singles.append(alone(override, event))
    if ruled is not None:
        parts.series = _finished(ruled, staying)
    return parts


def slots_within(event: Event, after: datetime, before: datetime) -> Iterator[Event]:
    """Give each occurrence that overlaps a span as a single event; without the excluded slots.

    Each has the exact length of the first one (RFC 5545 3.8.5.3). Overrides are not looked at.
    """
    length = to_utc(event.end) - to_utc(event.start)
    for slot in _slots(event, after - length, before):
        if to_utc(slot) + length > after or to_utc(slot) >= after:
            yield _single(event, slot)


def _slots(
    event: Event, after: Moment | None = None, before: Moment | None = None
) -> Iterator[Moment]:
    """Give the slots of a series that hold something."""
    assert event.recurrence is not None
    empty = {to_utc(slot) for slot in event.recurrence.excluded}
    found = occurrences(event.start, event.recurrence.rule, after=after, before=before)
    return (slot for slot in found if to_utc(slot) not in empty)


def _single(event: Event, slot: Moment) -> Event:
    """Give the occurrence at a slot as an event of its own."""
    length = to_utc(event.end) - to_utc(event.start)
    uid = event_uid(event.uid, slot=slot)
    end = _later(slot, length)
    return replace(
        event, uid=uid, related_to=event.uid, start=slot, end=end, recurrence=None, overrides=()
    )


def alone(override: Event, series: Event) -> Event:
    """Give a changed instance as an event of its own (rulebook 42)."""
    uid = event_uid(series.uid, slot=override.recurrence_id)
    return replace(override, uid=uid, recurrence_id=None, related_to=series.uid)


def _later(slot: Moment, length: timedelta) -> Moment:
    """Add an exact duration: across a change of the clock, the wall shows another one."""
    if isinstance(slot, datetime):
        return (to_utc(slot) + length).astimezone(slot.tzinfo)
    return slot + length


def _excluding(event: Event, slots: Sequence[Moment]) -> Event:
    assert event.recurrence is not None
    rule, excluded = event.recurrence.rule, event.recurrence.excluded
    return replace(
        event, overrides=(), recurrence=Recurrence(rule=rule, excluded=(*excluded, *slots))
    )


def _from(event: Event, slot: Moment, dropped: int) -> Event:
    """Let a series begin later, at one of its slots, with ``dropped`` instances before it (rulebook 47)."""
    assert event.recurrence is not None
    rule = event.recurrence.rule
    if rule.count is not None:
        rule = replace(rule, count=rule.count - dropped)
    length = to_utc(event.end) - to_utc(event.start)
    recurrence = Recurrence(rule=rule, excluded=event.recurrence.excluded)
    return replace(event, start=slot, end=_later(slot, length), recurrence=recurrence)


def _aligned(event: Event, parts: Parts) -> Event | None:
    """Let the series begin where its rule does (rulebook 36); its own first occurrence then stands alone.

    RFC 5545 counts DTSTART as the first of COUNT, whether or not it fits the rule.
    """
    assert event.recurrence is not None
    rule = event.recurrence.rule
    first = next(occurrences(event.start, rule), None)
    if first is not None and to_utc(first) == to_utc(event.start):
        return event
    if to_utc(event.start) not in {to_utc(slot) for slot in event.recurrence.excluded}:
        parts.singles.append(_single(event, event.start))
    if first is None or rule.count == 1:
        return None
    return _from(event, first, 1)


def _ruled(event: Event, feed: Feed, today: date, parts: Parts) -> Event | None:
    """Give the series with a rule that every client reads alike, or None when there is no such rule."""
    assert event.recurrence is not None
    if not is_portable(event.recurrence.rule, event.start):
        return None
    rolled = Parts()
    ruled = _rolled(event, feed, today, rolled)
    if ruled is None:
        return None
    length = to_utc(event.end) - to_utc(event.start)
    # From before the quarter, for an occurrence may reach into it.
    begin, horizon = (
        _turn(feed, today) - length - _A_DAY,
        next_quarter(feed.window(today).end) + _A_YEAR,
    )
    found = occurrences(ruled.start, _rule(ruled), after=midnight(begin), before=midnight(horizon))
    every = list(islice(found, _MOST_PAST * 3))
    empty = {to_utc(slot) for slot in event.recurrence.excluded}
    slots = [slot for slot in every if to_utc(slot) not in empty]
    if any(to_utc(slot) + length > to_utc(after) for slot, after in pairwise(slots)):
        return None  # overlapping occurrences (rulebook 45)
    across: list[Moment] = []
    if isinstance(ruled.start, datetime):
        met = meetings(zone_of(ruled.start), ruled.start.time(), length, begin, horizon)
        if met.shaky or met.across:
            rolled.days.append(_next_turn(feed, today))
        walls = ruled.start.time()
        # An empty slot counts here: engines that put it elsewhere don't find its EXDATE.
        if any(
            slot.date() in met.shaky or slot.time() != walls
            for slot in every
            if isinstance(slot, datetime)
        ):
            return None
        across = [
            slot for slot in slots if isinstance(slot, datetime) and slot.date() in met.across
        ]
    level = _levelled(ruled)
    if level is None:
        return None
    parts.singles += rolled.singles
    parts.days += rolled.days
    parts.singles += [_single(ruled, slot) for slot in across]
    return _excluding(level, across)


def _levelled(event: Event) -> Event | None:
    """Let a series begin at an occurrence during which no clock changes; what is before it stands alone already.

    Clients that subtract the wall times of DTSTART and DTEND would give all occurrences the length of an odd first one.
    """
    length = to_utc(event.end) - to_utc(event.start)
    slots = enumerate(islice(occurrences(event.start, _rule(event)), _MOST_PAST))
    for dropped, slot in slots:
        if not isinstance(slot, datetime) or is_level(slot, length):
            return _from(event, slot, dropped) if dropped else event
    return None


def _turn(feed: Feed, today: date) -> date:
    """Give the first day of the quarter in which the window begins: where old series are entered."""
    return quarter(feed.window(today).start)


def _next_turn(feed: Feed, today: date) -> date:
    """Give the day on which one of the window's ends comes into another quarter."""
    window = feed.window(today)
    return min(next_quarter(window.start) + feed.past, next_quarter(window.end) - feed.future)


def _rolled(event: Event, feed: Feed, today: date, parts: Parts) -> Event | None:
    """Let an old series begin where fewer than 900 instances precede today, and where its zone may be named.

    What then lies before its beginning but within the window stands alone. None when the zone may not be named.
    """
    bound = _turn(feed, today)
    if isinstance(event.start, datetime):
        since = named_since(zone_of(event.start), today)
        if since is None or max(midnight(bound), to_utc(event.start)) < since:
            return None
        is_old = to_utc(event.start) < since
    else:
        is_old = False
    past = sum(
        1
        for _slot in islice(
            occurrences(event.start, _rule(event), before=midnight(today)), _MOST_PAST
        )
    )
    if past < _MOST_PAST and not is_old:
        if past:
            parts.days.append(today + (_MOST_PAST - past) * _A_DAY)
        else:
            parts.days.append(max(today, to_utc(event.start).date()) + _MOST_PAST * _A_DAY)
        return event
    while _count(event, midnight(bound), midnight(today)) >= _MOST_PAST:
        bound = next_quarter(bound)
    slot = next(occurrences(event.start, _rule(event), after=midnight(bound)), None)
    parts.days.append(_next_turn(feed, today))
    if slot is None:
        return None
    window = feed.window(today)
    parts.singles += slots_within(event, midnight(window.start), to_utc(slot))
    return _from(
        event, slot, _count(event, None, to_utc(slot)) if _rule(event).count is not None else 0
    )


def _rule(event: Event) -> Rule:
    assert event.recurrence is not None
    return event.recurrence.rule


def _count(event: Event, after: datetime | None, before: datetime) -> int:
    return sum(1 for _slot in occurrences(event.start, _rule(event), after=after, before=before))


def _can_stay(override: Event, series: Event) -> bool:
    """Whether a changed instance may stay an override: of one of the slots, and of the same kind (rulebook 40)."""
    slot = override.recurrence_id
    if slot is None or override.all_day != series.all_day or not _is_slot(series, slot):
        return False
    before, after = _neighbours(series, slot)
    day = _day_in(series, override.start)
    return (before is None or _day_in(series, before) < day) and (
        after is None or day < _day_in(series, after)
    )


def _neighbours(series: Event, slot: Moment) -> tuple[Moment | None, Moment | None]:
    """Give the slots before and after one of a plain rule."""
    rule, moment = _rule(series), to_utc(slot)
    span = _LONGEST[rule.freq] * rule.interval * _A_DAY
    before = list(occurrences(series.start, rule, after=moment - span, before=moment))
    after = next(occurrences(series.start, rule, after=moment + _A_SECOND), None)
    return (before[-1] if before else None), after


def _day_in(series: Event, moment: Moment) -> date:
    """Give the day of a moment by the clocks of the series."""
    if isinstance(moment, datetime) and isinstance(series.start, datetime):
        return moment.astimezone(series.start.tzinfo).date()
    return moment


def _is_slot(series: Event, slot: Moment) -> bool:
    moment = to_utc(slot)
    return any(occurrences(series.start, _rule(series), after=moment, before=moment + _A_SECOND))


def _finished(series: Event, staying: Sequence[Event]) -> Event:
    """Put the overrides back, and keep of the excluded slots only those that the rule would fill."""
    assert series.recurrence is not None
    taken = {
        to_utc(override.recurrence_id) for override in staying if override.recurrence_id is not None
    }
    excluded = {to_utc(slot): slot for slot in series.recurrence.excluded}
    real = [
        slot
        for moment, slot in sorted(excluded.items())
        if moment not in taken and _is_slot(series, slot)
    ]
    return replace(
        series,
        overrides=tuple(
            sorted(staying, key=lambda override: to_utc(override.recurrence_id or override.start))
        ),
        recurrence=Recurrence(rule=series.recurrence.rule, excluded=tuple(real)),
    )


def ends(event: Event, after: datetime) -> datetime | None:
    """Give the end of the last instance that a series has after a moment; None when none is left.

    For a series that goes on for long, some moment before its end.
    """
    length = to_utc(event.end) - to_utc(event.start)
    far = max(after, to_utc(event.start)) + _FAR
    if next(_slots(event, far), None) is not None:
        return far
    found = [
        end for slot in _slots(event, after - length, far) if (end := to_utc(slot) + length) > after
    ]
    return max(found, default=None)
