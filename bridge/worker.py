"""Worker: a queue with a tick that finds the sources that are due, and refreshes them in parallel.

The store is the truth, and the queue only wakes: a source is refreshed when its row says so and its
lease is free, however often it is queued. A worker that is killed loses only its lease, which
expires.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
import json
from pathlib import Path
import random
import signal
from threading import Event as Flag, Lock, Thread
from typing import Any, TypeAlias

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer
from huey.exceptions import ConfigurationError
from huey.registry import Message
from huey.serializer import Serializer
import stamina
import structlog

from bridge.config.urls import mask_url
from bridge.errors import BridgeError, ConfigError, StoppedError
from bridge.publish.pending import publish_pending
from bridge.refresh.probe import Prober
from bridge.refresh.refresher import Refresher
from bridge.signals import ending_in_time, handled
from bridge.store.permissions import make_private
from bridge.verify.schedule import select_due, verify_calendar
from bridge.verify.verifier import Verifier

_NAME = "zoho-bridge"
_THREADS = 4
_THREADS_OF_PRODUCT = (
    _THREADS + 1
) // 2  # half: the others read on while one product answers slowly
_LOOK_SECONDS = 2.0  # between looks for sources that webhooks and probes made due
_PAUSE_AFTER_ERROR = 60.0

_Read: TypeAlias = tuple[str, Callable[[str], None]]

log = structlog.get_logger()


class _JsonSerializer(Serializer):  # type: ignore[misc]  # huey has no types
    """Tasks as JSON. huey's own form, pickle, runs code of any writer to the queue."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


class _Consumer(Consumer):  # type: ignore[misc]  # huey has no types
    """huey's consumer, without its handlers of signals."""

    def _set_signal_handlers(self) -> None:
        pass


def open_queue(url: str, data_dir: Path) -> Huey:
    """Return the queue of BRIDGE_QUEUE_URL, by default one in a file of ``data_dir``.

    Raise ConfigError when its driver is not installed, BridgeError when it does not answer.
    """
    path = data_dir / "queue.sqlite3"
    name = mask_url(url) if url else str(path)
    try:
        queue = _connect(url, path)
        queue.pending_count()
        make_private(data_dir)
    except ConfigurationError as error:
        extra = "postgres" if url.startswith("postgres") else "redis"
        raise ConfigError(
            f'BRIDGE_QUEUE_URL = "{name}" needs a driver that is not installed: run '
            f'`pip install "zoho-calendar-bridge[{extra}]"`, or unset it for a queue in SQLite.'
        ) from error
    except Exception as error:  # the drivers' errors have no common class, and may be missing
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = "set BRIDGE_DATA_DIR to a folder that can be written to"
        if url:
            remedy = "correct BRIDGE_QUEUE_URL or start its server"
        raise BridgeError(f"The queue {name} can't be used ({reason}): {remedy}.") from error
    return queue


def _is_table_race(error: Exception) -> bool:
    """Return whether two processes created the queue's tables at once, which PostgreSQL refuses."""
    return getattr(error, "sqlstate", "") in ("23505", "42P07")


@stamina.retry(on=_is_table_race, attempts=30, wait_initial=0.05, wait_max=0.5)
def _connect(url: str, path: Path) -> Huey:
    options = {"results": False, "serializer": _JsonSerializer()}
    if url.startswith("postgresql"):
        dsn = url.replace("postgresql+psycopg://", "postgresql://")
        return PostgresHuey(_NAME, dsn=dsn, **options)
    if url.startswith("redis"):
        return RedisHuey(_NAME, url=url, **options)
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    return SqliteHuey(_NAME, filename=str(path), **options)


def run(
    queue: Huey,
    refresher: Refresher,
    *,
    sync_feeds: Callable[[], object],
    clock: Callable[[], datetime],
    prober: Prober | None = None,
    stop: Flag | None = None,
) -> None:
    """Refresh what is due until a signal ends the process; ``stop`` is then set.

    The client gives up its requests then, and a read that has all its answers is finished.
    ``sync_feeds`` updates the feeds from the settings, at the start and every few hours. Errors are
    logged, and the worker goes on. A second Ctrl+C ends it without waiting.
    """
    stop = stop or Flag()
    look_for_feeds, queue_due = register(
        queue, refresher, sync_feeds=sync_feeds, clock=clock, stop=stop
    )
    look_for_feeds()
    consumer = _Consumer(queue, workers=_THREADS, max_delay=2.0)
    probes = Thread(target=_probe, args=(prober, stop), name="probes", daemon=True)

    def handle(number: int) -> None:
        # SIGTERM may come twice: a service manager sends it to the whole group, and the parent
        # sends another. A second SIGINT comes from a person.
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        end()

    with ending_in_time(stop) as end, handled(handle):
        consumer.start()
        probes.start()
        while not stop.wait(_LOOK_SECONDS):
            consumer.check_worker_health()
            queue_due()
        consumer.stop(graceful=True)
        probes.join()
    queue.storage.close()


