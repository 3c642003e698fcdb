"""Whether a span of time falls into a feed's window, and on which day that changes. Pure."""

from datetime import date, datetime, timedelta

from bridge.domain.event import Event, midnight, to_utc
from bridge.domain.feed import Feed, Window

_MOMENT = timedelta(microseconds=1)


def is_shown(event: Event, window: Window) -> bool:
    """Whether a single event overlaps the window; one without length counts at its moment."""
    start, end = to_utc(event.start), to_utc(event.end)
    return start < midnight(window.end) and max(end, start + _MOMENT) > midnight(window.start)


def changes_on(event: Event, feed: Feed, today: date) -> date | None:
    """Give the first day on which a single event enters or leaves the feed; None when it has left for good."""
    start, end = to_utc(event.start), to_utc(event.end)
    enters = start.date() + timedelta(days=1) - feed.future
    if today < enters:
        return enters
    leaves = first_day_from(max(end, start + _MOMENT)) + feed.past
    return leaves if today < leaves else None


def first_day_from(moment: datetime) -> date:
    """Give the first day that begins at or after a moment in UTC."""
    day = moment.date()
    return day if moment == midnight(day) else day + timedelta(days=1)


def quarter(day: date) -> date:
    """Give the first day of a day's quarter: what depends on the window changes by quarters, so that it rarely does."""
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def next_quarter(day: date) -> date:
    """Give the first day of the quarter after a day's."""
    return quarter(quarter(day) + timedelta(days=95))
