"""Killed at any moment, the bridge has lost nothing: it goes on where it was.

SIGKILL is what a process gets when a container is stopped too slowly, or when memory is short; nothing can be tidied
up then. So whatever is on the disk at any moment has to be whole.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
import gzip
import hashlib
import json
import os
from pathlib import Path
import random
import signal
import sqlite3
import subprocess
import sys
from threading import Event, Thread
import time
from typing import Any

import pytest

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, ConnectSource
from bridge.feed.document import remove_alarms
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import LEASE, Refresher
from bridge.sandbox import backstage_objects, connect_objects
from bridge.sandbox.state import Data, Group, Network, Portal, Shelf
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.web import create_app
from bridge.zoho.client import ZohoClient
from bridge.zoho.tokens import TOKEN_LEASE
from tests.served import free_port
from tests.zoho_sandbox import Sandbox

KILLS = 200
LONGEST = 0.2  # seconds that a worker lives: time for a few refreshes
TREE_KILLS = 12
LONGEST_START = 3.0  # seconds until a tree has started and read everything, about
EVENTS = (
    4  # of each source: much of a refresh is then its writing, into which the kills are to fall
)

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
KEY = "a test's secret key that is long enough for anything"
WORKER = Path(__file__).parents[1] / "data" / "crash" / "worker.py"
ROOT = Path(__file__).parents[2]

TEAM = ConnectSource(group="77", network="1")
PROGRAMME = BackstageSource(portal="7001")
FEEDS = (
    Feed(slug="team", title="Team", sources=(TEAM,), public=True),
    Feed(slug="programme", title="Programme", sources=(PROGRAMME,), public=True),
    Feed(slug="all", title="All", sources=(TEAM, PROGRAMME)),
)
VARIANTS = ("default", "quiet", "web")


def upstream(today: Any) -> Any:
    """Give two sources whose events have all that makes the variants of a feed differ."""
    group = Group(
        info={"id": "77", "name": "Team", "url": "77", "status": "ACTIVE"}, events=Shelf("streamId")
    )
    group.events.add(
        *(
            connect_objects.event(
                today,
                group.info,
                number=100 + n,
                title=f"Sync {n}",
                day=1 + n,
                at="15:00",
                intervalMinute="5",
            )
            for n in range(EVENTS)
        )
    )
    events = [
        backstage_objects.event(
            today, number=200 + n, name=f"Meetup {n}", day=1 + 2 * n, at="18:00", minutes=90
        )
        for n in range(EVENTS)
    ]
    return Data(
        portals={
            "7001": Portal(info={"id": "7001", "name": "Northwind"}, events=Shelf("id", events))
        },
        networks={"1": Network(info={"id": "1", "name": "Zillum"}, groups={"77": group})},
    )


@contextmanager
def edited(box: Any) -> Iterator[Any]:
    """Let every event upstream change all the time, so that each refresh has everything to write."""
    over = Event()

    def run() -> None:
        count = 0
        streams = [event["streamId"] for event in box.group("77").events.all()]
        ids = [event["id"] for event in box.portal("7001").events.all()]
        while not over.wait(0.015):
            count += 1
            for number, (stream, event) in enumerate(zip(streams, ids, strict=True)):
                box.group("77").events.change(stream, title=f"Sync {number}, edition {count}")
                box.portal("7001").events.change(event, name=f"Meetup {number}, edition {count}")

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Zygote:
    """The process that forks workers."""

    def __init__(self) -> None:
        command = [sys.executable, str(WORKER)]
        environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def live_and_die(self, order: Any, seconds: Any) -> None:
        """Let a worker begin and kill it after a while; what it said beside the usual must be nothing."""
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        said = {self.process.stdout.readline().strip() for _ in range(2)}
        (pid,) = [int(line.removeprefix("pid ")) for line in said if line.startswith("pid ")]
        assert said == {f"pid {pid}", "began"}
        Event().wait(seconds)
        os.kill(pid, signal.SIGKILL)
        assert self.process.stdout.readline().strip() == "dead"

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> Any:
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def assert_whole(path: Any, now: datetime) -> Any:
    """The promises that hold after each kill; gives the number of leases that were held."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        longest = [(LEASE, "sources"), (TOKEN_LEASE, "access_tokens")]
        leases = 0
        for term, table in longest:
            held = connection.execute(
                f"SELECT lease_until FROM {table} WHERE lease_until IS NOT NULL"
            ).fetchall()
            assert all(until <= (now + term).timestamp() * 1_000_000 for (until,) in held)
            leases += len(held)
        rows = connection.execute(
            "SELECT slug, variant, body, gzip, etag, events FROM documents"
        ).fetchall()
    assert {(slug, variant) for slug, variant, *_ in rows} == {
        (f.slug, v) for f in FEEDS for v in VARIANTS
    }
    bodies = {}
    for slug, variant, body, zipped, etag, events in rows:
        assert hashlib.sha256(body).hexdigest() == etag
        assert gzip.decompress(zipped) == body
        assert body.endswith(b"END:VCALENDAR\r\n")
        assert body.count(b"BEGIN:VEVENT\r\n") == events == EVENTS * (2 if slug == "all" else 1)
        bodies[slug, variant] = body
    for feed in FEEDS:  # the variants are of one publication
        assert bodies[feed.slug, "quiet"] == remove_alarms(bodies[feed.slug, "default"])
    return leases


