"""A feed: which sources it shows, over which days, in which form."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from bridge.domain.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days a feed shows: from ``start`` up to, not including, ``end``, both at midnight UTC."""

    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One subscribable calendar: what it shows, of which sources, in which form (the ``[[feed]]`` table)."""

    slug: str
    title: str
    sources: tuple[Source, ...]
    public: bool = False
    privacy: Literal["full", "busy"] = "full"
    alarms: bool = True
    past: timedelta = timedelta(days=90)
    future: timedelta = timedelta(days=540)
    exceptions: Literal["detached", "recurrence-id"] = "detached"
    cancelled: Literal["mark", "status", "drop"] = "mark"
    show_private: bool = False

    @property
    def kind(self) -> str:
        """``backstage``, ``connect`` or ``calendar``; ``merged`` for more than one source."""
        return self.sources[0].kind if len(self.sources) == 1 else "merged"

    def window(self, today: date) -> Window:
        """Give the days the feed shows when today is ``today``."""
        return Window(start=today - self.past, end=today + self.future)
