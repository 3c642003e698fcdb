"""Fixtures of the refresh: a clock, and a sandbox beside a bridge, without waiting for retries."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import stamina

from bridge.publish.pending import activate_feeds
from bridge.store import Store
from tests.clock import Clock
from tests.refresh.world import FEED, World, two_calendars
from tests.zoho_sandbox import Sandbox


@pytest.fixture(autouse=True)
def no_retries() -> Iterator[None]:
    """Ask Zoho once, so that no test waits."""
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.fixture
def clock(now: datetime) -> Clock:
    """A clock shared by the bridge and the sandbox."""
    return Clock(now)


@pytest.fixture
def world(store: Store, clock: Clock) -> Iterator[World]:
    """Two calendars; the first has a feed."""
    with Sandbox(clock, two_calendars()) as sandbox:
        world = World(store, sandbox, clock)
        activate_feeds(store, [FEED], now=clock())
        yield world
        world.client.close()
