"""Use of feeds: when each link was last used, and how often each program polls a feed.

Requests only count in memory; a thread of each process writes the counts every minute.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from multiprocessing.util import Finalize
import re
from threading import Event, Lock, Thread
import time
from typing import Any

import structlog

from bridge.domain.data_file import read_toml
from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.readers import Polls

_INTERVAL = 60.0  # seconds

# The names of programs are a fixed list: clients cannot fill the store with inventions.
OTHER = "Other"
_TABLE = read_toml("bridge.web", "user_agents.toml")["programs"]
_PATTERNS = [(re.compile(pattern, re.IGNORECASE), name) for pattern, name in _TABLE.items()]
PROGRAMS = frozenset(_TABLE.values())

log = structlog.get_logger()


class Usage:
    """The counts of one process. Requests do not wait for the database to store them."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._used_at: dict[str, datetime] = {}
        self._polls: dict[tuple[str, str, str, date], Polls] = {}
        self._cleaned_on: date | None = None
        self._lock = Lock()

    def note_use(self, token_hash: str) -> None:
        """Note that a link is used now."""
        with self._lock:
            self._used_at[token_hash] = self._now()

    def count_poll(self, slug: str, link: str, program: str, *, unchanged: bool) -> None:
        """Count a poll of a feed; ``link`` is the hash of a token, empty for a public address."""
        now = self._now()
        counts: dict[str, Any] = {"polls": 1, "unchanged": int(unchanged), "last_at": now}
        with self._lock:
            self._add(Polls(slug=slug, link=link, program=program, day=now.date(), **counts))

    def flush(self) -> None:
        """Write all counts. If that fails, polls are kept; links wait for their next use."""
        with self._lock:
            used_at, self._used_at = self._used_at, {}
            polls, self._polls = self._polls, {}
        try:
            if used_at:
                self._store.links.record_use(used_at)
        except StoreError as error:
            log.warning("last uses of links could not be written", error=str(error))
        if not polls:
            return
        try:
            self._store.readers.count(polls.values())
        except StoreError as error:
            log.warning("polls could not be counted", error=str(error))
            with self._lock:
                for row in polls.values():
                    self._add(row)
            return
        self._delete_old_days()

    def start_flushing(self) -> None:
        """Write the counts every minute while the process lives, and when it ends."""
        never = Event()

        def run() -> None:
            while not never.wait(_INTERVAL):
                self.flush()

        Thread(target=run, name="usage", daemon=True).start()
        # Web servers start processes by multiprocessing, which ignores atexit.
        Finalize(None, self.flush, exitpriority=1)

    def _add(self, new: Polls) -> None:
        key = (new.slug, new.link, new.program, new.day)
        if (old := self._polls.get(key)) is not None:
            polls, unchanged = old.polls + new.polls, old.unchanged + new.unchanged
            last_at = max(old.last_at, new.last_at)
            new = replace(new, polls=polls, unchanged=unchanged, last_at=last_at)
        self._polls[key] = new

    def _delete_old_days(self) -> None:
        """Delete old counts, once a day."""
        now = self._now()
        if now.date() == self._cleaned_on:
            return
        try:
            self._store.readers.forget(now=now)
            self._store.selections.forget(now=now)
        except StoreError as error:
            log.warning("old polls could not be deleted", error=str(error))
            return
        self._cleaned_on = now.date()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


@lru_cache(maxsize=1024)
def program_name(user_agent: str) -> str:
    """Return the name of the program that sends this User-Agent, ``Other`` if it is unknown.

    The embed of a page (FullCalendar) counts as the browser that shows it.
    """
    return next((name for pattern, name in _PATTERNS if pattern.search(user_agent)), OTHER)
