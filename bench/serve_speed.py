"""Requests per second and 99th percentile of latency of feeds, measured with wrk.

Baselines: bare Flask views that return the same bytes, and a view that merges three sources with
icalendar on each request. Both sides run under granian with one process. They take turns in short
rounds, so that other programs slow both, and each round yields a ratio. The tables show medians of
rounds.

    python bench/serve_speed.py [--rounds 11] [--seconds 2] [--events 10000]

Needs wrk (Debian: wrk). ``--events`` is the size of a feed that a worker publishes every second.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import count
import multiprocessing
from pathlib import Path
import re
import statistics
import subprocess
import time
from typing import TypeAlias

from common import (
    ENVIRONMENT,
    get,
    meetings,
    new_store,
    open_store,
    options,
    publish_feeds,
    published,
    served,
)

from bridge import config
from bridge.domain.source import CalendarSource
from bridge.publish.publisher import publish
from bridge.store import Store
from tests.factories import event, put

BRIDGE, PEERS = 8191, 8192  # ports
PARTS = ("part0", "part1", "part2")
SMALL = 2500  # events of a feed of 1 MB
PROCESSES = multiprocessing.get_context("spawn")

Target: TypeAlias = tuple[int, str, Mapping[str, str]]  # port, path and headers of a request


def fill(store: Store, folder: Path, events: int) -> dict[str, str]:
    """Publish the feeds, write the files of the peers; return the paths of the feeds."""
    # Most of the large feed stays as it is; a calendar of one event changes.
    sizes = {"small": SMALL, "large": events - 1, **dict.fromkeys(PARTS, 500)}
    calendars = {name: meetings(size, name) for name, size in sizes.items()}
    feeds = {name: [name] for name in ("small", *PARTS)}
    feeds |= {"large": ["large", "changing"], "merged": [*PARTS]}
    paths = publish_feeds(store, feeds, {**calendars, "changing": [event("changing")]})
    small = published(store, "small")
    (folder / "small.ics.gz").write_bytes(small.gzip)
    for name in PARTS:
        (folder / f"{name}.ics").write_bytes(published(store, name).body)
    size, compressed = len(small.body), len(small.gzip)
    print(f"The feed: {small.events:,} events, {size:,} bytes, {compressed:,} in gzip.")
    return paths


def publish_every_second(folder: str, log: str) -> None:
    """Change and publish the large feed every second; append the seconds of each to ``log``."""
    store = open_store(config.load({"BRIDGE_DATA_DIR": folder, **ENVIRONMENT}))
    source = CalendarSource(calendar="changing")
    for turn in count():
        start, now = time.monotonic(), datetime.now(UTC)
        put(store, now, event("changing", title=f"Version {turn}"), source=source)
        assert publish(store, "large", now=now).written
        seconds = time.monotonic() - start
        with Path(log).open("a") as file:
            print(seconds, file=file)
        time.sleep(max(0.0, 1.0 - seconds))


@contextmanager
def publishing(folder: Path) -> Iterator[None]:
    """Publish the large feed in another process; print how long each publication took."""
    log = folder / "publish.log"
    process = PROCESSES.Process(target=publish_every_second, args=(str(folder), str(log)))
    process.start()
    time.sleep(3)
    yield
    assert process.is_alive(), "publishing failed"
    process.terminate()
    process.join()
    seconds = [float(line) for line in log.read_text().split()]
    print(f"\n{len(seconds)} publications, each in {statistics.median(seconds):.2f} s (median)")


def wrk(target: Target, seconds: int) -> tuple[float, float]:
    """Return requests per second and the 99th percentile in milliseconds."""
    port, path, headers = target
    fields = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", "-c8", f"-d{seconds}s", "--timeout", "60s", "--latency", *fields]
    command.append(f"http://127.0.0.1:{port}{path}")
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in text, text
    (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", text)
    ((value, unit),) = re.findall(r"99%\s+([\d.]+)(us|ms|s)", text)
    return float(rate), float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def table(title: str, pairs: Mapping[str, tuple[Target, Target]], rounds: int, secs: int) -> None:
    """Measure pairs of a peer and the bridge in turns, and print the medians."""
    print(f"\n{title}\n\n| | peer, requests/s | bridge, requests/s | ratio ", end="")
    print("| peer, p99 ms | bridge, p99 ms | ratio |\n|---|--:|--:|--:|--:|--:|--:|")
    for name, (peer, bridge) in pairs.items():
        rows = []
        for turn in range(rounds):
            if turn % 2:
                (peer_rate, peer_p99), (rate, p99) = wrk(peer, secs), wrk(bridge, secs)
            else:
                (rate, p99), (peer_rate, peer_p99) = wrk(bridge, secs), wrk(peer, secs)
            rows.append((peer_rate, rate, rate / peer_rate, peer_p99, p99, p99 / peer_p99))
        medians = [statistics.median(column) for column in zip(*rows, strict=True)]
        formats = ("{:,.4g}", "{:,.0f}", "{:.2f}", "{:.1f}", "{:.1f}", "{:.2f}")
        cells = [form.format(value) for form, value in zip(formats, medians, strict=True)]
        print("|", " | ".join([name, *cells]), "|", flush=True)


def main(rounds: int, seconds: int, events: int) -> None:
    """Print the three tables."""
    with new_store() as (settings, store), ExitStack() as stack:
        folder = settings.data_dir
        paths = fill(store, folder, events)
        for app, port in (("bridge.web.server:create_server", BRIDGE), ("peers:create_app", PEERS)):
            stack.enter_context(served(app, port, folder))
        gzip = {"Accept-Encoding": "gzip"}
        etag = get(BRIDGE, paths["small"], **gzip).headers["ETag"]
        pairs = {
            "304": (
                (PEERS, "/empty", {}),
                (BRIDGE, paths["small"], {**gzip, "If-None-Match": etag}),
            ),
            "200, 1 MB, gzip": ((PEERS, "/small", gzip), (BRIDGE, paths["small"], gzip)),
        }
        table("Against bare Flask views", pairs, rounds, seconds)
        with publishing(folder):
            title = f"While a worker publishes a feed of {events:,} events every second"
            table(title, pairs, rounds, seconds)
        table(
            "Three sources of 500 events in one feed, against merging them on request",
            {"200": ((PEERS, "/merge", {}), (BRIDGE, paths["merged"], {}))},
            min(rounds, 3),
            10 * seconds,
        )


if __name__ == "__main__":
    main(**options(__doc__, rounds=11, seconds=2, events=10_000))
