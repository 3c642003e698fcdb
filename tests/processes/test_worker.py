"""The worker: what a tick reads, what it does not, and what it does about everything that goes wrong.

Expected behaviour: the module's own promises, the settings' documentation (BRIDGE_QUEUE_URL), and the rule that no
secret is ever in a log.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import importlib.util
import io
import json
import logging
import os
from pathlib import Path
import signal
import sys
from threading import Event as Flag, Thread, Timer
from types import SimpleNamespace
from typing import Any, Never

import huey.storage
import pytest
import stamina
import structlog

from bridge import config, logs, worker
from bridge.domain.feed import Feed
from bridge.domain.source import ConnectSource
from bridge.errors import BridgeError, ConfigError, StoreError
from bridge.problems import text_problem
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher, Report
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from tests.command_line import GROUP, NETWORK, log_restored, signals_ignored
from tests.zoho_sandbox import Sandbox

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


class FakeRefresher:
    """Due sources, and what was read of them; ``breaks`` are the errors that some of them raise."""

    def __init__(self, *due: Any, breaks: Any = None, reading: Any = lambda: None) -> None:
        self.store = SimpleNamespace(sources=self, feeds=SimpleNamespace(all=tuple))
        self.begun, self.read = [], []
        self._due = due
        self._breaks = breaks or {}
        self._reading = reading

    def due(self, *, now: datetime) -> Any:
        assert now == NOW
        return [key for key in self._due if key not in self.begun]

    def refresh(self, key: Any, *, only_due: Any) -> Any:
        assert only_due
        if key in self.begun:  # as the store's lease
            return Report(source=key, outcome="busy")
        self.begun.append(key)
        if key in self._breaks:
            raise self._breaks[key]
        self._reading()
        self.read.append(key)
        return Report(source=key, outcome="refreshed", requests=1)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Any]:
    queue = worker.open_queue("", tmp_path)
    yield queue
    queue.storage.close()


def waking(queue: Any, refresher: Any, want: Any = lambda: None) -> Any:
    """Give what brings the feeds in line and reads what is due, here and now, as a worker's threads would."""
    look_for_feeds = worker.register(queue, refresher, sync_feeds=want, clock=lambda: NOW)

    def wake() -> None:
        look_for_feeds()
        while (task := queue.dequeue()) is not None:
            queue.execute(task)

    return wake


@pytest.fixture(autouse=True)
def _signals_ignored() -> Iterator[Any]:
    with signals_ignored():
        yield


# What is read


def test_a_tick_publishes_what_the_admin_made_before_it_reads_anything(
    queue: Any, store: Store
) -> None:
    """Also while Zoho can't be reached: of sources that are known, a feed of the admin's is served within a minute."""
    source = ConnectSource(group=GROUP, network=NETWORK)
    store.feeds.add(Feed(slug="mix", title="Mix", sources=(source,)), now=NOW)

    class Unable:
        def refresh(self, *_args: Any, **_options: Any) -> Never:
            raise StoreError("nothing can be read")

    refresher = Unable()
    refresher.store = store
    waking(queue, refresher)()
    assert store.publications.head("mix", "default").title == "Mix"


def test_a_tick_reads_what_is_due_and_only_that(queue: Any) -> None:
    refresher = FakeRefresher("backstage:1", "calendar:2")
    waking(queue, refresher)()
    assert refresher.read == ["backstage:1", "calendar:2"]


def test_what_is_queued_already_is_not_queued_again(queue: Any) -> None:
    """Else a worker that can't keep up would have a longer queue with each minute."""
    refresher = FakeRefresher("backstage:1", "calendar:2")
    look_for_feeds = worker.register(queue, refresher, sync_feeds=lambda: None, clock=lambda: NOW)
    look_for_feeds()
    look = queue.dequeue()
    for _ in range(3):
        queue.execute(look)
    assert queue.pending_count() == 2


def test_a_source_is_read_once_in_its_interval_and_by_one_worker(queue: Any, store: Store) -> None:
    """The store decides: what is not due, or is being read by another worker, is left alone and not logged."""
    source = ConnectSource(group=GROUP, network=NETWORK)
    activate_feeds(store, [Feed(slug="group", title="Group", sources=(source,))], now=NOW)
    with (
        Sandbox(lambda: NOW) as zoho,
        stamina.set_testing(True),
        structlog.testing.capture_logs() as logged,
    ):
        settings = config.load(zoho.environment() | {"ZOHO_CONNECT_TIMEZONE": "Europe/Berlin"}).zoho
        with ZohoClient(settings, store.tokens, clock=lambda: NOW) as api:
            refresher = Refresher(
                store=store, api=api, zoho=settings, holder="here", clock=lambda: NOW
            )
            wake = waking(queue, refresher)
            store.sources.claim(source.key, holder="there", now=NOW, term=timedelta(minutes=10))
            wake()
            assert (zoho.requests, logged) == ([], [])
            store.sources.fail(
                source.key,
                holder="there",
                now=NOW,
                next_check_at=NOW,
                error=text_problem("it stumbled"),
            )
            wake()
            wake()
    assert [request.route for request in zoho.requests] == ["oauth.token", "connect.events"]
    (line,) = logged
    assert line.pop("seconds") > 0
    assert line == {
        "event": "refresh",
        "log_level": "info",
        "source": source.key,
        "outcome": "refreshed",
        "fetched": 2,
        "changed": 2,
        "rendered": 2,
        "rejected": 0,
        "removed": 0,
        "requests": 1,
    }


