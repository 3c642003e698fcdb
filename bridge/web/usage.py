"""What is known of those who poll: when each link was last used, and how often each program reads a feed.

A poll leaves a note in memory, and now and then the notes are written down.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from multiprocessing.util import Finalize
from threading import Event, Lock, Thread
import time
from typing import TypeAlias

import structlog

from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.readers import Polls

_EVERY_SECONDS = 60.0
_A_DAY = 86400
_EPOCH = date(1970, 1, 1)

_Key: TypeAlias = tuple[
    str, str, str, int
]  # slug, hash of the link's token, program, days since 1970
_Counts: TypeAlias = tuple[
    int, int, float
]  # polls, those of them that were answered by a 304, time of the last

log = structlog.get_logger()


class Uses:
    """The notes of one process. They are written beside the requests, which must not wait for a busy database."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._times: dict[str, datetime] = {}
        self._polls: dict[_Key, _Counts] = {}
        self._tidied = 0
        self._lock = Lock()

    def note(self, token_hash: str, now: datetime) -> None:
        """Note that a link was used."""
        with self._lock:
            self._times[token_hash] = now

    def polled(self, slug: str, link: str, program: str, *, unchanged: bool) -> None:
        """Count a poll of a feed; ``link`` is the hash of a token, empty for the public address.

        Most of what the bridge does is this and a 304, so it is no more than a change in a dictionary.
        """
        now = self._clock()
        key = (slug, link, program, int(now) // _A_DAY)
        with self._lock:
            polls, without_bytes, _ = self._polls.get(key, (0, 0, 0.0))
            self._polls[key] = (polls + 1, without_bytes + unchanged, now)

    def flush(self) -> None:
        """Write the notes down. While that fails, polls go on to be counted; the last uses wait for the next ones."""
        with self._lock:
            times, self._times = self._times, {}
            polls, self._polls = self._polls, {}
        try:
            if times:
                self._store.links.record_use(times)
        except StoreError as error:
            log.warning("last uses of links could not be written", error=str(error))
        if not polls:
            return
        try:
            self._store.readers.count(_row(key, counts) for key, counts in polls.items())
        except StoreError as error:
            log.warning("polls could not be counted", error=str(error))
            self._take_back(polls)
            return
        self._tidy()

    def keep_flushing(self) -> None:
        """Write the notes down every minute, for as long as the process lives, and when it ends by itself."""
        never = Event()

        def run() -> None:
            while not never.wait(_EVERY_SECONDS):
                self.flush()

        Thread(target=run, name="uses", daemon=True).start()
        # Web servers start their processes with multiprocessing, which passes over what atexit was told.
        Finalize(None, self.flush, exitpriority=1)

    def _take_back(self, polls: dict[_Key, _Counts]) -> None:
        with self._lock:
            for key, (count, unchanged, last) in polls.items():
                more, more_unchanged, later = self._polls.get(key, (0, 0, 0.0))
                self._polls[key] = (count + more, unchanged + more_unchanged, max(last, later))

    def _tidy(self) -> None:
        """Forget old days, once a day."""
        now = self._clock()
        today = int(now) // _A_DAY
        if today == self._tidied:
            return
        try:
            self._store.readers.forget(now=datetime.fromtimestamp(now, UTC))
        except StoreError as error:
            log.warning("old polls could not be deleted", error=str(error))
            return
        self._tidied = today


def _row(key: _Key, counts: _Counts) -> Polls:
    slug, link, program, day = key
    polls, unchanged, last = counts
    return Polls(
        slug=slug,
        link=link,
        program=program,
        day=_EPOCH + timedelta(days=day),
        polls=polls,
        unchanged=unchanged,
        last_at=datetime.fromtimestamp(last, UTC),
    )
