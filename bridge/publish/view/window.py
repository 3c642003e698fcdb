"""The days on which events enter and leave the window of a feed. Pure."""

from datetime import date, datetime, timedelta

from bridge.domain.event import Event, midnight, to_utc
from bridge.domain.feed import Feed

_INSTANT = timedelta(microseconds=1)


def next_change(event: Event, feed: Feed, today: date) -> date | None:
    """Return the day on which a single event next enters or leaves the feed; None: never again."""
    start, end = to_utc(event.start), to_utc(event.end)
    entry = start.date() + timedelta(days=1) - feed.future
    exit_ = first_day_from(max(end, start + _INSTANT)) + feed.past
    return next((day for day in (entry, exit_) if today < day), None)


def first_day_from(moment: datetime) -> date:
    """Return the first day that begins at or after a time in UTC."""
    day = moment.date()
    return day if moment == midnight(day) else day + timedelta(days=1)


def quarter(day: date) -> date:
    """Return the first day of a day's quarter. Series that begin by the window change quarterly."""
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def next_quarter(day: date) -> date:
    """Return the first day of the quarter after a day's."""
    return quarter(quarter(day) + timedelta(days=95))
