"""The bridge's own budget of requests for each product, so that Zoho has no reason to throttle.

One process's share: it knows nothing of other processes.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from bridge.errors import SlowDownError


class Budget:
    """``burst`` requests at once, then one for each ``every`` that passes, over all threads.

    Even spacing after the burst: a source that needs more requests than any burst still gets to its end, in small
    waits, where a count per minute would refuse it each time. In no minute more than ``burst`` and a minute's worth
    of ``every`` go out.
    """

    def __init__(
        self,
        name: str,
        *,
        burst: int,
        every: timedelta,
        patience: timedelta,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._name = name
        self._slack = every * (burst - 1)
        self._every = every
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._filled_until = self._closed_until = clock()

    def take(self) -> None:
        """Return when a request may go out; raise SlowDownError when that is longer away than its patience."""
        with self._lock:
            now = self._clock()
            at = max(now, self._filled_until - self._slack, self._closed_until)
            wait = at - now
            if wait > self._patience:
                seconds = wait.total_seconds()
                raise SlowDownError(
                    f"No request to {self._name} for {seconds:.0f} seconds: Zoho asked to slow down, or the bridge's "
                    "own budget of requests is used up. The next refresh comes by itself.",
                    retry_after=seconds,
                )
            self._filled_until = max(self._filled_until, at) + self._every
        if wait > timedelta(0):
            self._sleep(wait.total_seconds())

    def close(self, seconds: float) -> None:
        """Let no request out for so long, because Zoho said so to one of them."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + timedelta(seconds=seconds))
