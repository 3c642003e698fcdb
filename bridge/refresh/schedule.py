"""Time of the next read of a source: pure, from the last read and the coming events."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

from bridge.domain.event import Event, to_utc
from bridge.errors import LoginError, NotFoundError, ScopeError, ZohoError

Span: TypeAlias = tuple[float, float]
"""A span of time in seconds since 1970, the end not included."""

INTERVAL = timedelta(minutes=15)
# While a single event runs or is about to start. Series do not count: most calendars always have
# an occurrence that is close, and Zoho limits the requests.
CLOSE_INTERVAL = timedelta(minutes=5)
_CLOSE = timedelta(hours=2)
_JITTER = 0.1
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=1)
_PERSON_RETRY = timedelta(minutes=30)  # after an error that only a person can correct


def after_success(now: datetime, close: Iterable[Span], *, dice: float) -> datetime:
    """Return the time of the next read by the spans during which a single event is close.

    ``dice`` in [0, 1) spreads sources that began together.
    """
    is_close = any(start <= now.timestamp() < end for start, end in close)
    interval = CLOSE_INTERVAL if is_close else INTERVAL
    return now + interval * (1 + _JITTER * (2 * dice - 1))


def close_spans(events: Iterable[Event], first: datetime, last: datetime) -> tuple[Span, ...]:
    """Return the spans from ``first`` to ``last`` during which a single event is close."""
    return tuple(_span(event) for event in events if _is_close(event, first, last))


def join_spans(each: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans in order, those that overlap as one."""
    spans: list[Span] = []
    for start, end in sorted(each):
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def after_failure(now: datetime, failures: int, error: Exception, *, dice: float) -> datetime:
    """Return the time of the next try: later with each failure, and never before Zoho allows it.

    ``failures`` counts the earlier failures in a row.
    """
    if isinstance(error, LoginError | ScopeError | NotFoundError):
        wait = _PERSON_RETRY
    else:
        wait = min(_FIRST_RETRY * 2 ** min(failures, 10), _LONGEST_RETRY)
    retry_after = error.retry_after if isinstance(error, ZohoError) else None
    return now + max(wait * (1 + _JITTER * dice), timedelta(seconds=retry_after or 0))


def _is_close(event: Event, first: datetime, last: datetime) -> bool:
    if event.recurrence is not None or event.all_day:
        return False
    return to_utc(event.start) - _CLOSE <= last and first < to_utc(event.end)


def _span(event: Event) -> Span:
    return (to_utc(event.start) - _CLOSE).timestamp(), to_utc(event.end).timestamp()
