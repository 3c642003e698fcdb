"""Difference between a complete read of a source and its stored events. Pure.

A failed read does not get here: it removes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import hashlib

from bridge.domain import codec
from bridge.domain.event import Event, Status, to_utc
from bridge.domain.problems import Problem, problem
from bridge.domain.records import EventRow, EventToSave
from bridge.domain.recurrence.expand import last_start
from bridge.domain.rejection import Rejection
from bridge.sources.protocols import ParseResult

BELIEVE_AFTER = timedelta(minutes=10)
_LOSS_FROM = 20  # of fewer coming events, any number may disappear at once
_MOST_COUNTED = 1500  # a series with a larger COUNT is taken for an endless one


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLoss:
    """A read that was not believed: the hash of what it would remove, its time, and the warning."""

    hash: str
    at: datetime
    warning: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to write. With ``pending`` nothing: a second read has to agree first."""

    saved: tuple[EventToSave, ...] = ()
    removed: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    pending: PendingLoss | None = None


def decide(
    known: Mapping[str, EventRow],
    parsed: ParseResult,
    *,
    pending: PendingLoss | None = None,
    now: datetime,
) -> Decision:
    """Compare a complete read with the stored events, by UID.

    An event that Zoho sent but that could not be parsed keeps its stored version, a series with its
    instances. If not even its id could be parsed, nothing is removed.
    """
    events: dict[str, Event] = {}
    duplicates = []
    for event in parsed.events:
        if event.uid in events:
            duplicates.append(
                Rejection("dropped", event.upstream_id, event.title, (problem("duplicate-id"),))
            )
        else:
            events[event.uid] = event
    unreadable = {r.upstream_id for r in parsed.rejections if r.kind == "dropped"}
    missing = [row for uid, row in known.items() if uid not in events]
    removed = tuple(
        sorted(row.uid for row in missing if not unreadable.intersection((row.upstream_id, "")))
    )
    if warning := _sudden_loss(known, removed, now):
        loss = hashlib.sha256("\n".join(removed).encode()).hexdigest()
        if pending is None or pending.hash != loss:
            return Decision(pending=PendingLoss(hash=loss, at=now, warning=warning))
        if now - pending.at < BELIEVE_AFTER:
            return Decision(pending=replace(pending, warning=warning))
    staying = {row.uid for row in missing}.difference(removed)
    rows = (
        _changed(known.get(event.uid), event, now)
        for event in events.values()
        if event.related_to not in staying
    )
    return Decision(
        saved=tuple(row for row in rows if row),
        removed=removed,
        rejections=(*parsed.rejections, *duplicates),
    )


def _sudden_loss(
    known: Mapping[str, EventRow], removed: tuple[str, ...], now: datetime
) -> Problem | None:
    """Return a warning when more than half of many coming events are gone at once."""
    coming = {uid for uid, row in known.items() if row.ends_at is None or row.ends_at > now}
    gone = len(coming.intersection(removed))
    if len(coming) < _LOSS_FROM or gone * 2 <= len(coming):
        return None
    return problem("many-missing", gone=gone, coming=len(coming))


def _changed(known: EventRow | None, event: Event, now: datetime) -> EventToSave | None:
    payload = codec.encode(event)
    content_hash = codec.payload_hash(payload)
    if known is not None and known.content_hash == content_hash:
        return None
    cancelled_since = (known and known.cancelled_since) or now
    return EventToSave(
        uid=event.uid,
        upstream_id=event.upstream_id,
        content_hash=content_hash,
        payload=payload,
        cancelled_since=cancelled_since if event.status is Status.CANCELLED else None,
        ends_at=_ends_at(event),
    )


def _ends_at(event: Event) -> datetime | None:
    """Return the end of the last occurrence, in UTC; None for an endless series, or nearly so."""
    ends = [to_utc(part.end) for part in (event, *event.overrides)]
    if event.recurrence is not None:
        rule = event.recurrence.rule
        if rule.until is None and (rule.count is None or rule.count > _MOST_COUNTED):
            return None
        if last := last_start(event.start, rule):
            ends.append(to_utc(last) + (to_utc(event.end) - to_utc(event.start)))
    return max(ends)
