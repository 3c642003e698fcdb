"""Trouble to watch: one fault after the other, with time in between, for whoever wants to see how the bridge bears it.

It only orders faults; what they are stands in ``faults``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from threading import Event as Flag, Thread

from bridge.sandbox.faults import Faults

# A route, a fault on it, and what that looks like from outside.
TURNS = (
    ("calendar.*", "status", "Zoho Calendar answers 500"),
    ("backstage.*", "html", "Zoho Backstage answers with a page for people"),
    ("connect.*", "throttle", "Zoho Connect asks to slow down"),
    ("calendar.events", "truncated", "Zoho Calendar's lists of events break off"),
    ("backstage.events", "empty-list", "Zoho Backstage has no events at all"),
    ("connect.events", "wrong-types", "Zoho Connect's events are not what is documented"),
    ("calendar.events", "reset", "Zoho Calendar hangs up in the middle of its answers"),
    ("backstage.events", "duplicate-page", "Zoho Backstage gives one page twice"),
    ("calendar.event", "drip", "Zoho Calendar's details come drop by drop"),
    ("connect.*", "delay", "Zoho Connect takes its time"),
    ("*", "expired-token", "Zoho knows no access token any more"),
    ("calendar.*", "clock-skew", "Zoho Calendar's clock is two hours fast"),
)


@contextmanager
def trouble(
    faults: Faults, say: Callable[[str], object], *, lasts: float = 300, rests: float = 300
) -> Iterator[None]:
    """Let one thing after the other go wrong, for ``lasts`` seconds each and ``rests`` seconds apart, until left.

    ``say`` is told a sentence whenever something begins or ends; it is called from a thread of its own.
    """
    over = Flag()

    def run() -> None:
        for route, kind, words in cycle(TURNS):
            if over.wait(rests):
                return
            faults.add(route, kind)
            say(f"{words}, for {lasts:g} seconds.")
            ended = over.wait(lasts)
            faults.clear()
            if ended:
                return
            say("Zoho works again.")

    thread = Thread(target=run, name="sandbox-trouble", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
