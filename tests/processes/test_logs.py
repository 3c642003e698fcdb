"""Log lines: JSON or for people, without secrets, variables and the steps of libraries."""

from collections.abc import Callable, Iterator
from datetime import datetime
import io
import json
import logging
import sys
from threading import Thread
from types import SimpleNamespace
from typing import Never, TypeAlias

import huey.consumer
import pytest
import structlog

from bridge import logs
from bridge.errors import StoreError
from tests.clock import Clock
from tests.command_line import log_restored


class Stderr(io.StringIO):
    """Standard error, on a terminal or not."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


SetUp: TypeAlias = Callable[..., Stderr]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """Set up the log on a standard error of its own."""

    def set_up(*, terminal: bool = False) -> Stderr:
        stderr = Stderr(terminal=terminal)
        monkeypatch.setattr(sys, "stderr", stderr)
        logs.set_up()
        return stderr

    with log_restored():
        yield set_up


def test_a_line_is_one_json_object_where_stderr_is_no_terminal(log: SetUp) -> None:
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
def test_a_traceback_shows_no_variables(log: SetUp, terminal: bool) -> None:
    def breaks() -> Never:
        private = "a title that no log may show"
        raise ValueError(len(private))

    stderr = log(terminal=terminal)
    try:
        breaks()
    except ValueError:
        structlog.get_logger().exception("refresh")
    text = stderr.getvalue()
    assert "ValueError: 28" in text
    assert "no log may show" not in text
    assert ("\x1b[" in text) is terminal


def test_secret_addresses_and_tokens_are_removed_from_every_line(log: SetUp) -> None:
    """Flask logs the path of a request that meets a bug, and a path may be a secret."""
    token = "1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef"
    stderr = log()
    logging.getLogger("bridge").error("Exception on /f/U9BHNwsrQvylVb7KFlfNTV9l/work.ics [GET]")
    logging.getLogger("bridge").error("Exception on /hooks/U9BHNwsrQvylVb7KFlfNTV9l [POST]")
    structlog.get_logger().error("failed", answer={"access_token": token})
    text = stderr.getvalue()
    assert "/f/…/work.ics" in json.loads(text.splitlines()[0])["event"]
    assert "/hooks/… [POST]" in json.loads(text.splitlines()[1])["event"]
    assert "U9BHNwsrQvylVb7KFlfNTV9l" not in text
    assert token not in text


def test_steps_of_libraries_are_not_logged(log: SetUp) -> None:
    stderr = log()
    logging.getLogger("httpx").info("HTTP Request: GET https://…")
    logging.getLogger("huey").info("Executing a task")
    structlog.get_logger().info("refresh")
    assert [json.loads(line)["event"] for line in stderr.getvalue().splitlines()] == ["refresh"]


def throw(error: Exception) -> Never:
    raise error


def fail(error: Exception) -> None:
    """Log an error as the loops of the worker and of huey do, from loggers of their own."""
    try:
        throw(error)
    except Exception:
        logging.getLogger("huey.consumer.Worker").exception("Error reading from queue")
        logging.getLogger("huey.consumer.Scheduler").exception("Error reading schedule.")
        structlog.get_logger("bridge.worker").exception("tick", outcome="failed")


def test_a_fault_that_goes_on_is_one_line_a_minute(
    log: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loops of huey, each thread of them, and those of the bridge are one line each."""
    clock = Clock()
    monkeypatch.setitem(logs.CONFIG["filters"]["faults"], "clock", clock.monotonic)
    stderr = log()
    for _ in range(3 * 60 * 2):  # three minutes
        threads = [Thread(target=fail, args=[ConnectionError("refused")]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        clock.forward(seconds=0.5)
    lines = [json.loads(line) for line in stderr.getvalue().splitlines()]
    assert len(lines) == 3 * 2
    assert {line["event"] for line in lines} <= {
        "Error reading from queue",
        "Error reading schedule.",
        "tick",
    }


def test_another_fault_is_not_held_back(log: SetUp) -> None:
    stderr = log()
    for error in (ConnectionError("refused"), ConnectionError("reset"), TimeoutError("refused")):
        fail(error)
    assert len(stderr.getvalue().splitlines()) == 3 * 2


def test_lines_without_an_exception_are_all_written(log: SetUp) -> None:
    stderr = log()
    for _ in range(3):
        structlog.get_logger().warning("refresh", source="s", outcome="failed")
        structlog.get_logger().error("refresh", source="s", outcome="failed")
    assert len(stderr.getvalue().splitlines()) == 6


def test_a_full_disk_is_one_line_for_all_sources(log: SetUp) -> None:
    stderr = log()
    for source in ("a", "b", "c"):
        try:
            throw(StoreError("The database can't be used: the disk is full."))
        except StoreError as error:
            structlog.get_logger("bridge").error("refresh", source=source, error=str(error))
    (line,) = map(json.loads, stderr.getvalue().splitlines())
    assert (line["event"], line["source"], line["level"]) == ("refresh", "a", "error")


def test_a_queue_that_fails_in_every_loop_is_one_line(log: SetUp) -> None:
    """huey catches the error in its own loop, and logs it by its own logger."""

    class Broken:
        def dequeue(self) -> Never:
            raise ConnectionError("Error 111 connecting to localhost:6379")

    stderr = log()
    stop = SimpleNamespace(wait=lambda _seconds: None)
    loops = [huey.consumer.Worker(Broken(), stop, 0.1, 2.0, 1.15) for _ in range(4)]
    for _ in range(50):
        for loop in loops:
            loop.loop()
    (line,) = map(json.loads, stderr.getvalue().splitlines())
    assert (line["event"], line["level"]) == ("Error reading from queue", "error")