def register(
    queue: Huey,
    refresher: Refresher,
    *,
    sync_feeds: Callable[[], object],
    clock: Callable[[], datetime],
    stop: Flag | None = None,
) -> tuple[Callable[[], object], Callable[[], None]]:
    """Register the tasks; return that which updates the feeds, and a function that queues reads."""
    places = _Places(stop or Flag())

    def refresh(key: str) -> None:
        places.read(key, refresh_now)

    def refresh_now(key: str) -> None:
        with _logged("refresh", source=key):
            report = refresher.refresh(key, only_due=True)
            if report.outcome in ("refreshed", "held", "failed") or report.requests:
                is_usual = report.outcome in ("refreshed", "waiting")
                write = log.info if is_usual else log.warning
                write("refresh", **report.for_log())

    def tick() -> None:
        with _logged("publish"):
            publish_pending(refresher.store, now=clock())
        queue_due()

    def queue_due() -> None:
        with _logged("tick"):
            if queue.pending_count():  # queued tasks come first; the next look finds the rest
                return
            for key in refresher.store.sources.due(now=clock()):
                queued_refresh(key)

    def look_for_feeds() -> None:
        with _logged("look for feeds"):
            sync_feeds()
        tick()

    def verify(key: str) -> None:
        places.read(key, verify_now)

    def verify_now(key: str) -> None:
        with _logged("verify", source=key):
            verifier = Verifier(refresher.store, refresher.api, refresher.zoho, clock)
            for result in verify_calendar(verifier, key, now=clock(), dice=refresher.dice):
                write = log.warning if result.differences else log.info
                write("verify", source=key, **result.for_log())

    def look_for_verifications() -> None:
        with _logged("look for verifications"):
            for key in select_due(refresher.store, now=clock()):
                queued_verify(key)

    # Not as decorators: huey has no types, so they would remove the functions' types.
    queued_refresh, queued_verify = queue.task()(refresh), queue.task()(verify)
    # A random minute spreads the bridges of the world over Zoho's hour.
    minute = str(random.randrange(60))  # noqa: S311 - no secret
    queue.periodic_task(crontab(minute=minute))(look_for_verifications)
    queue.periodic_task(crontab(minute="*"))(tick)
    every_six_hours = queue.periodic_task(crontab(minute="17", hour="*/6"))
    queued_look: Callable[[], object] = every_six_hours(look_for_feeds)
    return queued_look, queue_due


def _probe(prober: Prober | None, stop: Flag) -> None:
    """Probe the calendars in turn with the other workers, until the worker stops."""
    pause = 0.0
    while prober and not stop.wait(pause):
        pause = _PAUSE_AFTER_ERROR
        with _logged("probe"):
            pause = prober.probe().total_seconds()


class _Places:
    """The threads that read from each product, and the sources that wait for such a thread.

    A source that waits is read as soon as another source of its product was. If the process ends
    before that, the source is still due.
    """

    def __init__(self, stop: Flag) -> None:
        self._stop = stop
        self._lock = Lock()
        self._busy: Counter[str] = Counter()
        self._waiting: defaultdict[str, dict[_Read, None]] = defaultdict(dict)  # an ordered set

    def read(self, key: str, read: Callable[[str], None]) -> None:
        """Read a source and then those that wait, or leave it to a thread of the same product."""
        product = key.partition(":")[0]
        with self._lock:
            self._waiting[product][key, read] = None
            if self._busy[product] >= _THREADS_OF_PRODUCT:
                return
            self._busy[product] += 1
        while (task := self._next(product)) is not None:
            key, read = task
            read(key)

    def _next(self, product: str) -> _Read | None:
        """Take the source that waits longest, or free the place."""
        with self._lock:
            waiting = self._waiting[product]
            if waiting and not self._stop.is_set():
                task = next(iter(waiting))
                del waiting[task]
                return task
            self._busy[product] -= 1
            return None


@contextmanager
def _logged(event: str, **fields: Any) -> Iterator[None]:
    """Log an error of the block, a bug with its traceback, and go on."""
    try:
        yield
    except StoppedError:
        pass  # the source is still due
    except BridgeError as error:
        log.error(event, **fields, outcome="failed", error=str(error))  # noqa: TRY400
    except Exception as error:
        bug = f"a bug in the bridge ({type(error).__name__})"
        log.exception(event, **fields, outcome="failed", error=bug)
