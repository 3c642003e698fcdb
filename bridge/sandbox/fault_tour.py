"""Faults of ``demo --faults``: one product fails after the other, with time in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from threading import Event as Flag, Thread

from flask import Response

from bridge.sandbox.responses import calendar_error, connect_error, html
from bridge.sandbox.server import Sandbox


def _throttle() -> Response:
    response = connect_error("error", "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED", 429)
    response.headers["Retry-After"] = "120"
    return response


# The product, its answer to every request, and what a person reads of it.
TURNS: tuple[tuple[str, Callable[[], Response], str], ...] = (
    ("calendar", lambda: calendar_error(500, "INTERNAL_SERVER_ERROR"), "Zoho Calendar answers 500"),
    ("backstage", lambda: html(502), "Zoho Backstage answers with a page for people"),
    ("connect", _throttle, "Zoho Connect asks to slow down"),
)


@contextmanager
def fault_tour(box: Sandbox, report: Callable[[str], object], seconds: float) -> Iterator[None]:
    """Break one product after the other for ``seconds``, with as long between them, in a block.

    ``report`` gets a sentence whenever a fault begins or ends. It is called from another thread.
    """
    over = Flag()

    def run() -> None:
        for product, answer, words in cycle(TURNS):
            if over.wait(seconds):
                return
            box.fault = partial(_answer, product, answer)
            report(f"{words}, for {seconds:g} seconds.")
            over.wait(seconds)
            box.fault = None
            if over.is_set():
                return
            report("Zoho works again.")

    thread = Thread(target=run, name="fault-tour", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _answer(product: str, answer: Callable[[], Response], route: str) -> Response | None:
    return answer() if route.startswith(f"{product}.") else None
