"""An event as one feed shows it: privacy, cancelled events, the window, and forms that every client reads alike.

Pure: the day is a parameter. What comes out are events of the same model, each one UID family, that rendering only has
to write down. It must not know of bytes, and not where an event came from.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from bridge.domain.event import Event, midnight, to_utc
from bridge.domain.feed import Feed, Window
from bridge.publish.view.privacy import guise
from bridge.publish.view.series import alone, ends, slots_within, split
from bridge.publish.view.window import changes_on, first_day_from, is_shown
from bridge.publish.view.zones import in_utc, tellable

__all__ = ["Shaped", "flatten", "shape"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """The events a feed shows of one event, and the first day (``until``) on which that may be others; None: never."""

    events: tuple[Event, ...]
    until: date | None


def shape(event: Event, feed: Feed, *, today: date, cancelled_since: date | None) -> FeedView:
    """Give an event as the feed shows it today.

    Every UID of the result is derived from the event's, and stays the same from day to day. ``cancelled_since`` is the
    day an event was first found cancelled.
    """
    shown, until = guise(event, feed, today=today, cancelled_since=cancelled_since)
    if shown is None:
        return FeedView(events=(), until=None)
    days = [] if until is None else [until]
    singles, series = [shown], None
    if shown.recurrence is not None:
        parts = split(shown, feed, today)
        singles, series = parts.singles, parts.series
        days += parts.days
    window = feed.window(today)
    events = []
    if series is not None:
        last = ends(series, midnight(window.start))
        if to_utc(series.start) >= midnight(window.end):
            days.append(to_utc(series.start).date() + timedelta(days=1) - feed.future)
            singles += [alone(override, series) for override in series.overrides]
        elif last is None:
            singles += [alone(override, series) for override in series.overrides]
        else:
            days.append(first_day_from(last) + feed.past)
            events.append(series)
    for single in singles:
        changes = changes_on(single, feed, today)
        days += [] if changes is None else [changes]
        if is_shown(single, window):
            events.append(tellable(single, today))
    first = events[:1] if series is not None and events[:1] == [series] else []
    rest = sorted(events[len(first) :], key=lambda single: (to_utc(single.start), single.uid))
    return FeedView(events=(*first, *rest), until=min(days, default=None))


def flatten(event: Event, window: Window) -> tuple[Event, ...]:
    """Give every occurrence in the window of an event as shaped, each by itself, in UTC (flavour ``web``, rulebook 31).

    All-day ones stay dates. Alarms are left out: pages have none.
    """
    if event.recurrence is None:
        found = [event]
    else:
        taken = tuple(
            slot for override in event.overrides if (slot := override.recurrence_id) is not None
        )
        recurrence = replace(event.recurrence, excluded=(*event.recurrence.excluded, *taken))
        bare = replace(event, recurrence=recurrence, overrides=())
        found = list(slots_within(bare, midnight(window.start), midnight(window.end)))
        found += [alone(override, event) for override in event.overrides]
    shown = [replace(in_utc(single), alarms=()) for single in found if is_shown(single, window)]
    return tuple(sorted(shown, key=lambda single: (to_utc(single.start), single.uid)))
