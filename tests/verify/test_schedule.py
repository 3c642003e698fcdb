"""Daily verification by the worker: which calendars, over which days, and the stored result."""

from datetime import date, timedelta
from pathlib import Path
from typing import Never

import pytest
import structlog

from bridge import config, worker
from bridge.domain.feed import Feed, Window
from bridge.domain.problems import load, text_problem
from bridge.domain.source import CalendarSource, ConnectSource
from bridge.errors import StoppedError, UnavailableError
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher
from bridge.store import Store
from bridge.store.verifications import Verification
from bridge.verify.schedule import select_due, verify_calendar
from bridge.verify.snapshot import UnverifiableError
from bridge.verify.verifier import Verifier
from bridge.zoho.client import ZohoClient
from tests import zoho_sandbox
from tests.clock import NOW, Clock
from tests.command_line import GROUP, NETWORK, log_restored
from tests.zoho_sandbox import Sandbox, contradict

TODAY = NOW.date()
HOUR = timedelta(hours=1)
US = CalendarSource(calendar=zoho_sandbox.US)
WORK = CalendarSource(calendar=zoho_sandbox.WORK)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)
FEEDS = [
    Feed(slug="work", title="Work", sources=(WORK,), past=WEEK, future=2 * MONTH),
    Feed(slug="us", title="US", sources=(US,), past=WEEK, future=MONTH),
    Feed(slug="group", title="Group", sources=(ConnectSource(group=GROUP, network=NETWORK),)),
]


@pytest.fixture
def refresher(zoho: Sandbox, api: ZohoClient, store: Store) -> Refresher:
    """A refresher whose store has a published feed of each of two calendars and a group."""
    activate_feeds(store, FEEDS, now=NOW)
    settings = config.load(zoho.environment()).zoho
    refresher = Refresher(
        store=store, api=api, zoho=settings, holder="here", clock=Clock(), dice=half
    )
    for feed in FEEDS:
        assert refresher.refresh(feed.sources[0].key).outcome == "refreshed"
    zoho.forget_requests()
    return refresher


@pytest.fixture
def verifier(refresher: Refresher) -> Verifier:
    return Verifier(refresher.store, refresher.api, refresher.zoho, refresher.clock)


def half() -> float:
    return 0.5


def save_verification(store: Store, key: str, *, later: timedelta = timedelta()) -> None:
    row = Verification(
        source_key=key,
        slug="work",
        at=NOW + later,
        first_day=TODAY,
        last_day=TODAY,
        details={},
    )
    store.verifications.save([row])


def test_each_calendar_is_due_once_a_day_and_few_in_an_hour(refresher: Refresher) -> None:
    """Of two calendars one, the longest unverified first; no source of another product."""
    store = refresher.store
    first = select_due(store, now=NOW)
    assert len(first) == 1
    save_verification(store, first[0])
    second = select_due(store, now=NOW)
    assert {*first, *second} == {WORK.key, US.key}
    save_verification(store, second[0], later=HOUR)
    assert select_due(store, now=NOW + timedelta(hours=23)) == ()
    assert select_due(store, now=NOW + timedelta(hours=24)) == first


def test_a_clock_that_was_ahead_delays_no_verification(verifier: Verifier) -> None:
    """Nor that of a calendar that was begun then."""
    store, ahead = verifier.store, timedelta(days=300)
    for key in (WORK.key, US.key):
        save_verification(store, key, later=ahead)
    assert store.verifications.begin(WORK.key, "", now=NOW + ahead, not_since=NOW)
    assert select_due(store, now=NOW) == (min(US.key, WORK.key),)
    assert verify_calendar(verifier, WORK.key, now=NOW, dice=half)


def test_a_verification_that_the_end_of_the_process_interrupts_is_no_problem(
    verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object, **__: object) -> Never:
        raise StoppedError

    monkeypatch.setattr(verifier.api, "get", end)
    with pytest.raises(StoppedError):
        verify_calendar(verifier, WORK.key, now=NOW, dice=half)
    assert verifier.store.verifications.of("work") == ()


