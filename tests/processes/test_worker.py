"""The worker: what a tick reads, how errors are logged, how it ends, and its queues.

Expected behaviour: the module's own promises and the documentation of BRIDGE_QUEUE_URL.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import importlib.util
import json
import os
from pathlib import Path
import signal
from threading import Event as Flag, Thread
from types import SimpleNamespace
from typing import Any, Never, cast

from huey import Huey
import huey.storage
import pytest
import stamina
import structlog

from bridge import config, worker
from bridge.domain.feed import Feed
from bridge.domain.problems import text_problem
from bridge.domain.source import ConnectSource
from bridge.errors import BridgeError, ConfigError, StoreError
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher, Report
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from tests.command_line import GROUP, NETWORK, signals_ignored
from tests.zoho_sandbox import Sandbox

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


class FakeRefresher:
    """A refresher of due sources that records reads; ``breaks`` are errors that it raises.

    ``reading`` is called during a read, ``after`` when it is recorded.
    """

    def __init__(
        self,
        *due: str,
        breaks: Mapping[str, Exception] | None = None,
        reading: Callable[[], object] = lambda: None,
    ) -> None:
        self.store = SimpleNamespace(sources=self, feeds=SimpleNamespace(all=tuple))
        self.begun: list[str] = []
        self.read: list[str] = []
        self.after: Callable[[], object] = lambda: None
        self._due = due
        self._breaks = breaks or {}
        self._reading = reading

    def due(self, *, now: datetime) -> list[str]:
        assert now == NOW
        return [key for key in self._due if key not in self.begun]

    def refresh(self, key: str, *, only_due: bool) -> Report:
        assert only_due
        if key in self.begun:  # as the store's lease
            return Report(source=key, outcome="busy")
        self.begun.append(key)
        if key in self._breaks:
            raise self._breaks[key]
        self._reading()
        self.read.append(key)
        self.after()
        return Report(source=key, outcome="refreshed", requests=1)


def register(
    queue: Huey, refresher: FakeRefresher, sync_feeds: Callable[[], object] = lambda: None
) -> Callable[[], object]:
    return worker.register(
        queue,
        cast("Refresher", refresher),
        sync_feeds=sync_feeds,
        clock=lambda: NOW,
        stop=Flag(),
    )[0]


def run(queue: Huey, refresher: FakeRefresher, stop: Flag | None = None) -> None:
    worker.run(
        queue,
        cast("Refresher", refresher),
        sync_feeds=lambda: None,
        clock=lambda: NOW,
        stop=stop,
    )


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Huey]:
    queue = worker.open_queue("", tmp_path)
    yield queue
    queue.storage.close()


def wake(
    queue: Huey, refresher: FakeRefresher, sync_feeds: Callable[[], object] = lambda: None
) -> None:
    """Update the feeds and read what is due, here and now, as a worker's threads would."""
    look_for_feeds = register(queue, refresher, sync_feeds)
    look_for_feeds()
    work_off(queue)


def work_off(queue: Huey) -> None:
    while (task := queue.dequeue()) is not None:
        queue.execute(task)


@pytest.fixture(autouse=True)
def _signals_ignored() -> Iterator[None]:
    with signals_ignored():
        yield


# What is read


def test_a_tick_publishes_feeds_of_the_admin_before_it_reads_anything(
    queue: Huey, store: Store
) -> None:
    """Also while Zoho fails: a new feed of known sources is served within a minute."""
    source = ConnectSource(group=GROUP, network=NETWORK)
    store.feeds.add(Feed(slug="mix", title="Mix", sources=(source,)), now=NOW)
    refresher = FakeRefresher(breaks={source.key: StoreError("nothing can be read")})
    refresher.store = cast("Any", store)
    wake(queue, refresher)
    head = store.publications.head("mix", "default")
    assert head
    assert head.title == "Mix"


def test_a_tick_reads_what_is_due_and_only_that(queue: Huey) -> None:
    refresher = FakeRefresher("backstage:1", "calendar:2")
    wake(queue, refresher)
    assert refresher.read == ["backstage:1", "calendar:2"]


