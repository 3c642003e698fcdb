"""Throughput of four worker processes on PostgreSQL, against one: no source is read twice.

Each of 200 Backstage events is a source and a feed. Its agenda takes seven requests, one after the
other. The sandbox, a process of its own, answers each after 100 ms. All sources become due at once.
The workers' tick finds them, and the clock stops when the last source is read and stored. Before
each round one session of every tenth event changes: most reads find nothing new, as in production.
One worker and four workers take turns. The sandbox counts the requests of each event.

The processes run ``bridge.worker.run`` with the bridge's client, queue, leases and store. Only the
rate limit differs. The real one, one request a second after the first ones, would decide the
result. Here it is checked in the database as usual, with a rate that is never reached.

    python bench/four_workers.py [sources [rounds]]

It needs a PostgreSQL server (BRIDGE_BENCH_POSTGRES_URL, or
postgresql://postgres@127.0.0.1/test), and creates a schema of its own there.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import logging
import multiprocessing
import os
import resource
import secrets
import signal
import statistics
import sys
import tempfile
import time
from urllib.parse import quote

from flask import request
import psycopg
from refreshing import KEY
import structlog

from bridge import config, worker
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher
from bridge.sandbox.server import Sandbox
from bridge.sandbox.state import Agenda, Data, Portal, Shelf
from bridge.sandbox.world import lively
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.client import ZohoClient
from bridge.zoho.rate_limit import Rate

DELAY = 0.1
PORTAL, CONFERENCE = "20148871", "31000000000118"  # of the sandbox
EVENTS = 5
WORKERS = (1, 4)
WIDE = Rate(burst=1_000_000, every=timedelta(microseconds=1))
SERVER = os.environ.get("BRIDGE_BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1/test")
START = multiprocessing.get_context("spawn")


def now() -> datetime:
    return datetime.now(UTC)


def portal(events: int) -> Portal:
    """Return a portal with ``events`` conferences, each with the agenda of the sandbox."""
    given = lively(now().date()).portals[PORTAL]
    (conference,) = given.events.find(CONFERENCE)
    ids = [str(number) for number in range(1, events + 1)]
    return Portal(
        info=given.info,
        events=Shelf("id", [conference | {"id": number} for number in ids]),
        agendas={number: copy_of(given.agendas[CONFERENCE]) for number in ids},
    )


def copy_of(agenda: Agenda) -> Agenda:
    return Agenda(
        days=tuple(Shelf("id", day.all()) for day in agenda.days),
        halls=agenda.halls,
        tracks=agenda.tracks,
        speakers=agenda.speakers,
    )


def zoho(pipe, sources: int) -> None:
    """Run the sandbox until the pipe closes: send its settings, then edit and count on request."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    held = portal(sources)
    counts: Counter[str] = Counter()

    def delay(route: str) -> None:
        if route == "backstage.event":
            counts[request.path.rpartition("/")[2]] += 1
        time.sleep(DELAY)

    with Sandbox(data=Data(portals={PORTAL: held})) as box:
        pipe.send(box.environment())
        while edit := pipe.recv():
            box.fault = delay
            for agenda in list(held.agendas.values())[::10]:
                agenda.days[0].change(agenda.days[0].all()[0]["id"], title=edit)
            pipe.send(counts)
            counts.clear()


class WidePaces:
    """The store's rate limits, with a rate that is never reached."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def take(self, account, product, _rate, *, now, patience):
        return self.store.rate_limits.take(account, product, WIDE, now=now, patience=patience)

    def closed_until(self, account, product):
        return self.store.rate_limits.closed_until(account, product)

    def close(self, account, product, *, until, now):
        self.store.rate_limits.close(account, product, until=until, now=now)


@contextmanager
def bridge(environment: dict[str, str]) -> Iterator[tuple[object, Refresher]]:
    """Open queue and bridge as ``zoho-bridge worker`` does."""
    settings = config.load(environment)
    store = Store.open(settings.database_url, SecretKeys(KEY))
    with ZohoClient(settings.zoho, store.tokens, WidePaces(store)) as client:
        queue = worker.open_queue(settings.queue_url, settings.data_dir)
        holder = secrets.token_hex(4)
        yield (
            queue,
            Refresher(store=store, api=client, zoho=settings.zoho, holder=holder, clock=now),
        )
    store.close()


def quiet() -> None:
    """Suppress log lines of successful work."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def work(environment: dict[str, str], ready) -> None:
    """Run a worker until SIGTERM."""
    quiet()
    with bridge(environment) as (queue, refresher):
        worker.run(queue, refresher, sync_feeds=ready.release, clock=now)


