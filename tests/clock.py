"""A clock for tests, in place of the system's clock and of ``time.sleep``."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)  # a Tuesday; the fixture ``now`` is the same time


class Clock:
    """A clock that moves only by ``sleep`` and ``forward``.

    ``frozen`` stops ``sleep`` from moving it, as for threads that all sleep at the same time. ``on_sleep`` is called
    after every sleep. ``slept`` lists the seconds of every sleep.
    """

    def __init__(self, now: datetime = NOW, *, frozen: bool = False) -> None:
        self.now = now
        self.frozen = frozen
        self.slept: list[float] = []
        self.on_sleep: Callable[[], object] | None = None
        self._lock = Lock()

    def __call__(self) -> datetime:
        """Return the current time."""
        return self.now

    def monotonic(self) -> float:
        """Return the current time in seconds, in place of ``time.monotonic``."""
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        """Move the clock, in place of ``time.sleep``."""
        with self._lock:
            self.slept.append(seconds)
            if not self.frozen:
                self.forward(seconds=seconds)
        if self.on_sleep is not None:
            self.on_sleep()

    def forward(self, **span: float) -> None:
        """Move the clock by the arguments of a ``timedelta``."""
        self.now += timedelta(**span)