def test_a_queued_source_is_not_queued_again(queue: Huey) -> None:
    """Otherwise the queue of a slow worker would grow with each minute."""
    refresher = FakeRefresher("backstage:1", "calendar:2")
    register(queue, refresher)()
    look = queue.dequeue()
    for _ in range(3):
        queue.execute(look)
    assert queue.pending_count() == 2


def test_a_source_is_read_once_in_its_interval_and_by_one_worker(queue: Huey, store: Store) -> None:
    """The store decides: a source that is not due or that is being read is not logged."""
    source = ConnectSource(group=GROUP, network=NETWORK)
    activate_feeds(store, [Feed(slug="group", title="Group", sources=(source,))], now=NOW)
    with (
        Sandbox(lambda: NOW) as zoho,
        stamina.set_testing(True),
        structlog.testing.capture_logs() as logged,
    ):
        settings = config.load(zoho.environment() | {"ZOHO_CONNECT_TIMEZONE": "Europe/Berlin"}).zoho
        with ZohoClient(settings, store.tokens, store.rate_limits, clock=lambda: NOW) as api:
            refresher = Refresher(
                store=store, api=api, zoho=settings, holder="here", clock=lambda: NOW
            )
            look_for_feeds, _ = worker.register(
                queue, refresher, sync_feeds=lambda: None, clock=lambda: NOW, stop=Flag()
            )

            def tick() -> None:
                look_for_feeds()
                work_off(queue)

            store.sources.claim(source.key, holder="there", now=NOW, term=timedelta(minutes=10))
            tick()
            assert (zoho.requests, logged) == ([], [])
            store.sources.fail(
                source.key,
                holder="there",
                now=NOW,
                next_check_at=NOW,
                error=text_problem("it stumbled"),
            )
            tick()
            tick()
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


def test_a_product_that_answers_slowly_leaves_threads_to_the_others(queue: Huey) -> None:
    """Its own sources are read one after another, in their order, and none is left out."""
    keys = [f"calendar:{number}" for number in range(6)]
    connect_is_read, begun, at_once = Flag(), [], []

    class SlowCalendar(FakeRefresher):
        def refresh(self, key: str, *, only_due: bool) -> Report:
            if key in keys:
                begun.append(key)
                connect_is_read.wait(5)
            else:
                at_once.append(len(begun))
            report = super().refresh(key, only_due=only_due)
            if key == "connect:1":
                connect_is_read.set()
            if len(self.read) == 7:
                os.kill(os.getpid(), signal.SIGTERM)
            return report

    refresher = SlowCalendar(*keys, "connect:1")
    run(queue, refresher)
    assert refresher.read[0] == "connect:1"
    assert at_once[0] <= 2
    assert sorted(refresher.read) == [*keys, "connect:1"]


def test_a_source_that_waits_for_a_thread_is_not_read_after_the_end(queue: Huey) -> None:
    def end() -> None:
        while not stop.wait(0.05):  # huey's own handlers lose a signal at the start
            os.kill(os.getpid(), signal.SIGTERM)

    stop = Flag()
    refresher = FakeRefresher(*[f"calendar:{number}" for number in range(9)], reading=end)
    worker.run(
        queue, cast("Refresher", refresher), sync_feeds=lambda: None, clock=lambda: NOW, stop=stop
    )
    assert len(refresher.read) <= 2


# What goes wrong


def test_a_bug_in_one_source_is_logged_and_the_others_are_read(queue: Huey) -> None:
    refresher = FakeRefresher(
        "backstage:1", "calendar:2", breaks={"backstage:1": ZeroDivisionError("a bug")}
    )
    with structlog.testing.capture_logs() as logged:
        wake(queue, refresher)
    assert refresher.read == ["calendar:2"]
    (bug,) = (line for line in logged if line["log_level"] == "error")
    assert (bug["event"], bug["source"], bug["exc_info"]) == ("refresh", "backstage:1", True)


def test_a_database_that_is_away_is_one_sentence_in_the_log(queue: Huey) -> None:
    refresher = FakeRefresher(
        "backstage:1", breaks={"backstage:1": StoreError("The database can't be used.")}
    )
    with structlog.testing.capture_logs() as logged:
        wake(queue, refresher)
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
    queue: Huey, error: Exception
) -> None:
    def fails() -> Never:
        raise error

    refresher = FakeRefresher("backstage:1")
    with structlog.testing.capture_logs() as logged:
        wake(queue, refresher, fails)
    assert refresher.read == ["backstage:1"]
    assert logged[0]["event"] == "look for feeds"
    assert logged[0]["log_level"] == "error"


