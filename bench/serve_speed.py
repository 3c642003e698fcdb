"""Speed of serving feeds, side by side with baselines in one run. Needs wrk.

    python bench/serve_speed.py

There is one server process each, with the same number of threads, on loopback. The servers take
turns in short rounds, so that other load of the machine slows both. Each round yields a ratio, and
the median of the ratios counts.
"""

from collections.abc import Iterator
import contextlib
from contextlib import ExitStack, contextmanager
import http.client
import os
from pathlib import Path
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time

from serve_data import fill, open_store

HERE = Path(__file__).parent
BRIDGE, PEERS = 8191, 8192
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "11"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "2"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.environ.update(
            BRIDGE_DATA_DIR=folder,
            BRIDGE_SECRET_KEY=secrets.token_urlsafe(48),
            BENCH_DIR=folder,
            PYTHONPATH=f"{HERE}{os.pathsep}{HERE.parent}",
        )
        paths = prepare(Path(folder))
        stack.enter_context(running("serve_server.py", "bridge.web:create_app", str(BRIDGE)))
        stack.enter_context(running("serve_server.py", "serve_peers:create_app", str(PEERS)))
        wait_for(BRIDGE, "/robots.txt")
        wait_for(PEERS, "/empty")
        coded = (("Accept-Encoding", "gzip"),)
        etag = get(BRIDGE, paths["small"], dict(coded))[1]["ETag"]
        pairs = {
            "304": (
                (PEERS, "/empty", ()),
                (BRIDGE, paths["small"], (*coded, ("If-None-Match", etag))),
            ),
            "200, 1 MB, gzip": ((PEERS, "/small", coded), (BRIDGE, paths["small"], coded)),
        }
        table("Alone, against bare Flask views", pairs)
        with running("serve_publish.py", log=Path(folder, "publish.log")):
            time.sleep(3)
            table("While a worker publishes a feed of 10,000 events every second", pairs)
        took = [float(line) for line in Path(folder, "publish.log").read_text().split()]
        print(f"\n{len(took)} publications, each in {statistics.median(took):.2f} s (median)")
        table(
            "Three sources of 500 events in one feed, against merging them with icalendar",
            {"200": ((PEERS, "/merge", ()), (BRIDGE, paths["merged"], ()))},
            seconds=20,
            rounds=3,
        )


def prepare(folder: Path) -> dict[str, str]:
    """Fill the store and write the bytes that the baselines serve; return the feeds' paths."""
    store = open_store()
    paths = fill(store)
    small = store.publications.document("small", "default")
    (folder / "small.ics.gz").write_bytes(small.gzip)
    for name in ("part0", "part1", "part2"):
        (folder / f"{name}.ics").write_bytes(store.publications.document(name, "default").body)
    store.close()
    print(
        f"The feed: {small.events:,} events, {len(small.body):,} bytes, {len(small.gzip):,} gzip."
    )
    return paths


def table(title: str, pairs, *, seconds: int = SECONDS, rounds: int = ROUNDS) -> None:
    print(f"\n{title}\n")
    print(
        "| | peer, requests/s | bridge, requests/s | ratio "
        "| peer, p99 ms | bridge, p99 ms | ratio |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, (peer, bridge) in pairs.items():
        results = []
        for turn in range(rounds):
            first, second = (peer, bridge) if turn % 2 else (bridge, peer)
            measured = {first: wrk(*first, seconds), second: wrk(*second, seconds)}
            (peer_rate, peer_p99), (rate, p99) = measured[peer], measured[bridge]
            results.append((peer_rate, rate, rate / peer_rate, peer_p99, p99, p99 / peer_p99))
        peer_rate, rate, ratio, peer_p99, p99, p99_ratio = (
            statistics.median(values) for values in zip(*results, strict=True)
        )
        rates = f"{peer_rate:,.4g} | {rate:,.0f} | {ratio:.2f}"
        print(f"| {name} | {rates} | {peer_p99:.1f} | {p99:.1f} | {p99_ratio:.1f} |", flush=True)


def wrk(
    port: int, path: str, headers: tuple[tuple[str, str], ...], seconds: int
) -> tuple[float, float]:
    """Return requests a second, and the 99th percentile in milliseconds."""
    sent = [part for name, value in headers for part in ("-H", f"{name}: {value}")]
    url = f"http://127.0.0.1:{port}{path}"
    command = ["wrk", "-t1", "-c8", f"-d{seconds}s", "--timeout", "60s", "--latency", *sent, url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in text, text
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return rate, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


@contextmanager
def running(script: str, *arguments: str, log: Path = Path(os.devnull)) -> Iterator[int]:
    """Run a script of this folder in the background; yield its process id."""
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, str(HERE / script), *arguments], stdout=output)
    try:
        yield process.pid
        assert process.poll() is None, f"{script} ended"
    finally:
        process.terminate()
        process.wait()


def get(port: int, path: str, headers: dict[str, str]):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def wait_for(port: int, path: str) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError):
            get(port, path, {})
            return
        time.sleep(0.1)
    raise SystemExit(f"nothing answers on port {port}")


if __name__ == "__main__":
    main()
