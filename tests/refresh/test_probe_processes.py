"""Probes of two worker processes of one account: together one a minute, and no change is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from bridge.publish.pending import activate_feeds
from bridge.refresh.probe import Prober
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.client import ZohoClient
from tests.clock import Clock
from tests.refresh.world import FEED, MINUTE, WORK, World, settings_of, two_calendars
from tests.zoho_sandbox import Sandbox


@pytest.fixture
def worlds(database_url: str, keys: SecretKeys, clock: Clock) -> Iterator[list[World]]:
    """Two processes that share an account and a database, of each kind."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(clock, two_calendars()))
        stores = [stack.enter_context(closing(Store.open(database_url, keys))) for _ in range(2)]
        worlds = [World(store, sandbox, clock) for store in stores]
        for world in worlds:
            stack.enter_context(closing(world.client))
        activate_feeds(stores[0], [FEED], now=clock())
        yield worlds


def prober(world: World, stack: ExitStack) -> Prober:
    limits: dict[str, Any] = {"patience": timedelta(0), "share": 0.5, "clock": world.clock}
    store, settings = world.store, settings_of(world.sandbox)
    client = stack.enter_context(ZohoClient(settings, store.tokens, store.rate_limits, **limits))
    return Prober(store=store, api=client, account="a", interval=MINUTE, clock=world.clock)


def test_two_processes_together_probe_once_a_minute_and_lose_no_change(
    worlds: list[World],
) -> None:
    world, sandbox = worlds[0], worlds[0].sandbox
    assert world.refresh().outcome == "refreshed"
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        probers = [prober(world, stack) for world in worlds]
        at_once = Barrier(2)

        def probe(prober: Prober) -> timedelta:
            at_once.wait()
            return prober.probe()

        list(pool.map(probe, probers))  # the ctag is seen for the first time
        for number in range(10):
            uid = world.events().all()[0]["uid"]
            world.events().change(uid, title=f"Edition {number}")
            world.clock.now += MINUTE
            sandbox.forget_requests()
            assert list(pool.map(probe, probers)) == [MINUTE, MINUTE]
            assert [request.route for request in sandbox.requests] == ["calendar.calendars"]
            assert world.store.sources.due(now=world.clock()) == (WORK.key,)
            assert worlds[number % 2].refresh(only_due=True).outcome == "refreshed"
            assert f"Edition {number}" in world.titles()
    assert world.state().ctag.verdict == "ctag"
