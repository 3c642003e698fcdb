"""The demo's sandbox with a client, and a bridge that reads a sandbox of small data."""

from collections.abc import Iterator

import pytest
import stamina

from tests.sandbox.client import Zoho, serving
from tests.sandbox.faulty_bridge import World, bridge_on_sandbox


@pytest.fixture
def zoho() -> Iterator[Zoho]:
    with serving() as zoho:
        yield zoho


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with bridge_on_sandbox(tmp_path_factory.mktemp("faults")) as world:
        yield world


@pytest.fixture
def world(base: World) -> Iterator[World]:
    """The bridge without any fault; every request is sent once."""
    with stamina.set_testing(True, attempts=1):
        yield base
        base.box.faults.clear()
