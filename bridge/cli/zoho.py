"""The Zoho account as commands use it: what it holds, what is read from it, and how a failure is told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import os
import secrets
import signal
import socket
import sys
from types import FrameType

import click
import structlog

from bridge.cli.context import Bridge, unknown_feed
from bridge.domain.feed import Feed
from bridge.errors import BridgeError, ZohoError
from bridge.publish.pending import activate_feeds
from bridge.refresh.discovery import Discovery, discover, make_feeds
from bridge.refresh.refresher import LEASE, Refresher, Report
from bridge.sources.protocols import Product
from bridge.zoho.client import ZohoClient

IN_FRONT = timedelta(minutes=5)
BEHIND = timedelta(seconds=12)
_AT_ONCE = 4

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The feeds that there are to be, and which products could not be asked for theirs."""

    feeds: tuple[Feed, ...]
    failures: Mapping[Product, ZohoError] = field(default_factory=dict)


@contextmanager
def open_refresher(bridge: Bridge, *, patience: timedelta = IN_FRONT) -> Iterator[Refresher]:
    """Log in to Zoho as far as is needed to read; token and pace are shared through the store.

    ``patience`` is how long a request may wait for the bridge's own budget: a person in front of a terminal rather
    waits than reads that it was too much, a worker comes back later.
    """
    store = bridge.store
    with ZohoClient(
        bridge.settings.zoho, store.tokens, paces=store.rate_limits, patience=patience
    ) as client:
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        yield Refresher(
            store=store,
            api=client,
            zoho=bridge.settings.zoho,
            holder=holder,
            clock=lambda: datetime.now(UTC),
        )


def sync_feeds(bridge: Bridge, refresher: Refresher) -> Wanted:
    """Bring the store's feeds in line with ``bridge.toml``, or else with what the account can see.

    Raises the first product's error when nothing could be asked and no feed is known.
    """
    wanted = Wanted(feeds=bridge.settings.feeds)
    if not wanted.feeds:
        discovery = discover(refresher.api)
        wanted = Wanted(feeds=discovered_feeds(bridge, discovery), failures=discovery.failures)
        if not wanted.feeds and discovery.failures:
            raise next(iter(discovery.failures.values()))
    activate_feeds(bridge.store, wanted.feeds, now=datetime.now(UTC))
    return replace(wanted, feeds=bridge.store.feeds.active())


def discovered_feeds(bridge: Bridge, discovery: Discovery) -> tuple[Feed, ...]:
    """Give the feeds that there are without a ``[[feed]]``, besides those that the admin made."""
    rows = bridge.store.feeds.all()
    known = [row.feed for row in rows if row.active and not row.by_admin]
    retired = [row.feed for row in rows if not row.active and not row.by_admin]
    return make_feeds(
        discovery, known, retired, taken=[row.feed.slug for row in rows if row.by_admin]
    )


def source_keys(feeds: tuple[Feed, ...], slugs: Sequence[str] = ()) -> list[str]:
    """Give the sources of the named feeds, or of all, each once; raises BridgeError for an unknown name."""
    by_slug = {feed.slug: feed for feed in feeds}
    for slug in slugs:
        if slug not in by_slug:
            raise unknown_feed(slug, feeds)
    chosen = [by_slug[slug] for slug in slugs] or list(feeds)
    return list(dict.fromkeys(source.key for feed in chosen for source in feed.sources))


def refresh_all(refresher: Refresher, keys: Sequence[str]) -> list[Report]:
    """Refresh sources side by side, with a progress bar on a terminal; the reports come in the order of ``keys``."""
    bar = click.progressbar(
        length=len(keys),
        label="Reading Zoho",
        show_eta=False,
        show_percent=False,
        show_pos=True,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    )
    with ThreadPoolExecutor(_AT_ONCE) as pool, bar:
        running: list[Future[Report]] = []
        try:  # Ctrl+C may also come while the reads are started
            running.extend(pool.submit(_refresh, refresher, key) for key in keys)
            for _ in as_completed(running):
                bar.update(1)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            _finish(running)
            raise
    return [future.result() for future in running]


def _finish(running: Iterable[Future[Report]]) -> None:
    """Wait for the reads that have begun, which may be minutes, unless Ctrl+C comes once more.

    Threads can't be stopped. What they write is written whole or not at all, so the process may end under them; other
    processes leave the sources alone until their leases end.
    """
    before = signal.signal(signal.SIGINT, _end_at_once)
    try:
        click.echo("\nEnding after the reads that have begun; Ctrl+C again ends at once.", err=True)
        wait(
            [future for future in running if not future.cancelled()]
        )  # for the others it would wait for ever
    finally:
        signal.signal(signal.SIGINT, before)


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    minutes = LEASE // timedelta(minutes=1)
    # Not by way of sys.stderr, which may be in the middle of something.
    os.write(2, f"Ended. What was being read can be read again in {minutes} minutes.\n".encode())
    os._exit(128 + number)


def _refresh(refresher: Refresher, key: str) -> Report:
    """Refresh one source; a bug is logged and reported, so that the others' reports are not lost with it."""
    try:
        return refresher.refresh(key)
    except BridgeError:
        raise
    except Exception as error:
        log.exception("refresh", source=key)
        return Report(
            source=key,
            outcome="failed",
            error=f"A bug in the bridge ({type(error).__name__}), see above.",
        )


def group_sentences(told: Iterable[tuple[str, str]]) -> list[str]:
    """Join names and sentences so that each sentence comes once, after all the names that it is about."""
    names: dict[str, list[str]] = {}
    for name, sentence in told:
        names.setdefault(sentence, []).append(name)
    return [f"{', '.join(about)}: {sentence}" for sentence, about in names.items()]
