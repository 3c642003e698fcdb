"""Log lines on standard error: for people on a terminal, one JSON object a line elsewhere.

Secret addresses of feeds and Zoho's tokens are removed from every line, whatever writes it: a
traceback may hold anything. A line never shows a program's variables. A fault that goes on is one
line a minute.
"""

from collections.abc import Callable
import logging.config
import re
import sys
from threading import Lock
import time
from typing import Any

from cachetools import TTLCache
import structlog
from structlog import processors, stdlib
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRETS = re.compile(r"(?:(?<=/f/)|(?<=/hooks/))[\w-]{20,}|\b1000\.[0-9a-f]{20,}\.[0-9a-f]{20,}")
_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    stdlib.add_log_level,
    processors.TimeStamper(fmt="iso", utc=True),
]

# httpx logs addresses, huey each step, and stamina each attempt, which the refresh counts.
_LEVELS = dict.fromkeys(("httpx", "httpcore", "huey", "_granian"), "WARNING") | {"stamina": "ERROR"}

_FAULT_SECONDS = 60
_MOST_FAULTS = 1000


class RepeatedFaults:
    """A filter of lines: the same exception in the same package is logged once a minute.

    A queue that does not answer fails in every loop of each thread. A disk that is full does, too.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._logged = TTLCache[tuple[str, str, str], bool](_MOST_FAULTS, _FAULT_SECONDS, clock)
        self._lock = Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write a line; it is about the exception that is handled, if any."""
        error = sys.exc_info()[1]
        if error is None or record.levelno < logging.WARNING:
            return True
        key = (record.name.partition(".")[0], type(error).__name__, str(error))
        with self._lock:
            repeated = self._logged.get(key, False)
            if not repeated:
                self._logged[key] = True
        return not repeated


CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "bridge.logs.formatter"}},
    "filters": {"faults": {"()": "bridge.logs.RepeatedFaults"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["faults"]}
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {name: {"level": level} for name, level in _LEVELS.items()},
}
"""Configuration for ``logging.config.dictConfig``, which the web server applies, too."""


def set_up() -> None:
    """Send structlog and the standard library's loggers to standard error in one form."""
    logging.config.dictConfig(CONFIG)


def formatter() -> logging.Formatter:
    """Return the formatter of lines, and make structlog use it.

    Lines are coloured on a terminal, elsewhere JSON.
    """
    structlog.configure(
        processors=[*_SHARED, stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=stdlib.LoggerFactory(),
    )
    render: list[Processor] = [processors.format_exc_info, processors.JSONRenderer()]
    if sys.stderr.isatty():
        plain = structlog.dev.plain_traceback
        render = [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    remove_meta = stdlib.ProcessorFormatter.remove_processors_meta
    return stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED, processors=[remove_meta, *render, _remove_secrets]
    )


def _remove_secrets(_logger: WrappedLogger, _method: str, line: str | EventDict) -> str:
    return _SECRETS.sub("…", str(line))
