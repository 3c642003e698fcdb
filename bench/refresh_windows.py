"""Time to fetch a calendar whose windows are requested in parallel.

Baseline: the same fetch with one request at a time. The sandbox answers each request after 100 ms,
like a distant Zoho. The feed's window is the usual one: 90 days back and 540 ahead. The client is
the bridge's own, rate limits included.

    python bench/refresh_windows.py [--rounds 4]
"""

from datetime import UTC, datetime
import statistics
from threading import Lock
import time
from typing import Any

from common import new_store, options, summary

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.sandbox.server import Sandbox
from bridge.sources import registry
from bridge.sources.protocols import Api
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from tests.zoho_sandbox import WORK

DELAY = 0.1
SOURCE = CalendarSource(calendar=WORK)
FEED = Feed(slug="work", title="Work", sources=(SOURCE,))
WINDOW = FEED.window(datetime.now(UTC).date())


class OneAtATime:
    """A client that sends a request only after the previous response, and counts them."""

    def __init__(self, client: ZohoClient) -> None:
        self.client = client
        self.requests = 0
        self.lock = Lock()

    def get(self, *arguments: Any, **options: Any) -> Any:
        """Send a request."""
        with self.lock:
            self.requests += 1
            return self.client.get(*arguments, **options)


def delay(_route: str) -> None:
    """Delay an answer of the sandbox."""
    time.sleep(DELAY)


def measure(api: Api, store: Store) -> float:
    """Return the seconds of a fetch of the calendar."""
    store.feeds.replace([FEED], now=datetime.now(UTC))
    start = time.perf_counter()
    registry.fetch(SOURCE, api, WINDOW, store.answers(SOURCE.key))
    return time.perf_counter() - start


def main(rounds: int) -> None:
    """Print the seconds of both kinds of fetch and their ratio."""
    parallel: list[float] = []
    serial: list[float] = []
    for _ in range(2 * rounds):
        # A new store and sandbox for each fetch: no cached answers, and the whole rate limit.
        with (
            Sandbox() as sandbox,
            new_store(**sandbox.environment()) as (settings, store),
            ZohoClient(settings.zoho, store.tokens, store.rate_limits) as client,
        ):
            client.get("calendar", "/calendars")  # logs in
            sandbox.fault = delay
            if len(parallel) > len(serial):
                one_at_a_time = OneAtATime(client)
                serial.append(measure(one_at_a_time, store))
            else:
                parallel.append(measure(client, store))
    days = (WINDOW.end - WINDOW.start).days
    print(f"{one_at_a_time.requests} requests of {DELAY * 1000:.0f} ms over {days} days")
    print(f"one at a time: {summary(serial)}")
    print(f"in parallel: {summary(parallel)}")
    print(f"ratio: {statistics.median(parallel) / statistics.median(serial):.3f}")


if __name__ == "__main__":
    main(**options(__doc__, rounds=4))
