"""The bridge's own limit of requests to one product: a request waits for its turn or is refused.

The rate and its use by all processes of the account stand in the ``RateLimitStore``.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from bridge.errors import SlowDownError
from bridge.zoho.rate_limit import Rate, RateLimitStore


class Budget:
    """The requests of one account to one product, shared by all threads and processes.

    ``key`` names both, ``name`` the product in messages. ``patience`` is the longest wait of
    ``take``.
    """

    def __init__(
        self,
        store: RateLimitStore,
        key: tuple[str, str],
        rate: Rate,
        *,
        name: str,
        patience: timedelta,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._store = store
        self._key = key
        self._rate = rate
        self._name = name
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()

    def take(self) -> None:
        """Wait until a request may go out; raise SlowDownError if that exceeds the patience."""
        left = self._patience
        while wait := self._reserve(left):
            self._sleep(wait.total_seconds())
            until = self._store.closed_until(*self._key)
            if until is None or until <= self._clock():
                return
            left -= wait  # Another process was throttled while this one slept: queue again.

    def close(self, seconds: float) -> None:
        """Stop the requests of all processes for a time that Zoho asked for."""
        if seconds > 0:
            now = self._clock()
            self._store.close(*self._key, until=now + timedelta(seconds=seconds), now=now)

    def _reserve(self, patience: timedelta) -> timedelta:
        with self._lock:  # Threads queue here in turn; at the database, SQLite makes them retry.
            wait = self._store.take(*self._key, self._rate, now=self._clock(), patience=patience)
        if wait <= patience:
            return wait
        seconds = wait.total_seconds()
        raise SlowDownError(
            "budget-used", product=self._name, seconds=round(seconds), retry_after=seconds
        )
