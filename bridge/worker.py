"""The queue and its tick: find the sources that are due, and refresh them side by side.

The store is the truth and the queue only wakes: a source is read when its row says so and its lease is free, however
often it was queued. A worker that dies loses nothing but its lease, which ends by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
import json
from pathlib import Path
import random
import signal
from threading import Event as Flag
from types import FrameType
from typing import Any

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, crontab
from huey.exceptions import ConfigurationError
from huey.registry import Message
from huey.serializer import Serializer
import stamina
import structlog

from bridge.config.urls import masked
from bridge.errors import BridgeError, ConfigError
from bridge.publish.pending import publish_pending
from bridge.refresh.refresher import Refresher
from bridge.verify import Verifier, compare_in_turn, due

_NAME = "zoho-bridge"
_THREADS = 4
_LOOK_SECONDS = 10.0

log = structlog.get_logger()


class _Json(Serializer):  # type: ignore[misc]  # huey has no types
    """Keeps tasks as JSON. In huey's own form, whoever can write to the queue could run any program here."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


def open_queue(url: str, data_dir: Path) -> Huey:
    """Give the queue of BRIDGE_QUEUE_URL, or one in a file of ``data_dir``; it answers, or BridgeError is raised.

    Raises ConfigError when the program that talks to such a queue is not installed.
    """
    name = masked(url) if url else str(data_dir / "queue.sqlite3")
    try:
        for attempt in stamina.retry_context(
            on=_made_at_once, attempts=30, wait_initial=0.05, wait_max=0.5
        ):
            with attempt:
                queue = _queue(url, data_dir)
        queue.pending_count()
    except ConfigurationError as error:
        extra = "postgres" if url.startswith("postgres") else "redis"
        raise ConfigError(
            f'BRIDGE_QUEUE_URL = "{name}" needs a driver that is not installed: '
            f'`pip install "zoho-calendar-bridge[{extra}]"`, or leave it out for a queue in SQLite.'
        ) from error
    except (
        Exception
    ) as error:  # the drivers' errors have no class in common, and two of them may be missing
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = (
            "correct BRIDGE_QUEUE_URL or start its server"
            if url
            else "let BRIDGE_DATA_DIR be one that can"
        )
        raise BridgeError(f"The queue {name} can't be used ({reason}): {remedy}.") from error
    return queue


def _queue(url: str, data_dir: Path) -> Huey:
    if url.startswith("postgresql"):
        dsn = url.replace("postgresql+psycopg://", "postgresql://")
        return PostgresHuey(_NAME, dsn=dsn, results=False, serializer=_Json())
    if url.startswith("redis"):
        return RedisHuey(_NAME, url=url, results=False, serializer=_Json())
    data_dir.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(
        _NAME, filename=str(data_dir / "queue.sqlite3"), results=False, serializer=_Json()
    )


def _made_at_once(error: Exception) -> bool:
    """Whether two processes made the queue's tables at one moment, which PostgreSQL's IF NOT EXISTS does not bear."""
    return getattr(error, "sqlstate", "") in ("23505", "42P07")


def run(
    queue: Huey, refresher: Refresher, *, want: Callable[[], object], clock: Callable[[], datetime]
) -> None:
    """Refresh what is due until the process is told to end; what is being read then is finished first.

    ``want`` brings the feeds in line with the settings; it is called at the start and once in a while. Whatever goes
    wrong is logged, and the worker goes on. A second Ctrl+C ends it without waiting.
    """
    look_for_feeds = register(queue, refresher, want=want, clock=clock)
    look_for_feeds()
    consumer = queue.create_consumer(workers=_THREADS, max_delay=2.0)
    with _told_to_end(consumer.start) as told:
        while not told.wait(_LOOK_SECONDS):
            consumer.check_worker_health()
        consumer.stop(graceful=True)
    queue.storage.close()


def register(
    queue: Huey, refresher: Refresher, *, want: Callable[[], object], clock: Callable[[], datetime]
) -> Callable[[], object]:
    """Teach the queue its tasks; give the one that brings the feeds in line and wakes what is due."""

    def refresh(key: str) -> None:
        with _logged("refresh", source=key):
            report = refresher.refresh(key, only_due=True)
            if report.outcome in ("refreshed", "held", "failed") or report.requests:
                line = log.info if report.outcome == "refreshed" else log.warning
                line("refresh", **report.for_log())

    def tick() -> None:
        with _logged("publish"):
            publish_pending(refresher.store, now=clock())
        if queue.pending_count():  # what is queued comes first; the next tick finds the rest
            return
        with _logged("tick"):
            for key in refresher.store.sources.due(now=clock()):
                queued_refresh(key)

    def look_for_feeds() -> None:
        with _logged("look for feeds"):
            want()
        tick()

    def verify(key: str) -> None:
        with _logged("verify", source=key):
            verifier = Verifier(
                store=refresher.store, api=refresher.api, zoho=refresher.zoho, clock=clock
            )
            for verdict in compare_in_turn(verifier, key, now=clock(), dice=refresher.dice) or ():
                line = log.info if verdict.is_equal else log.warning
                line("verify", source=key, **verdict.for_log())

    def look_for_verifications() -> None:
        with _logged("look for verifications"):
            for key in due(refresher.store, now=clock()):
                queued_verify(key)

    # Not as decorators, which would take the functions' types away: huey has none.
    queued_refresh = queue.task()(refresh)
    queued_verify = queue.task()(verify)
    # At a minute of its own, so that not all bridges of the world ask Zoho more at the same one.
    queue.periodic_task(crontab(minute=str(random.randrange(60))))(look_for_verifications)  # noqa: S311 - no secret
    queue.periodic_task(crontab(minute="*"))(tick)
    queued_look: Callable[[], object] = queue.periodic_task(crontab(minute="17", hour="*/6"))(
        look_for_feeds
    )
    return queued_look


@contextmanager
def _logged(what: str, **fields: Any) -> Iterator[None]:
    """Say in the log what went wrong, a bug with its traceback; the other tasks go on."""
    try:
        yield
    except BridgeError as error:
        log.error(what, **fields, outcome="failed", error=str(error))  # noqa: TRY400 - a sentence needs no traceback
    except Exception as error:
        log.exception(
            what, **fields, outcome="failed", error=f"a bug in the bridge ({type(error).__name__})"
        )


@contextmanager
def _told_to_end(start: Callable[[], None]) -> Iterator[Flag]:
    """Run ``start`` and set a flag at the first SIGTERM or SIGINT; undo the handlers, those of ``start`` included.

    Each SIGTERM counts once: a service manager sends it to the whole group, and the parent sends another. A second
    SIGINT comes from a person who has waited enough.
    """
    told = Flag()

    def tell(number: int, _frame: FrameType | None) -> None:
        if told.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        told.set()

    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        start()
        for number, handler in before.items():
            signal.signal(
                number, handler if handler is signal.SIG_IGN else tell
            )  # nohup ignores SIGHUP
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
