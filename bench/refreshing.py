"""Shared by the benches of refreshing: a source with many events, and a bridge for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import tempfile
import time
from typing import Any

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import ConnectSource
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher, Report
from bridge.sandbox import connect_objects
from bridge.sandbox.connect_objects import CONNECT_ZONE
from bridge.sources.protocols import Api
from bridge.store import Store
from bridge.store.crypto import SecretKeys

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
SOURCE = ConnectSource(group="77", network="1")
FEED = Feed(slug="all", title="All", sources=(SOURCE,))
KEY = "a benchmark's secret key that is long enough for it"


class Group:
    """A Connect group of ``size`` events in the feed's window: the client's JSON, no network."""

    def __init__(self, size: int, today: date = TODAY) -> None:
        info = {"id": "77", "name": "Team", "url": "77", "status": "ACTIVE"}
        self.events = [
            connect_objects.event(
                today,
                info,
                number=100_000 + n,
                title=f"Meeting number {n} of the whole team",
                day=n % 610 - 80,
                at=f"{8 + n % 9:02d}:{n % 4 * 15:02d}",
                desc=f"Agenda of meeting {n}: what was done, what is to be done, "
                "and what is in the way of it.",
                location=f"Room {n % 40}, Speicherstraße 4",
                intervalMinute="15",
            )
            for n in range(size)
        ]

    def edit(self, number: int) -> None:
        """Change the title of one event."""
        self.events[number] = copy(self.events[number]) | {
            "title": f"Another title for meeting {number}"
        }

    def get(self, *_question: Any, **_options: Any) -> Any:
        """Answer as the client does."""
        return {"upcomingEvents": {"events": self.events}}


class Clock:
    """A clock that stands still during a measurement."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Bench:
    """A bridge with one feed."""

    store: Store
    refresher: Refresher
    clock: Clock

    def refresh(self) -> tuple[float, Report]:
        """Refresh a quarter of an hour after the last time; return the CPU seconds and the report.

        Of CPU, because a machine that does other things besides must not decide the outcome.
        """
        self.clock.now += timedelta(minutes=15)
        began = time.process_time()
        report = self.refresher.refresh(SOURCE.key)
        seconds = time.process_time() - began
        if report.outcome != "refreshed":
            raise SystemExit(report.error)
        return seconds, report


@contextmanager
def bench(api: Api) -> Iterator[Bench]:
    """Set up a bridge on SQLite in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        settings = {
            "BRIDGE_DATA_DIR": folder,
            "BRIDGE_SECRET_KEY": KEY,
            "ZOHO_CONNECT_TIMEZONE": CONNECT_ZONE,
        }
        store = Store.open(f"sqlite:///{Path(folder) / 'bridge.sqlite3'}", SecretKeys(KEY))
        clock = Clock()
        refresher = Refresher(
            store=store, api=api, zoho=config.load(settings).zoho, holder="bench", clock=clock
        )
        activate_feeds(store, [FEED], now=NOW)
        yield Bench(store, refresher, clock)
        store.close()
