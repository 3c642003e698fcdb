"""Events that are gone from a source, and those that only seem to be."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.publish.pending import activate_feeds
from tests.refresh.world import ALL, FEED, MINUTE, TEAM, WORK, World, settings_of

RANGES = 2  # of at most 31 days, in the feed's 37 and a day more on both sides

# --- what is gone, and what only seems so


def test_an_event_is_gone_only_after_a_complete_read(world: World) -> None:
    world.refresh()
    before = world.bodies()
    world.events().delete(world.events().all()[0]["uid"])
    world.sandbox.faults.add(
        "calendar.events", "status", after=1, times=1
    )  # the second range of the read
    assert world.refresh().outcome == "failed"
    assert world.bodies() == before
    report = world.refresh()
    assert (report.outcome, report.removed) == ("refreshed", 1)
    assert world.titles() == ALL[1:]


def test_the_last_events_leave_the_placeholder(world: World) -> None:
    """All of them at once are a sudden loss, which a read ten minutes later confirms."""
    world.refresh()
    before = world.bodies()
    for uid in {item["uid"] for item in world.events().all()}:
        world.events().delete(uid)
    assert (world.refresh().outcome, world.bodies()) == ("held", before)
    world.clock.now += 10 * MINUTE
    assert world.refresh().outcome == "refreshed"
    assert world.titles() == ["This calendar has no events yet"]


FAILURES = [
    ("calendar.events", "status", {"status": 500}, MINUTE),
    ("calendar.events", "status", {"status": 503}, MINUTE),
    ("calendar.events", "html", {}, MINUTE),
    ("calendar.events", "truncated", {}, MINUTE),
    ("calendar.events", "reset", {}, MINUTE),
    ("calendar.events", "wrong-types", {"field": "events"}, MINUTE),
    ("calendar.event", "status", {"status": 500}, MINUTE),
    ("calendar.calendar", "status", {"status": 500}, MINUTE),
    ("calendar.events", "throttle", {"retry_after": 1200}, 20 * MINUTE),
    ("calendar.events", "expired-token", {}, 30 * MINUTE),
]


@pytest.mark.parametrize(("route", "kind", "details", "wait"), FAILURES)
def test_a_read_that_fails_changes_no_byte_and_says_why(
    world: World, route: Any, kind: str, details: Any, wait: Any
) -> None:
    world.refresh()
    before, good = world.bodies(), world.clock()
    for item in world.events().all()[
        :3
    ]:  # the details of the series are asked for again when its stamp changes
        world.events().change(item["uid"], title=f"{item['title']} changed", etag="9999999999999")
    world.sandbox.faults.add(route, kind, **details)
    world.clock.now += 15 * MINUTE
    failed_at = world.clock()
    report = world.refresh()
    assert report.outcome == "failed"
    assert world.bodies() == before
    state = world.state()
    assert (str(state.error), state.failures, state.failing_since) == (report.error, 1, failed_at)
    assert (state.last_success, state.last_attempt, state.events) == (good, failed_at, 3)
    assert state.error
    assert "\n" not in str(state.error)
    for secret in ("client_secret", "refresh_token"):
        assert getattr(settings_of(world.sandbox), secret).reveal() not in str(state.error)
    assert wait <= state.next_check_at - failed_at <= wait * 1.1
    world.sandbox.faults.clear()
    world.clock.now = state.next_check_at
    assert world.refresh(only_due=True).outcome == "refreshed"
    assert world.titles() == [
        "Call changed",
        "Review changed",
        "Stand-up changed",
        "Stand-up, late",
    ]
    assert (world.state().error, world.state().failing_since) == (None, None)


def test_a_calendar_that_is_unknown_keeps_what_was_read(world: World) -> None:
    world.refresh()
    before = world.bodies()
    del world.sandbox.data.calendars[WORK.calendar]
    report = world.refresh()
    assert report.outcome == "failed"
    assert world.bodies() == before
    assert world.state().next_check_at >= world.clock() + 30 * MINUTE, "only a person can mend it"


def test_with_nobody_there_the_feed_stays(world: World) -> None:
    world.refresh()
    before = world.bodies()
    world.sandbox.stop()
    assert world.refresh().outcome == "failed"
    assert world.bodies() == before


def test_an_event_that_can_no_longer_be_read_keeps_its_last_good_version(world: World) -> None:
    world.refresh()
    before = world.bodies()
    uid = world.events().all()[0]["uid"]
    world.events().change(
        uid, title="Worse", dateandtime={"start": "20261345T990000+0100"}, etag="9999999999999"
    )
    report = world.refresh()
    assert (report.outcome, report.rejected, report.removed) == ("refreshed", 1, 0)
    assert world.bodies() == before
    (rejection,) = world.store.sources.rejections(WORK.key)
    assert (rejection.upstream_id, rejection.kind) == (uid, "dropped")
    world.events().delete(uid)
    world.refresh()
    assert world.titles() == ALL[1:]
    assert world.store.sources.rejections(WORK.key) == ()


def test_a_series_that_can_no_longer_be_read_keeps_its_instances(world: World) -> None:
    world.refresh()
    before = world.bodies()
    uid = world.events().all()[2]["uid"]
    bad = {"start": "20261345T990000+0100"}
    world.events().change(uid, dateandtime=bad, etag="9999999999999")
    world.refresh()
    assert world.bodies() == before


def test_answers_of_which_nothing_can_be_read_lose_nothing(world: World) -> None:
    """Every value of another type than documented, ids too."""
    world.refresh()
    before = world.bodies()
    world.sandbox.faults.add("calendar.events", "wrong-types")
    report = world.refresh()
    assert (report.outcome, report.removed) == ("failed", 0)
    assert world.bodies() == before


def test_while_an_object_without_an_id_comes_nothing_is_removed(world: World) -> None:
    """It may be any of those that are missing."""
    world.refresh()
    before = world.bodies()
    uid = world.events().all()[0]["uid"]
    world.events().change(uid, uid=None)
    report = world.refresh()
    assert (report.outcome, report.rejected, report.removed) == ("refreshed", 1, 0)
    assert world.bodies() == before
    world.events().delete(None)
    assert world.refresh().removed == 1
    assert world.titles() == ALL[1:]


def test_a_sudden_loss_is_held_back_until_a_second_read_agrees(world: World) -> None:
    """All of 24 coming events; the decisions say ten minutes."""
    activate_feeds(world.store, [replace(FEED, sources=(TEAM,))], now=world.clock())
    world.refresh(TEAM)
    before = world.bodies()
    world.sandbox.faults.add("calendar.events", "empty-list")
    world.clock.now += 15 * MINUTE
    report = world.refresh(TEAM)
    assert (report.outcome, report.removed) == ("held", 0)
    assert report.error == str(world.state(TEAM).warning)
    assert "24 of 24 coming events are missing" in report.error
    assert world.bodies() == before
    held_at = world.clock()
    assert world.state(TEAM).next_check_at == held_at + 10 * MINUTE
    assert world.state(TEAM).last_success == held_at, "the read was complete"
    world.clock.now += 9 * MINUTE
    assert world.refresh(TEAM).outcome == "held"
    assert world.bodies() == before
    assert world.refresh(TEAM, only_due=True).outcome == "busy"
    assert world.state(TEAM).next_check_at == held_at + 10 * MINUTE, "reads between delay nothing"
    world.clock.now = world.state(TEAM).next_check_at
    report = world.refresh(TEAM, only_due=True)
    assert (report.outcome, report.removed) == ("refreshed", 24)
    assert world.titles() == ["This calendar has no events yet"]
    assert (world.state(TEAM).warning, world.state(TEAM).held_at) == (None, None)


def test_an_empty_list_is_requested_once_more_in_the_same_read(world: World) -> None:
    world.refresh()
    before = world.bodies()
    world.events().change(world.events().all()[0]["uid"], title="Call, later", etag="9999999999999")
    world.sandbox.faults.add("calendar.events", "empty-list", first_of_each=True)
    report = world.refresh()
    assert (report.outcome, report.fetched, report.changed) == ("refreshed", 3, 1)
    assert world.state().warning is None
    assert world.bodies() != before
    assert world.titles() == ["Call, later", *ALL[1:]]


def test_each_empty_list_is_requested_once_more_and_not_the_others(world: World) -> None:
    """An empty range among others loses nothing, and is known when it was empty before."""
    activate_feeds(world.store, [replace(FEED, sources=(TEAM,))], now=world.clock())
    world.refresh(TEAM)
    before = world.bodies()
    world.events(TEAM).change(world.events(TEAM).all()[0]["uid"], etag="9999999999999")
    world.sandbox.faults.add("calendar.events", "empty-list", times=1)
    world.sandbox.forget_requests()
    report = world.refresh(TEAM)
    routes = [request.route for request in world.sandbox.requests]
    assert (report.outcome, report.removed) == ("refreshed", 0)
    assert routes.count("calendar.events") == RANGES + 1
    assert world.bodies() == before


def test_a_list_that_stays_empty_is_requested_no_third_time(world: World) -> None:
    """Neither in this read, nor twice in the next one: all is known to be missing."""
    world.refresh()
    world.sandbox.faults.add("calendar.events", "empty-list")
    lists = []
    for _ in range(2):
        world.sandbox.forget_requests()
        assert world.refresh().outcome == "held"
        requests = world.sandbox.requests
        lists.append(sum(request.route == "calendar.events" for request in requests))
    assert lists == [RANGES + 1, RANGES], "the second range was empty before"


def test_an_event_that_is_deleted_costs_no_second_read(world: World) -> None:
    """Zoho is asked about it alone."""
    world.refresh()
    world.events().delete(world.events().all()[0]["uid"])
    world.sandbox.forget_requests()
    assert world.refresh().removed == 1
    routes = [request.route for request in world.sandbox.requests]
    assert (routes.count("calendar.events"), routes.count("calendar.event")) == (RANGES, 1)


def test_of_two_sudden_losses_only_what_both_miss_is_gone(world: World) -> None:
    activate_feeds(world.store, [replace(FEED, sources=(TEAM,))], now=world.clock())
    world.refresh(TEAM)
    shelf = world.events(TEAM)
    items, titles = shelf.all(), world.titles()
    for item in items[:14]:
        shelf.delete(item["uid"])
    assert world.refresh(TEAM).outcome == "held"
    shelf.add(*items[:14])
    for item in items[8:]:
        shelf.delete(item["uid"])
    world.clock.now += 11 * MINUTE
    report = world.refresh(TEAM)
    assert (report.outcome, report.removed) == ("held", 6)
    assert world.titles() == titles[:8] + titles[14:]
    shelf.add(*items[8:])
    world.clock.now += 11 * MINUTE
    assert world.refresh(TEAM).outcome == "refreshed"
    assert world.titles() == titles
    assert world.state(TEAM).warning is None


def test_a_sudden_loss_holds_back_neither_new_events_nor_changes(world: World) -> None:
    activate_feeds(world.store, [replace(FEED, sources=(TEAM,))], now=world.clock())
    world.refresh(TEAM)
    shelf, titles = world.events(TEAM), world.titles()
    for item in shelf.all()[:20]:
        shelf.delete(item["uid"])
    shelf.change(shelf.all()[0]["uid"], title="T new", etag="9999999999999")
    assert world.refresh(TEAM).outcome == "held"
    assert world.titles() == sorted({"T new", *titles} - {"T21"})


def test_in_a_merged_feed_a_source_that_fails_keeps_its_events(world: World) -> None:
    activate_feeds(world.store, [replace(FEED, sources=(WORK, TEAM))], now=world.clock())
    world.refresh(WORK)
    world.refresh(TEAM)
    assert world.titles() == sorted([*ALL, *(f"T{n:02}" for n in range(1, 25))])
    del world.sandbox.data.calendars[WORK.calendar]
    world.events(TEAM).change(
        world.events(TEAM).all()[0]["uid"], title="T new", etag="9999999999999"
    )
    assert world.refresh(WORK).outcome == "failed"
    assert world.refresh(TEAM).outcome == "refreshed"
    assert world.titles() == sorted([*ALL, "T new", *(f"T{n:02}" for n in range(2, 25))])