# How it ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_read_that_has_begun_is_finished_before_the_worker_ends(
    queue: Huey, number: signal.Signals
) -> None:
    """Also when a second SIGTERM follows; afterwards the process's signal handlers are back."""
    stop, begun, signalled = Flag(), Flag(), Flag()

    def reading() -> None:
        begun.set()
        assert signalled.wait(60)

    def send_signals() -> None:
        begun.wait(60)
        os.kill(os.getpid(), number)
        stop.wait(60)
        os.kill(os.getpid(), signal.SIGTERM)
        signalled.set()

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(each) for each in numbers]
    refresher = FakeRefresher("backstage:1", reading=reading)
    sender = Thread(target=send_signals)
    sender.start()
    run(queue, refresher, stop=stop)
    assert refresher.read == ["backstage:1"]
    sender.join()
    assert [signal.getsignal(each) for each in numbers] == before


def test_a_second_ctrl_c_waits_for_nothing(queue: Huey) -> None:
    begun, ended = Flag(), Flag()

    def reading() -> None:
        begun.set()
        assert ended.wait(60)

    def interrupt() -> None:
        begun.wait(60)
        while not ended.wait(0.05):
            os.kill(os.getpid(), signal.SIGINT)

    refresher = FakeRefresher("backstage:1", reading=reading)
    person = Thread(target=interrupt)
    person.start()
    with suppress(KeyboardInterrupt):
        run(queue, refresher)
    read = list(refresher.read)
    ended.set()
    person.join()
    assert read == []


# The queue


def test_the_queue_lies_in_the_data_folder_and_holds_no_program(
    queue: Huey, tmp_path: Path
) -> None:
    """Messages are JSON: unpickling what somebody wrote into a shared queue would run it."""
    register(queue, FakeRefresher())()
    assert (tmp_path / "queue.sqlite3").is_file()
    (message,) = queue.storage.enqueued_items()
    assert json.loads(message)[1].endswith("look_for_feeds")


# huey leaves each thread's connection that listens to Python's collector.
@pytest.mark.filterwarnings("ignore:.*deleted while still open:ResourceWarning")
def test_each_kind_of_queue_carries_the_tasks(database_url: str, tmp_path: Path) -> None:
    """SQLite by default; PostgreSQL by BRIDGE_QUEUE_URL, also in SQLAlchemy's form."""
    url = "" if database_url.startswith("sqlite") else database_url
    check_queue(worker.open_queue(url, tmp_path))


@pytest.mark.redis
def test_redis_carries_the_tasks(tmp_path: Path) -> None:
    url = os.environ.get("BRIDGE_TEST_REDIS_URL", "")
    if not url:
        pytest.skip("BRIDGE_TEST_REDIS_URL is not set: no Redis to test with")
    check_queue(worker.open_queue(url, tmp_path))


def check_queue(queue: Huey) -> None:
    queue.flush()
    refresher = FakeRefresher("backstage:1", "calendar:2")

    def end_after_both() -> None:
        if len(refresher.read) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    refresher.after = end_after_both
    run(queue, refresher)
    assert sorted(refresher.read) == ["backstage:1", "calendar:2"]


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [
        ("postgresql://me:hidden@db/q", "psycopg", "postgres"),
        ("redis://:hidden@db:6379/0", "Redis", "redis"),
    ],
)
def test_a_missing_driver_is_a_mistake_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, driver: str, extra: str
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
    tmp_path: Path, url: str, module: str
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


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_many_workers_may_open_a_new_queue_at_once(database_url: str, tmp_path: Path) -> None:
    """PostgreSQL's CREATE TABLE IF NOT EXISTS fails when two run it at once; no worker may end."""
    failures = []

    def open_it() -> None:
        try:
            worker.open_queue(database_url, tmp_path).storage.close()
        except Exception as error:  # noqa: BLE001 - reported below
            failures.append(error)

    threads = [Thread(target=open_it) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
