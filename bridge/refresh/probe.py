"""Probe of the calendars: one request a minute and account tells which of them have changed.

Calendars that changed are made due. A probe gives way to reads, and its failure costs nothing:
without it the calendars are read in their regular intervals.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bridge.errors import NotYetError, ZohoError
from bridge.sources.calendar.fetch import EVERY_CALENDAR, list_calendars
from bridge.sources.calendar.wire import ctag_of
from bridge.sources.protocols import Api, Params
from bridge.store import Store
from bridge.zoho.rate_limit import Rate

_NOW = timedelta(0)

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Prober:
    """The probes of one process. All processes of an ``account`` share one ``interval``."""

    store: Store
    api: Api
    account: str
    interval: timedelta
    clock: Callable[[], datetime]
    _forms: list[Params] = field(default_factory=lambda: [*EVERY_CALENDAR])
    _is_failing: bool = False

    def probe(self) -> timedelta:
        """Probe if it is this process's turn; return the time until the next turn."""
        began, rate = self.clock(), Rate(burst=1, every=self.interval)
        limits = self.store.rate_limits
        if wait := limits.take(self.account, "probe", rate, now=began, patience=_NOW):
            return wait
        if any(state.source.kind == "calendar" for state in self.store.sources.states()):
            try:
                calendars = list_calendars(self.api, self._forms)
            except NotYetError:
                pass  # the reads need the requests
            except ZohoError as error:
                if not self._is_failing:
                    log.warning("probe", outcome="failed", error=str(error))
                self._is_failing = True
            else:
                self._is_failing = False
                ctags = {f"calendar:{uid}": ctag_of(data) for uid, data in calendars.items()}
                seen = {key: ctag for key, ctag in ctags.items() if ctag}
                moved = self.store.ctags.observe(seen, began=began, now=self.clock())
                if moved:
                    log.info("probe", changed=moved)
        return self.interval
