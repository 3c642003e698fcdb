"""Stale subscribers: what the last poll of a calendar program says about its copy of a feed.

Intervals are from the rulebook's table of clients; vendors publish few numbers. The names are those
of ``bridge.web.user_agents``; ``admin_parts.html`` has a sentence about each.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.store.readers import Reader

# Programs that run at all times, and the longest time between two polls of them.
ALWAYS_RUNNING = ("Google Calendar", "Outlook (new, web, 365)", "Home Assistant", "Nextcloud")
_LONGEST_INTERVAL = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStatus:
    """A program that polls, and whether it can show the latest change.

    ``behind``: no poll since the feed last changed. ``silent``: no poll for longer than the
    program's longest interval.
    """

    reader: Reader
    behind: bool
    silent: bool


def program_status(reader: Reader, *, changed_at: datetime | None, now: datetime) -> ProgramStatus:
    """Return a program's status; ``changed_at`` is when the feed's bytes last changed, or None."""
    is_overdue = now - reader.last_at > _LONGEST_INTERVAL
    return ProgramStatus(
        reader=reader,
        behind=changed_at is not None and reader.last_at < changed_at,
        silent=reader.program in ALWAYS_RUNNING and is_overdue,
    )
