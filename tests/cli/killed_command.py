"""A command that kills itself: ``python -m tests.cli.killed_command STEP ARGUMENTS…``.

Its steps are SQL statements, commits, and what changes files: before one is opened to be written,
while it is empty, before it is renamed, removed or made. With STEP 0 it ends, and prints their number.
"""

from inspect import currentframe
import os
import signal
import sys
from types import FrameType
from typing import Any

from sqlalchemy import Engine, event

from bridge.cli import main

_FILE_EVENTS = ("os.rename", "os.remove", "os.mkdir", "os.link")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class _Steps:
    """A counter that kills this process at its last step."""

    def __init__(self, last: int) -> None:
        self._last = last
        self.number = 0

    def take(self, *_: object) -> None:
        self.number += 1
        if self.number == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        opens = name == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
        if name in _FILE_EVENTS or opens:
            self.take()
        if opens:
            self._trace_next_line()

    def _trace_next_line(self) -> None:
        """Take a step at the next line of Python, where an opened file is still empty."""
        frame = currentframe()
        while frame is not None:
            frame.f_trace = self._line
            frame = frame.f_back
        sys.settrace(self._line)

    def _line(self, frame: FrameType, kind: str, _argument: object) -> None:
        if kind == "line" and frame.f_code.co_filename != __file__:
            sys.settrace(None)
            self.take()


if __name__ == "__main__":
    steps = _Steps(int(sys.argv.pop(1)))
    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, steps.take)
    sys.addaudithook(steps.audit)
    main(standalone_mode=False)
    sys.stderr.write(f"{steps.number}\n")
