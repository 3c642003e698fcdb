"""How it stands with a feed, in one word: pure, from the states of its sources."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from bridge.store import SourceState

# A source that should have been read that long ago has nobody reading it: the worker does not run.
_LATE = timedelta(minutes=30)


def state_of(states: Sequence[SourceState], *, now: datetime) -> Literal["new", "fresh", "late", "failing"]:
    """Give ``failing`` when a source's last read failed, ``new`` when one was never read, ``late`` when overdue."""
    if any(state.failing_since is not None for state in states):
        return "failing"
    if any(state.last_success is None for state in states):
        return "new"
    if any(state.next_check_at + _LATE < now for state in states):
        return "late"
    return "fresh"
