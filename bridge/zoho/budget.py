"""The bridge's own budget of requests to one product: who wants to ask waits for a place, or is told to come back.

How fast that is, and what all processes of the account have used of it, stands in the ``PaceStore``.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from bridge.errors import SlowDownError
from bridge.zoho.rate_limit import Rate, RateLimitStore

_AT_ONCE = timedelta(0)


class Budget:
    """What one account may ask of one product, over all threads, and with a shared store over all processes.

    ``name`` is what a person calls the product; ``patience`` is the longest that ``take`` waits.
    """

    def __init__(
        self,
        store: RateLimitStore,
        account: str,
        product: str,
        rate: Rate,
        *,
        name: str,
        patience: timedelta,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._store = store
        self._account = account
        self._product = product
        self._rate = rate
        self._name = name
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()

    def take(self) -> None:
        """Return when a request may go out; raise SlowDownError when that is longer away than its patience."""
        left = self._patience
        while True:
            wait = self._wait(left)
            if wait <= _AT_ONCE:
                return
            self._sleep(wait.total_seconds())
            if not self._is_closed():
                return
            left -= wait  # Zoho told another one to slow down meanwhile: this place is lost, as it were asked for

    def close(self, seconds: float) -> None:
        """Let no request out for so long, in no process, because Zoho said so to one of them."""
        if seconds > 0:
            now = self._clock()
            self._store.close(
                self._account, self._product, until=now + timedelta(seconds=seconds), now=now
            )

    def _wait(self, patience: timedelta) -> timedelta:
        with self._lock:  # threads queue here in turn, rather than at the database, where SQLite lets them try again
            wait = self._store.take(
                self._account, self._product, self._rate, now=self._clock(), patience=patience
            )
        if wait > patience:
            seconds = wait.total_seconds()
            raise SlowDownError(
                f"No request to {self._name} for {seconds:.0f} seconds: Zoho asked to slow down, or the bridge's own "
                "budget of requests is used up. The next refresh comes by itself.",
                retry_after=seconds,
            )
        return wait

    def _is_closed(self) -> bool:
        until = self._store.closed_until(self._account, self._product)
        return until is not None and until > self._clock()
