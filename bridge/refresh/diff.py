"""Decide what a complete read of a source changes: pure, from what was known and what was found.

It touches neither the store nor Zoho. Only complete reads come here: a failed one removes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import hashlib

from bridge.domain import codec
from bridge.domain.event import Event, Status, to_utc
from bridge.domain.records import EventRow, EventToSave
from bridge.domain.recurrence.expand import last_start
from bridge.domain.rejection import Rejection
from bridge.problems import Problem, problem
from bridge.sources.protocols import ParseResult

_LOSS_FROM = 20  # below that many future events, a calendar may well be emptied at once
BELIEVE_AFTER = timedelta(minutes=10)
_COUNTED = 1500  # a series of more occurrences than that counts as endless: its last one is not worth the counting


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An earlier read that was not believed: the hash of what it would have removed, and when it was."""

    hash: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to write. With ``held``, nothing: so much is missing that a second read has to agree first."""

    saved: tuple[EventToSave, ...] = ()
    removed: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    held: Held | None = None
    warning: Problem | None = None


def decide(
    known: Mapping[str, EventRow], parsed: ParseResult, *, held: Held | None, now: datetime
) -> Decision:
    """Compare a complete read with what is known of the source's events, by UID.

    An event that came but could not be read is not gone: what was known of it stays, a series with all its instances.
    When even its id could not be read it may be any of those that are missing, and none is removed.
    """
    found, doubles = _by_uid(parsed)
    unreadable = {
        rejection.upstream_id for rejection in parsed.rejections if rejection.kind == "dropped"
    }
    missing = [row for uid, row in known.items() if uid not in found]
    removed = tuple(
        sorted(row.uid for row in missing if not unreadable.intersection((row.upstream_id, "")))
    )
    loss = _sudden_loss(known, removed, now)
    if loss:
        gone = hashlib.sha256("\n".join(removed).encode()).hexdigest()
        if held is None or held.hash != gone:
            return Decision(held=Held(hash=gone, at=now), warning=loss)
        if now - held.at < BELIEVE_AFTER:
            return Decision(held=held, warning=loss)
    staying = {row.uid for row in missing}.difference(removed)
    events = (event for event in found.values() if event.related_to not in staying)
    saved = tuple(row for event in events if (row := _changed(known.get(event.uid), event, now)))
    return Decision(saved=saved, removed=removed, rejections=(*parsed.rejections, *doubles))


def _by_uid(parsed: ParseResult) -> tuple[dict[str, Event], list[Rejection]]:
    found: dict[str, Event] = {}
    doubles = []
    for event in parsed.events:
        if event.uid in found:
            doubles.append(
                Rejection(
                    kind="dropped",
                    upstream_id=event.upstream_id,
                    title=event.title,
                    problems=(problem("duplicate-id"),),
                )
            )
        else:
            found[event.uid] = event
    return found, doubles


def _sudden_loss(
    known: Mapping[str, EventRow], removed: tuple[str, ...], now: datetime
) -> Problem | None:
    """Return a warning when more than half of many coming events are gone at once."""
    future = {uid for uid, row in known.items() if row.ends_at is None or row.ends_at > now}
    gone = len(future.intersection(removed))
    if len(future) < _LOSS_FROM or gone * 2 <= len(future):
        return None
    return problem("many-missing", gone=gone, coming=len(future))


def _changed(known: EventRow | None, event: Event, now: datetime) -> EventToSave | None:
    payload = codec.encode(event)
    content_hash = hashlib.sha256(payload).hexdigest()
    if known is not None and known.content_hash == content_hash:
        return None
    cancelled_since = None
    if event.status is Status.CANCELLED:
        cancelled_since = (known and known.cancelled_since) or now
    return EventToSave(
        uid=event.uid,
        upstream_id=event.upstream_id,
        content_hash=content_hash,
        payload=payload,
        cancelled_since=cancelled_since,
        ends_at=_ends_at(event),
    )


def _ends_at(event: Event) -> datetime | None:
    """Give the end of the last occurrence, in UTC; None for a series that goes on for ever, or nearly so."""
    ends = [to_utc(part.end) for part in (event, *event.overrides)]
    if event.recurrence is not None:
        rule = event.recurrence.rule
        if rule.until is None and (rule.count is None or rule.count > _COUNTED):
            return None
        last = last_start(event.start, rule)
        if last is not None:
            ends.append(to_utc(last) + (to_utc(event.end) - to_utc(event.start)))
    return max(ends)
