"""Waiting for other processes in tests: until a condition holds, never for a time."""

from collections.abc import Callable
import time
from typing import IO, TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], what: str = "it", *, seconds: float = 60) -> T:
    """Return the first true value of ``condition``; fail the test when it takes absurdly long."""
    give_up = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < give_up, f"{what} did not happen within {seconds:g} seconds"
        time.sleep(0.02)
    return value


def pipe(stream: IO[str] | None) -> IO[str]:
    """Return a pipe of a process that was started with pipes."""
    assert stream is not None
    return stream
