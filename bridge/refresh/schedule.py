"""When a source is read again: pure, from how the last read went and what is coming up."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bridge.domain.event import Event, to_utc
from bridge.errors import LoginError, NotFoundError, ScopeError, ZohoError

INTERVAL = timedelta(minutes=15)
# While an event runs, or is about to begin. The occurrences of series don't count: of many calendars there is always
# one close, and Zoho bounds the requests.
CLOSE_INTERVAL = timedelta(minutes=5)
_CLOSE = timedelta(hours=2)
_JITTER = 0.1
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=1)
_PERSON_RETRY = timedelta(minutes=30)  # what only a person can mend is asked for less often


def after_success(now: datetime, events: Iterable[Event], *, dice: float) -> datetime:
    """Give the time of the next read; ``dice`` in [0, 1) spreads sources that began together."""
    interval = CLOSE_INTERVAL if any(_is_close(event, now) for event in events) else INTERVAL
    return now + interval * (1 + _JITTER * (2 * dice - 1))


def after_failure(now: datetime, failures: int, error: Exception, *, dice: float) -> datetime:
    """Give the time of the next try: later with each failure in a row, never before Zoho said it makes sense.

    ``failures`` counts the earlier failures in a row.
    """
    if isinstance(error, LoginError | ScopeError | NotFoundError):
        wait = _PERSON_RETRY
    else:
        wait = min(_FIRST_RETRY * 2 ** min(failures, 10), _LONGEST_RETRY)
    told = error.retry_after if isinstance(error, ZohoError) else None
    return now + max(wait * (1 + _JITTER * dice), timedelta(seconds=told or 0))


def _is_close(event: Event, now: datetime) -> bool:
    if (
        event.recurrence is not None
        or not isinstance(event.start, datetime)
        or not isinstance(event.end, datetime)
    ):
        return False
    return to_utc(event.start) - _CLOSE <= now < to_utc(event.end)
