"""Rows of sources and events as plain values, without tables or SQL."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from bridge.domain.ctag import UNSEEN, Ctag
from bridge.domain.problems import Problem, problem
from bridge.domain.source import CalendarProfile, Source

# The clocks of a bridge's machines differ by less. A time further ahead in the database is of a
# clock that was wrong, and counts as not there.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The fingerprint of a complete read; empty if an equal answer would change something.

    It holds from ``since`` to ``until``: ``close`` has the spans in between during which a single
    event is close, in seconds since 1970. ``events`` and ``rejections`` are numbers. ``empty`` are
    the checksums of the requests whose lists were empty.
    """

    fingerprint: str
    since: datetime
    until: datetime
    close: tuple[tuple[float, float], ...]
    events: int
    rejections: int
    empty: tuple[int, ...] = ()

    def covers(self, now: datetime) -> bool:
        """Return whether the spans include this time."""
        return self.since <= now < self.until

    def holds(self, fingerprint: str, now: datetime) -> bool:
        """Return whether an answer with this fingerprint need not be parsed."""
        return fingerprint == self.fingerprint != "" and self.covers(now)


class ReadPart(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the last complete read had of one upstream id: a fingerprint of its objects.

    ``events`` is the number of its events, which have at most so many ``occurrences`` in the
    window. ``close`` are their spans, as in ``Reading``.
    """

    fingerprint: str
    events: int
    occurrences: int
    close: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The results of the last reads of a source, and the time of the next read.

    ``error`` is a sentence for the admin, empty after a successful read. ``warning`` is a sentence
    about a read that waits for confirmation. ``notes`` are remarks of the parser. ``profile`` is
    None before a calendar's first read, and for all other sources. ``waiting_until`` is set while a
    read waits for the bridge's own rate limit.
    """

    source: Source
    active: bool
    next_check_at: datetime
    last_attempt: datetime | None
    last_success: datetime | None
    failing_since: datetime | None
    failures: int
    error: Problem | None
    warning: Problem | None
    held_at: datetime | None
    notes: tuple[Problem, ...]
    events: int
    rejections: int
    profile: CalendarProfile | None = None
    reading: Reading | None = None
    ctag: Ctag = UNSEEN
    hook_called_at: datetime | None = None
    waiting_until: datetime | None = None

    def turn(self, now: datetime) -> Problem | None:
        """Return that its read waits for its turn, if it does."""
        if self.waiting_until is None or self.waiting_until <= now:
            return None
        return problem("turn-awaited", seconds=round((self.waiting_until - now).total_seconds()))

    def is_ahead(self, now: datetime) -> bool:
        """Return whether a clock that was ahead wrote the times of the last read."""
        times = (self.last_attempt, self.last_success)
        return any(time is not None and time > now + CLOCK_SKEW for time in times)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event of a source without its payload, to compare it with a new read.

    ``ends_at`` is the end of its last occurrence, or None for a series without an end.
    ``missing_since`` is the time of the first complete read in a row that missed it.
    """

    uid: str
    upstream_id: str
    content_hash: str
    cancelled_since: datetime | None
    ends_at: datetime | None
    missing_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventToSave(EventRow):
    """A new or changed event, with its payload."""

    payload: bytes
