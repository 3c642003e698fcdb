"""Refresh one source: fetch, parse, decide, save, publish. The parts know nothing of each other."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
import random
import secrets
import threading
import time
from typing import Any, Literal

from bridge.config import ZohoSettings
from bridge.domain.feed import Feed, Window
from bridge.domain.records import SourceState
from bridge.errors import StoreError, UnavailableError, ZohoError
from bridge.problems import Problem, problem
from bridge.publish.publisher import publish
from bridge.refresh import schedule
from bridge.refresh.diff import BELIEVE_AFTER, Held, decide
from bridge.sources import registry as dispatch
from bridge.sources.protocols import Api, Product
from bridge.store import Store

# A read that takes longer has lost its lease, and writes nothing.
LEASE = timedelta(minutes=10)
_DEADLINE = timedelta(minutes=5)


class _Counted:
    """Counts the requests of one refresh, and ends one that takes too long; the client itself is shared."""

    def __init__(self, api: Api, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._clock = clock
        self._deadline = clock() + _DEADLINE
        self._lock = threading.Lock()
        self.requests = 0

    def get(
        self,
        product: Product,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
    ) -> Any:
        if self._clock() > self._deadline:
            minutes = _DEADLINE // timedelta(minutes=1)
            raise UnavailableError(
                f"The read took more than {minutes} minutes and was given up. It is tried again."
            )
        with self._lock:
            self.requests += 1
        return self._api.get(product, path, params, accept=accept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one refresh did, for the log and the terminal. ``error`` is a sentence; empty when all went well."""

    source: str
    outcome: Literal["refreshed", "held", "failed", "busy", "unused"]
    fetched: int = 0
    changed: int = 0
    removed: int = 0
    rejected: int = 0
    rendered: int = 0
    requests: int = 0
    seconds: float = 0.0
    error: str = ""

    def for_log(self) -> dict[str, object]:
        """Give the fields of the one log line."""
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
        """Read a source of the store and publish the feeds that show it; with ``only_due`` not before its time.

        A failure is remembered with the source and reported, not raised: the feeds stay as they are.
        Raises StoreError when the store can't be written.
        """
        feeds = self.store.feeds.reading(key)
        if not feeds:
            return Report(source=key, outcome="unused", error="No feed shows it any more.")
        # A holder of its own for each read, so that one that lost its lease does not take another one's for it.
        mine = replace(self, holder=f"{self.holder}:{secrets.token_hex(4)}")
        if not self.store.sources.claim(
            key, holder=mine.holder, now=self.clock(), term=LEASE, only_due=only_due
        ):
            return Report(
                source=key, outcome="busy", error="Another process reads it, or has just done so."
            )
        return mine._refresh(self.store.sources.state(key), feeds)  # noqa: SLF001 - of the same class

    def _refresh(self, state: SourceState, feeds: tuple[Feed, ...]) -> Report:
        key, api, began = state.source.key, _Counted(self.api, self.clock), time.monotonic()
        try:
            report = self._read(state, feeds, api)
            if report.outcome == "refreshed":
                report = self._publish(report)
        except ZohoError as error:
            report = self._failed(state, error.problem, error)
        except StoreError:
            raise
        except (
            Exception
        ) as error:  # a bug: the admin sees that it was one, and it goes on to the log
            # When the read itself went well its lease is free again, and the failure is of publishing.
            self.store.sources.claim(key, holder=self.holder, now=self.clock(), term=LEASE)
            self._failed(state, problem("bug", error=type(error).__name__), error)
            raise
        return replace(report, requests=api.requests, seconds=round(time.monotonic() - began, 3))

    def _read(self, state: SourceState, feeds: tuple[Feed, ...], api: Api) -> Report:
        """Fetch, parse, decide and save; the answers and the events, which are large, end with it."""
        key = state.source.key
        window = _joint_window(feeds, self.clock().date())
        raw = dispatch.fetch(state.source, api, window, self.store.answer_cache.of(key))
        known = self.store.sources.index(key)
        parsed = dispatch.parse(
            state.source, raw, self.zoho, [(row.uid, row.upstream_id) for row in known.values()]
        )
        del raw
        now = self.clock()
        held = Held(hash=state.held_hash, at=state.held_at) if state.held_at else None
        decision = decide(known, parsed, held=held, now=now)
        if decision.held is not None and decision.warning is not None:
            return self._held(state, decision.warning, decision.held)
        written = self.store.sources.succeed(
            key,
            holder=self.holder,
            now=now,
            next_check_at=schedule.after_success(now, parsed.events, dice=self.dice()),
            saved=decision.saved,
            removed=decision.removed,
            rejected=decision.rejections,
            notes=parsed.notes,
        )
        if not written:
            error = f"{key} took longer than {LEASE} to read; another process reads it now."
            return Report(source=key, outcome="busy", error=error)
        return Report(
            source=key,
            outcome="refreshed",
            fetched=len(parsed.events),
            changed=len(decision.saved),
            removed=len(decision.removed),
            rejected=len(decision.rejections),
        )

    def _publish(self, report: Report) -> Report:
        key, now = report.source, self.clock()
        published = [
            publish(self.store, feed.slug, now=now) for feed in self.store.feeds.reading(key)
        ]
        lost = tuple(rejection for done in published for rejection in done.rejections.get(key, ()))
        if lost:
            self.store.sources.reject(key, lost)
        rendered = sum(done.rendered for done in published)
        return replace(report, rejected=report.rejected + len(lost), rendered=rendered)

    def _held(self, state: SourceState, warning: Problem, held: Held) -> Report:
        key, now = state.source.key, self.clock()
        self.store.sources.hold(
            key,
            holder=self.holder,
            now=now,
            next_check_at=max(now + schedule.CLOSE_INTERVAL, held.at + BELIEVE_AFTER),
            warning=warning,
            held_hash=held.hash,
            held_at=held.at,
        )
        return Report(source=key, outcome="held", error=str(warning))

    def _failed(self, state: SourceState, reason: Problem, error: Exception) -> Report:
        key, now = state.source.key, self.clock()
        next_check_at = schedule.after_failure(now, state.failures, error, dice=self.dice())
        self.store.sources.fail(
            key, holder=self.holder, now=now, next_check_at=next_check_at, error=reason
        )
        return Report(source=key, outcome="failed", error=str(reason))


def _joint_window(feeds: tuple[Feed, ...], today: date) -> Window:
    """Give the days that any of the feeds shows, so that one read serves them all."""
    windows = [feed.window(today) for feed in feeds]
    return Window(
        start=min(window.start for window in windows), end=max(window.end for window in windows)
    )