# What goes wrong


def test_a_bug_in_one_source_is_logged_and_the_others_are_read(queue: Any) -> None:
    refresher = FakeRefresher(
        "backstage:1", "calendar:2", breaks={"backstage:1": ZeroDivisionError("a bug")}
    )
    with structlog.testing.capture_logs() as logged:
        waking(queue, refresher)()
    assert refresher.read == ["calendar:2"]
    (bug,) = (line for line in logged if line["log_level"] == "error")
    assert (bug["event"], bug["source"], bug["exc_info"]) == ("refresh", "backstage:1", True)


def test_a_database_that_is_away_is_one_sentence_in_the_log(queue: Any) -> None:
    refresher = FakeRefresher(
        "backstage:1", breaks={"backstage:1": StoreError("The database can't be used.")}
    )
    with structlog.testing.capture_logs() as logged:
        waking(queue, refresher)()
    assert logged == [
        {
            "event": "refresh",
            "log_level": "error",
            "source": "backstage:1",
            "outcome": "failed",
            "error": "The database can't be used.",
        }
    ]


@pytest.mark.parametrize("error", [StoreError("The database can't be used."), KeyError("a bug")])
def test_what_is_known_is_read_when_the_feeds_cannot_be_brought_in_line(
    queue: Any, error: Any
) -> None:
    def fails() -> Never:
        raise error

    refresher = FakeRefresher("backstage:1")
    with structlog.testing.capture_logs() as logged:
        waking(queue, refresher, want=fails)()
    assert refresher.read == ["backstage:1"]
    assert logged[0]["event"] == "look for feeds"
    assert logged[0]["log_level"] == "error"


# How it ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_being_read_is_finished_before_the_worker_ends(
    queue: Any, monkeypatch: pytest.MonkeyPatch, number: Any
) -> None:
    """Also when a service manager and the parent each send SIGTERM; afterwards the process's handlers are back."""
    consumers, began, ended, ended_early = [], Flag(), Flag(), []
    create = queue.create_consumer
    monkeypatch.setattr(
        queue, "create_consumer", lambda **kind: consumers.append(create(**kind)) or consumers[0]
    )

    def reading() -> None:
        began.set()
        consumers[0].stop_flag.wait(5)
        ended_early.append(ended.wait(0.3))

    def tell() -> None:
        began.wait(5)
        os.kill(os.getpid(), number)
        if consumers[0].stop_flag.wait(5) and not ended.wait(0.1):
            os.kill(os.getpid(), signal.SIGTERM)

    refresher = FakeRefresher("backstage:1", reading=reading)
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    told = Thread(target=tell)
    told.start()
    worker.run(queue, refresher, sync_feeds=lambda: None, clock=lambda: NOW)
    ended.set()
    told.join()
    assert ended_early == [False]
    assert refresher.read == ["backstage:1"]
    assert [
        signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    ] == before


def test_a_second_ctrl_c_waits_for_nothing(queue: Any) -> None:
    began, ended = Flag(), Flag()

    def reading() -> None:
        began.set()
        assert ended.wait(5)

    def tell() -> None:
        began.wait(5)
        while not ended.wait(0.05):
            os.kill(os.getpid(), signal.SIGINT)

    refresher = FakeRefresher("backstage:1", reading=reading)
    person = Thread(target=tell)
    person.start()
    worker.run(queue, refresher, sync_feeds=lambda: None, clock=lambda: NOW)
    read = list(refresher.read)
    ended.set()
    person.join()
    assert read == []


# The queue


def test_the_queue_lies_in_the_data_folder_and_holds_no_program(queue: Any, tmp_path: Path) -> None:
    """Messages are JSON: unpickling what somebody wrote into a shared queue would run it."""
    worker.register(queue, FakeRefresher(), sync_feeds=lambda: None, clock=lambda: NOW)()
    assert (tmp_path / "queue.sqlite3").is_file()
    (message,) = queue.storage.enqueued_items()
    assert json.loads(message)[1].endswith("look_for_feeds")


# huey leaves each thread's connection that listens to Python's collector.
@pytest.mark.filterwarnings("ignore:.*deleted while still open:ResourceWarning")
def test_each_kind_of_queue_carries_the_tasks(database_url: str, tmp_path: Path) -> None:
    """SQLite by default; PostgreSQL by BRIDGE_QUEUE_URL, as it is written and as SQLAlchemy writes it."""
    url = "" if database_url.startswith("sqlite") else database_url
    check_a_queue(worker.open_queue(url, tmp_path))


