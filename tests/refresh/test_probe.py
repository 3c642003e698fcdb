"""Probes of the calendars: what moves a read, what a ctag has to prove, and bad ctags.

Everything is asked of the sandbox over HTTP. Expected numbers are those of docs/decisions.md.
"""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import structlog

from bridge.config import load
from bridge.domain.source import ConnectSource
from bridge.refresh.probe import Prober
from bridge.zoho.client import ZohoClient
from tests.refresh.world import FEED, MINUTE, TEAM, WORK, World

GROUP = ConnectSource(group="1", network="2")
NUMBERS = count(1)


def prober(world: World, **options: Any) -> Prober:
    """Return the prober of another process of the same account."""
    settings = load(world.sandbox.environment()).zoho
    limits: dict[str, Any] = {"patience": timedelta(0), "share": 0.5} | options
    store = world.store
    client = ZohoClient(settings, store.tokens, store.rate_limits, clock=world.clock, **limits)
    times: dict[str, Any] = {"interval": MINUTE, "clock": world.clock}
    return Prober(store=store, api=client, account="a", **times)


@pytest.fixture
def probes(world: World) -> Prober:
    """The prober of a world whose calendar was read and seen once."""
    probes = prober(world)
    world.refresh()
    probes.probe()
    return probes


def rename(world: World) -> None:
    events = world.events()
    events.change(events.all()[0]["uid"], title=f"Call {next(NUMBERS)}")


def is_due(world: World) -> bool:
    return WORK.key in world.store.sources.due(now=world.clock())


def next_probe(world: World, probes: Prober) -> None:
    world.clock.now += MINUTE
    assert probes.probe() == MINUTE


def prove(world: World, probes: Prober, changes: int = 8) -> None:
    """Make some changes that the ctag tells, each read at once."""
    for _ in range(changes):
        rename(world)
        next_probe(world, probes)
        assert is_due(world)
        world.refresh(only_due=True)


def verdict(world: World) -> str | None:
    return world.state().ctag.verdict


def full_reads(world: World, probes: Prober, minutes: int) -> list[int]:
    """Return after how many minutes of probes and due reads the calendar was read."""
    reads = []
    for minute in range(1, minutes + 1):
        next_probe(world, probes)
        if is_due(world):
            world.refresh(only_due=True)
            reads.append(minute)
    return reads


# What a probe does


def test_a_calendar_whose_contents_changed_is_due_after_the_next_probe(
    world: World, probes: Prober
) -> None:
    assert not is_due(world)
    rename(world)
    next_probe(world, probes)
    assert is_due(world)
    world.refresh(only_due=True)
    assert world.titles()[0].startswith("Call ")
    next_probe(world, probes)
    assert not is_due(world)


def test_a_probe_is_one_request_for_every_calendar(world: World, probes: Prober) -> None:
    world.sandbox.forget_requests()
    next_probe(world, probes)
    (request,) = world.sandbox.requests
    assert request.route == "calendar.calendars"
    assert request.query["category"] == "all"


def test_all_processes_of_an_account_share_one_probe_a_minute(world: World, probes: Prober) -> None:
    other = prober(world)
    world.sandbox.forget_requests()
    world.clock.now += MINUTE
    waits = [probes.probe(), other.probe(), probes.probe()]
    assert waits == [MINUTE, MINUTE, MINUTE]
    assert len(world.sandbox.requests) == 1
    world.clock.now += MINUTE / 2
    assert other.probe() == MINUTE / 2


def test_a_probe_gives_way_to_the_reads(world: World, probes: Prober) -> None:
    """Half of the 80 requests at once stay free for them: they never wait for a probe."""
    world.clock.now += MINUTE
    for _ in range(41):
        world.client.get("calendar", "/calendars")
    world.sandbox.forget_requests()
    with structlog.testing.capture_logs() as logged:
        assert probes.probe() == MINUTE
    assert (world.sandbox.requests, logged) == ([], [])
    next_probe(world, probes)
    assert len(world.sandbox.requests) == 1


def test_an_account_that_refuses_the_category_is_asked_once_a_probe(
    world: World, probes: Prober
) -> None:
    world.sandbox.faults.add("calendar.calendars", "status", status=400, times=2)
    next_probe(world, probes)
    world.sandbox.forget_requests()
    next_probe(world, probes)
    (request,) = world.sandbox.requests
    assert request.query == {}


# What a ctag has to prove


def test_a_ctag_that_told_eight_changes_is_trusted_and_full_reads_are_hourly(
    world: World, probes: Prober
) -> None:
    prove(world, probes, 7)
    assert verdict(world) == "untrusted"
    prove(world, probes, 1)
    assert verdict(world) == "ctag"
    assert full_reads(world, probes, 130) == [60, 120]


