"""Killed at any moment, the bridge loses nothing and continues where it was.

SIGKILL ends a process when a container stops too slowly or when memory is short; nothing can be
tidied up then. So the files on disk have to be whole at any moment.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime
import gzip
import hashlib
import os
from pathlib import Path
import random
import signal
import sqlite3
import subprocess
import sys
from threading import Event, Thread
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
from tests.processes.zygote import Zygote, end_leases
from tests.served import free_port
from tests.waiting import wait_for
from tests.zoho_sandbox import Sandbox

LONGEST = 0.2  # seconds that a worker lives: time for a few refreshes
TREE_KILLS = 12
LONGEST_START = 3.0  # seconds until a tree has started and read everything, about
EVENTS = 4  # of each source: few, so that much of a refresh is writing, where kills are to fall

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
KEY = "a test's secret key that is long enough for anything"
ROOT = Path(__file__).parents[2]

TEAM = ConnectSource(group="77", network="1")
PROGRAMME = BackstageSource(portal="7001")
FEEDS = (
    Feed(slug="team", title="Team", sources=(TEAM,), public=True),
    Feed(slug="programme", title="Programme", sources=(PROGRAMME,), public=True),
    Feed(slug="all", title="All", sources=(TEAM, PROGRAMME)),
)
VARIANTS = ("default", "quiet", "web")


def upstream(today: date) -> Data:
    """Return two sources whose events have all that makes the variants of a feed differ."""
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
def constant_edits(box: Sandbox) -> Iterator[None]:
    """Change every event upstream all the time, so that each refresh writes everything."""
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


def assert_whole(path: Path, now: datetime) -> int:
    """Check the promises that hold after each kill; return the number of leases."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        leases = 0
        for term, table in ((LEASE, "sources"), (TOKEN_LEASE, "access_tokens")):
            rows = connection.execute(
                f"SELECT lease_until FROM {table} WHERE lease_until IS NOT NULL"
            ).fetchall()
            assert all(until <= (now + term).timestamp() * 1_000_000 for (until,) in rows)
            leases += len(rows)
        rows = connection.execute(
            "SELECT slug, variant, gzip, etag, events FROM documents"
        ).fetchall()
    assert {(slug, variant) for slug, variant, *_ in rows} == {
        (f.slug, v) for f in FEEDS for v in VARIANTS
    }
    bodies = {}
    for slug, variant, zipped, etag, events in rows:
        body = gzip.decompress(zipped)
        assert hashlib.sha256(body).hexdigest() == etag
        assert body.endswith(b"END:VCALENDAR\r\n")
        assert body.count(b"BEGIN:VEVENT\r\n") == events == EVENTS * (2 if slug == "all" else 1)
        bodies[slug, variant] = body
    for feed in FEEDS:  # the variants are of one publication
        assert bodies[feed.slug, "quiet"] == remove_alarms(bodies[feed.slug, "default"])
    return leases


@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_a_worker_may_be_killed_at_any_moment(tmp_path: Path, kills: int) -> None:
    clock = [NOW]
    path = tmp_path / "bridge.sqlite3"
    with Sandbox(now=lambda: clock[0], data=upstream(TODAY), page_size=200) as box:
        environment = {
            "BRIDGE_DATA_DIR": str(tmp_path),
            "BRIDGE_SECRET_KEY": KEY,
            **box.environment(),
        }
        zoho = config.load(environment).zoho
        url = f"sqlite:///{path}"
        order: dict[str, Any] = {
            "url": url,
            "environment": environment,
            "sources": [TEAM.key, PROGRAMME.key],
        }
        store = Store.open(url, SecretKeys(KEY))
        client = ZohoClient(zoho, store.tokens, store.rate_limits, clock=lambda: clock[0])
        refresher = Refresher(
            store=store, api=client, zoho=zoho, holder="test", clock=lambda: clock[0]
        )
        activate_feeds(store, FEEDS, now=NOW)
        assert {refresher.refresh(key).outcome for key in order["sources"]} == {"refreshed"}
        store.close()

        in_the_middle = 0
        with constant_edits(box), Zygote() as zygote:
            for _ in range(kills):
                clock[0] += LEASE  # the lease of the one that was killed has ended
                zygote.kill_worker(
                    order | {"now": clock[0].isoformat()}, random.uniform(0, LONGEST)
                )
                in_the_middle += assert_whole(path, clock[0]) > 0
        assert in_the_middle or kills < 10  # otherwise no kill fell into a refresh

        clock[0] += 2 * LEASE
        store = Store.open(url, SecretKeys(KEY))
        assert sorted(store.sources.due(now=clock[0])) == sorted(order["sources"])
        client = ZohoClient(zoho, store.tokens, store.rate_limits, clock=lambda: clock[0])
        refresher = Refresher(
            store=store, api=client, zoho=zoho, holder="test", clock=lambda: clock[0]
        )
        assert {refresher.refresh(key).outcome for key in order["sources"]} == {"refreshed"}
        assert assert_whole(path, clock[0]) == 0
        document = store.publications.document("all", "default")
        assert document
        body = document.body.replace(b"\r\n ", b"")
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


