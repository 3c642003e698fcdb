"""Time of the first request of a filtered feed, against a request of the stored whole feed.

    python filtered.py [events]

Both requests go to the WSGI app in this process, in turns: noise of the machine affects both, so
quote the ratios. The app's caches are empty before each first request. The whole feed is read as it
was published. The filtered feed is joined from the stored bytes of its events.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
import statistics
import sys
import tempfile
import time
from wsgiref.util import setup_testing_defaults

from serve_data import events, save

from bridge import config
from bridge.domain.event import Place
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.filter import Filter
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from bridge.store.filters import FilteredFeed
from bridge.web import create_app

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
HALLS, TURNS = 10, 15
CODINGS = {"plain": "identity", "gzip": "gzip"}
KEY = "k" * 40


def fill(store: Store) -> str:
    """Publish a feed with ten halls and a hundred categories; return its path."""
    now = datetime.now(UTC)
    source = CalendarSource(calendar="bench")
    store.feeds.replace([Feed(slug="bench", title="Bench", sources=(source,))], now=now)
    placed = (
        replace(event, place=Place(hall=f"Hall {n % HALLS}"), categories=(f"Category {n % 97}",))
        for n, event in enumerate(events(COUNT, "filtered"))
    )
    save(store, source, placed)
    store.links.ensure("bench", now=now)
    publish(store, "bench", now=now)
    return f"/f/{store.links.token(store.links.of('bench')[0])}/bench.ics"


def asked(app, path: str, coding: str) -> tuple[float, int]:
    """Return the milliseconds that a response takes, and its length."""
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "HTTP_ACCEPT_ENCODING": coding}
    setup_testing_defaults(environ)
    statuses = []
    begin = time.perf_counter()
    body = b"".join(app.wsgi_app(environ, lambda status, _headers: statuses.append(status)))
    took = time.perf_counter() - begin
    assert statuses == ["200 OK"], statuses
    return took * 1000, len(body)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = config.load({"BRIDGE_DATA_DIR": folder, "BRIDGE_SECRET_KEY": KEY})
        store = Store.open(settings.database_url, load_secret_keys(KEY, Path(folder)))
        whole = fill(store)
        link = store.links.of("bench")[0]
        parts = {"a tenth": 1, "half": HALLS // 2, "all": HALLS}
        for name, coding in CODINGS.items():
            for part, halls in parts.items():
                choice = Filter.from_labels(("hall", f"Hall {n}") for n in range(halls))
                filtered = FilteredFeed(slug="bench", link=link, choice=choice)
                path = f"/f/{store.filters.token(filtered)}/bench.ics"
                kept, first, again = [], [], []
                for _turn in range(TURNS):
                    kept.append(asked(create_app(settings, store), whole, coding))
                    app = create_app(settings, store)  # with empty caches
                    first.append(asked(app, path, coding))
                    again.append(asked(app, path, coding))
                base, slow, quick = (
                    statistics.median(took for took, _ in times) for times in (kept, first, again)
                )
                size = first[0][1] / 1e6
                print(
                    f"{name:5} {part:7} {size:5.2f} MB: kept {base:7.2f} ms, first {slow:7.2f} ms "
                    f"({slow / base:.1f} times), again {quick:.2f} ms"
                )
        store.close()


if __name__ == "__main__":
    main()
