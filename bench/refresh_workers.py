"""Throughput of four worker processes on PostgreSQL, where no source is read twice.

Baseline: one worker process. Each of 200 Backstage events is a source and a feed. Its read takes
seven requests, one after the other, and the sandbox answers each after 100 ms. All sources become
due at once, a worker's own tick finds them, and the time ends when the last one is saved. Before
each turn one session of every tenth event changes. The sandbox counts the reads of each event.

The workers are real processes of ``bridge.worker.run`` with the bridge's client, queue, leases and
store. Only the rate limit of one account is lifted, because it would decide the outcome: it is
still reserved in the database, but never reached.

    python bench/refresh_workers.py [--sources 200] [--rounds 3]

Needs a PostgreSQL server: BRIDGE_BENCH_POSTGRES_URL, by default
postgresql://postgres@127.0.0.1/test. The data is in a schema that is dropped afterwards.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
import logging
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Semaphore
import os
import resource
import secrets
import signal
import statistics
import time
from typing import Any
from urllib.parse import quote

from common import new_store, options, refresh, summary
from flask import request
import psycopg
import structlog

from bridge import worker
from bridge.domain.feed import Feed
from bridge.domain.records import SourceState
from bridge.domain.source import BackstageSource
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher
from bridge.sandbox.server import Sandbox
from bridge.sandbox.state import Agenda, Data, Portal, Shelf
from bridge.sandbox.world import lively
from bridge.store import Store
from bridge.store.rate_limits import RateLimits
from bridge.zoho.client import ZohoClient
from bridge.zoho.rate_limit import Rate
from tests.zoho_sandbox import CONFERENCE, PORTAL

DELAY = 0.1
WORKERS = (1, 4)
UNREACHED = Rate(burst=1_000_000, every=timedelta(microseconds=1))
SERVER = os.environ.get("BRIDGE_BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1/test")
PROCESSES = multiprocessing.get_context("spawn")


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def portal_of(events: int) -> Portal:
    """Return a portal of conferences, each with the programme of the sandbox's own."""
    portal = lively(now().date()).portals[PORTAL]
    (conference,) = portal.events.find(CONFERENCE)
    agenda = portal.agendas[CONFERENCE]
    ids = [str(number) for number in range(1, events + 1)]
    return Portal(
        info=portal.info,
        events=Shelf("id", [conference | {"id": number} for number in ids]),
        agendas={number: copy_of(agenda) for number in ids},
    )


def copy_of(agenda: Agenda) -> Agenda:
    """Return an agenda whose sessions change independently."""
    return Agenda(
        days=tuple(Shelf("id", day.all()) for day in agenda.days),
        halls=agenda.halls,
        tracks=agenda.tracks,
        speakers=agenda.speakers,
    )


