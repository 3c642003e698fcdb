"""Fixtures: Zoho on loopback, a clock, and clients that share a store."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Thread
from typing import Any, TypeAlias

import pytest
import stamina

from bridge.store import Store
from bridge.zoho.client import ZohoClient
from tests.clock import Clock
from tests.zoho.loopback import NOW, LoopbackZoho, settings_for

MakeClient: TypeAlias = Callable[..., ZohoClient]


@pytest.fixture(autouse=True)
def _quick_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def zoho() -> Iterator[LoopbackZoho]:
    server = LoopbackZoho()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def make(zoho: LoopbackZoho, clock: Clock, store: Store) -> Iterator[MakeClient]:
    """Make clients (each is like another process) that share the store and the clock."""
    with ExitStack() as stack:

        def make(changes: dict[str, Any] | None = None, **options: Any) -> ZohoClient:
            settings = settings_for(zoho.url, **(changes or {}))
            tokens = options.pop("tokens", store.tokens)
            times: dict[str, Any] = {"clock": clock, "sleep": clock.sleep}
            client = ZohoClient(settings, tokens, store.rate_limits, **times | options)
            return stack.enter_context(client)

        yield make


@pytest.fixture
def client(make: MakeClient) -> ZohoClient:
    return make()
