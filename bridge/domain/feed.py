"""Feed definitions: the sources of a feed, the days that it shows, and its options."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from bridge.domain.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days that a feed shows, from ``start`` to before ``end``, both at midnight UTC."""

    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One subscribable calendar, as the ``[[feed]]`` table of bridge.toml defines it."""

    slug: str
    title: str
    sources: tuple[Source, ...]
    public: bool = False
    privacy: Literal["full", "busy"] = "full"
    alarms: bool | Literal["nearest"] = True
    past: timedelta = timedelta(days=90)
    future: timedelta = timedelta(days=540)
    exceptions: Literal["detached", "recurrence-id"] = "detached"
    cancelled: Literal["mark", "status", "drop"] = "mark"
    show_private: bool = False

    @property
    def kind(self) -> str:
        """The product of its source, or ``merged`` for more than one source."""
        return self.sources[0].kind if len(self.sources) == 1 else "merged"

    def hides_more_than(self, other: "Feed") -> bool:
        """Return whether it hides details that ``other`` shows."""
        if self.privacy == "busy":
            return other.privacy == "full"
        return other.privacy == "full" and other.show_private and not self.show_private

    def window(self, today: date) -> Window:
        """Return the days that the feed shows on the day ``today``."""
        return Window(start=today - self.past, end=today + self.future)
