"""Memory of a web process after 10,000 different feeds are polled once.

Baseline: the same process after 2,000 polls of one feed, when all its code is loaded and all its
threads run.

    python bench/serve_memory.py [--feeds 10000] [--events 30]
"""

from datetime import UTC, datetime
import http.client
from pathlib import Path

from common import meetings, new_path, new_store, options, publish_feeds, published, served

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.publication import Publication
from bridge.store import Store
from tests.served import document

PORT = 8191


def publish_copies(store: Store, feeds: int, events: int) -> tuple[list[str], dict[str, int]]:
    """Publish feeds that differ by their titles; return their paths and the size by encoding."""
    publish_feeds(store, {"first": ["calendar"]}, {"calendar": meetings(events, "memory")})
    body = published(store, "first").body
    now = datetime.now(UTC)
    source = CalendarSource(calendar="calendar")
    slugs = [f"feed-{number}" for number in range(feeds)]
    store.feeds.replace([Feed(slug=slug, title=slug, sources=(source,)) for slug in slugs], now=now)
    for slug in slugs:
        copy = document(body.replace(b"First", slug.encode()))
        store.publications.publish(slug, Publication(revision=0, documents=[copy], now=now))
    sizes = {"gzip": len(copy.gzip), "identity": len(copy.body)}
    return [new_path(store, slug) for slug in slugs], sizes


def poll(paths: list[str], encoding: str) -> None:
    """Request the paths, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    for path in paths:
        connection.request("GET", path, headers={"Accept-Encoding": encoding})
        response = connection.getresponse()
        response.read()
        assert response.status == http.client.OK, path
    connection.close()


def resident(server: int) -> float:
    """Return the resident megabytes of the web process that the server started."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    statuses = [Path(f"/proc/{child}/status").read_text() for child in children]
    return max(int(text.partition("VmRSS:")[2].split()[0]) for text in statuses) * 1024 / 1e6


def main(feeds: int, events: int) -> None:
    """Print the growth of the web process for each encoding, as a table."""
    with new_store() as (settings, store):
        paths, sizes = publish_copies(store, feeds, events)
        print(f"{feeds:,} feeds of {events} events, polled once each\n")
        print("| encoding | documents, MB | process before, MB | grew by, MB |")
        print("|---|--:|--:|--:|")
        for encoding, size in sizes.items():
            with served("bridge.web.server:create_server", PORT, settings.data_dir) as server:
                poll(paths[:1] * 2000, encoding)
                before = resident(server)
                poll(paths, encoding)
                grown = resident(server) - before
            print(f"| {encoding} | {feeds * size / 1e6:.1f} | {before:.1f} | {grown:.1f} |")


if __name__ == "__main__":
    main(**options(__doc__, feeds=10_000, events=30))
