"""Access tokens, and the promises of the store that shares them."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from bridge.store import Store
from bridge.zoho.tokens import AccessToken

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TOKEN = AccessToken(value="secret-value", expires_at=NOW + timedelta(hours=1))


def test_a_token_hides_its_value_and_its_errors_do_too() -> None:
    assert "secret-value" not in f"{TOKEN!r} {TOKEN}"
    with pytest.raises(ValueError, match="visible ASCII") as caught:
        AccessToken(value="secret value", expires_at=NOW)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["", " ", "a b", "a\n", "é", "\x7f"])
def test_a_token_is_one_word_of_visible_ascii(value: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        AccessToken(value=value, expires_at=NOW)


def test_a_token_needs_an_aware_end() -> None:
    with pytest.raises(ValueError, match="time zone"):
        AccessToken(value="a", expires_at=NOW.replace(tzinfo=None))


def test_a_token_lasts_until_a_minute_before_its_end() -> None:
    assert TOKEN.lasts(TOKEN.expires_at - 61 * SECOND)
    assert not TOKEN.lasts(TOKEN.expires_at - 60 * SECOND)


def test_a_token_is_kept_for_its_account_alone(any_store: Store) -> None:
    any_store.tokens.begin_token_request("a", holder="h", now=NOW)
    any_store.tokens.end_token_request("a", holder="h", token=TOKEN)
    assert any_store.tokens.access_token("a") == TOKEN
    assert any_store.tokens.access_token("b") is None


def test_a_failed_request_keeps_the_old_token(any_store: Store) -> None:
    any_store.tokens.begin_token_request("a", holder="h", now=NOW)
    any_store.tokens.end_token_request("a", holder="h", token=TOKEN)
    any_store.tokens.end_token_request("a", holder="h", token=None)
    assert any_store.tokens.access_token("a") == TOKEN


def test_a_token_is_forgotten_only_while_it_is_the_one(any_store: Store) -> None:
    any_store.tokens.begin_token_request("a", holder="h", now=NOW)
    any_store.tokens.end_token_request("a", holder="h", token=TOKEN)
    any_store.tokens.forget_access_token("a", "another")
    assert any_store.tokens.access_token("a") == TOKEN
    any_store.tokens.forget_access_token("a", TOKEN.value)
    assert any_store.tokens.access_token("a") is None
    any_store.tokens.forget_access_token("never seen", "x")


def test_one_holder_requests_a_token_at_a_time(any_store: Store) -> None:
    """The lease is 30 seconds, for a holder may die while it asks."""
    assert any_store.tokens.begin_token_request("a", holder="one", now=NOW) == 0
    assert any_store.tokens.begin_token_request("a", holder="two", now=NOW + 10 * SECOND) > 0
    assert any_store.tokens.begin_token_request("b", holder="two", now=NOW) == 0
    assert any_store.tokens.begin_token_request("a", holder="one", now=NOW + 10 * SECOND) == 0
    assert any_store.tokens.begin_token_request("a", holder="two", now=NOW + 40 * SECOND) == 0


def test_the_lease_ends_with_the_request_and_only_by_its_holder(any_store: Store) -> None:
    any_store.tokens.begin_token_request("a", holder="one", now=NOW)
    any_store.tokens.end_token_request("a", holder="two", token=None)
    assert any_store.tokens.begin_token_request("a", holder="two", now=NOW) > 0
    any_store.tokens.end_token_request("a", holder="one", token=None)
    assert any_store.tokens.begin_token_request("a", holder="two", now=NOW) == 0


def test_nine_requests_in_ten_minutes_and_no_more(any_store: Store) -> None:
    """Zoho allows 10 in 10 minutes; a refused one does not count."""
    for number in range(9):
        assert any_store.tokens.begin_token_request("a", holder="h", now=NOW + number * SECOND) == 0
    assert any_store.tokens.begin_token_request("a", holder="h", now=NOW + 100 * SECOND) == 500
    assert any_store.tokens.begin_token_request("a", holder="h", now=NOW + 599 * SECOND) == 1
    assert any_store.tokens.begin_token_request("a", holder="h", now=NOW + 600 * SECOND) == 0
    assert any_store.tokens.begin_token_request("a", holder="h", now=NOW + 600 * SECOND) == 1


def test_one_of_many_threads_gets_leave(any_store: Store) -> None:
    at_once = Barrier(8)
    waits: list[float] = []

    def ask(holder: str) -> None:
        at_once.wait()
        waits.append(any_store.tokens.begin_token_request("a", holder=holder, now=NOW))

    threads = [Thread(target=ask, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [wait == 0 for wait in sorted(waits)] == [True] + [False] * 7
