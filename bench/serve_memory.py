"""Growth of a web process when 10,000 different feeds are polled once each.

python bench/serve_memory.py
"""

from datetime import UTC, datetime
import gzip
import hashlib
import http.client
import os
from pathlib import Path
import secrets
import tempfile

from serve_data import events, open_store
from serve_speed import BRIDGE, HERE, running, wait_for

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.document import join_document
from bridge.feed.publication import Document, Publication
from bridge.publish.ical import vevent

FEEDS, EVENTS = 10_000, 30


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            BRIDGE_DATA_DIR=folder,
            BRIDGE_SECRET_KEY=secrets.token_urlsafe(48),
            PYTHONPATH=f"{HERE}{os.pathsep}{HERE.parent}",
        )
        paths, body, coded = prepare()
        print(f"{FEEDS:,} feeds of {EVENTS} events: {body:,} bytes each, {coded:,} in gzip\n")
        print("| 10,000 feeds polled once | bytes of these | process before, MB | grew by, MB |")
        print("|---|--:|--:|--:|")
        for name, size, headers in (
            ("gzip", coded, {"Accept-Encoding": "gzip"}),
            ("plain bytes", body, {}),
        ):
            with running("serve_server.py", "bridge.web:create_app", str(BRIDGE)) as server:
                wait_for(BRIDGE, "/robots.txt")
                poll([paths[0]] * 2000, headers)  # all threads have begun and all code is loaded
                before = resident(server)
                poll(paths, headers)
                grown = resident(server) - before
            print(
                f"| {name} | {FEEDS * size / 1e6:.1f} MB | {before / 1e6:.1f} | {grown / 1e6:.1f} |"
            )


def prepare() -> tuple[list[str], int, int]:
    """Publish the feeds; return their paths, and the size of one document, plain and in gzip."""
    store = open_store()
    now = datetime.now(UTC)
    source = CalendarSource(calendar="c")
    stamp = vevent.Stamp(changed=now.replace(microsecond=0), sequence=1)
    blobs = [vevent.render(event, stamp) for event in events(EVENTS, "memory")]
    feeds = [
        Feed(slug=f"feed-{number}", title=f"Feed {number}", sources=(source,))
        for number in range(FEEDS)
    ]
    store.feeds.replace(feeds, now=now)
    paths = []
    for feed in feeds:
        store.links.ensure(feed.slug, now=now)
        body = join_document(title=feed.title, blobs=blobs, zones=["Europe/Berlin"])
        etag = hashlib.sha256(body).hexdigest()
        made = Document(
            variant="default",
            body=body,
            gzip=gzip.compress(body, mtime=0),
            etag=etag,
            modified_at=now,
            events=EVENTS,
        )
        store.publications.publish(feed.slug, Publication(revision=0, documents=[made], now=now))
        paths.append(f"/f/{store.links.token(store.links.of(feed.slug)[0])}/{feed.slug}.ics")
    store.close()
    return paths, len(made.body), len(made.gzip)


def poll(paths: list[str], headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", BRIDGE, timeout=30)
    for path in paths:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == http.client.OK, path
    connection.close()


def resident(server: int) -> int:
    """Return the resident bytes of the web process that the server started."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    sizes = []
    for child in children:
        status = Path(f"/proc/{child}/status").read_text()
        sizes.append(int(status.partition("VmRSS:")[2].split()[0]) * 1024)
    return max(sizes)


if __name__ == "__main__":
    main()
