"""The Zoho account as commands use it: its feeds, reads of its sources, and their failures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
import os
import secrets
import socket
import sys
from threading import Event as Flag
from typing import Any, NamedTuple

import click
import structlog

from bridge import logs
from bridge.cli.context import Bridge, unknown_feed
from bridge.domain.feed import Feed, Window
from bridge.domain.problems import problem
from bridge.domain.source import Product
from bridge.errors import BridgeError, ZohoError
from bridge.publish.pending import activate_feeds
from bridge.refresh.discovery import Discovery, discover, make_feeds
from bridge.refresh.probe import Prober
from bridge.refresh.refresher import Refresher, Report
from bridge.signals import interruptible
from bridge.zoho.client import ZohoClient
from bridge.zoho.oauth import account_of
from bridge.zoho.rate_limit import LONGEST_PATIENCE

BACKGROUND_PATIENCE = timedelta(seconds=12)
_PARALLEL_READS = 4
_TRIAL = timedelta(days=7)

log = structlog.get_logger()


class SyncedFeeds(NamedTuple):
    """The active feeds, and the products that could not be asked for their sources."""

    feeds: tuple[Feed, ...]
    failures: Mapping[Product, ZohoError]


@contextmanager
def open_refresher(
    bridge: Bridge, *, patience: timedelta = LONGEST_PATIENCE, stop: Flag | None = None
) -> Iterator[Refresher]:
    """Open a client of Zoho and yield the refresher that reads with it.

    Processes share the access token and the rate limits through the store. ``patience`` is how
    long a request may wait for the rate limit: a person waits, a worker comes back later. Requests
    end when ``stop`` is set. Without it a signal to end interrupts the block.
    """
    zoho, store = bridge.settings.zoho, bridge.store
    logs.set_up()
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    tokens, rates = store.tokens, store.rate_limits
    with (
        nullcontext(stop) if stop else interruptible() as end,
        ZohoClient(zoho, tokens, rates, patience=patience, stop=end) as client,
    ):
        yield Refresher(
            store=store, api=client, zoho=zoho, holder=holder, clock=lambda: datetime.now(UTC)
        )


@contextmanager
def open_prober(bridge: Bridge, stop: Flag) -> Iterator[Prober | None]:
    """Open a client of its own for probes, which waits for nothing and leaves half of each burst.

    Yield None if the settings turn the probes off.
    """
    zoho, store = bridge.settings.zoho, bridge.store
    limits: dict[str, Any] = {"patience": timedelta(0), "share": 0.5, "stop": stop}
    with ZohoClient(zoho, store.tokens, store.rate_limits, **limits) as client:
        prober = Prober(
            store=store,
            api=client,
            account=account_of(zoho),
            interval=zoho.probe,
            clock=lambda: datetime.now(UTC),
        )
        yield prober if zoho.probe else None


def trial_window() -> Window:
    """Return the next seven days: enough to see whether a source can be read at all."""
    today = datetime.now(UTC).date()
    return Window(start=today, end=today + _TRIAL)


def sync_feeds(bridge: Bridge, refresher: Refresher) -> SyncedFeeds:
    """Make the store's feeds those of ``bridge.toml``, or else of what the account can see.

    Raises the first product's error if no product could be asked and no feed is known.
    """
    feeds, failures = bridge.settings.feeds, {}
    if not feeds:
        discovery = discover_sources(bridge, refresher)
        feeds, failures = discovered_feeds(bridge, discovery), dict(discovery.failures)
        if not feeds and failures:
            raise next(iter(failures.values()))
    activate_feeds(bridge.store, feeds, now=datetime.now(UTC))
    return SyncedFeeds(bridge.store.feeds.active(), failures)


def discover_sources(bridge: Bridge, refresher: Refresher) -> Discovery:
    """List the sources that the account can see, and store their names."""
    discovery = discover(refresher.api)
    bridge.store.feeds.name_sources(discovery.sources)
    return discovery


def discovered_feeds(
    bridge: Bridge, discovery: Discovery, present: tuple[Feed, ...] = ()
) -> tuple[Feed, ...]:
    """Return the feeds of a bridge with the feeds ``present`` and one for each other source.

    Without ``present`` the stored feeds stay, except those of the admin pages.
    """
    slugs = {feed.slug for feed in present}
    rows = [row for row in bridge.store.feeds.all() if row.feed.slug not in slugs]
    stored = [row for row in rows if not row.by_admin]
    known = present or [row.feed for row in stored if row.active]
    retired = [row.feed for row in stored if present or not row.active]
    taken = [row.feed.slug for row in rows if row.by_admin]
    return make_feeds(discovery, known, retired, taken=taken)


def source_keys(feeds: tuple[Feed, ...], slugs: Sequence[str] = ()) -> list[str]:
    """Return the sources of the named feeds, or of all, each once.

    Raises BridgeError for an unknown slug.
    """
    by_slug = {feed.slug: feed for feed in feeds}
    for slug in slugs:
        if slug not in by_slug:
            raise unknown_feed(slug, feeds)
    selected = [by_slug[slug] for slug in slugs] or feeds
    return list(dict.fromkeys(source.key for feed in selected for source in feed.sources))


@contextmanager
def parallel_reads() -> Iterator[ThreadPoolExecutor]:
    """Yield the threads that read sources; an exception, as of Ctrl+C, drops the reads in line."""
    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        try:
            yield pool
        except BaseException:  # the reads that have begun are about to end
            pool.shutdown(cancel_futures=True)
            raise


def refresh_all(refresher: Refresher, keys: Sequence[str]) -> list[Report]:
    """Refresh sources in parallel, with a progress bar; the reports have the order of ``keys``."""
    style: dict[str, Any] = {"show_pos": True, "show_percent": False, "show_eta": False}
    style |= {"file": sys.stderr, "hidden": not sys.stderr.isatty()}
    bar = click.progressbar(length=len(keys), label="Reading Zoho", **style)
    with parallel_reads() as pool, bar:
        reads = [pool.submit(_refresh, refresher, key) for key in keys]
        for _ in as_completed(reads):
            bar.update(1)
    return [read.result() for read in reads]


def _refresh(refresher: Refresher, key: str) -> Report:
    """Refresh one source; log and report a bug, so that the other reports are not lost."""
    try:
        return refresher.refresh(key)
    except BridgeError:
        raise
    except Exception as error:
        log.exception("refresh", source=key)
        bug = problem("bug", error=type(error).__name__)
        return Report(source=key, outcome="failed", error=str(bug))


def group_sentences(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Join pairs of name and sentence, so that each sentence comes once, after all its names."""
    names: dict[str, list[str]] = {}
    for name, sentence in pairs:
        names.setdefault(sentence, []).append(name)
    return [f"{', '.join(about)}: {sentence}" for sentence, about in names.items()]
