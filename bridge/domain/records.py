"""What the store keeps of a source and of its events, as plain values: no table and no SQL is known here."""

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.source import Source
from bridge.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What the last reads of a source left behind, and when it is read again.

    ``error`` is a sentence for a person, empty when the last read went well; ``warning`` one about a
    read that was held back; ``notes`` are remarks of the parser.
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
    held_hash: str
    held_at: datetime | None
    notes: tuple[Problem, ...]
    events: int
    rejections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event of a source without its payload: enough to compare it with a new read.

    ``ends_at`` is the end of its last occurrence, None for a series without an end.
    """

    uid: str
    upstream_id: str
    content_hash: str
    cancelled_since: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventToSave(EventRow):
    """A new or changed event, with its payload."""

    payload: bytes