@pytest.mark.redis
def test_redis_carries_the_tasks(tmp_path: Path) -> None:
    url = os.environ.get("BRIDGE_TEST_REDIS_URL", "")
    if not url:
        pytest.skip("BRIDGE_TEST_REDIS_URL is not set: no Redis to test with")
    check_a_queue(worker.open_queue(url, tmp_path))


def check_a_queue(queue: Any) -> None:
    queue.flush()
    refresher = FakeRefresher("backstage:1", "calendar:2")
    Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    worker.run(queue, refresher, sync_feeds=lambda: None, clock=lambda: NOW)
    assert sorted(refresher.read) == ["backstage:1", "calendar:2"]


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [
        ("postgresql://me:hidden@db/q", "psycopg", "postgres"),
        ("redis://:hidden@db:6379/0", "Redis", "redis"),
    ],
)
def test_a_missing_driver_is_a_mistake_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, driver: Any, extra: Any
) -> None:
    monkeypatch.setattr(huey.storage, driver, None)
    with pytest.raises(ConfigError) as caught:
        worker.open_queue(url, tmp_path)
    assert f'`pip install "zoho-calendar-bridge[{extra}]"`' in str(caught.value)
    assert "BRIDGE_QUEUE_URL" in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "module"),
    [
        ("postgresql://me:hidden@127.0.0.1:1/queue", "psycopg"),
        ("redis://:hidden@127.0.0.1:1/0", "redis"),
    ],
)
def test_a_queue_that_cannot_be_reached_is_named_without_its_password(
    tmp_path: Path, url: str, module: Any
) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    with pytest.raises(BridgeError, match="BRIDGE_QUEUE_URL") as caught:
        worker.open_queue(url, tmp_path)
    assert "127.0.0.1:1" in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_queue_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(BridgeError, match=r"queue\.sqlite3.*BRIDGE_DATA_DIR"):
        worker.open_queue("", tmp_path / "data")


# The log


class Stderr(io.StringIO):
    """Standard error, on a terminal or not."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self.isatty = lambda: terminal


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with log_restored():
        yield lambda **kind: set_up(monkeypatch, **kind)


def set_up(monkeypatch: pytest.MonkeyPatch, **kind: Any) -> Any:
    stderr = Stderr(**kind)
    monkeypatch.setattr(sys, "stderr", stderr)
    logs.set_up()
    return stderr


def test_a_line_is_one_json_object_where_stderr_is_no_terminal(log: Any) -> None:
    stderr = log()
    structlog.get_logger().info("refresh", source="backstage:1", fetched=3)
    logging.getLogger("anything").warning("two\nlines")
    first, second = map(json.loads, stderr.getvalue().splitlines())
    assert (first["event"], first["source"], first["fetched"], first["level"]) == (
        "refresh",
        "backstage:1",
        3,
        "info",
    )
    assert datetime.fromisoformat(first["timestamp"]).tzinfo is not None
    assert (second["event"], second["level"]) == ("two\nlines", "warning")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_traceback_shows_no_variables(log: Any, terminal: Any) -> None:
    def breaks() -> Never:
        private = "a title nobody may read"
        raise ValueError(len(private))

    stderr = log(terminal=terminal)
    try:
        breaks()
    except ValueError:
        structlog.get_logger().exception("refresh")
    text = stderr.getvalue()
    assert "ValueError: 23" in text
    assert "nobody may read" not in text
    assert ("\x1b[" in text) is terminal


def test_secret_addresses_and_tokens_are_cut_out_whoever_logs_them(log: Any) -> None:
    """Flask logs the path of a request that meets a bug; the path of a secret feed is its secret."""
    token = "1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef"
    stderr = log()
    logging.getLogger("bridge").error("Exception on /f/U9BHNwsrQvylVb7KFlfNTV9l/work.ics [GET]")
    structlog.get_logger().error("failed", answer={"access_token": token})
    text = stderr.getvalue()
    assert "/f/…/work.ics" in json.loads(text.splitlines()[0])["event"]
    assert "U9BHNwsrQvylVb7KFlfNTV9l" not in text
    assert token not in text


def test_libraries_say_nothing_of_their_steps(log: Any, queue: Any) -> None:
    stderr = log()
    waking(queue, FakeRefresher("backstage:1"))()
    logging.getLogger("httpx").info("HTTP Request: GET https://…")
    assert [json.loads(line)["event"] for line in stderr.getvalue().splitlines()] == ["refresh"]


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_many_workers_may_open_a_new_queue_at_once(database_url: str, tmp_path: Path) -> None:
    """PostgreSQL's CREATE TABLE IF NOT EXISTS fails when two do it at one moment; no worker may end for that."""
    failures = []

    def open_it() -> None:
        try:
            worker.open_queue(database_url, tmp_path).storage.close()
        except Exception as error:  # noqa: BLE001 - the test reports whatever went wrong in the thread
            failures.append(error)

    threads = [Thread(target=open_it) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
