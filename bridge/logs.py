"""The log: one line for each thing that happened, for people on a terminal and JSON elsewhere, on standard error.

Secret addresses of feeds and Zoho's tokens are cut out of every line, whoever wrote it: a traceback may hold anything.
A line never shows a program's variables.
"""

import logging.config
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRETS = re.compile(r"(?<=/f/)[\w-]{20,}|\b1000\.[0-9a-f]{20,}\.[0-9a-f]{20,}")
_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# httpx would log addresses; huey what it does at each step; stamina each try, of which the refresh tells the number.
_QUIET = {
    "httpx": "WARNING",
    "httpcore": "WARNING",
    "huey": "WARNING",
    "_granian": "WARNING",
    "stamina": "ERROR",
}

CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "bridge.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {name: {"level": level} for name, level in _QUIET.items()},
}
"""The same for ``logging.config.dictConfig``: the web server sets up the log of its processes by itself."""


def set_up() -> None:
    """Send structlog and the standard library's loggers to standard error in one form."""
    logging.config.dictConfig(CONFIG)


def formatter() -> logging.Formatter:
    """Make what turns a record into a line, and point structlog at it: coloured on a terminal, else one JSON object."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    form: list[Processor]
    if sys.stderr.isatty():
        form = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    else:
        form = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *form,
            _without_secrets,
        ],
    )


def _without_secrets(_logger: WrappedLogger, _method: str, line: str | EventDict) -> str:
    return _SECRETS.sub("…", str(line))
