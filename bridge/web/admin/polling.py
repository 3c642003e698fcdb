"""How often calendar programs ask for news by themselves: what is to be known before a calendar is called stale.

From the rulebook's table of clients; vendors publish few numbers. The names are those of ``bridge.web.user_agents``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.store.readers import Reader
from bridge.web.language import _

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How a program asks, as the rest of a sentence that begins with its name and its last visit.

    ``longest``: the most time that passes between two visits of a program that is always running; None for one that
    only asks while somebody's computer is on.
    """

    told: Callable[[], str]
    longest: timedelta | None = None


HABITS: Mapping[str, Habit] = {
    "Google Calendar": Habit(
        told=lambda: _("it asks every 4 to 24 hours by itself, and there is no button to hurry it"),
        longest=_DAY,
    ),
    "Outlook (new, web, 365)": Habit(
        told=lambda: _("it asks about every 3 hours by itself, sometimes only once a day"),
        longest=_DAY,
    ),
    "Outlook (classic)": Habit(
        told=lambda: _("while it is open it asks when it sends and receives, every 4 hours at most")
    ),
    "Apple Calendar (iOS)": Habit(
        told=lambda: _(
            "it asks as often as the phone's settings say: Calendar, Accounts, Fetch New Data"
        )
    ),
    "Apple Calendar (macOS)": Habit(
        told=lambda: _(
            "it asks as often as its “Auto-refresh” says, from every 5 minutes to once a week"
        )
    ),
    "Thunderbird": Habit(
        told=lambda: _("while it is open it asks every 30 minutes, unless it was set otherwise")
    ),
    "Evolution": Habit(
        told=lambda: _("while it runs it asks every hour, unless it was set otherwise")
    ),
    "ICSx5": Habit(told=lambda: _("it asks once a day, unless it was set otherwise")),
    "Home Assistant": Habit(told=lambda: _("it asks once a day"), longest=_DAY),
    "Nextcloud": Habit(
        told=lambda: _("it asks every 4 hours, or as its server is set"), longest=_DAY
    ),
    "Web browser": Habit(told=lambda: _("it asks whenever a page with the calendar is opened")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A program that reads, and whether it can show the latest change.

    ``habit`` is empty for a program without a known one. ``behind``: it has not asked since the feed last changed.
    ``silent``: it has not asked for longer than it ever should.
    """

    reader: Reader
    habit: str
    behind: bool
    silent: bool


def reading_of(reader: Reader, *, changed_at: datetime | None, now: datetime) -> Reading:
    """Judge a program's last visit; ``changed_at`` is when the feed's bytes last changed, None when it has none."""
    habit = HABITS.get(reader.program)
    return Reading(
        reader=reader,
        habit=habit.told() if habit else "",
        behind=changed_at is not None and reader.last_at < changed_at,
        silent=bool(habit and habit.longest and now - reader.last_at > habit.longest),
    )
