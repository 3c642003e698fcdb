"""Several processes as one: they live together, end together, and an order to stop reaches all of them."""

from collections.abc import Callable, Sequence
import contextlib
import os
import signal
import subprocess
import sys
import time
from types import FrameType, TracebackType
from typing import Self

import click

_LOOK_SECONDS = 0.1
_ORDERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def bridge(*arguments: str) -> list[str]:
    """Give the command line that runs ``zoho-bridge`` with this Python; a folder called bridge is not in its way."""
    return [sys.executable, "-P", "-m", "bridge", *arguments]


class Tree:
    """Children that are stopped when the block ends: asked first, killed with all they started after ``grace`` seconds.

    Within the block an order to end this process is kept for ``wait``. Each child leads a process group of its own, so
    that Ctrl+C reaches this process alone; a second one kills at once.
    """

    def __init__(self, *, grace: float = 60.0) -> None:
        self._grace = grace
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._orders: list[int] = []
        self._before = {number: signal.getsignal(number) for number in _ORDERS}

    def __enter__(self) -> Self:
        for number, handler in self._before.items():
            if handler is not signal.SIG_IGN:  # as nohup wants it
                signal.signal(number, self._order)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child; ``name`` is what a person calls it."""
        self._children[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603 - our own commands

    def wait(self, *, answers: Callable[[], bool], ready: Callable[[], None]) -> int:
        """Wait for an order to end or for a child to do so; call ``ready`` once ``answers`` has said yes.

        Gives the exit code: 0 after an order, else that of the child, or 1.
        """
        answered = False
        while not self._orders:
            for name, child in self._children.items():
                code = child.poll()
                if code is not None:
                    how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with exit code {code}"
                    click.echo(f"zoho-bridge: The {name} {how}; everything else is stopped too.", err=True)
                    return code if code > 0 else 1
            if not answered and answers():
                answered = True
                ready()
            time.sleep(_LOOK_SECONDS)
        return 0

    def _order(self, number: int, _frame: FrameType | None) -> None:
        self._orders.append(number)

    def _stop(self) -> None:
        for child in self._children.values():
            child.terminate()
        give_up = time.monotonic() + self._grace
        while any(child.poll() is None for child in self._children.values()):
            # Only a person says it twice; a service manager may well send SIGTERM more than once.
            if time.monotonic() > give_up or self._orders.count(signal.SIGINT) > 1:
                break
            time.sleep(_LOOK_SECONDS)
        for child in self._children.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):  # its group is gone, as it should
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
