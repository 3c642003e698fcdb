"""Access tokens in every kind of database: one request at a time, within Zoho's limits."""

from datetime import datetime, timedelta

from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.tokens import AccessToken


def test_one_process_at_a_time_requests_an_access_token(any_store: Store, now: datetime) -> None:
    tokens = any_store.tokens
    assert tokens.begin_token_request("a", holder="w1", now=now) == 0
    assert tokens.begin_token_request("a", holder="w2", now=now) > 0
    token = AccessToken(value="t1", expires_at=now + timedelta(hours=1))
    tokens.end_token_request("a", holder="w1", token=token)
    assert tokens.access_token("a") == token
    assert tokens.access_token("b") is None
    assert tokens.begin_token_request("a", holder="w2", now=now) == 0


def test_the_lease_of_a_crashed_process_ends_after_31_seconds(
    any_store: Store, now: datetime
) -> None:
    any_store.tokens.begin_token_request("a", holder="w1", now=now)
    assert (
        any_store.tokens.begin_token_request("a", holder="w2", now=now + timedelta(seconds=31)) == 0
    )


def test_ten_token_requests_in_ten_minutes_are_never_reached(
    any_store: Store, now: datetime
) -> None:
    """Zoho blocks an account that asks for more (OAuth: token limits)."""
    asked = 0
    for minute in range(10):
        for _ in range(3):
            if (
                any_store.tokens.begin_token_request(
                    "a", holder="w", now=now + timedelta(minutes=minute)
                )
                == 0
            ):
                asked += 1
                any_store.tokens.end_token_request("a", holder="w", token=None)
    assert asked == 9
    wait = any_store.tokens.begin_token_request("a", holder="w", now=now + timedelta(minutes=9))
    assert wait == 60
    assert (
        any_store.tokens.begin_token_request("a", holder="w", now=now + timedelta(minutes=10)) == 0
    )
    assert any_store.tokens.begin_token_request("b", holder="w", now=now) == 0


def test_token_requests_of_a_clock_that_was_ahead_stop_no_other(
    any_store: Store, now: datetime
) -> None:
    ahead = now + timedelta(hours=1)
    for _ in range(9):
        assert any_store.tokens.begin_token_request("a", holder="w1", now=ahead) == 0
    assert any_store.tokens.begin_token_request("a", holder="w2", now=now) == 0


def test_a_refused_token_is_forgotten_but_not_its_successor(
    any_store: Store, now: datetime
) -> None:
    tokens = any_store.tokens
    tokens.begin_token_request("a", holder="w", now=now)
    new = AccessToken(value="new", expires_at=now)
    tokens.end_token_request("a", holder="w", token=new)
    tokens.forget_access_token("a", "old")
    assert tokens.access_token("a") == new
    tokens.forget_access_token("a", "new")
    assert tokens.access_token("a") is None


def test_a_token_encrypted_with_another_key_is_none(
    any_store: Store, database_url: str, now: datetime
) -> None:
    any_store.tokens.begin_token_request("a", holder="w", now=now)
    any_store.tokens.end_token_request(
        "a", holder="w", token=AccessToken(value="t", expires_at=now)
    )
    other = Store.open(database_url, SecretKeys("another secret key, just as long as it has to be"))
    assert other.tokens.access_token("a") is None
    other.close()
