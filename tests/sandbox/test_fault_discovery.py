"""No fault of Zoho takes a feed away that the bridge discovered."""

from collections.abc import Iterator
from datetime import timedelta
import logging
from typing import Any

import pytest

from bridge.feed.publication import Document
from bridge.publish.pending import activate_feeds
from bridge.refresh.discovery import Discovery, discover, make_feeds
from bridge.refresh.refresher import Refresher
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.sandbox.faulty_bridge import (
    AGENDA,
    KEY,
    PROGRAMME,
    TEAM,
    VARIANTS,
    WORK,
    World,
    assert_no_secret,
    is_sentence,
)
from tests.zoho_faults import KINDS, ROUTES

DISCOVERY = ("backstage.portals", "connect.networks", "connect.groups", "calendar.calendars")
# The list of portals holds all of a portal; the other two are for verifying and for changing.
UNUSED = {"calendar.instances", "connect.update"}


@pytest.fixture(scope="module")
def discovered(base: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store of a bridge without [[feed]]: it has all that the account can see."""
    folder = tmp_path_factory.mktemp("discovered")
    store = Store.open(f"sqlite:///{folder}/bridge.sqlite3", SecretKeys(KEY))
    look(base, store)
    for feed in store.feeds.active():
        key = feed.sources[0].key
        report = Refresher(
            store=store, api=base.client, zoho=base.zoho, holder="w", clock=base.clock
        ).refresh(key)
        assert report.outcome == "refreshed", report
    yield store
    store.close()


def look(world: World, store: Store, *, hasty: bool = False) -> Discovery:
    """Discover feeds and serve them, as a worker does every few hours."""
    discovery = discover(world.hasty if hasty else world.client)
    activate_feeds(store, make_feeds(discovery, store.feeds.active()), now=world.clock())
    return discovery


def served(store: Store) -> dict[str, list[Document | None]]:
    return {
        feed.slug: [store.publications.document(feed.slug, variant) for variant in VARIANTS]
        for feed in store.feeds.active()
    }


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if kind in {"status", "empty-list"} else pytest.mark.slow)
        for kind in KINDS
    ],
)
@pytest.mark.parametrize("route", DISCOVERY)
def test_no_fault_takes_a_feed_away(
    world: World,
    discovered: Store,
    route: str,
    kind: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Discovered feeds stay while Zoho cannot be read or lists nothing."""
    caplog.set_level(logging.INFO)
    world.clock.now += timedelta(minutes=20)
    if world.clock.now.hour >= 20:
        world.skip_to_next_round()
    assert look(world, discovered).failures == {}
    before, secrets = served(discovered), world.secrets()
    assert len(before) == 4
    details: dict[str, Any] = {"seconds": 1.5} if kind == "delay" else {}
    world.box.faults.add(route, kind, **details)
    discovery = look(world, discovered, hasty=kind in {"drip", "delay"})
    assert served(discovered) == before
    if kind in {"empty-list", "duplicate-page"}:
        assert discovery.failures == {}
    else:
        ((product, failure),) = discovery.failures.items()
        assert product == route.partition(".")[0]
        assert is_sentence(str(failure))
    assert_no_secret(world, secrets, discovery, caplog.text, *capsys.readouterr())
    world.box.faults.clear()
    world.clock.now += timedelta(minutes=30)
    assert look(world, discovered).failures == {}
    assert served(discovered).keys() == before.keys()


def test_nothing_depends_on_the_routes_that_are_never_asked(
    world: World, discovered: Store
) -> None:
    """So no fault of theirs can matter to a feed."""
    world.skip_to_next_round()
    world.box.forget_requests()
    look(world, discovered)
    for source in (PROGRAMME, AGENDA, TEAM, WORK):
        assert world.refresh(source).outcome == "refreshed"
    routes = {request.route for request in world.box.requests}
    assert not routes & UNUSED
    assert routes | UNUSED | {"oauth.token", "calendar.event"} == set(ROUTES)