def test_a_worker_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    clock = [NOW]
    path = tmp_path / "bridge.sqlite3"
    with Sandbox(now=lambda: clock[0], data=upstream(TODAY), page_size=200) as box:
        environment = {
            "BRIDGE_DATA_DIR": str(tmp_path),
            "BRIDGE_SECRET_KEY": KEY,
            **box.environment(),
        }
        zoho = config.load(environment).zoho
        order = {
            "url": f"sqlite:///{path}",
            "environment": environment,
            "sources": [TEAM.key, PROGRAMME.key],
        }
        store = Store.open(order["url"], SecretKeys(KEY))
        client = ZohoClient(zoho, store.tokens, clock=lambda: clock[0])
        refresher = Refresher(
            store=store, api=client, zoho=zoho, holder="test", clock=lambda: clock[0]
        )
        activate_feeds(store, FEEDS, now=NOW)
        assert {refresher.refresh(key).outcome for key in order["sources"]} == {"refreshed"}
        store.close()

        in_the_middle = 0
        with edited(box), Zygote() as zygote:
            for _ in range(KILLS):
                clock[0] += LEASE  # the lease of the one that was killed has ended
                zygote.live_and_die(
                    order | {"now": clock[0].isoformat()}, random.uniform(0, LONGEST)
                )
                in_the_middle += assert_whole(path, clock[0]) > 0
        assert in_the_middle > KILLS // 4  # else the test would test nothing

        clock[0] += 2 * LEASE
        store = Store.open(order["url"], SecretKeys(KEY))
        assert sorted(store.sources.due(now=clock[0])) == sorted(order["sources"])
        client = ZohoClient(zoho, store.tokens, clock=lambda: clock[0])
        refresher = Refresher(
            store=store, api=client, zoho=zoho, holder="test", clock=lambda: clock[0]
        )
        assert {refresher.refresh(key).outcome for key in order["sources"]} == {"refreshed"}
        assert assert_whole(path, clock[0]) == 0
        body = store.publications.document("all", "default").body.replace(b"\r\n ", b"")
        titles = [event["title"] for event in box.group("77").events.all()]
        titles += [event["name"] for event in box.portal("7001").events.all()]
        assert all(
            f"SUMMARY:{title.replace(',', chr(92) + ',')}\r\n".encode() in body for title in titles
        )
        store.close()


