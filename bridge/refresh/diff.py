"""Difference between a complete read of a source and its stored events. Pure.

A failed read does not get here: it removes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.domain import codec
from bridge.domain.event import Event, Status, to_utc
from bridge.domain.feed import Window
from bridge.domain.problems import Problem, problem
from bridge.domain.records import EventRow, EventToSave
from bridge.domain.recurrence.expand import last_start
from bridge.domain.rejection import Rejection
from bridge.refresh.schedule import CLOSE_INTERVAL
from bridge.sources.protocols import ParseResult

BELIEVE_AFTER = timedelta(minutes=10)
_HALF_OF = 10  # from so many coming events on, the loss of more than half is sudden
_MOST_ASKED = 5  # events that Zoho is asked about one by one
_EDGE = timedelta(days=2)  # of the window, with the zones of the account and of events
_MOST_COUNTED = 1500  # a series with a larger COUNT is taken for an endless one


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to write. ``missing`` events stay: a later read has to miss them, too.

    ``returned`` are events that an earlier read missed. With a ``warning`` so much is missing at
    once that the later read has to be at least ``BELIEVE_AFTER`` later. ``again_at`` is the time
    of the later read, if coming events are missing. ``settled``: an equal read changes nothing.
    """

    saved: tuple[EventToSave, ...] = ()
    removed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    warning: Problem | None = None
    again_at: datetime | None = None
    settled: bool = True


def decide(
    known: Mapping[str, EventRow],
    parsed: ParseResult,
    *,
    now: datetime,
    is_deleted: Callable[[EventRow], bool] = lambda _: False,
    count_coming: Callable[[], int] | None = None,
) -> Decision:
    """Compare a complete read with the stored events, by UID.

    Events that are known to be equal may be left out of both, if ``count_coming`` counts them:
    it returns how many stored events are coming.

    An event is removed when an earlier read missed it, too. After a sudden loss that read has to be
    ``BELIEVE_AFTER`` older. ``is_deleted`` asks Zoho about a single event, which then counts as the
    second read. Additions and changes are never held back.

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
    rejections = (*parsed.rejections, *duplicates)
    unreadable = {r.upstream_id for r in rejections if r.kind == "dropped"}
    sent = {event.upstream_id for event in events.values()}
    absent = [row for uid, row in sorted(known.items()) if uid not in events]
    readable = [row for row in absent if not unreadable.intersection((row.upstream_id, ""))]
    removed = [row for row in readable if row.upstream_id in sent]  # it came under another UID
    lost = [row for row in readable if row.upstream_id not in sent]
    warning = _sudden_loss(
        sum(_is_coming(row, now) for row in lost),
        count_coming or (lambda: sum(_is_coming(row, now) for row in known.values())),
    )
    wait = BELIEVE_AFTER if warning else timedelta()
    waiting = [row for row in lost if not _is_missing_for(row, wait, now)]
    coming = [row for row in waiting if _is_coming(row, now)]
    if not warning and len(coming) <= _MOST_ASKED:
        deleted = {row.uid for row in coming if is_deleted(row)}
        waiting = [row for row in waiting if row.uid not in deleted]
    times = [
        (row.missing_since or now) + (wait or CLOSE_INTERVAL)
        for row in waiting
        if _is_coming(row, now)
    ]
    gone = {row.uid for row in (*removed, *lost)}.difference(row.uid for row in waiting)
    staying = {row.uid for row in absent} - gone
    rows = (
        _changed(known.get(event.uid), event, now)
        for event in events.values()
        if event.related_to not in staying
    )
    return Decision(
        saved=tuple(row for row in rows if row),
        removed=tuple(sorted(gone)),
        missing=tuple(row.uid for row in waiting if row.missing_since is None),
        returned=tuple(uid for uid in sorted(events) if uid in known and known[uid].missing_since),
        rejections=rejections,
        warning=warning if waiting else None,
        again_at=min(times, default=None),
        settled=not waiting,
    )


def has_change(
    known: Mapping[str, EventRow],
    events: Iterable[Event],
    decision: Decision,
    window: Window,
    *,
    since: datetime | None,
    now: datetime,
) -> bool:
    """Return whether Zoho's contents have changed since the read at ``since``, if there was one.

    An event that only entered or left the window as days passed is no change. One that is missing
    is a change if Zoho answers that it was deleted.
    """
    if since is None:
        return False
    removed = (known[uid] for uid in decision.removed)
    if any(row.missing_since is None and _is_coming(row, now) for row in removed):
        return True
    saved = {row.uid for row in decision.saved}
    edge = to_utc(window.end) - (now - since) - _EDGE

    def is_new(event: Event) -> bool:
        start = to_utc(event.start)
        return start < edge and (event.recurrence is None or start > since)

    return any(event.uid in known or is_new(event) for event in events if event.uid in saved)


def _sudden_loss(gone: int, count_coming: Callable[[], int]) -> Problem | None:
    """Return a warning if all coming events are lost at once, or more than half of many."""
    coming = count_coming() if gone > 1 else 0
    if (gone == coming >= 2) or (coming >= _HALF_OF and gone * 2 > coming):
        return problem("many-missing", gone=gone, coming=coming)
    return None


def _is_missing_for(row: EventRow, wait: timedelta, now: datetime) -> bool:
    """Return whether an earlier read missed the event, even if the clock has gone back since."""
    return row.missing_since is not None and abs(now - row.missing_since) >= wait


def _is_coming(row: EventRow, now: datetime) -> bool:
    return row.ends_at is None or row.ends_at > now


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
