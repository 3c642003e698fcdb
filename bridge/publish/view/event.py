"""The events that a feed shows of one stored event, and their single occurrences. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bridge.domain.event import Event, midnight, to_utc
from bridge.domain.feed import Feed, Window
from bridge.domain.source_rule import NO_RULE, SourceRule
from bridge.publish.view import series
from bridge.publish.view.privacy import visible_event
from bridge.publish.view.window import first_day_from, next_change
from bridge.publish.view.zones import in_portable_zone, in_utc

_MOST_TEXT = 2_000_000  # characters of the descriptions of one event, in all its occurrences


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """The events that a feed shows of one event, a series first.

    ``until`` is the first day on which they may differ, None: never. ``cut``: the window has more
    occurrences than a feed shows of one series.
    """

    events: tuple[Event, ...]
    until: date | None
    cut: bool = False


def event_view(
    event: Event,
    feed: Feed,
    *,
    salt: str,
    today: date,
    cancelled_since: date | None,
    rule: SourceRule = NO_RULE,
) -> EventView:
    """Return an event as the feed shows it today.

    Every UID of the result is derived from the event's, and stays the same from day to day.
    ``cancelled_since`` is the day on which the event was first read as cancelled. ``salt`` is the
    feed's key of hidden UIDs. A feed of times names no zone of a single event: zones tell places.
    ``rule`` is that of the event's source. Without its series, an instance that it allows stands
    alone.
    """
    visible, until = visible_event(
        event, feed, salt=salt, today=today, cancelled_since=cancelled_since, rule=rule
    )
    if visible is None:
        return EventView(events=(), until=None)
    view = series.SeriesView(singles=(visible,))
    if not rule.allows(event):
        view = series.SeriesView(singles=series.overrides_alone(visible))
    elif visible.recurrence is not None:
        view = _series_in_window(series.series_view(visible, feed, today), feed, today)
    days = [*view.days, until, *(next_change(single, feed, today) for single in view.singles)]
    window = feed.window(today)
    singles = [
        in_utc(single) if feed.privacy == "busy" else in_portable_zone(single, today)
        for single in view.singles
        if window.shows(single.start, single.end)
    ]
    is_cut = view.cut or len(singles) > series.MOST_IN_WINDOW
    shown = _in_order(singles)[: series.MOST_IN_WINDOW]
    repeating = () if view.series is None else (view.series,)
    until = min((day for day in days if day is not None), default=None)
    return EventView(events=(*repeating, *with_bounded_texts(shown)), until=until, cut=is_cut)


def with_bounded_texts(singles: Sequence[Event]) -> tuple[Event, ...]:
    """Shorten long descriptions, without HTML, if those of one event have over 2 MB together."""
    total = sum(len(single.description) + len(single.html) for single in singles)
    if total <= _MOST_TEXT:
        return tuple(singles)
    longest = _MOST_TEXT // len(singles)
    return tuple(
        replace(single, description=single.description[:longest], html="")
        if len(single.description) + len(single.html) > longest
        else single
        for single in singles
    )


def occurrences_in(event: Event, window: Window) -> tuple[Event, ...]:
    """Return the occurrences of a shown event as single events in UTC (rulebook 31).

    All-day occurrences keep their dates. Alarms are removed: web pages have none.
    """
    singles = [event]
    if event.recurrence is not None:
        span = midnight(window.start), midnight(window.end)
        slots = [override.recurrence_id for override in event.overrides if override.recurrence_id]
        bare = series.with_excluded(event, slots)
        singles = [*series.occurrences_between(bare, *span), *series.overrides_alone(event)]
    return _in_order(
        replace(in_utc(single), alarms=())
        for single in singles
        if window.shows(single.start, single.end)
    )


def _series_in_window(view: series.SeriesView, feed: Feed, today: date) -> series.SeriesView:
    """Remove a series that has no occurrence in the window; its overrides then stand alone."""
    if view.series is None:
        return view
    window = feed.window(today)
    starts_at, end = to_utc(view.series.start), series.last_end(view.series, midnight(window.start))
    days = view.days
    if starts_at >= midnight(window.end):
        days = (*days, starts_at.date() + timedelta(days=1) - feed.future)
    elif end is not None:
        return replace(view, days=(*days, first_day_from(end) + feed.past))
    singles = (*view.singles, *series.overrides_alone(view.series))
    return series.SeriesView(singles=singles, days=days)


def _in_order(singles: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(singles, key=lambda single: (to_utc(single.start), single.uid)))
