"""Time and size of the pages of a large feed: list, week, month, search, embed.

Baseline: the same page of a feed of 20 events. Both are requests of the WSGI app in this process,
in turns, each with an app whose caches are empty.

    python bench/serve_pages.py [--events 2000] [--rounds 15]
"""

import gzip
import statistics
import time

from common import meetings, new_store, options, publish_feeds
from flask import Flask
from werkzeug.test import Client

from bridge.web import create_app

FEW = 20
PATHS = {
    "list": "",
    "week": "?view=week",
    "month": "?view=month",
    "search": "?q=summit+budget",
    "embed, month": "embed",
    "embed, 92 days": "embed?days=92",
}


def measure(app: Flask, path: str) -> tuple[float, int]:
    """Return the milliseconds of a response, and its length in gzip."""
    client = Client(app.wsgi_app)
    other_page = f"{path}{'&' if '?' in path else '?'}lang=de"
    client.get(other_page)  # the first request of an app compiles its templates
    start = time.perf_counter()
    response = client.get(path)
    milliseconds = (time.perf_counter() - start) * 1000
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


if __name__ == "__main__":
    main(**options(__doc__, events=2000, rounds=15))