def test_without_trust_the_interval_stays_fifteen_minutes(world: World, probes: Prober) -> None:
    assert full_reads(world, probes, 31) == [15, 30]


def test_a_trusted_calendar_is_still_read_soon_after_a_change(world: World, probes: Prober) -> None:
    prove(world, probes)
    rename(world)
    assert full_reads(world, probes, 5) == [1]


def test_one_missed_change_ends_the_trust_for_good(world: World, probes: Prober) -> None:
    prove(world, probes)
    calendar = world.sandbox.calendar(WORK.calendar)
    calendar.info["ctag"] = calendar.served()["ctag"]
    rename(world)
    assert full_reads(world, probes, 60) == [60]
    assert verdict(world) == "ctag"
    next_probe(world, probes)
    assert verdict(world) == "untrusted"
    del calendar.info["ctag"]
    prove(world, probes, 9)
    assert verdict(world) == "untrusted"
    assert len(full_reads(world, probes, 60)) == 4


def test_a_change_that_a_read_finds_before_the_probe_counts_as_told(
    world: World, probes: Prober
) -> None:
    for _ in range(8):
        rename(world)
        world.refresh()
        next_probe(world, probes)
        world.refresh()
    assert verdict(world) == "ctag"


def test_a_deletion_that_the_ctag_missed_ends_the_trust(world: World, probes: Prober) -> None:
    prove(world, probes)
    calendar = world.sandbox.calendar(WORK.calendar)
    calendar.info["ctag"] = calendar.served()["ctag"]
    calendar.events.delete(calendar.events.all()[1]["uid"])
    world.refresh()
    next_probe(world, probes)
    assert verdict(world) == "untrusted"


@pytest.mark.slow
def test_days_that_pass_are_no_changes(world: World, probes: Prober) -> None:
    """Events enter and leave the window without a change in Zoho."""
    prove(world, probes)
    for _ in range(100):
        world.clock.now += timedelta(days=1)
        probes.probe()
        world.refresh()
    assert verdict(world) == "ctag"


def test_without_probes_a_trusted_calendar_is_read_as_before(world: World, probes: Prober) -> None:
    prove(world, probes)
    next_probe(world, probes)
    world.clock.now += 15 * MINUTE
    assert is_due(world)


# Bad ctags and failures


def test_other_sources_and_calendars_without_a_ctag_stay_as_they_are(
    world: World, probes: Prober
) -> None:
    world.store.feeds.replace([replace(FEED, sources=(WORK, TEAM, GROUP))], now=world.clock())
    world.sandbox.calendar(TEAM.calendar).info["ctag"] = None
    next_probe(world, probes)
    verdicts = {state.source: state.ctag.verdict for state in world.store.sources.states()}
    assert verdicts == {WORK: "untrusted", TEAM: None, GROUP: None}


@pytest.mark.parametrize("ctag", [1, "text", "", -5, "9" * 1000, 0])
def test_a_ctag_of_any_form_loses_nothing(world: World, probes: Prober, ctag: Any) -> None:
    """Backwards, text, or the same for ever while events change."""
    calendar = world.sandbox.calendar(WORK.calendar)
    calendar.info["ctag"] = ctag
    next_probe(world, probes)
    full_reads(world, probes, 20)
    rename(world)
    title = calendar.events.all()[0]["title"]
    assert 0 < len(full_reads(world, probes, 16)) <= 2
    assert title in world.titles()


@pytest.mark.parametrize("ctag", [None, [], {}, True, 1.5])
def test_a_ctag_that_is_missing_once_changes_nothing(
    world: World, probes: Prober, ctag: Any
) -> None:
    prove(world, probes)
    calendar = world.sandbox.calendar(WORK.calendar)
    calendar.info["ctag"] = ctag
    next_probe(world, probes)
    calendar.info.pop("ctag")
    next_probe(world, probes)
    assert verdict(world) == "ctag"
    assert not is_due(world)


def test_a_ctag_that_always_moves_does_not_read_for_ever(world: World, probes: Prober) -> None:
    calendar = world.sandbox.calendar(WORK.calendar)
    reads = 0
    for number in range(60):
        calendar.info["ctag"] = number
        reads += len(full_reads(world, probes, 1))
    assert reads <= 8 + 4


def test_probes_that_fail_for_hours_are_logged_once_and_lose_nothing(
    world: World, probes: Prober
) -> None:
    prove(world, probes)
    world.sandbox.faults.add("calendar.calendars", "status", status=500)
    rename(world)
    title = world.events().all()[0]["title"]
    with structlog.testing.capture_logs() as logged:
        assert full_reads(world, probes, 180)[0] <= 15
    assert [line["log_level"] for line in logged if line["event"] == "probe"] == ["warning"]
    assert title in world.titles()
    assert verdict(world) == "ctag"
