"""Several processes as one: they live together, end together, and an order to stop reaches all of them.

Should the first of them be killed, it can tell nobody. So each child holds one end of a pipe, its standard input, whose
other end closes with the first process, whatever ends it; that is so on every system.
"""

from collections.abc import Callable, Sequence
import contextlib
import os
import signal
import subprocess
import sys
from threading import Thread
import time
from types import FrameType, TracebackType
from typing import Self

import click

_LOOK_SECONDS = 0.1
_TIED = "--tied"
_GRACE = 60.0
_ORDERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def bridge(*arguments: str) -> list[str]:
    """Give the command line of a child that runs ``zoho-bridge`` with this Python, and ends with its parent.

    A folder called bridge is not in its way.
    """
    return [sys.executable, "-P", "-m", "bridge", _TIED, *arguments]


def _end_with_parent(_context: click.Context, _parameter: click.Parameter, tied: bool) -> None:
    """Order this process to end when its standard input does; kill it with all it started if that takes too long."""
    if not tied:
        return

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(sys.stdin.fileno(), 64):
                pass  # nobody writes: the end is all there is to be read
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os.killpg(os.getpid(), signal.SIGKILL)  # a child of a tree leads its group

    Thread(target=watch, name="tied", daemon=True).start()


tied_option = click.option(
    _TIED, is_flag=True, hidden=True, expose_value=False, callback=_end_with_parent
)


class Tree:
    """Children that are stopped when the block ends: asked first, killed with all they started after ``grace`` seconds.

    Within the block an order to end this process is kept for ``wait``. Each child leads a process group of its own, so
    that Ctrl+C reaches this process alone; a second one kills at once.
    """

    def __init__(self, *, grace: float = _GRACE) -> None:
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
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child; ``name`` is what a person calls it."""
        self._children[name] = subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0)  # noqa: S603 - our own commands

    def wait(self, *, answers: Callable[[], bool], ready: Callable[[], None]) -> int:
        """Wait for an order to end or for a child to do so; call ``ready`` once ``answers`` has said yes.

        Gives the exit code: 0 after an order, else that of the child, or 1.
        """
        answered = False
        while not self._orders:
            for name, child in self._children.items():
                code = child.poll()
                if code is not None:
                    how = (
                        f"was killed ({signal.Signals(-code).name})"
                        if code < 0
                        else f"ended with exit code {code}"
                    )
                    click.echo(
                        f"zoho-bridge: The {name} {how}; everything else is stopped too.", err=True
                    )
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
            with contextlib.suppress(
                ProcessLookupError, PermissionError
            ):  # its group is gone, as it should
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()  # closes the pipe, and waits
