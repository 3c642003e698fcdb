"""Sources in every kind of database: leases, stored events, rejections, failures and held losses."""

from datetime import datetime, timedelta
import threading

import pytest

from bridge.domain import codec
from bridge.domain.problems import text_problem
from bridge.domain.rejection import Rejection
from bridge.store import Store
from bridge.store.sources import LONG_AGO
from tests.store.samples import TERM, WORK, event_to_save, feed, save_read


def test_a_source_has_one_lease_holder_at_a_time(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    assert any_store.sources.claim(WORK.key, holder="w1", now=now, term=TERM)
    assert not any_store.sources.claim(WORK.key, holder="w2", now=now, term=TERM)
    assert any_store.sources.due(now=now) == ()


def test_the_lease_of_a_crashed_process_ends_after_its_term(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.sources.claim(WORK.key, holder="w1", now=now, term=TERM)
    later = now + TERM
    assert any_store.sources.due(now=later) == (WORK.key,)
    assert any_store.sources.claim(WORK.key, holder="w2", now=later, term=TERM)


@pytest.mark.parametrize("hours", [1, 20, 24 * 400])
def test_a_clock_that_was_ahead_does_not_stop_the_reads(
    any_store: Store, now: datetime, hours: int
) -> None:
    """Neither by a lease, nor by the time of the next read that it wrote."""
    ahead = now + timedelta(hours=hours)
    any_store.feeds.replace([feed()], now=ahead)
    assert any_store.sources.due(now=now) == (WORK.key,)
    assert any_store.sources.claim(WORK.key, holder="w1", now=ahead, term=TERM)
    assert any_store.sources.due(now=now) == (WORK.key,)
    assert any_store.sources.claim(WORK.key, holder="w2", now=now, term=TERM, only_due=True)
    any_store.sources.fail(
        WORK.key, holder="w2", now=ahead, next_check_at=ahead, error=text_problem("down")
    )
    assert any_store.sources.state(WORK.key).is_ahead(now)
    assert any_store.sources.due(now=now) == (WORK.key,)
    assert any_store.sources.claim(WORK.key, holder="w3", now=now, term=TERM, only_due=True)


def test_a_pause_of_a_day_that_zoho_asked_for_is_kept(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.sources.claim(WORK.key, holder="w", now=now, term=TERM)
    later = now + timedelta(days=1)
    any_store.sources.fail(
        WORK.key, holder="w", now=now, next_check_at=later, error=text_problem("slow down")
    )
    assert any_store.sources.due(now=now) == ()
    assert any_store.sources.due(now=later) == (WORK.key,)


def test_clocks_that_differ_a_little_share_a_lease(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.sources.claim(WORK.key, holder="w1", now=now + timedelta(minutes=2), term=TERM)
    assert not any_store.sources.claim(WORK.key, holder="w2", now=now, term=TERM)


def test_a_process_that_lost_its_lease_writes_nothing(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.sources.claim(WORK.key, holder="w1", now=now, term=TERM)
    any_store.sources.claim(WORK.key, holder="w2", now=now + TERM, term=TERM)
    done = any_store.sources.succeed(
        WORK.key,
        holder="w1",
        now=now,
        next_check_at=now,
        saved=[event_to_save()],
        removed=[],
        rejected=[],
        notes=[],
    )
    assert done is False
    assert any_store.sources.index(WORK.key) == {}
    any_store.sources.fail(
        WORK.key, holder="w1", now=now, next_check_at=now, error=text_problem("late")
    )
    assert any_store.sources.state(WORK.key).error is None


def test_of_many_claims_at_once_one_wins(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    won = []
    barrier = threading.Barrier(6)

    def claim(holder: str) -> None:
        barrier.wait()
        won.append(any_store.sources.claim(WORK.key, holder=holder, now=now, term=TERM))

    threads = [threading.Thread(target=claim, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 5 + [True]


def test_events_are_saved_changed_and_removed(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    save_read(any_store, now, saved=[event_to_save("u1"), event_to_save("u2", cancelled_since=now)])
    index = any_store.sources.index(WORK.key)
    assert set(index) == {"u1", "u2"}
    assert index["u2"].cancelled_since == now
    save_read(any_store, now, saved=[event_to_save("u1", title="Renamed")], removed=["u2"])
    assert set(any_store.sources.index(WORK.key)) == {"u1"}
    payloads = any_store.sources.payloads(WORK.key, ["u1", "u2"])
    assert {uid: codec.decode(data).title for uid, data in payloads.items()} == {"u1": "Renamed"}


def test_a_thousand_events_can_be_read_and_removed_by_uid(any_store: Store, now: datetime) -> None:
    """SQLite and PostgreSQL bound the number of parameters of a statement."""
    any_store.feeds.replace([feed()], now=now)
    uids = [f"u{n}" for n in range(1200)]
    save_read(any_store, now, saved=[event_to_save(uid) for uid in uids])
    assert len(any_store.sources.payloads(WORK.key, uids)) == 1200
    save_read(any_store, now, removed=uids)
    assert any_store.sources.index(WORK.key) == {}


def test_rejections_are_of_the_last_read_and_can_be_added_to(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    save_read(
        any_store,
        now,
        rejected=[Rejection(kind="dropped", upstream_id="9", problems=(text_problem("no start"),))],
        notes=[text_problem("a remark")],
    )
    second = Rejection(
        kind="repaired", upstream_id="8", problems=(text_problem("end before start"),)
    )
    save_read(any_store, now, rejected=[second])
    third = Rejection(kind="dropped", upstream_id="7", problems=(text_problem("unreadable"),))
    any_store.sources.reject(WORK.key, [third])
    assert any_store.sources.rejections(WORK.key) == (second, third)
    state = any_store.sources.state(WORK.key)
    assert (state.rejections, state.notes) == (2, ())


def test_a_failure_keeps_the_events_and_the_time_of_the_first_failure(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    save_read(any_store, now, saved=[event_to_save()])
    for minutes in (20, 40):
        at = now + timedelta(minutes=minutes)
        any_store.sources.claim(WORK.key, holder="w", now=at, term=TERM)
        any_store.sources.fail(
            WORK.key,
            holder="w",
            now=at,
            next_check_at=at + TERM,
            error=text_problem("Zoho is down."),
        )
    state = any_store.sources.state(WORK.key)
    assert state.failing_since == now + timedelta(minutes=20)
    assert (state.failures, str(state.error), state.events) == (2, "Zoho is down.", 1)
    assert state.next_check_at == now + timedelta(minutes=50)
    assert state.last_success == now
    save_read(any_store, now + timedelta(hours=1))
    state = any_store.sources.state(WORK.key)
    assert (state.failing_since, state.failures, state.error) == (None, 0, None)


def test_a_hold_lasts_until_a_read_without_warning(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    for at in (now, now + TERM):
        save_read(any_store, at, warning=text_problem("Half is gone."))
        state = any_store.sources.state(WORK.key)
        assert (str(state.warning), state.held_at) == ("Half is gone.", now)
    save_read(any_store, now + 2 * TERM)
    state = any_store.sources.state(WORK.key)
    assert (state.warning, state.held_at) == (None, None)


def test_a_clock_that_was_ahead_dates_no_hold_and_no_failure(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    warning, ahead = text_problem("Half is gone."), now + timedelta(days=300)
    for at in (ahead, now):
        save_read(any_store, at, warning=warning)
    assert any_store.sources.state(WORK.key).held_at == now
    for at in (ahead, now):
        any_store.sources.claim(WORK.key, holder="w", now=at, term=TERM)
        any_store.sources.fail(WORK.key, holder="w", now=at, next_check_at=at, error=warning)
    assert any_store.sources.state(WORK.key).failing_since == now


def missing_since(store: Store) -> dict[str, datetime | None]:
    return {uid: row.missing_since for uid, row in store.sources.index(WORK.key).items()}


def test_a_missing_event_keeps_the_time_until_it_returns(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    save_read(any_store, now, saved=[event_to_save(uid) for uid in ("u1", "u2", "u3")])
    save_read(any_store, now + TERM, missing=["u1", "u2"])
    save_read(any_store, now + 2 * TERM, returned=["u2"], missing=["u3"])
    times = {"u1": now + TERM, "u2": None, "u3": now + 2 * TERM}
    assert missing_since(any_store) == times
    save_read(any_store, now + 3 * TERM, saved=[event_to_save("u1", title="Renamed")])
    assert missing_since(any_store) == times | {"u1": None}


def test_a_confirmed_loss_is_older_than_any_read_and_due(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    save_read(any_store, now, saved=[event_to_save("u1"), event_to_save("u2")])
    save_read(any_store, now, missing=["u1"])
    any_store.sources.confirm_loss(WORK.key, now=now)
    assert missing_since(any_store) == {"u1": LONG_AGO, "u2": None}
    assert any_store.sources.due(now=now) == (WORK.key,)


def test_refresh_now_makes_a_source_due(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    save_read(any_store, now)
    assert any_store.sources.due(now=now) == ()
    any_store.sources.wake([WORK.key], now=now)
    assert any_store.sources.due(now=now) == (WORK.key,)
