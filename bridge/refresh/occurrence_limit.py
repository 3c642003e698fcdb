"""Limit of the occurrences that one source may have in the window of its feeds. Pure."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from bridge.domain.event import Event, midnight
from bridge.domain.feed import Window
from bridge.domain.problems import problem
from bridge.domain.recurrence.expand import occurrences
from bridge.domain.recurrence.parse import MOST_A_DAY
from bridge.publish.view.series import MOST_IN_WINDOW
from bridge.sources.protocols import Collector, ParseResult

MOST_OCCURRENCES = 200_000
_DAY = timedelta(days=1)


def limit_occurrences(
    parsed: ParseResult, window: Window, known: Collection[str], *, besides: int = 0
) -> ParseResult:
    """Drop the events beyond 200,000 occurrences, ``besides`` so many of other events.

    Events whose UID is in ``known`` count first, and series last: what is published stays, and one
    series costs itself.
    """
    most = besides + sum(most_occurrences(event, window) for event in parsed.events)
    if most <= MOST_OCCURRENCES:
        return parsed
    kept, beyond, left = [], Collector(), MOST_OCCURRENCES - besides
    for event in sorted(parsed.events, key=lambda e: (e.uid not in known, bool(e.recurrence))):
        left -= _count(event, window, left) if left >= 0 else 0
        if left >= 0:
            kept.append(event)
        else:
            why = problem("too-many-of-source", most=f"{MOST_OCCURRENCES:,}")
            beyond.drop(event.upstream_id, event.title, why, event.url)
    rejections = (*parsed.rejections, *beyond.rejections)
    return replace(parsed, events=tuple(kept), rejections=rejections)


def most_occurrences(event: Event, window: Window) -> int:
    """Return the most occurrences that an event may have, without looking for them."""
    if event.recurrence is None:
        return 1
    rule = event.recurrence.rule
    is_daily = rule.freq != "HOURLY" and not (rule.byhour or rule.byminute or rule.bysecond)
    most_a_day = 1 if is_daily else MOST_A_DAY
    days = (window.end - window.start) // _DAY
    return 1 + len(event.overrides) + min(most_a_day * days, MOST_IN_WINDOW)


def _count(event: Event, window: Window, left: int) -> int:
    """Return the number of an event's occurrences, or more than are ``left``."""
    count = 1 + len(event.overrides)
    if event.recurrence is not None:
        span = {"after": midnight(window.start), "before": midnight(window.end)}
        slots = occurrences(event.start, event.recurrence.rule, **span)
        count += sum(1 for _slot in islice(slots, min(left, MOST_IN_WINDOW)))
    return count
