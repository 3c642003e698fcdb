"""Workers that are killed: forks of one process, because a start of Python takes longer than a read."""

from collections.abc import Callable, Mapping
from contextlib import closing
import json
import os
from pathlib import Path
import signal
import sqlite3
import subprocess
import sys
from threading import Event
from typing import Any, Self

from tests.waiting import pipe

WORKER = Path(__file__).parents[1] / "data" / "crash" / "worker.py"
ROOT = Path(__file__).parents[2]


class Zygote:
    """The process that forks workers."""

    def __init__(self) -> None:
        environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self._orders, self._answers = pipe(self._process.stdin), pipe(self._process.stdout)

    def kill_worker(
        self,
        order: Mapping[str, Any],
        seconds: float,
        progress: Callable[[], object] = lambda: None,
    ) -> None:
        """Start a worker and kill it ``seconds`` after its ``progress`` returns.

        The worker must report nothing but its start.
        """
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()
        lines = {self._answers.readline().strip() for _ in range(2)}
        (pid,) = [int(line.removeprefix("pid ")) for line in lines if line.startswith("pid ")]
        assert lines == {f"pid {pid}", "began"}
        progress()
        Event().wait(seconds)
        os.kill(pid, signal.SIGKILL)
        answer = self._answers.readline().strip()
        assert answer == "dead", answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._orders.close()
        self._process.wait(60)
        self._answers.close()


def end_leases(path: Path) -> None:
    """End all leases, and make all sources due."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE sources SET next_check_at = 0, lease_until = NULL, lease_holder = NULL"
        )
        connection.execute("UPDATE access_tokens SET lease_until = NULL, lease_holder = NULL")
