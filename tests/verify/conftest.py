"""Fixtures: Zoho's sandbox at a fixed time, and a client of it."""

from collections.abc import Iterator

import pytest
import stamina

from bridge import config
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from tests.clock import Clock
from tests.zoho_sandbox import Sandbox


@pytest.fixture
def zoho() -> Iterator[Sandbox]:
    with Sandbox(Clock()) as sandbox, stamina.set_testing(True):
        yield sandbox


@pytest.fixture
def api(zoho: Sandbox, store: Store) -> Iterator[ZohoClient]:
    with ZohoClient(
        config.load(zoho.environment()).zoho, store.tokens, store.rate_limits, clock=Clock()
    ) as client:
        yield client
