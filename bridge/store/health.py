"""Health of sources and feeds, computed from the states of sources. It writes no sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bridge.domain.records import SourceState

# A source that is overdue for so long is not read at all: the worker does not run.
_LATE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """Health of a source.

    ``kind``: ``failing`` (the last read failed), ``new`` (never read, or only
    by a clock that was ahead), ``late`` (the worker does
    not run), ``held`` (a sudden loss waits for a second read that agrees), ``waiting`` (the
    read waits for the bridge's own rate limit), ``fresh``.
    ``since``: when that began. For a fresh source it is the last read, for a late one the time of
    the missed read, for a new one and for one that was never read None.
    ``overdue_since``: the time of the missed read if the worker does not run, of whatever ``kind``
    the source is, else None.
    """

    kind: Literal["failing", "new", "late", "held", "waiting", "fresh"]
    since: datetime | None
    overdue_since: datetime | None = None


def source_health(state: SourceState, *, now: datetime) -> SourceHealth:
    """Return the health of one source."""
    overdue_since = state.next_check_at if state.next_check_at + _LATE < now else None
    if state.failing_since is not None:
        return SourceHealth(kind="failing", since=state.failing_since, overdue_since=overdue_since)
    if state.waiting_until is not None and overdue_since is None:
        return SourceHealth(kind="waiting", since=state.last_success)
    if state.last_success is None or state.is_ahead(now):
        return SourceHealth(kind="new", since=None, overdue_since=overdue_since)
    if overdue_since is not None:
        return SourceHealth(kind="late", since=overdue_since, overdue_since=overdue_since)
    if state.held_at is not None:
        return SourceHealth(kind="held", since=state.held_at)
    return SourceHealth(kind="fresh", since=state.last_success)


def feed_state(
    states: Sequence[SourceState], *, now: datetime
) -> Literal["new", "fresh", "late", "failing"]:
    """Return the state of a feed: that of its worst source.

    ``failing`` if the last read of a source failed, ``new`` if one was never read, ``late`` if one
    is overdue. A held loss, or a wait for a turn, leaves the feed ``fresh``.
    """
    kinds = {source_health(state, now=now).kind for state in states}
    if any(state.last_success is None for state in states):
        kinds.add("new")
    worst_first: tuple[Literal["failing", "new", "late"], ...] = ("failing", "new", "late")
    return next((kind for kind in worst_first if kind in kinds), "fresh")