def serve_zoho(pipe: Connection, sources: int) -> None:
    """Serve a slow sandbox: send its settings, then for each title edit, and send the counts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    portal = portal_of(sources)
    reads: Counter[str] = Counter()

    def delay(route: str) -> None:
        if route == "backstage.event":
            reads[request.path.rpartition("/")[2]] += 1
        time.sleep(DELAY)

    with Sandbox(data=Data(portals={PORTAL: portal})) as sandbox:
        pipe.send(sandbox.environment())
        while title := pipe.recv():
            sandbox.fault = delay
            for agenda in list(portal.agendas.values())[::10]:
                day = agenda.days[0]
                day.change(day.all()[0]["id"], title=title)
            pipe.send(reads)
            reads.clear()


class UnreachedRateLimits(RateLimits):
    """The rate limits of the database, at a rate that is never reached."""

    def take(
        self, account: str, product: str, rate: Rate, *, now: datetime, patience: timedelta
    ) -> timedelta:
        """Reserve the next slot of the rate that is never reached."""
        rate = UNREACHED
        return super().take(account, product, rate, now=now, patience=patience)


@contextmanager
def open_bridge(environment: dict[str, str]) -> Iterator[tuple[Any, Refresher]]:
    """Open the queue and a refresher as ``zoho-bridge worker`` does, but log only problems."""
    only_problems = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=only_problems)
    with new_store(**environment) as (settings, store):
        rates = UnreachedRateLimits(store.database)
        with ZohoClient(settings.zoho, store.tokens, rates) as client:
            holder = secrets.token_hex(4)
            refresher = Refresher(
                store=store, api=client, zoho=settings.zoho, holder=holder, clock=now
            )
            yield worker.open_queue(settings.queue_url, settings.data_dir), refresher


def run_worker(environment: dict[str, str], ready: Semaphore) -> None:
    """Run a worker until it is terminated."""
    with open_bridge(environment) as (queue, refresher):
        worker.run(queue, refresher, sync_feeds=ready.release, clock=now)


@contextmanager
def workers(environment: dict[str, str], number: int) -> Iterator[None]:
    """Run worker processes that wait for work."""
    ready = PROCESSES.Semaphore(0)
    arguments = (environment, ready)
    processes = [PROCESSES.Process(target=run_worker, args=arguments) for _ in range(number)]
    for process in processes:
        process.start()
    for _ in processes:  # each looks for feeds when it starts
        ready.acquire(timeout=60)
    time.sleep(1)
    yield
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


@contextmanager
def database() -> Iterator[str]:
    """Create a schema; yield its URL and drop it."""
    schema = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        try:
            yield f"{SERVER}?options={quote(f'-csearch_path={schema}')}"
        finally:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


def cpu_of_ended_workers() -> float:
    """Return the CPU seconds of the child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def refresh_all(store: Store, look: Callable[[], object], keys: list[str]) -> float:
    """Make all sources due and queue them; return the seconds until the last one is saved."""
    start = now()
    store.sources.wake(keys, now=start)
    look()
    states = store.sources.states()
    while store.sources.due(now=start) or any(last_read(state) < start for state in states):
        time.sleep(0.5)  # a look takes CPU from the workers; the store knows the exact times
        states = store.sources.states()
    for state in states:
        if state.error:
            raise SystemExit(f"{state.source.key}: {state.error}")
    return (max(map(last_read, states)) - start).total_seconds()


def last_read(state: SourceState) -> datetime:
    """Return the time of the last read of a source."""
    return max(filter(None, (state.last_attempt, state.last_success)))


def main(sources: int, rounds: int) -> None:
    """Print the seconds and CPU of one and of four workers, and the ratio of their throughput."""
    numbers = range(1, sources + 1)
    shown = [BackstageSource(portal=PORTAL, event=str(n)) for n in numbers]
    feeds = [
        Feed(slug=f"event-{n}", title=f"Event {n}", sources=(source,))
        for n, source in enumerate(shown)
    ]
    keys = [source.key for source in shown]
    zoho, far_end = PROCESSES.Pipe()
    sandbox = PROCESSES.Process(target=serve_zoho, args=(far_end, sources))
    sandbox.start()
    seconds: dict[int, list[float]] = {number: [] for number in WORKERS}
    cpu: dict[int, list[float]] = deepcopy(seconds)
    with database() as url:
        environment = zoho.recv() | {"BRIDGE_DATABASE_URL": url, "BRIDGE_QUEUE_URL": url}
        with open_bridge(environment) as (queue, refresher):
            look, _ = worker.register(queue, refresher, sync_feeds=list, clock=now)
            activate_feeds(refresher.store, feeds, now=now())
            for key in keys:
                refresh(refresher, key)  # the first publication is not measured
            for number in WORKERS * rounds:
                cpu_before = cpu_of_ended_workers()
                with workers(environment, number):
                    zoho.send(f"Meeting, version {len(seconds[number])} of {number}")
                    zoho.recv()
                    seconds[number].append(refresh_all(refresher.store, look, keys))
                    time.sleep(1)  # a second read of a source would come now
                    zoho.send("Meeting")
                    reads = zoho.recv()
                if set(reads.values()) != {1} or len(reads) != sources:
                    raise SystemExit(f"expected one read of each source: {reads.most_common(5)}")
                cpu[number].append((cpu_of_ended_workers() - cpu_before) / sources)
    zoho.send("")
    sandbox.join()
    for number, times in seconds.items():
        print(f"{number} worker(s), {sources} sources: {summary(times)}")
        print(f"  {statistics.median(cpu[number]) * 1000:.0f} ms of CPU for each, start included")
    one, four = (statistics.median(seconds[number]) for number in WORKERS)
    print(f"four workers have {one / four:.2f} times the throughput of one")


if __name__ == "__main__":
    main(**options(__doc__, sources=200, rounds=3))
