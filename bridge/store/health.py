"""How it stands with sources and feeds: pure, from what the store says. It writes no sentences; who shows it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bridge.domain.records import SourceState

# A source that should have been read that long ago has nobody reading it: the worker does not run.
_LATE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How it stands with one source, by what a person should know first.

    ``kind``: ``failing`` (the last read failed), ``new`` (never read), ``late`` (nobody reads), ``held`` (the last read
    is not believed yet), ``fresh``. ``since``: when that began; for a fresh source its last read, for a late one the
    time it should have been read; None for a new one. ``overdue_since``: the time of the next read, if that has gone by
    so long ago that nobody reads, whatever ``kind`` says; else None.
    """

    kind: Literal["failing", "new", "late", "held", "fresh"]
    since: datetime | None
    overdue_since: datetime | None


def source_health(state: SourceState, *, now: datetime) -> SourceHealth:
    """Tell how it stands with one source."""
    overdue_since = state.next_check_at if state.next_check_at + _LATE < now else None
    if state.failing_since is not None:
        return SourceHealth(kind="failing", since=state.failing_since, overdue_since=overdue_since)
    if state.last_success is None:
        return SourceHealth(kind="new", since=None, overdue_since=overdue_since)
    if overdue_since is not None:
        return SourceHealth(kind="late", since=overdue_since, overdue_since=overdue_since)
    if state.held_at is not None:
        return SourceHealth(kind="held", since=state.held_at, overdue_since=None)
    return SourceHealth(kind="fresh", since=state.last_success, overdue_since=None)


def feed_state(
    states: Sequence[SourceState], *, now: datetime
) -> Literal["new", "fresh", "late", "failing"]:
    """Tell in one word how it stands with a feed: as with the worst of its sources.

    ``failing`` when a source's last read failed, ``new`` when one was never read, ``late`` when one is overdue. A read
    that is held back leaves the feed as it was: ``fresh``.
    """
    kinds = {source_health(state, now=now).kind for state in states}
    if "failing" in kinds:
        return "failing"
    if "new" in kinds:
        return "new"
    return "late" if "late" in kinds else "fresh"
