"""Use of feeds: when each link was last used, and how often each program polls a feed.

Requests only count in memory; a thread of each process writes the counts every minute.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from multiprocessing.util import Finalize
from threading import Event, Lock, Thread
import time
from typing import TypeAlias

import structlog

from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.readers import Polls

_INTERVAL = 60.0  # seconds

_Key: TypeAlias = tuple[str, str, str, date]  # slug, hash of the token, program, day in UTC
_Counts: TypeAlias = tuple[int, int, datetime]  # polls, those answered by a 304, time of the last

log = structlog.get_logger()


class Usage:
    """The counts of one process. Requests do not wait for the database to store them."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._used_at: dict[str, datetime] = {}
        self._polls: dict[_Key, _Counts] = {}
        self._cleaned_on: date | None = None
        self._lock = Lock()

    def note_use(self, token_hash: str) -> None:
        """Note that a link is used now."""
        with self._lock:
            self._used_at[token_hash] = self._now()

    def count_poll(self, slug: str, link: str, program: str, *, unchanged: bool) -> None:
        """Count a poll of a feed; ``link`` is the hash of a token, empty for a public address."""
        now = self._now()
        with self._lock:
            self._add((slug, link, program, now.date()), (1, int(unchanged), now))

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
            self._store.readers.count(_row(key, counts) for key, counts in polls.items())
        except StoreError as error:
            log.warning("polls could not be counted", error=str(error))
            with self._lock:
                for key, counts in polls.items():
                    self._add(key, counts)
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

    def _add(self, key: _Key, counts: _Counts) -> None:
        polls, unchanged, last = self._polls.get(key, (0, 0, counts[2]))
        self._polls[key] = (polls + counts[0], unchanged + counts[1], max(last, counts[2]))

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


def _row(key: _Key, counts: _Counts) -> Polls:
    slug, link, program, day = key
    polls, unchanged, last = counts
    return Polls(
        slug=slug,
        link=link,
        program=program,
        day=day,
        polls=polls,
        unchanged=unchanged,
        last_at=last,
    )
