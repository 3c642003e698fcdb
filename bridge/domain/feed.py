"""Feed definitions: the sources of a feed, the days that it shows, and its options."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from bridge.domain.event import Moment, midnight, to_utc
from bridge.domain.source import Source
from bridge.domain.source_rule import NO_RULE, SourceRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days that a feed shows, from ``start`` to before ``end``, both at midnight UTC."""

    start: date
    end: date

    def shows(self, start: Moment, end: Moment) -> bool:
        """Return whether a span is at least partly in it; an empty span counts at its start."""
        begin = to_utc(start)
        last = max(to_utc(end), begin + timedelta.resolution)
        return begin < midnight(self.end) and last > midnight(self.start)


def hull(windows: Iterable[Window]) -> Window:
    """Return the shortest window that contains all windows."""
    starts, ends = zip(*((window.start, window.end) for window in windows), strict=True)
    return Window(start=min(starts), end=max(ends))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One subscribable calendar, as the ``[[feed]]`` table of bridge.toml defines it."""

    slug: str
    title: str
    sources: tuple[Source, ...]
    public: bool = False
    privacy: Literal["full", "busy"] = "full"
    alarms: bool | Literal["nearest"] = True
    reminder: timedelta | None = None
    past: timedelta = timedelta(days=90)
    future: timedelta = timedelta(days=540)
    exceptions: Literal["detached", "recurrence-id"] = "detached"
    cancelled: Literal["mark", "status", "drop"] = "mark"
    show_private: bool = False
    rules: tuple[SourceRule, ...] = ()
    duplicates: Literal["once", "keep"] = "once"
    indexed: bool = False
    color: str = ""

    @property
    def kind(self) -> str:
        """The product of its source, or ``merged`` for more than one source."""
        return self.sources[0].kind if len(self.sources) == 1 else "merged"

    @property
    def shows_once(self) -> bool:
        """Whether copies of an event in several sources are shown from the first source alone."""
        return self.duplicates == "once" and len(self.sources) > 1

    @property
    def is_indexed(self) -> bool:
        """Whether search engines may list its pages: only if anyone may read all of it."""
        return self.indexed and self.public and self.privacy == "full"

    def hides_more_than(self, other: "Feed") -> bool:
        """Return whether it hides details or leaves out events that ``other`` shows."""
        former = {(rule.source, rule.only, rule.without) for rule in other.rules}
        if any((r.source, r.only, r.without) not in former for r in self.rules if r.is_selective):
            return True
        if self.privacy == "busy":
            return other.privacy == "full"
        return other.privacy == "full" and other.show_private and not self.show_private

    def rule_of(self, source_key: str) -> SourceRule:
        """Return the rule for the events of a source."""
        return next((rule for rule in self.rules if rule.source == source_key), NO_RULE)

    def window(self, today: date) -> Window:
        """Return the days that the feed shows on the day ``today``."""
        return Window(start=today - self.past, end=today + self.future)