def session(leader: int) -> list[int]:
    """Return the processes of a session: the tree, whatever process groups it has."""
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended a moment ago
        if int(its_session) == leader and state != "Z":
            pids.append(int(stat.parent.name))
    return sorted(pids)


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def start(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start ``serve`` with its web server and its worker, in a session of their own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bridge", "serve", "--port", str(free_port())],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(tree: subprocess.Popen[bytes]) -> int:
    """Kill a whole tree; return the number of its processes."""
    size = len(session(tree.pid))

    def gone() -> bool:
        kill(left := session(tree.pid))
        return not left

    wait_for(gone, "the end of the tree")
    tree.wait(60)
    return size


def has_begun(path: Path) -> bool:
    """Return whether the worker began to read after ``end_leases``."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT count(*) FROM sources WHERE next_check_at > 0 OR lease_until IS NOT NULL"
        (count,) = connection.execute(query).fetchone()
    return bool(count)


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="reads the processes of a session from /proc"
)
def test_the_whole_tree_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    """``serve``: what was published is still there, still whole, and is refreshed again."""
    path = tmp_path / "bridge.sqlite3"
    (tmp_path / "bridge.toml").write_text(CONFIG)
    with (
        Sandbox(data=upstream(datetime.now(UTC).date()), page_size=200) as box,
        constant_edits(box),
    ):
        environment = {
            "BRIDGE_DATA_DIR": str(tmp_path),
            "BRIDGE_CONFIG": str(tmp_path / "bridge.toml"),
        }
        environment |= {"BRIDGE_SECRET_KEY": KEY, **box.environment()}
        settings = config.load(environment)

        def is_published() -> bool:
            with (
                suppress(sqlite3.Error),
                closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection,
            ):
                (events,) = connection.execute("SELECT sum(events) FROM documents").fetchone()
                return bool(events == 4 * EVENTS * len(VARIANTS))
            return False

        tree = start(environment)
        try:
            wait_for(is_published, "the publication of all events")
        finally:
            assert end(tree) >= 3  # itself, the web server, the worker

        for number in range(TREE_KILLS):
            end_leases(path)
            tree = start(environment)
            try:
                if number % 2:  # while it starts, or soon after
                    Event().wait(random.uniform(0, LONGEST_START))
                else:
                    wait_for(lambda: has_begun(path), "a read")
                    Event().wait(random.uniform(0, LONGEST))
            finally:
                end(tree)
            assert_whole(path, datetime.now(UTC))
            with closing(Store.open(f"sqlite:///{path}", SecretKeys(KEY))) as store:
                answer = create_app(settings, store).test_client().get("/feeds/team.ics")
                assert (answer.status_code, answer.data.count(b"BEGIN:VEVENT")) == (200, EVENTS)

        with closing(Store.open(f"sqlite:///{path}", SecretKeys(KEY))) as store:
            now = datetime.now(UTC) + 2 * LEASE
            client = ZohoClient(settings.zoho, store.tokens, store.rate_limits)
            refresher = Refresher(
                store=store, api=client, zoho=settings.zoho, holder="t", clock=lambda: now
            )
            assert {refresher.refresh(source.key).outcome for source in (TEAM, PROGRAMME)} == {
                "refreshed"
            }
            assert assert_whole(path, now) == 0
            client.close()
