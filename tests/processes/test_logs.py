"""Log lines: JSON or for people, without secrets, variables and the steps of libraries."""

from collections.abc import Callable, Iterator
from datetime import datetime
import io
import json
import logging
import sys
from typing import Never, TypeAlias

import pytest
import structlog

from bridge import logs
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
    structlog.get_logger().error("failed", answer={"access_token": token})
    text = stderr.getvalue()
    assert "/f/…/work.ics" in json.loads(text.splitlines()[0])["event"]
    assert "U9BHNwsrQvylVb7KFlfNTV9l" not in text
    assert token not in text


def test_steps_of_libraries_are_not_logged(log: SetUp) -> None:
    stderr = log()
    logging.getLogger("httpx").info("HTTP Request: GET https://…")
    logging.getLogger("huey").info("Executing a task")
    structlog.get_logger().info("refresh")
    assert [json.loads(line)["event"] for line in stderr.getvalue().splitlines()] == ["refresh"]
