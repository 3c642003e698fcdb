"""The first start with many sources of one account: each waits for its turn, and none fails.

A read of a calendar's default window takes 23 requests: 22 spans of 29 days, and the calendar. The
rate allows 80 at once and then one a second, for which a request waits up to 12 seconds: 92 for four
of the sources.
"""

import re

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.publish.pending import activate_feeds
from bridge.sandbox.state import Data
from bridge.store import Store
from bridge.store.health import source_health
from tests.clock import Clock
from tests.refresh.world import World, calendar, on
from tests.zoho_sandbox import Sandbox

SOURCES = [CalendarSource(calendar=f"c{number:02}") for number in range(14)]
FEEDS = [Feed(slug=s.calendar, title=s.calendar, sources=(s,)) for s in SOURCES]


def test_of_fourteen_sources_at_the_first_start_none_fails(store: Store, clock: Clock) -> None:
    calls = {s.calendar: calendar(s, lambda make: [make("Call", on(1))]) for s in SOURCES}
    with Sandbox(clock, Data(calendars=calls)) as sandbox:
        world = World(store, sandbox, clock)
        activate_feeds(store, FEEDS, now=clock())
        clock.frozen = True  # all ask at one moment
        outcomes = [world.refresh(source, only_due=True).outcome for source in SOURCES]
        assert outcomes == ["refreshed"] * 4 + ["waiting"] * 10
        for state in store.sources.states():
            assert (state.failures, state.failing_since, state.error) == (0, None, None)
            health = source_health(state, now=clock()).kind
            assert health == ("fresh" if state.last_success else "waiting")
            if health == "waiting":
                turn = str(state.turn(clock()))
                assert re.match(r"Waiting for its turn, about \d+ s", turn)
        clock.frozen = False
        for state in store.sources.states():
            if state.last_success is None:
                clock.now = max(clock.now, state.next_check_at)
                assert world.refresh(state.source, only_due=True).outcome == "refreshed"
        world.client.close()
