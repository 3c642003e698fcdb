"""One source refreshed end to end: the sandbox, the real client, a store, and the published feed.

Expected values come from docs/decisions.md, or from another engine that reads the bytes.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import threading
from typing import Any, Never

import pytest

from bridge.domain.feed import Feed
from bridge.domain.rejection import reasons
from bridge.domain.source import CalendarProfile, ConnectSource
from bridge.errors import StoppedError, StoreError
from bridge.publish.ical import vevent
from bridge.publish.pending import activate_feeds
from bridge.refresh import refresher as refreshing
from bridge.refresh.diff import decide
from bridge.refresh.refresher import LEASE
from bridge.sandbox.world import documents
from bridge.store import Store
from bridge.store.health import source_health
from bridge.zoho.client import ZohoClient
from bridge.zoho.oauth import account_of
from bridge.zoho.rate_limit import Rate
from tests.clock import Clock
from tests.refresh.world import ALL, DAY, FEED, MINUTE, TEAM, WORK, Api, World, vevents
from tests.zoho_sandbox import Sandbox

# --- a read that goes well


def test_a_first_read_publishes_and_reports(world: World) -> None:
    report = world.refresh()
    assert world.titles() == ALL
    assert (report.outcome, report.fetched, report.changed, report.removed) == (
        "refreshed",
        3,
        3,
        0,
    )
    assert (report.rejected, report.rendered) == (0, 4)
    assert report.requests == sum(
        one.route.startswith("calendar.") for one in world.sandbox.requests
    )
    assert report.for_log().keys() == {
        *(
            "source",
            "outcome",
            "fetched",
            "changed",
            "removed",
            "rejected",
            "rendered",
            "requests",
            "seconds",
        )
    }
    state = world.state()
    assert (state.last_success, state.error, state.failures, state.events) == (
        world.clock(),
        None,
        0,
        3,
    )
    assert state.next_check_at == world.clock() + 15 * MINUTE


def test_what_zoho_states_about_a_calendar_is_kept_with_each_read(world: World) -> None:
    about = world.sandbox.calendar(WORK.calendar).info
    world.refresh()
    expected = CalendarProfile(category="own", privilege="owner", color="#8cbf40")
    assert world.state().profile == expected
    about.update(category="group", privilege="view", color="#0086D0", status=False)
    world.refresh()
    assert world.state().profile == CalendarProfile(
        category="group", privilege="view", color="#0086d0", hidden=True
    )
    known = {row.source: row.profile for row in world.store.feeds.known_sources()}
    assert known[WORK] == world.state().profile


@pytest.mark.parametrize("later", [timedelta(0), 15 * MINUTE, DAY])
def test_unchanged_data_keep_every_byte(world: World, later: Any) -> None:
    world.refresh()
    before = world.bodies()
    world.clock.now += later
    report = world.refresh()
    assert (report.outcome, report.changed, report.rendered) == ("refreshed", 0, 0)
    assert world.bodies() == before


def test_one_changed_event_is_rendered_alone(world: World) -> None:
    world.refresh()
    uid = world.events().all()[0]["uid"]
    world.events().change(uid, title="Call, later", etag="9999999999999")
    world.clock.now += 15 * MINUTE
    report = world.refresh()
    assert (report.changed, report.rendered, report.removed) == (1, 1, 0)
    assert world.titles() == ["Call, later", *ALL[1:]]


def test_one_read_serves_all_feeds_over_the_widest_of_their_windows(world: World) -> None:
    wide = replace(FEED, slug="wide", past=60 * DAY, future=2 * DAY)
    activate_feeds(world.store, [FEED, wide], now=world.clock())
    world.refresh()
    asked = [one.query["range"] for one in world.sandbox.requests if one.route == "calendar.events"]
    assert min(asked)[:19] == '{"start":"20260108"'  # 60 days and the margin of a day back
    assert max(asked).endswith('"end":"20260410"}')  # 30 days and the margin ahead
    assert world.titles() == ALL
    assert world.titles("wide") == ["Call", "Stand-up"]


def test_an_instance_of_a_connect_series_keeps_its_uid_when_it_is_the_last_one_in_the_window(
    store: Store,
) -> None:
    """Zoho names a repeating event by one streamId; what was read before tells that it repeats."""
    clock = Clock(datetime(2018, 3, 1, tzinfo=UTC))
    data = documents()
    (network,) = data.networks.values()
    group = network.groups["929000000295001"]
    first = group.events.find("929000000856621")[0]
    week = 7 * 86_400_000
    second = first | {name: str(int(first[name]) + week) for name in ("startTime", "endTime")}
    group.events.add(second | {"startDate": "29", "endDate": "29", "date": "20180329"})
    source = ConnectSource(group="929000000295001", network=network.info["id"])
    feed = Feed(slug="team", title="t", sources=(source,), past=5 * DAY, future=60 * DAY)
    with Sandbox(clock, data) as sandbox:
        world = World(store, sandbox, clock)
        activate_feeds(store, [feed], now=clock())
        world.refresh(source)
        before = {one["DTSTART"].dt: str(one["UID"]) for one in vevents(world.body())}
        clock.now = datetime(2018, 3, 31, tzinfo=UTC)
        world.refresh(source)
        after = {one["DTSTART"].dt: str(one["UID"]) for one in vevents(world.body())}
        world.client.close()
    assert len(before) == 2
    assert len(after) == 1
    assert after.items() <= before.items()


# --- one at a time


def test_a_source_that_someone_reads_is_left_alone(world: World) -> None:
    world.store.sources.claim(WORK.key, holder="other", now=world.clock(), term=LEASE)
    assert world.refresh().outcome == "busy"
    assert world.sandbox.requests == []


def test_a_source_that_is_not_due_is_left_alone(world: World) -> None:
    world.refresh()
    world.sandbox.forget_requests()
    world.clock.now += 14 * MINUTE
    assert world.refresh(only_due=True).outcome == "busy"
    assert world.sandbox.requests == []
    world.clock.now += MINUTE
    assert world.refresh(only_due=True).outcome == "refreshed"


def test_a_source_that_no_feed_shows_any_more_is_left_alone(world: World) -> None:
    activate_feeds(world.store, [], now=world.clock())
    assert world.refresh().outcome == "unused"
    assert world.sandbox.requests == []


def test_a_read_that_lost_its_lease_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.refresh()
    before = world.bodies()
    items = world.events().all()
    world.events().change(items[0]["uid"], title="Old news", etag="9999999999998")
    other = replace(world.refresher, api=world.client, holder="other")

    def read_elsewhere() -> None:
        world.clock.now += LEASE
        world.events().change(items[0]["uid"], title="Call", etag="9999999999999")
        assert other.refresh(WORK.key).outcome == "refreshed"

    def decide_late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.undo()
        read_elsewhere()
        return decide(*args, **kwargs)

    # What the slow reader has in its hands is older than what the other one reads.
    monkeypatch.setattr(refreshing, "decide", decide_late)
    report = world.refresh()
    state = world.state()
    assert report.outcome == "busy"
    assert "took longer" in report.error
    assert world.bodies() == before
    assert state.last_success == world.clock()


def test_nor_when_another_thread_of_the_same_worker_is_at_it(world: World) -> None:
    """The threads of a worker have one name; each read has a lease of its own."""
    world.refresh()
    slow_began, slow_may_end, slow_ended = threading.Event(), threading.Event(), threading.Event()
    reports = {}

    class Slow(Api):
        def get(self, *args: Any, **kwargs: Any) -> Any:
            slow_began.set()
            answer = super().get(*args, **kwargs)
            slow_may_end.wait(10)
            return answer

    class Quick(Api):
        def get(self, *args: Any, **kwargs: Any) -> Any:
            slow_may_end.set()
            slow_ended.wait(10)
            return super().get(*args, **kwargs)

    def read(name: str, api: Any) -> None:
        reports[name] = replace(world.refresher, api=api(world.client)).refresh(WORK.key).outcome

    slow = threading.Thread(target=read, args=("slow", Slow))
    slow.start()
    assert slow_began.wait(10)
    world.clock.now += LEASE
    quick = threading.Thread(target=read, args=("quick", Quick))
    quick.start()
    slow.join()
    slow_ended.set()
    quick.join()
    # The slow one is given up for the time it took; the row is the quick one's.
    assert reports == {"slow": "failed", "quick": "refreshed"}
    state = world.store.sources.state(WORK.key)
    assert (state.error, state.last_success) == (None, world.clock())


def test_a_read_that_the_end_of_the_process_interrupts_is_no_failure(world: World) -> None:
    """Another worker may read the source at once, and what is stored stays."""
    world.refresh()
    before, state = world.bodies(), world.state()

    def end() -> Never:
        raise StoppedError

    world.api.meanwhile = [end]
    with pytest.raises(StoppedError):
        world.refresh()
    assert (world.bodies(), world.state()) == (before, replace(state, next_check_at=world.clock()))
    assert world.refresh(only_due=True).outcome == "refreshed"


@pytest.mark.parametrize("fault", ["status", "empty-list"])
def test_nor_does_it_tell_of_its_failure_or_its_doubts(world: World, fault: Any) -> None:
    activate_feeds(world.store, [replace(FEED, sources=(TEAM,))], now=world.clock())
    world.refresh(TEAM)
    before = world.bodies()

    def claim_elsewhere() -> None:
        world.clock.now += LEASE
        world.store.sources.claim(TEAM.key, holder="other", now=world.clock(), term=LEASE)

    world.sandbox.faults.add("calendar.events", fault)
    world.api.meanwhile = [claim_elsewhere]
    world.refresh(TEAM)
    state = world.state(TEAM)
    assert (state.error, state.warning, state.failures) == (None, None, 0)
    assert world.bodies() == before
    assert world.refresh(TEAM).outcome == "busy"


def test_settings_that_change_during_a_read_hold(world: World) -> None:
    """A feed that becomes one of times only while its source is read must not show more again."""
    world.refresh()
    world.events().change(world.events().all()[0]["uid"], title="Secret", etag="9999999999999")
    busy = replace(FEED, privacy="busy")
    world.api.meanwhile = [lambda: activate_feeds(world.store, [busy], now=world.clock())]
    assert world.refresh().outcome == "refreshed"
    assert set(world.titles()) == {"Busy"}


def test_two_readers_at_once_read_once(world: World) -> None:
    """Threads of one worker, started together."""
    reports = []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        reports.append(world.refresh(only_due=True).outcome)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reports) == ["busy", "busy", "busy", "refreshed"]
    assert world.titles() == ALL


# --- bugs, and events that can't be shown


def test_an_event_that_cant_be_shown_is_told_with_each_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = vevent.render

    def odd(event: Any, *args: Any, **kwargs: Any) -> Any:
        if event.title == "Call":
            raise vevent.RenderError('"Call" can\'t be written as iCalendar: it is odd')
        return render(event, *args, **kwargs)

    monkeypatch.setattr("bridge.publish.entries.render", odd)
    for _read in range(2):
        report = world.refresh()
        assert (report.outcome, report.rejected) == ("refreshed", 1)
        (rejection,) = world.store.sources.rejections(WORK.key)
        assert rejection.upstream_id == world.events().all()[0]["uid"]
        assert 'could not be published in feed "team": "Call" can\'t be written' in reasons(
            rejection
        )
        assert world.titles() == ALL[1:]
    monkeypatch.undo()
    assert world.refresh().rejected == 0
    assert world.store.sources.rejections(WORK.key) == ()
    assert world.titles() == ALL


@pytest.mark.parametrize("part", ["decide", "publish"])
def test_a_bug_is_raised_and_told_and_the_feed_stays(
    world: World, monkeypatch: pytest.MonkeyPatch, part: Any
) -> None:
    world.refresh()
    before = world.bodies()
    world.events().change(world.events().all()[0]["uid"], title="New", etag="9999999999999")

    def buggy(*args: Any, **kwargs: Any) -> Never:
        raise ZeroDivisionError("with details of an event")

    monkeypatch.setattr(refreshing, part, buggy)
    with pytest.raises(ZeroDivisionError):
        world.refresh()
    state = world.state()
    assert str(state.error) == "A bug in the bridge (ZeroDivisionError); see its log."
    assert state.next_check_at == world.clock() + 1.05 * MINUTE
    assert world.bodies() == before
    monkeypatch.undo()
    assert world.refresh().outcome == "refreshed", "its lease is free"
    assert world.state().error is None


def test_a_store_that_cant_be_written_is_raised(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> Never:
        raise StoreError("The database can't be used: the disk is full.")

    monkeypatch.setattr(world.store.sources, "succeed", full)
    with pytest.raises(StoreError):
        world.refresh()


# --- a read that has to wait for its turn


def test_a_wait_for_the_own_rate_limit_is_no_failure(world: World) -> None:
    """Nothing is counted or warned of, and the read begins again when its turn has come."""
    refresher = replace(world.refresher, api=waiting(world))
    for _ in range(78):  # 80 are allowed at once, and a read of the calendar takes more than 2
        world.client.get("calendar", "/calendars")
    report = refresher.refresh(WORK.key)
    assert report.outcome == "waiting"
    state = world.state()
    assert (state.failures, state.failing_since, state.error) == (0, None, None)
    assert source_health(state, now=world.clock()).kind == "waiting"
    assert timedelta(0) < state.next_check_at - world.clock() <= 30 * timedelta(seconds=1)
    seconds = round((state.next_check_at - world.clock()).total_seconds())
    assert f"Waiting for its turn, about {seconds} s" in report.error
    assert str(state.turn(world.clock())) == report.error
    world.clock.now += MINUTE
    assert refresher.refresh(WORK.key, only_due=True).outcome == "refreshed"
    assert world.state().waiting_until is None
    assert source_health(world.state(), now=world.clock()).kind == "fresh"


def test_a_long_pause_that_zoho_asked_for_is_a_failure(world: World) -> None:
    account = account_of(world.refresher.zoho)
    until = world.clock() + timedelta(hours=5)
    rate = Rate(burst=80, every=timedelta(seconds=1))
    world.store.rate_limits.close(account, "calendar", rate, until=until, now=world.clock())
    assert world.refresh().outcome == "failed"


def test_a_clock_that_is_set_back_by_ten_minutes_delays_no_read(world: World) -> None:
    assert world.refresh().outcome == "refreshed"
    world.clock.now -= 10 * MINUTE
    refresher = replace(world.refresher, api=waiting(world))
    assert refresher.refresh(WORK.key, only_due=True).outcome == "refreshed"


def waiting(world: World) -> ZohoClient:
    """Return a client that refuses to wait."""
    limits: dict[str, Any] = {"patience": timedelta(0), "clock": world.clock}
    store = world.store
    return ZohoClient(world.refresher.zoho, store.tokens, store.rate_limits, **limits)
