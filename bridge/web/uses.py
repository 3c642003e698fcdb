"""When each link was last used, to a minute: polls leave a note in memory, and now and then it is written down."""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event, Lock, Thread

import structlog

from bridge.errors import StoreError

_EVERY_SECONDS = 60.0

log = structlog.get_logger()


class Uses:
    """The notes of one process. They are written beside the requests, which must not wait for a busy database."""

    def __init__(self, write: Callable[[Mapping[str, datetime]], None]) -> None:
        self._write = write
        self._times: dict[str, datetime] = {}
        self._lock = Lock()

    def note(self, token_hash: str, now: datetime) -> None:
        """Note that a link was used."""
        with self._lock:
            self._times[token_hash] = now

    def flush(self) -> None:
        """Write the notes down; what can't be written is lost, for it is only of use while it is new."""
        with self._lock:
            times, self._times = self._times, {}
        if not times:
            return
        try:
            self._write(times)
        except StoreError as error:
            log.warning("last uses of links could not be written", error=str(error))

    def keep_flushing(self) -> None:
        """Write the notes down every minute, for as long as the process lives."""
        never = Event()

        def run() -> None:
            while not never.wait(_EVERY_SECONDS):
                self.flush()

        Thread(target=run, name="uses", daemon=True).start()
