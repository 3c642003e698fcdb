"""How fast all processes together ask one product of one account, so that Zoho has no reason to throttle.

Even spacing after a burst (the "generic cell rate algorithm" of ATM networks, ITU-T I.371): a source that needs more
requests than any burst still gets to its end, in small waits, where a count per minute would refuse it each time.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

_LONGEST_QUEUE = timedelta(minutes=10)  # above any patience
_LONGEST_CLOSURE = timedelta(days=1)  # the longest Retry-After that is believed


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """``burst`` requests at once, then one for each ``every`` that passes.

    In no span of time do more than ``burst`` and one for each ``every`` in it go out.
    """

    burst: int
    every: timedelta

    def __post_init__(self) -> None:
        if self.burst < 1 or self.every <= timedelta(0):
            raise ValueError(f"{self.burst} at once and one each {self.every} is no rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateState:
    """Up to when requests fill the rate, were they evenly spaced, and until when Zoho wants none (both aware)."""

    filled_until: datetime
    closed_until: datetime

    @classmethod
    def unused(cls, now: datetime) -> "RateState":
        """Give the pace of a product that was not asked for long."""
        return cls(filled_until=now, closed_until=now)

    def wait(self, rate: Rate, now: datetime) -> timedelta:
        """Tell how long after ``now`` the next request may go out."""
        pace = self._believed(rate, now)
        return max(now, pace.filled_until - rate.every * (rate.burst - 1), pace.closed_until) - now

    def taken(self, rate: Rate, now: datetime) -> "RateState":
        """Give the pace after a request that goes out when ``wait`` is over."""
        pace = self._believed(rate, now)
        return replace(
            pace, filled_until=max(pace.filled_until, now + self.wait(rate, now)) + rate.every
        )

    def closed(self, until: datetime, now: datetime) -> "RateState":
        """Give the pace after Zoho asked for silence; an earlier word for longer holds."""
        return replace(
            self, closed_until=max(_unless_beyond(_LONGEST_CLOSURE, self.closed_until, now), until)
        )

    def _believed(self, rate: Rate, now: datetime) -> "RateState":
        filled = _unless_beyond(rate.every * rate.burst + _LONGEST_QUEUE, self.filled_until, now)
        return RateState(
            filled_until=filled,
            closed_until=_unless_beyond(_LONGEST_CLOSURE, self.closed_until, now),
        )


def _unless_beyond(longest: timedelta, time: datetime, now: datetime) -> datetime:
    """Give ``time``, or ``now`` for one that only a clock far ahead can have written: it would block for as long."""
    return time if time <= now + longest else now


class RateLimitStore(Protocol):
    """Keeps the pace of each account and product over all processes."""

    def take(
        self, account: str, product: str, rate: Rate, *, now: datetime, patience: timedelta
    ) -> timedelta:
        """Take the next place in the queue and tell how long to wait for it; nothing is taken beyond ``patience``."""

    def closed_until(self, account: str, product: str) -> datetime | None:
        """Tell until when Zoho wants no request, which may be over; None when it never said so."""

    def close(self, account: str, product: str, *, until: datetime, now: datetime) -> None:
        """Let nobody ask before ``until``, because Zoho said so to one of them."""


class MemoryRateLimitStore:
    """A ``PaceStore`` for one process and its threads."""

    def __init__(self) -> None:
        self._paces: dict[tuple[str, str], RateState] = {}
        self._lock = Lock()

    def take(
        self, account: str, product: str, rate: Rate, *, now: datetime, patience: timedelta
    ) -> timedelta:
        """Take the next place in the queue, unless it is further away than ``patience``; tell how far."""
        with self._lock:
            pace = self._paces.get((account, product), RateState.unused(now))
            wait = pace.wait(rate, now)
            if wait <= patience:
                self._paces[account, product] = pace.taken(rate, now)
        return wait

    def closed_until(self, account: str, product: str) -> datetime | None:
        """Tell until when Zoho wants no request."""
        with self._lock:
            pace = self._paces.get((account, product))
        return None if pace is None else pace.closed_until

    def close(self, account: str, product: str, *, until: datetime, now: datetime) -> None:
        """Let nobody ask before ``until``."""
        with self._lock:
            pace = self._paces.get((account, product), RateState.unused(now))
            self._paces[account, product] = pace.closed(until, now)
