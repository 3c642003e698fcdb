"""Data, stores and servers that several measurements share."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, time, timedelta
import http.client
import os
from pathlib import Path
import random
from statistics import median
import subprocess
import sys
import tempfile
from time import sleep
from typing import Any

from bridge import config
from bridge.domain.event import Event
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.publication import Document
from bridge.publish.publisher import publish
from bridge.refresh.refresher import Refresher, Report
from bridge.sources.protocols import Api
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from tests.clock import Clock
from tests.factories import event, put

VARIANTS = ("default", "quiet", "web")
KEY = "a benchmark's secret key that is long enough for it"
ENVIRONMENT = {"BRIDGE_SECRET_KEY": KEY, "ZOHO_CONNECT_TIMEZONE": "Europe/Berlin"}
_WORDS = ("review", "planning", "launch", "customer", "budget", "team", "summit", "roadmap")


def options(doc: str | None, **defaults: int) -> dict[str, int]:
    """Parse ``--name NUMBER`` for each default from the command line; ``doc`` is the help."""
    parser = ArgumentParser(description=doc, formatter_class=RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    return vars(parser.parse_args())


def summary(seconds: Sequence[float]) -> str:
    """Return the median and the range of measurements as text."""
    return f"{median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


@contextmanager
def new_store(**environment: str) -> Iterator[tuple[config.Settings, Store]]:
    """Open a store, in a new SQLite file unless ``environment`` names a database."""
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        settings = config.load({"BRIDGE_DATA_DIR": folder, **ENVIRONMENT, **environment})
        with closing(open_store(settings)) as store:
            yield settings, store


def open_store(settings: config.Settings) -> Store:
    """Open the store of the settings."""
    keys = load_secret_keys(settings.secret_key.reveal(), settings.data_dir)
    return Store.configured(settings, keys)


@contextmanager
def new_refresher(api: Api) -> Iterator[tuple[Refresher, Clock]]:
    """Open a refresher with a new store, and its clock, which moves only by ``forward``."""
    clock = Clock()
    with new_store() as (settings, store):
        zoho = settings.zoho
        yield Refresher(store=store, api=api, zoho=zoho, holder="bench", clock=clock), clock


def refresh(refresher: Refresher, key: str) -> Report:
    """Refresh a source; end the measurement unless it succeeds."""
    report = refresher.refresh(key)
    if report.outcome != "refreshed":
        raise SystemExit(f"{key}: {report.outcome}: {report.error}")
    return report


def meetings(count: int, seed: str) -> Iterator[Event]:
    """Generate single meetings half an hour apart, from today: the same for the same seed."""
    dice = random.Random(seed)
    first = datetime.combine(datetime.now(UTC), time(8))
    for number in range(count):
        yield event(
            f"{dice.getrandbits(128):032x}",
            start=first + timedelta(minutes=30 * (number % 8000)),
            title=" ".join(dice.choices(_WORDS, k=4)).capitalize(),
            description=" ".join(dice.choices(_WORDS, k=8)),
        )


def publish_feeds(
    store: Store, feeds: Mapping[str, Sequence[str]], events: Mapping[str, Iterable[Event]]
) -> dict[str, str]:
    """Publish feeds of calendars with these events; return the path of each feed."""
    now = datetime.now(UTC)
    sources = {name: CalendarSource(calendar=name) for name in events}
    defined = [
        Feed(slug=slug, title=slug.title(), sources=tuple(sources[name] for name in names))
        for slug, names in feeds.items()
    ]
    store.feeds.replace(defined, now=now)
    for name, source in sources.items():
        put(store, now, *events[name], source=source)
    for slug in feeds:
        publish(store, slug, now=now)
    return {slug: new_path(store, slug) for slug in feeds}


def new_path(store: Store, slug: str) -> str:
    """Create the first link of a feed; return the path of its document."""
    store.links.ensure(slug, now=datetime.now(UTC))
    return f"/f/{store.links.token(store.links.of(slug)[0])}/{slug}.ics"


def published(store: Store, slug: str, variant: str = "default") -> Document:
    """Return a published document; end the measurement without it."""
    document = store.publications.document(slug, variant)
    if document is None:
        raise SystemExit(f"{slug} has no document {variant}")
    return document


@contextmanager
def served(app_factory: str, port: int, data_dir: Path) -> Iterator[int]:
    """Serve an app factory in one process, WSGI in four threads; yield the server's PID."""
    kind = "rsgi" if app_factory.startswith("bridge.web.server:") else "wsgi"
    command = [sys.executable, "-m", "granian", "--interface", kind, "--factory", "--no-ws"]
    command += ["--no-log", "--workers", "1", "--http", "1", "--port", str(port)]
    command += ["--blocking-threads", "4"] * (kind == "wsgi")
    environment = {**os.environ, **ENVIRONMENT, "BRIDGE_DATA_DIR": str(data_dir)}
    folder = Path(__file__).parent
    process = subprocess.Popen([*command, app_factory], cwd=folder, env=environment)
    try:
        for _ in range(300):
            with suppress(OSError):
                get(port, "/robots.txt")
                break
            sleep(0.1)
        yield process.pid
        assert process.poll() is None, f"the server of {app_factory} ended"
    finally:
        process.terminate()
        process.wait()


def get(port: int, path: str, **headers: str) -> Any:
    """Request a path of a server on this machine; return its read response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response