@contextmanager
def workers(environment: dict[str, str], number: int) -> Iterator[None]:
    """Run ``number`` workers that wait for work."""
    ready = START.Semaphore(0)
    processes = [START.Process(target=work, args=(environment, ready)) for _ in range(number)]
    for process in processes:
        process.start()
    for _ in processes:  # each asks once for the feeds that are wanted, when it begins
        ready.acquire(timeout=60)
    time.sleep(1)
    yield
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


@contextmanager
def database() -> Iterator[str]:
    """Create a schema for the bench, and drop it at the end."""
    schema = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        try:
            yield f"{SERVER}?options={quote(f'-csearch_path={schema}')}"
        finally:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


def cpu_of_workers() -> float:
    """Return the CPU seconds of the workers that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def refresh_all(store: Store, look, keys: list[str]) -> float:
    """Make all sources due, run a tick, and return the seconds until the last source is stored."""
    began = now()
    store.sources.wake(keys, now=began)
    look()
    while store.sources.due(now=began) or any(
        state.last_attempt < began for state in store.sources.states()
    ):
        time.sleep(0.5)  # to ask takes CPU from the workers: the store tells afterwards when it was
    states = store.sources.states()
    if any(state.error for state in states):
        raise SystemExit(next(state.error for state in states if state.error))
    return (max(state.last_success for state in states) - began).total_seconds()


def main(sources: int, rounds: int) -> None:
    feeds = [
        Feed(
            slug=f"event-{n}",
            title=f"Event {n}",
            sources=(BackstageSource(portal=PORTAL, event=str(n)),),
        )
        for n in range(1, sources + 1)
    ]
    keys = [feed.sources[0].key for feed in feeds]
    ours, theirs = START.Pipe()
    upstream = START.Process(target=zoho, args=(theirs, sources))
    upstream.start()
    with database() as url, tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        environment = ours.recv() | {
            "BRIDGE_SECRET_KEY": KEY,
            "BRIDGE_DATABASE_URL": url,
            "BRIDGE_QUEUE_URL": url,
            "BRIDGE_DATA_DIR": folder,
        }
        seconds: dict[int, list[float]] = {number: [] for number in WORKERS}
        cpu: dict[int, list[float]] = {number: [] for number in WORKERS}
        quiet()
        with bridge(environment) as (queue, refresher):
            look = worker.register(queue, refresher, sync_feeds=lambda: None, clock=now)
            activate_feeds(refresher.store, feeds, now=now())
            for key in keys:
                refresher.refresh(key)  # what is measured is not the first publication
            for turn in range(rounds):
                for number in WORKERS:
                    used = cpu_of_workers()
                    with workers(environment, number):
                        ours.send(f"Meeting, version {turn} of {number}")
                        ours.recv()
                        took = refresh_all(refresher.store, look, keys)
                        time.sleep(1)  # a second refresh would come now
                        ours.send("Meeting")
                        counts = ours.recv()
                    if set(counts.values()) != {1} or len(counts) != sources:
                        raise SystemExit(f"not each source once: {counts.most_common(5)}")
                    seconds[number].append(took)
                    cpu[number].append((cpu_of_workers() - used) / sources)
        ours.send("")
    upstream.join()
    for number, times in seconds.items():
        middle = statistics.median(times)
        spread = f"{min(times):.2f} to {max(times):.2f}"
        print(f"{number} workers, {sources} sources: {middle:.2f} s (of {rounds} rounds: {spread})")
        print(f"  {statistics.median(cpu[number]) * 1000:.0f} ms of CPU a source, with the start")
    one, four = (statistics.median(seconds[number]) for number in WORKERS)
    print(f"four workers have {one / four:.2f} times the throughput of one")


if __name__ == "__main__":
    numbers = [int(number) for number in sys.argv[1:]]
    main(*numbers, *(200, 3)[len(numbers) :])
