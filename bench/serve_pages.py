"""CPU time and size of the pages of a large feed: list, week, month, search, embed, selection.

Baseline: the same page of a feed of 20 events, for a selection of 60 events the page of the whole
feed. Both are requests of the WSGI app in this process, in turns, each with an app whose caches are
empty.

    python bench/serve_pages.py [--events 2000] [--rounds 15]
"""

from datetime import UTC, datetime
import gzip
import statistics
import time

from common import meetings, new_store, options, publish_feeds
from flask import Flask
from werkzeug.test import Client

from bridge.config import Settings
from bridge.feed.selection import Ticks
from bridge.store import Store
from bridge.web import create_app

FEW, TICKS = 20, 60
SPAN = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
PATHS = {
    "list": "",
    "week": "?view=week",
    "month": "?view=month",
    "search": "?q=summit+budget",
    "embed, month": "embed",
    "embed, 92 days": "embed?days=92",
}


def measure(app: Flask, path: str) -> tuple[float, int]:
    """Return the CPU milliseconds of a response, and its length in gzip."""
    client = Client(app.wsgi_app)
    other_page = f"{path}{'&' if '?' in path else '?'}lang=de"
    client.get(other_page)  # the first request of an app compiles its templates
    start = time.process_time()
    response = client.get(path)
    milliseconds = (time.process_time() - start) * 1000
    assert response.status_code == 200, response.status
    return milliseconds, len(gzip.compress(response.data))


def main(events: int, rounds: int) -> None:
    """Print milliseconds and kilobytes of each page for both feeds."""
    with new_store() as (settings, store):
        sources = {"few": meetings(FEW, "few"), "many": meetings(events, "many")}
        feeds = publish_feeds(store, {name: [name] for name in sources}, sources)
        pages = {name: path.rsplit("/", 1)[0] + "/" for name, path in feeds.items()}
        for name, query in PATHS.items():
            times = []
            for _ in range(rounds):
                few, _size = measure(create_app(settings, store), pages["few"] + query)
                many, size = measure(create_app(settings, store), pages["many"] + query)
                times.append((few, many))
            few, many = map(statistics.median, zip(*times, strict=True))
            print(
                f"{name:15} {FEW} events {few:6.1f} ms, {events} events {many:6.1f} ms "
                f"({many / few:.2f} times), {size / 1000:.1f} kB in gzip"
            )
        compare_selection(settings, store, pages["many"], rounds)


def compare_selection(settings: Settings, store: Store, page: str, rounds: int) -> None:
    """Print the time of a page of a feed and of a selection, which joins its document at first."""
    link = store.links.of("many")[0]
    uids = store.agenda.between("many", *SPAN, most=TICKS)
    ticks = Ticks(events=tuple(sorted({item.uid for item in uids})))
    token = store.selections.add("many", link, ticks, client="bench", now=datetime.now(UTC))
    for name, query in {"selection": "", "selection, choose": "?choose=1"}.items():
        times = []
        for _ in range(rounds):
            whole, _size = measure(create_app(settings, store), page)
            part, size = measure(create_app(settings, store), f"/f/{token}/{query}")
            times.append((whole, part))
        whole, part = map(statistics.median, zip(*times, strict=True))
        print(
            f"{name:15} whole {whole:6.1f} ms, {ticks.number} ticks {part:6.1f} ms "
            f"({part / whole:.2f} times), {size / 1000:.1f} kB in gzip"
        )


if __name__ == "__main__":
    main(**options(__doc__, events=2000, rounds=15))
