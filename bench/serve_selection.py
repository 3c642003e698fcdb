"""Time of the first request of a selection, whose document is joined from stored VEVENTs.

Baseline: a request of the feed's whole document, as published. Both are requests of the WSGI app
in this process, in turns, with an app whose caches are empty. A second request of the
selection, from the cache, is the third column.

    python bench/serve_selection.py [--events 10000] [--rounds 15]
"""

from dataclasses import replace
from datetime import UTC, datetime
import statistics
import time

from common import meetings, new_store, options, publish_feeds
from flask import Flask
from werkzeug.test import Client

from bridge.domain.event import Place
from bridge.feed.selection import Ticks
from bridge.web import create_app

HALLS = 10
CASES: dict[str, tuple[int, int | None, str]] = {  # halls, reminder, query
    "a tenth": (1, None, ""),
    "half": (5, None, ""),
    "nine tenths": (9, None, ""),
    "all": (HALLS, None, ""),
    "all, with a reminder": (HALLS, 15, ""),
    "half, flavour=web": (5, None, "?flavour=web"),
}


def measure(app: Flask, path: str, encoding: str) -> tuple[float, int]:
    """Return the CPU milliseconds of a response, and its length."""
    client = Client(app.wsgi_app)
    start = time.process_time()
    response = client.get(path, headers={"Accept-Encoding": encoding})
    milliseconds = (time.process_time() - start) * 1000
    assert response.status_code == 200, response.status
    return milliseconds, len(response.data)


def main(events: int, rounds: int) -> None:
    """Print the CPU milliseconds of the three kinds of request for each part and encoding."""
    with new_store() as (settings, store):
        placed = [
            replace(
                event, place=Place(hall=f"Hall {n % HALLS}"), categories=(f"Category {n % 97}",)
            )
            for n, event in enumerate(meetings(events, "selected"))
        ]
        whole = publish_feeds(store, {"bench": ["bench"]}, {"bench": placed})["bench"]
        link = store.links.of("bench")[0]
        for encoding in ("identity", "gzip"):
            for case, (halls, reminder, query) in CASES.items():
                labels = tuple(("hall", f"Hall {n}") for n in range(halls))
                ticks = Ticks(labels=labels, reminder=reminder)
                client, now = f"{encoding} {case}", datetime.now(UTC)
                token = store.selections.add("bench", link, ticks, client=client, now=now)
                path = f"/f/{token}/bench.ics{query}"
                rows = []
                for _ in range(rounds):
                    published, _size = measure(create_app(settings, store), whole + query, encoding)
                    app = create_app(settings, store)
                    first, size = measure(app, path, encoding)
                    rows.append((published, first, measure(app, path, encoding)[0]))
                published, first, again = map(statistics.median, zip(*rows, strict=True))
                print(
                    f"{encoding:8} {case:20} {size / 1e6:5.2f} MB: published {published:7.2f} ms, "
                    f"first {first:7.2f} ms ({first / published:.1f} times), again {again:.2f} ms"
                )


if __name__ == "__main__":
    main(**options(__doc__, events=10_000, rounds=15))
