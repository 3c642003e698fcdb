"""Command line ``zoho-bridge`` for tests, in a folder of its own, on a sandbox in place of Zoho.

Commands run in this process, or in one of their own where signals or a terminal matter.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import json
import logging
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from click.testing import CliRunner, Result
import pytest
import stamina
import structlog

from bridge.cli import main
from tests.zoho_sandbox import Sandbox

PORTAL = "20148871"
NETWORK, GROUP = "931000000021003", "931000000330017"
CALENDAR = "5be0d3f17a2c4c6f9a41c0b7e8d25f60"
SOURCES = (f"backstage:{PORTAL}", f"connect:{NETWORK}/{GROUP}", f"calendar:{CALENDAR}")

# One feed of each product, over few days, so that few requests are needed.
TOML = f"""\
[zoho]
connect_timezone = "Europe/Berlin"

[[feed]]
slug = "portal"
title = "Northwind events"
public = true
sources = [{{ backstage = "{PORTAL}" }}]

[[feed]]
slug = "group"
title = "Leadership"
sources = [{{ connect = "{GROUP}", network = "{NETWORK}" }}]

[[feed]]
slug = "calendar"
title = "US launch"
past = "7d"
future = "30d"
sources = [{{ calendar = "{CALENDAR}" }}]
"""


class CommandLine:
    """A folder with ``bridge.toml`` and data, the environment that names them, and a sandbox."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._processes: list[subprocess.Popen[str]] = []
        self.data_dir = folder / "data"
        self.toml = folder / "bridge.toml"
        self.toml.write_text(TOML, encoding="utf-8")
        self.environ = {
            "BRIDGE_DATA_DIR": str(self.data_dir),
            "BRIDGE_CONFIG": str(self.toml),
            **sandbox.environment(),
        }

    def __call__(self, *arguments: str, **environ: str) -> Result:
        """Run a command in this process; fail the test for a traceback."""
        result = CliRunner().invoke(
            main, arguments, env=self.environ | environ, prog_name="zoho-bridge"
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.stderr
        return result

    def feeds(self) -> dict[str, dict[str, Any]]:
        """Return the rows of ``feeds --json`` by slug."""
        return {row["slug"]: row for row in json.loads(self("feeds", "--json").stdout)}

    def export(self, slug: str) -> bytes:
        """Return a feed's bytes."""
        return self("export", slug).stdout_bytes

    def process(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start a command as a process, which ``left`` lists while it runs."""
        names = ("BRIDGE_", "ZOHO_", "DATABASE_URL", "PORT", "WEB_CONCURRENCY")
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(names)
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "bridge", *arguments],
            env={**inherited, **self.environ, "BRIDGE_TEST_MARK": str(self.toml), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def left(self) -> dict[int, str]:
        """Return id and command of running processes that ``process`` started, also indirectly."""
        mark = f"BRIDGE_TEST_MARK={self.toml}".encode()
        commands = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    commands[int(folder.name)] = command
            except OSError:  # it ended meanwhile, or is another user's
                continue
        return {pid: command for pid, command in commands.items() if command}  # a zombie has none

    def close(self) -> None:
        """Kill the processes that a failed test left."""
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)
        for process in self._processes:
            process.communicate()


@contextmanager
def command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """Yield a command line on a sandbox; restore the log, which a command sets up."""
    for name in [
        name for name in os.environ if name.startswith(("BRIDGE_", "ZOHO_", "DATABASE_URL"))
    ]:
        monkeypatch.delenv(name)
    with log_restored(), Sandbox() as sandbox, stamina.set_testing(True):
        line = CommandLine(folder, sandbox)
        try:
            yield line
        finally:
            line.close()


@contextmanager
def log_restored() -> Iterator[None]:
    """Restore the configuration of the log."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    loggers = {
        name: logging.getLogger(name).level
        for name in ("httpx", "httpcore", "huey", "stamina", "_granian")
    }
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in loggers.items():
            logging.getLogger(name).setLevel(before)
        structlog.reset_defaults()


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Ignore signals that arrive before or after a test handles them."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: None) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
