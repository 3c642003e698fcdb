"""Signals to end a process, and its end in time whatever it waits for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
import signal
from threading import Event as Flag, Thread

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GRACE = 12.0


@contextmanager
def ending_in_time(stop: Flag) -> Iterator[Callable[[], None]]:
    """Yield the function that sets ``stop``; the process ends hard if the block does not then end.

    A handler of signals may call it: a thread sets ``stop``, because the interrupted code may hold
    the flag's lock. What a hard end interrupts writes all or nothing, and leases expire.
    """
    over = Flag()

    def end() -> None:
        stop.set()
        if not over.wait(_GRACE):
            os._exit(1)

    try:
        yield lambda: Thread(target=end, name="end", daemon=True).start()
    finally:
        over.set()


@contextmanager
def handled(handle: Callable[[int], object]) -> Iterator[None]:
    """Call ``handle`` with each signal to end that comes within the block."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # nohup ignores SIGHUP
                signal.signal(number, lambda number, _frame: handle(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[Flag]:
    """Interrupt the block at a signal to end; yield a flag that is then set, for its threads.

    A second Ctrl+C ends the process at once.
    """
    stop = Flag()

    def handle(number: int) -> None:
        if stop.is_set():
            if number == signal.SIGINT:
                os._exit(128 + number)
            return
        end()
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    with ending_in_time(stop) as end, handled(handle):
        yield stop
