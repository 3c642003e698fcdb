"""Time of a fetch of one calendar, its ranges side by side and one after the other.

The sandbox answers each request after 100 ms, like a distant Zoho. The calendar is the busiest of
the sandbox. The window is a feed's default of 90 days back and 540 ahead. The client is the
bridge's own, with its rate limit.

    python bench/calendar_windows.py
"""

from contextlib import contextmanager
from datetime import UTC, datetime
import statistics
from tempfile import TemporaryDirectory
import time

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.sandbox.server import Sandbox
from bridge.sources.calendar.fetch import fetch
from bridge.sources.protocols import NoCache
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.client import ZohoClient

WORK = "q3Xv8Tn_Rk2mWz0yLb7cAg=="  # of the sandbox
DELAY = 0.1
KEY = "a secret key of this benchmark alone"
ROUNDS = 4


class Recorder:
    """An API that passes requests on and records them."""

    def __init__(self, client):
        self.client = client
        self.asked = []

    def get(self, product, path, params=None, *, accept="application/json"):
        self.asked.append((product, path, params, accept))
        return self.client.get(product, path, params, accept=accept)


def delay(_route: str) -> None:
    """Delay every answer of the sandbox."""
    time.sleep(DELAY)


def timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def open_client(settings):
    """Open a client with its whole budget of requests."""
    with TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/bridge.sqlite3", SecretKeys(KEY))
        with ZohoClient(settings, store.tokens, store.rate_limits) as client:
            yield client
        store.close()


def main() -> None:
    source = CalendarSource(calendar=WORK)
    window = Feed(slug="work", title="Work", sources=(source,)).window(datetime.now(UTC).date())
    with Sandbox() as box:
        settings = config.load(box.environment()).zoho
        together, alone = [], []
        for _ in range(ROUNDS):
            with open_client(settings) as client:
                client.get("calendar", "/calendars")  # logs in
                recorder = Recorder(client)
                box.fault = delay
                together.append(
                    timed(lambda recorder=recorder: fetch(recorder, source, window, NoCache()))
                )
            with open_client(settings) as client:
                box.fault = None
                client.get("calendar", "/calendars")
                box.fault = delay

                def one_by_one(client=client, asked=recorder.asked):
                    for product, path, params, accept in asked:
                        client.get(product, path, params, accept=accept)

                alone.append(timed(one_by_one))
                box.fault = None
            box.tokens.access_tokens.clear()
    fast, slow = statistics.median(together), statistics.median(alone)
    days = (window.end - window.start).days
    print(f"{len(recorder.asked)} requests of {DELAY * 1000:.0f} ms over {days} days")
    print(f"one after the other: {slow:.2f} s ({min(alone):.2f} to {max(alone):.2f})")
    span = f"{min(together):.2f} to {max(together):.2f}"
    print(f"side by side: {fast:.2f} s ({span}), {fast / slow:.3f} of it")


if __name__ == "__main__":
    main()
