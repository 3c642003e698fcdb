"""Limits of sign-in attempts in every kind of database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from urllib.parse import quote

from bridge.store import Store, sign_ins
from bridge.store.crypto import SecretKeys

NONE = timedelta()


def test_attempts_of_a_client_are_counted(any_store: Store, now: datetime) -> None:
    attempts = any_store.sign_ins
    assert [attempts.begin("a", now=now) for _ in range(5)] == [NONE] * 5
    assert attempts.begin("a", now=now + timedelta(minutes=2)) == timedelta(minutes=3)
    assert attempts.begin("b", now=now) == NONE
    assert attempts.begin("a", now=now + sign_ins.PERIOD) == NONE
    attempts.succeed("a", now=now)
    assert attempts.begin("a", now=now + sign_ins.PERIOD) == NONE


def test_attempts_of_others_slow_no_client_that_signed_in_within_thirty_days(
    any_store: Store, now: datetime
) -> None:
    attempts = any_store.sign_ins
    attempts.succeed("admin", now=now)
    attempts.succeed("other", now=now + timedelta(days=29))  # keeps what is not too old
    for days, is_known in ((0, True), (29.99, True), (30, False)):
        moment = now + timedelta(days=days)
        assert {attempts.begin(f"stranger {n}", now=moment) for n in range(50)} == {NONE}
        assert attempts.begin("one stranger more", now=moment) == sign_ins.PERIOD
        assert (attempts.begin("admin", now=moment) == NONE) == is_known


def test_a_client_that_signed_in_before_may_fail_five_times(store: Store, now: datetime) -> None:
    store.sign_ins.succeed("admin", now=now)
    waits = [store.sign_ins.begin("admin", now=now) for _ in range(6)]
    assert waits == [NONE] * 5 + [sign_ins.PERIOD]


def test_of_forty_attempts_at_once_each_is_counted_and_none_fails(
    database_url: str, now: datetime
) -> None:
    """Also on a server whose transactions are serializable unless they request less."""
    if database_url.startswith("postgresql"):
        database_url += quote(" -cdefault_transaction_isolation=serializable")
    store = Store.open(database_url, SecretKeys("k" * 40))

    start = Barrier(40)

    def sign_in(number: int) -> timedelta:
        start.wait()
        wait = store.sign_ins.begin("guesser", now=now)
        store.sign_ins.succeed(f"admin {number % 3}", now=now)
        store.sessions.begin(now=now)
        return wait

    with ThreadPoolExecutor(40) as threads:
        waits = list(threads.map(sign_in, range(40)))
    store.close()
    assert sorted(waits) == [NONE] * 5 + [sign_ins.PERIOD] * 35


def test_attempts_of_a_clock_that_was_ahead_stop_no_sign_in(store: Store, now: datetime) -> None:
    for number in range(60):
        store.sign_ins.begin(f"client {number % 12}", now=now + timedelta(days=1))
    assert store.sign_ins.begin("client 1", now=now) == NONE
