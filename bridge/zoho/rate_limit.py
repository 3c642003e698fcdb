"""The rate of all processes' requests to one product of one account, and the store that keeps it.

Requests are evenly spaced after a burst (the "generic cell rate algorithm" of ATM networks, ITU-T
I.371). A source that needs more requests than any burst still completes, in small waits. A count
per minute would refuse it each time.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

LONGEST_PATIENCE = timedelta(minutes=5)  # of a client


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """``burst`` requests at once, then a request for each ``every`` that passes."""

    burst: int
    every: timedelta

    def part(self, share: float) -> "Rate":
        """Return the same rate with a part of its burst."""
        return replace(self, burst=max(1, int(self.burst * share)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateState:
    """The use of a rate.

    Evenly spaced, the requests so far last until ``filled_until``, which is never before the time
    of the last change. Zoho wants no request before ``closed_until``. Both are aware. A state that
    a clock wrote while it was ahead counts as unused.
    """

    filled_until: datetime
    closed_until: datetime

    @classmethod
    def unused(cls, now: datetime) -> "RateState":
        """Return the state of a product without recent requests."""
        return cls(filled_until=now, closed_until=now)

    def wait(self, rate: Rate, now: datetime) -> timedelta:
        """Return the time from ``now`` until the next request may go out."""
        state = self._believed(rate, now)
        earliest = state.filled_until - rate.every * (rate.burst - 1)
        return max(now, earliest, state.closed_until) - now

    def taken(self, rate: Rate, now: datetime) -> "RateState":
        """Return the state after a request that goes out when ``wait`` is over."""
        state = self._believed(rate, now)
        begin = max(state.filled_until, now + self.wait(rate, now))
        return replace(state, filled_until=begin + rate.every)

    def closed(self, rate: Rate, until: datetime, now: datetime) -> "RateState":
        """Return the state after Zoho asked for a pause; an earlier, longer pause stays."""
        state = self._believed(rate, now)
        return RateState(
            filled_until=max(state.filled_until, now), closed_until=max(state.closed_until, until)
        )

    def _believed(self, rate: Rate, now: datetime) -> "RateState":
        longest = rate.every * rate.burst + LONGEST_PATIENCE
        return self if self.filled_until <= now + longest else RateState.unused(now)


class RateLimitStore(Protocol):
    """The rates in use, by account and product, for all processes."""

    def take(
        self, account: str, product: str, rate: Rate, *, now: datetime, patience: timedelta
    ) -> timedelta:
        """Reserve the next turn and return the wait for it; reserve nothing beyond ``patience``."""

    def closed_until(self, account: str, product: str) -> datetime | None:
        """Return the end of the last pause, which may be over; None if there was none."""

    def close(
        self, account: str, product: str, rate: Rate, *, until: datetime, now: datetime
    ) -> None:
        """Stop all requests until a time that Zoho asked for."""
