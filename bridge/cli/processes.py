"""Process tree: several processes that start together, end together, and share a signal to end.

A first process that is killed can send no signal. So each child holds one end of a pipe, its
standard input; the other end closes with the first process, on every system.
"""

from collections.abc import Callable, Sequence
import contextlib
import os
import signal
import subprocess
import sys
from threading import Thread
import time
from typing import Self

import click

from bridge.signals import handled

_LOOK_SECONDS = 0.1
_TIED = "--tied"
_GRACE = 14.0  # a child ends itself before that


def bridge(*arguments: str) -> list[str]:
    """Return the command line of a child that runs ``zoho-bridge``, and ends with its parent.

    It runs this Python, also where the current folder contains another ``bridge``.
    """
    return [sys.executable, "-P", "-m", "bridge", _TIED, *arguments]


def _end_with_parent(_context: click.Context, _parameter: click.Parameter, tied: bool) -> None:
    """End this process when its standard input closes; kill its group after a grace period."""
    if not tied:
        return

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(sys.stdin.fileno(), 64):
                pass  # the pipe carries no data: the end is all that can be read
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os.killpg(os.getpid(), signal.SIGKILL)  # a child of a tree leads its group

    Thread(target=watch, name="tied", daemon=True).start()


tied_option = click.option(
    _TIED, is_flag=True, hidden=True, expose_value=False, callback=_end_with_parent
)


class Tree:
    """Children that end with the block: terminated, and after ``grace`` seconds killed as groups.

    Within the block ``wait`` receives the signals to end. Each child leads a process group of its
    own, so that Ctrl+C reaches this process alone; a second one kills at once.
    """

    def __init__(self, *, grace: float = _GRACE) -> None:
        self._grace = grace
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._received: list[int] = []
        self._handled = handled(self._received.append)

    def __enter__(self) -> Self:
        self._handled.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._handled.__exit__(None, None, None)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child; messages to people call it ``name``."""
        child = subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0)  # noqa: S603
        self._children[name] = child

    def wait(self, *, answers: Callable[[], bool], ready: Callable[[], None]) -> int:
        """Wait for a signal to end or for the end of a child; call ``ready`` once ``answers()``.

        Return the exit code: 0 after a signal, else that of the child, or 1.
        """
        is_ready = False
        while not self._received:
            for name, child in self._children.items():
                code = child.poll()
                if code is not None:
                    end = f"ended with exit code {code}"
                    if code < 0:
                        end = f"was killed ({signal.Signals(-code).name})"
                    message = f"zoho-bridge: The {name} {end}; everything else is stopped too."
                    click.echo(message, err=True)
                    return max(code, 0) or 1
            if not is_ready and answers():
                is_ready = True
                ready()
            time.sleep(_LOOK_SECONDS)
        return 0

    def _stop(self) -> None:
        children = self._children.values()
        for child in children:
            child.terminate()
        give_up = time.monotonic() + self._grace
        while any(child.poll() is None for child in children):
            # Only a person repeats SIGINT; a service manager may send SIGTERM more than once.
            if time.monotonic() > give_up or self._received.count(signal.SIGINT) > 1:
                break
            time.sleep(_LOOK_SECONDS)
        for child in children:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # the group is gone
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()  # closes the pipe, and waits
