"""Feeds for the benches of serving, published by the bridge's publisher from stored events."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
import os
import random

from bridge import config
from bridge.domain import codec
from bridge.domain.event import Event
from bridge.domain.feed import Feed
from bridge.domain.records import EventToSave
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import zone
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.crypto import load_secret_keys

SMALL, LARGE = (
    2500,
    10_000,
)  # events of a feed of 1 MB, and of the one that is published all the time
TERM = timedelta(minutes=10)
WORDS = (
    "review",
    "planning",
    "launch",
    "customer",
    "budget",
    "team",
    "summit",
    "workshop",
    "demo",
    "roadmap",
)


def open_store() -> Store:
    settings = config.load(os.environ)
    return Store.open(
        settings.database_url, load_secret_keys(settings.secret_key.reveal(), settings.data_dir)
    )


def events(count: int, seed: str) -> Iterable[Event]:
    """Yield meetings half an hour apart: the same events for the same seed and day."""
    dice = random.Random(seed)
    first = datetime.now(UTC).replace(
        hour=8, minute=0, second=0, microsecond=0, tzinfo=zone("Europe/Berlin")
    )
    for number in range(count):
        start = first + timedelta(minutes=30 * (number % 8000))
        title = " ".join(dice.choices(WORDS, k=4)).capitalize()
        note = " ".join(dice.choices(WORDS, k=8))
        yield Event(
            uid=f"{dice.getrandbits(128):032x}",
            upstream_id=str(number),
            title=title,
            start=start,
            end=start + timedelta(hours=1),
            description=note,
        )


def save(store: Store, source: CalendarSource, wanted: Iterable[Event]) -> None:
    """Store events as a refresh of the source does."""
    now = datetime.now(UTC)
    rows = [
        EventToSave(
            uid=event.uid,
            upstream_id=event.upstream_id,
            content_hash=codec.content_hash(event),
            payload=codec.encode(event),
            cancelled_since=None,
            ends_at=None,
        )
        for event in wanted
    ]
    assert store.sources.claim(source.key, holder="bench", now=now, term=TERM)
    store.sources.succeed(
        source.key,
        holder="bench",
        now=now,
        next_check_at=now,
        saved=rows,
        removed=[],
        rejected=[],
        notes=[],
    )


def fill(store: Store) -> dict[str, str]:
    """Publish a large feed, a small feed, three parts and their merged feed; return the paths."""
    counts = {"large": LARGE, "small": SMALL, "part0": 500, "part1": 500, "part2": 500}
    sources = {name: CalendarSource(calendar=name) for name in counts}
    feeds = [
        Feed(slug=name, title=name.title(), sources=(source,)) for name, source in sources.items()
    ]
    parts = tuple(source for name, source in sources.items() if name.startswith("part"))
    feeds.append(Feed(slug="merged", title="Merged", sources=parts))
    now = datetime.now(UTC)
    store.feeds.replace(feeds, now=now)
    for name, source in sources.items():
        save(store, source, events(counts[name], name))
    paths = {}
    for feed in feeds:
        store.links.ensure(feed.slug, now=now)
        publish(store, feed.slug, now=now)
        paths[feed.slug] = f"/f/{store.links.token(store.links.of(feed.slug)[0])}/{feed.slug}.ics"
    return paths
