"""Refresh of one source: fetch, parse, compare, save, publish."""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
import random
import secrets
import threading
import time
from typing import Any, Literal
from zlib import crc32

from bridge.config import ZohoSettings
from bridge.domain.feed import Feed, hull
from bridge.domain.problems import Problem, problem
from bridge.domain.records import EventRow, Reading, SourceState
from bridge.domain.source import Product
from bridge.errors import NotYetError, StoppedError, StoreError, UnavailableError, ZohoError
from bridge.publish.publisher import publish
from bridge.refresh import schedule
from bridge.refresh.diff import decide, has_change
from bridge.refresh.parts import parse_parts
from bridge.sources import registry
from bridge.sources.protocols import Api, Params
from bridge.sources.shapes import is_empty_list
from bridge.store import Store

# A read that takes longer has lost its lease, and writes nothing.
LEASE = timedelta(minutes=10)
_DEADLINE = timedelta(minutes=5)
_LONGEST_TURN = 600.0  # seconds; a longer wait is a pause that Zoho asked for


class _BoundedApi:
    """The shared client for one refresh: counts its requests, and ends it after a deadline.

    An empty list is requested once more, unless it was ``known`` to be empty: it may be an error
    of a moment. ``empty`` are the requests whose lists stay empty, as checksums.
    """

    def __init__(
        self, api: Api, clock: Callable[[], datetime], known: Collection[int] | None
    ) -> None:
        self._api = api
        self._clock = clock
        self._known = known
        self.empty: set[int] = set()
        self.began = clock()
        self._deadline = self.began + _DEADLINE
        self._lock = threading.Lock()
        self.requests = 0

    def get(self, product: Product, path: str, params: Params = None, **options: Any) -> Any:
        """Return the answer to a request, an empty list only if it is one twice."""
        answer = self._get(product, path, params, **options)
        if not is_empty_list(answer, product):
            return answer
        request = crc32(repr((path, params)).encode())
        if self._known is not None and request not in self._known:
            answer = self._get(product, path, params, **options)
        if is_empty_list(answer, product):
            with self._lock:
                self.empty.add(request)
        return answer

    def _get(self, product: Product, *args: Any, **options: Any) -> Any:
        if self._clock() > self._deadline:
            minutes = _DEADLINE // timedelta(minutes=1)
            raise UnavailableError("read-too-long", minutes=minutes)
        with self._lock:
            self.requests += 1
        return self._api.get(product, *args, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one refresh did, for the log and the terminal. ``error`` is a sentence, or empty."""

    source: str
    outcome: Literal["refreshed", "held", "waiting", "failed", "busy", "unused"]
    fetched: int = 0
    changed: int = 0
    removed: int = 0
    rejected: int = 0
    rendered: int = 0
    requests: int = 0
    seconds: float = 0.0
    error: str = ""

    def for_log(self) -> dict[str, object]:
        """Return the fields of the log line."""
        return {name: value for name, value in asdict(self).items() if name != "error" or value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresher:
    """All that a refresh needs besides the source. ``holder`` names this worker on leases."""

    store: Store
    api: Api
    zoho: ZohoSettings
    holder: str
    clock: Callable[[], datetime]
    dice: Callable[[], float] = random.random

    def refresh(self, key: str, *, only_due: bool = False) -> Report:
        """Read a source and publish the feeds that show it; with ``only_due`` not before its time.

        A failure is saved with the source and reported, not raised: the feeds stay as they are.
        Raises StoreError when the store can't be written, StoppedError when the process ends.
        """
        feeds = self.store.feeds.reading(key)
        if not feeds:
            return Report(source=key, outcome="unused", error="No feed shows it any more.")
        # Each read has its own lease: one that lost it does not mistake another's for its own.
        lease = f"{self.holder}:{secrets.token_hex(4)}"
        claim = partial(self.store.sources.claim, key, holder=lease, term=LEASE)
        if not claim(now=self.clock(), only_due=only_due):
            error = "Another process reads it, or has just done so."
            return Report(source=key, outcome="busy", error=error)
        state, start = self.store.sources.state(key), time.monotonic()
        # Before the first read, no list is known to have had events.
        known = state.reading.empty if state.reading else () if state.last_success else None
        api = _BoundedApi(self.api, self.clock, known)
        try:
            report = self._read(state, feeds, api, lease)
            if report.outcome in ("refreshed", "held"):
                report = self._publish(report)
        except ZohoError as error:
            report = self._wait(key, error, lease) or self._fail(state, error.problem, error, lease)
        except StoppedError:
            self.store.sources.free(key, holder=lease, now=self.clock())
            raise
        except StoreError:
            raise
        except Exception as error:
            # A bug. If the read itself went well, its lease is free, and publishing failed.
            claim(now=self.clock())
            self._fail(state, problem("bug", error=type(error).__name__), error, lease)
            raise
        return replace(report, requests=api.requests, seconds=round(time.monotonic() - start, 3))

    def _read(
        self, state: SourceState, feeds: tuple[Feed, ...], api: _BoundedApi, lease: str
    ) -> Report:
        """Fetch, parse, compare and save. The answers and events are large: return frees them."""
        key = state.source.key
        today = self.clock().date()
        window = hull(feed.window(today) for feed in feeds)  # one read serves them all
        raw = registry.fetch(state.source, api, window, self.store.answers(key))
        answer = registry.read(state.source, raw, self.zoho, (window.end - window.start).days)
        fingerprint, now = answer.fingerprint, self.clock()
        if state.reading and state.reading.holds(fingerprint, now):
            return self._confirm(key, state.reading, api, lease)
        read = parse_parts(self.store, self.zoho, state, answer, window=window, now=now)
        del raw, answer
        now, known, parsed = self.clock(), read.known, read.result

        def is_deleted(row: EventRow) -> bool:
            return registry.is_deleted(state.source, api, row.upstream_id)

        count_coming = partial(self.store.sources.count_coming, key, now)
        decision = decide(known, parsed, now=now, is_deleted=is_deleted, count_coming=count_coming)
        reading = Reading(
            fingerprint=fingerprint if decision.settled else "",
            since=now,
            until=read.until,
            close=schedule.join_spans(span for part in read.parts.values() for span in part.close),
            events=sum(part.events for part in read.parts.values()),
            rejections=len(decision.rejections),
            empty=tuple(sorted(api.empty)),
        )
        next_check_at = schedule.after_success(now, reading.close, dice=self.dice())
        if not self.store.sources.succeed(
            key,
            holder=lease,
            now=now,
            next_check_at=min(next_check_at, decision.again_at or next_check_at),
            saved=decision.saved,
            removed=decision.removed,
            missing=decision.missing,
            returned=decision.returned,
            rejected=decision.rejections,
            notes=parsed.notes,
            warning=decision.warning,
            profile=parsed.profile,
            reading=reading,
            parts=read.parts,
            began=api.began,
            has_change=has_change(
                known, parsed.events, decision, window, since=state.last_success, now=now
            ),
        ):
            return _lost_lease(key)
        return Report(
            source=key,
            outcome="held" if decision.warning else "refreshed",
            error=str(decision.warning or ""),
            fetched=reading.events,
            changed=len(decision.saved),
            removed=len(decision.removed),
            rejected=len(decision.rejections),
        )

    def _confirm(self, key: str, reading: Reading, api: _BoundedApi, lease: str) -> Report:
        """Save that Zoho answered as at the last good read: nothing is parsed or compared."""
        now = self.clock()
        next_check_at = schedule.after_success(now, reading.close, dice=self.dice())
        times = {"now": now, "next_check_at": next_check_at, "began": api.began}
        reading = replace(reading, empty=tuple(sorted(api.empty)))
        if not self.store.sources.confirm(key, holder=lease, reading=reading, **times):
            return _lost_lease(key)
        events, rejections = reading.events, reading.rejections
        return Report(source=key, outcome="refreshed", fetched=events, rejected=rejections)

    def _publish(self, report: Report) -> Report:
        key, now = report.source, self.clock()
        feeds = self.store.feeds.reading(key)
        results = [publish(self.store, feed.slug, now=now) for feed in feeds]
        rejections = [r for result in results for r in result.rejections.get(key, ())]
        if rejections:
            self.store.sources.reject(key, rejections)
        rendered = sum(result.rendered for result in results)
        return replace(report, rejected=report.rejected + len(rejections), rendered=rendered)

    def _wait(self, key: str, error: ZohoError, lease: str) -> Report | None:
        """Free the lease until the turn of a request; None if that is no wait for a turn."""
        seconds = error.retry_after or 0.0
        if not isinstance(error, NotYetError) or seconds > _LONGEST_TURN:
            return None
        now = self.clock()
        until = now + timedelta(seconds=seconds)
        self.store.sources.wait(key, holder=lease, now=now, until=until)
        reason = problem("turn-awaited", seconds=round(seconds))
        return Report(source=key, outcome="waiting", error=str(reason))

    def _fail(self, state: SourceState, reason: Problem, error: Exception, lease: str) -> Report:
        key, now = state.source.key, self.clock()
        next_check_at = schedule.after_failure(now, state.failures, error, dice=self.dice())
        self.store.sources.fail(
            key, holder=lease, now=now, next_check_at=next_check_at, error=reason
        )
        return Report(source=key, outcome="failed", error=str(reason))


def _lost_lease(key: str) -> Report:
    error = f"{key} took longer than {LEASE} to read; another process reads it now."
    return Report(source=key, outcome="busy", error=error)
