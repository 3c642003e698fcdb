"""The bridge's own limit of requests to one product: a request waits for its turn or is refused.

The rate and its use by all processes of the account stand in the ``RateLimitStore``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from bridge.errors import NotYetError
from bridge.zoho.rate_limit import Rate, RateLimitStore


@dataclass(frozen=True, slots=True)
class Budget:
    """The requests of one account to one product, shared by all threads and processes.

    ``key`` names both, ``name`` the product in messages. ``patience`` is the longest wait of
    ``take``.
    """

    store: RateLimitStore
    key: tuple[str, str]
    rate: Rate
    name: str
    patience: timedelta
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    _lock: Lock = field(default_factory=Lock, init=False)

    def take(self) -> None:
        """Wait until a request may go out; raise NotYetError if that exceeds the patience."""
        left = self.patience
        while wait := self._reserve(left):
            self.sleep(wait.total_seconds())
            until = self.store.closed_until(*self.key)
            if until is None or until <= self.clock():
                return
            left -= wait  # Another process was throttled while this one slept: queue again.

    def close(self, seconds: float) -> None:
        """Stop the requests of all processes for a time that Zoho asked for."""
        if seconds > 0:
            now = self.clock()
            until = now + timedelta(seconds=seconds)
            self.store.close(*self.key, self.rate, until=until, now=now)

    def _reserve(self, patience: timedelta) -> timedelta:
        with self._lock:  # Threads queue here in turn; at the database, SQLite makes them retry.
            wait = self.store.take(*self.key, self.rate, now=self.clock(), patience=patience)
        if wait <= patience:
            return wait
        seconds = wait.total_seconds()
        raise NotYetError(
            "budget-used", product=self.name, seconds=round(seconds), retry_after=seconds
        )