def test_no_calendar_is_verified_while_zoho_fails(verifier: Verifier) -> None:
    """A failing calendar is not verified. If half of all fail, none is due."""
    store = verifier.store
    assert store.sources.claim(US.key, holder="x", now=NOW, term=HOUR)
    error = text_problem("it stumbled")
    store.sources.fail(US.key, holder="x", now=NOW, next_check_at=NOW, error=error)
    assert select_due(store, now=NOW) == ()
    assert verify_calendar(verifier, US.key, now=NOW, dice=half) == ()


@pytest.mark.parametrize(
    ("dice", "first_day"),
    [
        (0.0, TODAY - timedelta(days=7)),
        pytest.param(0.999, TODAY + timedelta(days=29), marks=pytest.mark.slow),
    ],
)
def test_a_month_in_the_window_of_the_feed_is_verified(
    verifier: Verifier, zoho: Sandbox, dice: float, first_day: date
) -> None:
    """From the first 31 days of the window to its last, with three requests.

    The first of them is about the calendar itself.
    """
    (result,) = verify_calendar(verifier, WORK.key, now=NOW, dice=lambda: dice)
    assert result.scope.window == Window(start=first_day, end=first_day + timedelta(days=31))
    assert (result.differences, result.equal > 0) == ((), True)
    routes = [request.route for request in zoho.requests]
    assert routes == ["calendar.calendar", "calendar.events", "calendar.events"]
    (stored,) = verifier.store.verifications.of("work")
    assert (stored.at, stored.equal, stored.differing) == (NOW, result.equal, 0)
    assert stored.error == ""
    assert verify_calendar(verifier, WORK.key, now=NOW + HOUR, dice=half) == ()


def test_the_problem_of_a_failed_verification_is_stored(verifier: Verifier, zoho: Sandbox) -> None:
    zoho.faults.add("calendar.events", "status", status=500)
    with pytest.raises(UnavailableError):
        verify_calendar(verifier, WORK.key, now=NOW, dice=half)
    (stored,) = verifier.store.verifications.of("work")
    assert "Zoho Calendar" in str(load(stored.error))


def test_an_unpublished_feed_is_a_stored_problem_with_the_remedy(
    verifier: Verifier,
) -> None:
    new = Feed(slug="new", title="New", sources=(WORK,))
    verifier.store.feeds.replace([*FEEDS, new], now=NOW)
    with pytest.raises(UnverifiableError):
        verify_calendar(verifier, WORK.key, now=NOW, dice=half)
    (stored,) = verifier.store.verifications.of("new")
    assert load(stored.error).code == "feed-unpublished"
    assert "run `zoho-bridge refresh new`" in str(load(stored.error))


def test_the_worker_verifies_due_calendars_and_logs_the_numbers(
    refresher: Refresher, zoho: Sandbox, tmp_path: Path
) -> None:
    """Through the queue, at one minute of each hour; the next hour finds the other calendar."""
    contradiction = contradict(zoho.calendar(US.calendar), TODAY)
    refresher.refresh(US.key)
    queue = worker.open_queue("", tmp_path)
    with log_restored(), structlog.testing.capture_logs() as logged:
        worker.register(queue, refresher, sync_feeds=lambda: None, clock=Clock())
        (look,) = (
            task
            for minute in range(60)
            for task in queue.read_periodic(NOW.replace(minute=minute, tzinfo=None))
            if "verifications" in task.name
        )
        for _ in range(3):
            queue.execute(look)
            while (task := queue.dequeue()) is not None:
                queue.execute(task)
    queue.storage.close()
    lines = {entry["feed"]: entry for entry in logged if entry["event"] == "verify"}
    assert (lines["work"]["log_level"], lines["work"]["differing"]) == ("info", 0)
    assert (lines["us"]["log_level"], lines["us"]["differing"]) == ("warning", 3)
    assert len(lines) == len([entry for entry in logged if entry["event"] == "verify"])
    (stored,) = refresher.store.verifications.of("us")
    ids = {difference["upstream_id"] for difference in stored.details["differences"]}
    assert ids == {contradiction.uid}
