"""The budget of requests: of one account, of one product, over all threads, processes and machines.

Expected waits come from a leaky bucket that is simulated here in whole microseconds, or from
Connect's rate: five at once, then a request every three seconds, at most 25 in any minute.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
import sqlite3
from threading import Barrier, Lock
from typing import Any

from hypothesis import given, strategies as st
import pytest
import stamina
import time_machine

from bridge import config
from bridge.errors import SlowDownError
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.budget import Budget
from bridge.zoho.client import ZohoClient
from bridge.zoho.rate_limit import Rate, RateLimitStore, RateState
from tests.clock import NOW, Clock
from tests.command_line import GROUP, NETWORK, command_line
from tests.zoho_sandbox import Sandbox

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
NONE, EVER = timedelta(0), timedelta(days=7)
CONNECT = Rate(burst=5, every=3 * SECOND)
EVENTS = ("connect", "/upcomingEvents", {"scopeID": NETWORK, "selectedPartIds": GROUP})


some_rates = st.builds(
    Rate, burst=st.integers(1, 12), every=st.timedeltas(timedelta(microseconds=1), 10 * SECOND)
)
# The time since the last request, and the pause that Zoho then asks for.
wishes = st.lists(
    st.tuples(st.timedeltas(NONE, 30 * SECOND), st.just(NONE) | st.timedeltas(NONE, 60 * SECOND)),
    min_size=1,
    max_size=40,
)


def times_by_a_bucket(rate: Any, wishes: Any) -> Iterator[Any]:
    """Yield the time of each request, by a bucket of ``burst`` drops."""
    micro = timedelta(microseconds=1)
    every, now, free, level, at = (
        rate.every // micro,
        0,
        0,
        0,
        0,
    )  # a drop is ``every`` units of water
    level = rate.burst * every
    for later, closed in wishes:
        now += later // micro
        level, at = min(rate.burst * every, level + max(0, now - at)), max(now, at)
        free = max(free, now + closed // micro)
        goes = max(at, free) + max(0, every - min(rate.burst * every, level + max(0, free - at)))
        level, at = min(rate.burst * every, level + goes - at) - every, goes
        yield goes * micro


def times_by_pace(rate: Any, wishes: Any) -> Iterator[Any]:
    now, pace = NOW, RateState.unused(NOW)
    for later, closed in wishes:
        now += later
        pace = pace.closed(rate, now + closed, now)
        yield now + pace.wait(rate, now) - NOW
        pace = pace.taken(rate, now)


@given(some_rates, wishes)
def test_requests_go_out_as_soon_as_a_bucket_has_a_drop_for_them(rate: Any, wishes: Any) -> None:
    assert list(times_by_pace(rate, wishes)) == list(times_by_a_bucket(rate, wishes))


@given(some_rates, wishes)
def test_in_no_span_of_time_more_than_the_burst_and_its_share(rate: Any, wishes: Any) -> None:
    times = list(times_by_pace(rate, wishes))
    for first, start in enumerate(times):
        for last, end in enumerate(times[first:], first):
            assert last - first + 1 <= rate.burst + (end - start) // rate.every


@given(some_rates, wishes)
def test_no_request_goes_out_before_the_end_of_a_pause(rate: Any, wishes: Any) -> None:
    now, closed = NONE, []
    for (later, silence), goes in zip(wishes, times_by_pace(rate, wishes), strict=True):
        now += later
        closed.append((now, now + silence))
        assert not any(begin <= goes < end for begin, end in closed)


@pytest.mark.parametrize("ahead", [600 * SECOND, 3600 * SECOND, 2 * DAY, 3000 * DAY])
def test_a_clock_that_ran_ahead_blocks_no_request_once_it_is_right(ahead: Any) -> None:
    wrong = RateState.unused(NOW + ahead)
    wrong = wrong.closed(CONNECT, NOW + ahead + 60 * SECOND, NOW + ahead)
    for state in (wrong, wrong.taken(CONNECT, NOW + ahead)):
        assert state.wait(CONNECT, NOW) == NONE
        assert state.closed(CONNECT, NOW + 9 * SECOND, NOW).wait(CONNECT, NOW) == 9 * SECOND
        mended = state.taken(CONNECT, NOW)
        assert [mended.filled_until, mended.closed_until] == [NOW + 3 * SECOND, NOW]


def test_the_longest_waits_are_not_taken_for_a_wrong_clock() -> None:
    """A day's Retry-After is believed, and so are a person's five minutes."""
    assert RateState.unused(NOW).closed(CONNECT, NOW + DAY, NOW).wait(CONNECT, NOW) == DAY
    pace = RateState.unused(NOW)
    while pace.wait(CONNECT, NOW) < 300 * SECOND:
        pace = pace.taken(CONNECT, NOW)
    assert pace.taken(CONNECT, NOW).wait(CONNECT, NOW) == 303 * SECOND


@pytest.fixture
def rates(any_store: Store) -> RateLimitStore:
    return any_store.rate_limits


def test_turns_are_reserved_in_order_up_to_the_patience(rates: RateLimitStore) -> None:
    waits = [rates.take("a", "connect", CONNECT, now=NOW, patience=7 * SECOND) for _ in range(9)]
    assert waits == [NONE] * 5 + [
        3 * SECOND,
        6 * SECOND,
        9 * SECOND,
        9 * SECOND,
    ]  # the last two took nothing
    later = NOW + 6 * SECOND
    assert rates.take("a", "connect", CONNECT, now=later, patience=7 * SECOND) == 3 * SECOND
    assert rates.take("a", "connect", CONNECT, now=later, patience=7 * SECOND) == 6 * SECOND


def test_a_pause_is_not_longer_after_the_clock_was_set_back(rates: RateLimitStore) -> None:
    """A pause of an hour ends ten minutes too late at most, a short one at once."""
    rates.close("a", "connect", CONNECT, until=NOW + 60 * SECOND, now=NOW)
    back = NOW - 600 * SECOND
    assert rates.take("a", "connect", CONNECT, now=back, patience=NONE) == NONE
    assert rates.closed_until("a", "connect") == back


def test_each_account_and_product_has_its_own_rate(rates: RateLimitStore) -> None:
    one = Rate(burst=1, every=60 * SECOND)
    for account, product in [("a", "connect"), ("a", "calendar"), ("b", "connect")]:
        assert rates.closed_until(account, product) is None
        assert rates.take(account, product, one, now=NOW, patience=NONE) == NONE
    assert rates.take("a", "connect", one, now=NOW, patience=NONE) == 60 * SECOND
    rates.close("a", "calendar", CONNECT, until=NOW + 600 * SECOND, now=NOW)
    assert rates.take("a", "calendar", one, now=NOW, patience=NONE) == 600 * SECOND
    assert rates.take("a", "connect", one, now=NOW + 60 * SECOND, patience=NONE) == NONE
    assert rates.take("b", "connect", one, now=NOW + 60 * SECOND, patience=NONE) == NONE


def test_a_shorter_pause_does_not_shorten_an_earlier_one(rates: RateLimitStore) -> None:
    for seconds, until in [(100, 100), (50, 100), (120, 120)]:
        rates.close("a", "connect", CONNECT, until=NOW + seconds * SECOND, now=NOW)
        assert rates.closed_until("a", "connect") == NOW + until * SECOND
    assert rates.take("a", "connect", CONNECT, now=NOW, patience=EVER) == 120 * SECOND
    assert rates.take("a", "connect", CONNECT, now=NOW + 120 * SECOND, patience=NONE) == NONE


def test_threads_of_two_processes_never_get_the_same_turn(
    database_url: str, keys: SecretKeys
) -> None:
    """Also for a new product, whose row they all insert at once."""
    two = [Store.open(database_url, keys), Store.open(database_url, keys)]
    at_once = Barrier(8)

    def ask(number: int) -> list[timedelta]:
        at_once.wait()
        return [
            two[number % 2].rate_limits.take("a", "new", CONNECT, now=NOW, patience=EVER)
            for _ in range(10)
        ]

    with ThreadPoolExecutor(8) as pool:
        waits = sorted(wait for own in pool.map(ask, range(8)) for wait in own)
    assert waits == [NONE] * 5 + [3 * SECOND * n for n in range(1, 76)]
    for store in two:
        store.close()


def test_a_new_process_continues_where_the_last_one_stopped(
    any_store: Store, database_url: str, keys: SecretKeys
) -> None:
    while any_store.rate_limits.take("a", "connect", CONNECT, now=NOW, patience=NONE) == NONE:
        pass
    again = Store.open(database_url, keys)
    assert again.rate_limits.take("a", "connect", CONNECT, now=NOW, patience=NONE) == 3 * SECOND
    again.close()


def once(action: Callable[[], object]) -> Callable[[], None]:
    """Return a function that acts on its first call only."""
    actions = [action]

    def act() -> None:
        while actions:
            actions.pop()()

    return act


def budget(paces: RateLimitStore, clock: Clock, patience: int = 12) -> Budget:
    return Budget(
        paces,
        ("a", "connect"),
        CONNECT,
        name="Zoho Connect",
        patience=patience * SECOND,
        clock=clock,
        sleep=clock.sleep,
    )


def test_a_waiting_request_waits_for_the_end_of_a_new_pause(rates: RateLimitStore) -> None:
    clock = Clock()
    mine, other = budget(rates, clock), budget(rates, clock)
    for _ in range(5):
        mine.take()
    clock.on_sleep = once(lambda: other.close(5))
    mine.take()
    assert clock.slept == [3, 5]


def test_a_waiting_request_is_refused_when_a_new_pause_exceeds_its_patience(
    rates: RateLimitStore,
) -> None:
    clock = Clock()
    mine, other = budget(rates, clock), budget(rates, clock)
    for _ in range(5):
        mine.take()
    clock.on_sleep = once(lambda: other.close(10))
    with pytest.raises(
        SlowDownError, match=r"^No request to Zoho Connect for 10 seconds: "
    ) as caught:
        mine.take()  # of 12 seconds it has waited 3
    assert (clock.slept, caught.value.retry_after) == ([3], 10)


@pytest.fixture
def box() -> Iterator[Any]:
    with Sandbox(now=lambda: NOW) as box, stamina.set_testing(True, attempts=1):
        yield box


@pytest.fixture
def clients(box: Any, database_url: str, keys: SecretKeys) -> Iterator[Any]:
    """Make two clients that share only a database, as two processes do."""
    with ExitStack() as stack:

        def clients(**options: Any) -> Any:
            stores = [
                stack.enter_context(closing(Store.open(database_url, keys))) for _ in range(2)
            ]
            zoho = config.load({"BRIDGE_DATA_DIR": "/nowhere", **box.environment()}).zoho
            made = [
                ZohoClient(zoho, store.tokens, store.rate_limits, **options) for store in stores
            ]
            return [stack.enter_context(client) for client in made]

        yield clients


def asked(box: Any, product: str) -> Any:
    return [request for request in box.requests if request.route.startswith(f"{product}.")]


def test_two_processes_together_ask_connect_25_times_a_minute(box: Any, clients: Any) -> None:
    """Each waits on its own; what goes out is counted together."""
    clock, times = Clock(), []
    two = clients(clock=clock, sleep=clock.sleep)
    for turn in range(80):
        two[turn % 3 % 2].get(*EVENTS)
        times.append(clock.now)
    assert len(asked(box, "connect")) == 80
    assert max(sum(start <= time <= start + 60 * SECOND for time in times) for start in times) == 25
    assert times[-1] - times[0] == 75 * 3 * SECOND  # and no slower than that


def test_threads_of_two_processes_share_one_budget(box: Any, clients: Any) -> None:
    """Real threads in frozen time: each sleep is a turn of its own."""
    slept, lock = [], Lock()

    def sleep(seconds: Any) -> None:
        with lock:
            slept.append(seconds)

    two = clients(clock=lambda: NOW, sleep=sleep)
    two[0].get("calendar", "/calendars")  # both have a token from now on
    at_once = Barrier(8)

    def ask(number: Any) -> Any:
        at_once.wait()
        refusals = []
        for _ in range(3):
            try:
                two[number % 2].get(*EVENTS)
            except SlowDownError as error:
                refusals.append(error.retry_after)
        return refusals

    with ThreadPoolExecutor(8) as pool:
        refusals = [wait for own in pool.map(ask, range(8)) for wait in own]
    assert sorted(slept) == [
        3,
        6,
        9,
        12,
    ]  # after five that did not wait, up to the patience of 12 seconds
    assert refusals == [15] * (24 - 9)
    assert len(asked(box, "connect")) == 9


def test_a_throttle_of_one_process_holds_for_all(box: Any, clients: Any) -> None:
    one, other = clients(clock=lambda: NOW)
    box.faults.add("connect.events", "throttle", retry_after=300, times=1)
    with pytest.raises(SlowDownError, match="limits the rate of requests"):
        one.get(*EVENTS)
    box.forget_requests()
    with pytest.raises(SlowDownError, match="No request to Zoho Connect for 300 seconds") as caught:
        other.get(*EVENTS)
    assert caught.value.retry_after == 300
    assert asked(box, "connect") == []
    assert other.get("calendar", "/calendars")["calendars"]  # the other products go on


def test_twenty_requests_to_calendar_do_not_wait(clients: Any) -> None:
    """Twenty windows at once are within the burst of 80."""
    clock = Clock()
    (client, _) = clients(clock=clock, sleep=clock.sleep)
    for _ in range(21):
        client.get("calendar", "/calendars")
    assert clock.slept == []


def test_commands_share_the_rate_through_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A throttle of one command stops the next one, which may be another process."""
    with time_machine.travel(NOW, tick=False), command_line(tmp_path, monkeypatch) as line:
        line.sandbox.faults.add("connect.events", "throttle", retry_after=4000, times=1)
        assert line("refresh").exit_code == 1
        line.sandbox.forget_requests()
        done = line("refresh", "group")
        assert (done.exit_code, asked(line.sandbox, "connect")) == (1, [])
        assert "No request to Zoho Connect for 4000 seconds" in done.stderr
        with closing(sqlite3.connect(line.data_dir / "bridge.sqlite3")) as connection:
            rows = connection.execute(
                "SELECT product, length(account) FROM paces ORDER BY product"
            ).fetchall()
    assert rows == [("backstage", 16), ("calendar", 16), ("connect", 16)]