CONFIG = """\
[[feed]]
slug = "team"
public = true
sources = [{ connect = "77", network = "1" }]

[[feed]]
slug = "programme"
public = true
sources = [{ backstage = "7001" }]

[[feed]]
slug = "all"
sources = [{ connect = "77", network = "1" }, { backstage = "7001" }]
"""


def wait_for(condition: Any, what: Any, seconds: Any = 30) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"no {what} after {seconds} seconds"
        Event().wait(0.05)


def session(leader: Any) -> Any:
    """Give the processes of a session: the tree, whatever process groups it has."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended a moment ago
        if int(its_session) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def kill(pids: Any) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def start(environment: Any) -> Any:
    """Start ``serve`` with its web server and its worker, in a session of their own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bridge", "serve", "--port", str(free_port())],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(tree: Any) -> Any:
    """Kill a tree, all of it; give how many processes it had."""
    had = session(tree.pid)

    def gone() -> bool:
        kill(left := session(tree.pid))
        return not left

    wait_for(gone, "end of the tree", 10)
    tree.wait(10)
    return len(had)


def let_the_leases_end(path: Any) -> None:
    """Let their ten minutes pass, and all be due."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE sources SET next_check_at = 0, lease_until = NULL, lease_holder = NULL"
        )
        connection.execute("UPDATE access_tokens SET lease_until = NULL, lease_holder = NULL")


def has_begun(path: Any) -> Any:
    """Tell whether the worker began to read after ``let_the_leases_end``."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT count(*) FROM sources WHERE next_check_at > 0 OR lease_until IS NOT NULL"
        return connection.execute(query).fetchone() > (0,)


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="the processes of a session are found in /proc"
)
def test_the_whole_tree_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    """``serve`` with its web server and its worker: what was published is still there, still whole, and goes on."""
    path = tmp_path / "bridge.sqlite3"
    (tmp_path / "bridge.toml").write_text(CONFIG)
    with Sandbox(data=upstream(datetime.now(UTC).date()), page_size=200) as box, edited(box):
        environment = {
            "BRIDGE_DATA_DIR": str(tmp_path),
            "BRIDGE_CONFIG": str(tmp_path / "bridge.toml"),
        }
        environment |= {"BRIDGE_SECRET_KEY": KEY, **box.environment()}
        settings = config.load(environment)

        def published() -> Any:
            with (
                suppress(sqlite3.Error),
                closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection,
            ):
                return connection.execute("SELECT sum(events) FROM documents").fetchone() == (
                    4 * EVENTS * len(VARIANTS),
                )
            return False

        tree = start(environment)
        try:
            wait_for(published, "feeds with their events")
        finally:
            assert end(tree) >= 3  # itself, the web server, the worker

        for number in range(TREE_KILLS):
            let_the_leases_end(path)
            tree = start(environment)
            try:
                if number % 2:  # while it starts, or soon after
                    Event().wait(random.uniform(0, LONGEST_START))
                else:
                    wait_for(lambda: has_begun(path), "reading")
                    Event().wait(random.uniform(0, LONGEST))
            finally:
                end(tree)
            assert_whole(path, datetime.now(UTC))
            with closing(Store.open(f"sqlite:///{path}", SecretKeys(KEY))) as store:
                answer = create_app(settings, store).test_client().get("/feeds/team.ics")
                assert (answer.status_code, answer.data.count(b"BEGIN:VEVENT")) == (200, EVENTS)

        with closing(Store.open(f"sqlite:///{path}", SecretKeys(KEY))) as store:
            now = datetime.now(UTC) + 2 * LEASE
            client = ZohoClient(settings.zoho, store.tokens)
            refresher = Refresher(
                store=store, api=client, zoho=settings.zoho, holder="t", clock=lambda: now
            )
            assert {refresher.refresh(source.key).outcome for source in (TEAM, PROGRAMME)} == {
                "refreshed"
            }
            assert assert_whole(path, now) == 0
            client.close()
