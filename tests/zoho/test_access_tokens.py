"""The client's access tokens: shared, renewed as seldom as possible, and replaced when refused.

Answers and their meaning come from docs/zoho-apis.md, cited as "Zoho APIs 1.4".
"""

from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from bridge.config import Secret
from bridge.errors import SlowDownError, UnavailableError
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from bridge.zoho.oauth import account_of
from bridge.zoho.tokens import AccessToken
from tests.clock import Clock
from tests.zoho.conftest import MakeClient
from tests.zoho.loopback import CALENDAR, NOW, Answer, LoopbackZoho, settings_for, token_body


def test_one_token_serves_many_requests_and_clients(zoho: LoopbackZoho, make: MakeClient) -> None:
    """Zoho APIs 1.3: one shared token for each refresh token, never one for each poll or worker."""
    first, second = make(), make()
    for client in (first, second, first):
        client.get(*CALENDAR)
    assert len(zoho.token_calls) == 1
    assert [call.token for call in zoho.calls] == ["token-1"] * 3


def test_another_login_has_another_token(zoho: LoopbackZoho, make: MakeClient) -> None:
    make().get(*CALENDAR)
    make(changes={"refresh_token": Secret("another")}).get(*CALENDAR)
    assert [call.token for call in zoho.calls] == ["token-1", "token-2"]


@pytest.mark.parametrize(("age", "asks"), [(3539, 1), (3540, 2), (3600, 2), (9000, 2)])
def test_a_token_within_a_minute_of_its_end_is_replaced_early(
    zoho: LoopbackZoho, client: ZohoClient, clock: Clock, age: int, asks: int
) -> None:
    client.get(*CALENDAR)
    clock.forward(seconds=age)
    client.get(*CALENDAR)
    assert len(zoho.token_calls) == asks


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (token_body("t"), 3600),
        (token_body("t", expires_in=1800), 1800),
        (token_body("t", expires_in="1800"), 1800),
        (
            token_body("t", expires_in=3_600_000),
            3600,
        ),  # an old form counts milliseconds; API 1.2: it lives 1 h
        (token_body("t", expires_in=None), 3600),
        (token_body("t", expires_in=-5), 3600),
        (token_body("t", expires_in="soon"), 3600),
        ({"access_token": "t"}, 3600),
    ],
)
def test_how_long_a_token_lives_is_read_with_care(
    zoho: LoopbackZoho, client: ZohoClient, store: Store, body: Any, seconds: float
) -> None:
    zoho.script_token(Answer(body))
    client.get(*CALENDAR)
    kept = store.tokens.access_token(account_of(settings_for(zoho.url)))
    assert kept == AccessToken(value="t", expires_at=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [200, 201, 400, 500])
def test_a_token_is_a_token_whatever_the_status(
    zoho: LoopbackZoho, client: ZohoClient, status: int
) -> None:
    """Zoho APIs 1.4: success is a non-empty access_token; the status is not trusted."""
    zoho.script_token(Answer(token_body("odd"), status=status))
    client.get(*CALENDAR)
    assert [call.token for call in zoho.calls] == ["odd"]


def test_threads_share_one_token_request(zoho: LoopbackZoho, client: ZohoClient) -> None:
    """Ten threads at once without a token: one asks."""
    at_once = Barrier(10)

    def read() -> None:
        at_once.wait()
        client.get(*CALENDAR)

    threads = [Thread(target=read) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(zoho.token_calls) == 1
    assert {call.token for call in zoho.calls} == {"token-1"}
    assert len(zoho.seen) == 11


def test_threads_whose_token_died_share_one_replacement(
    zoho: LoopbackZoho, client: ZohoClient, store: Store
) -> None:
    old = AccessToken(value="old", expires_at=NOW + timedelta(hours=1))
    store.tokens.end_token_request(account_of(settings_for(zoho.url)), holder="x", token=old)
    zoho.good = {"token-1"}
    at_once = Barrier(4)

    def read() -> None:
        at_once.wait()
        client.get(*CALENDAR)

    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(zoho.token_calls) == 1
    assert [call.token for call in zoho.calls].count("token-1") == 4


def test_the_token_that_another_process_gets_is_waited_for(
    zoho: LoopbackZoho, client: ZohoClient, store: Store, clock: Clock
) -> None:
    """While another process has the leave, this one looks for its token in short steps."""
    account = account_of(settings_for(zoho.url))
    assert store.tokens.begin_token_request(account, holder="another", now=NOW) == 0
    theirs = AccessToken(value="theirs", expires_at=NOW + timedelta(hours=1))

    def third_sleep_ends_their_request() -> None:
        if len(clock.slept) == 3:
            store.tokens.end_token_request(account, holder="another", token=theirs)

    clock.on_sleep = third_sleep_ends_their_request
    client.get(*CALENDAR)
    assert zoho.token_calls == []
    assert [call.token for call in zoho.calls] == ["theirs"]
    assert sum(clock.slept) <= 5


def test_a_process_that_hangs_is_not_waited_for_long(
    zoho: LoopbackZoho, client: ZohoClient, store: Store, clock: Clock
) -> None:
    """The lease is 30 seconds; a caller waits about 5 of them."""
    store.tokens.begin_token_request(account_of(settings_for(zoho.url)), holder="another", now=NOW)
    with pytest.raises(SlowDownError) as caught:
        client.get(*CALENDAR)
    assert sum(clock.slept) == pytest.approx(5)
    assert caught.value.retry_after == pytest.approx(1)
    clock.forward(seconds=25)
    client.get(*CALENDAR)
    assert len(zoho.token_calls) == 1


def test_the_tenth_token_request_in_ten_minutes_is_not_made(
    zoho: LoopbackZoho, client: ZohoClient, store: Store, clock: Clock
) -> None:
    """Zoho APIs 1.3: 10 in 10 minutes, then blocked; the store's budget of 9 holds before that."""
    account = account_of(settings_for(zoho.url))
    for minute in range(9):
        assert (
            store.tokens.begin_token_request(
                account, holder="x", now=NOW + timedelta(seconds=minute)
            )
            == 0
        )
        store.tokens.end_token_request(account, holder="x", token=None)
    clock.now = NOW + timedelta(minutes=2)
    with pytest.raises(SlowDownError) as caught:
        client.get(*CALENDAR)
    assert caught.value.retry_after == 480
    assert clock.slept == []
    assert zoho.seen == []


def test_a_token_stored_just_before_our_leave_is_used(
    zoho: LoopbackZoho, make: MakeClient, store: Store
) -> None:
    """Another process may finish between the look and the leave: no request then."""

    account = account_of(settings_for(zoho.url))

    class LateTokens:
        """The store's tokens, to which another process adds one just before the leave."""

        access_token = store.tokens.access_token
        end_token_request = store.tokens.end_token_request
        forget_access_token = store.tokens.forget_access_token

        def begin_token_request(self, account: str, *, holder: str, now: datetime) -> float:
            token = AccessToken(value="theirs", expires_at=NOW + timedelta(hours=1))
            store.tokens.begin_token_request(account, holder="another", now=now)
            store.tokens.end_token_request(account, holder="another", token=token)
            return store.tokens.begin_token_request(account, holder=holder, now=now)

    make(tokens=LateTokens()).get(*CALENDAR)
    assert zoho.token_calls == []
    assert [call.token for call in zoho.calls] == ["theirs"]
    assert store.tokens.begin_token_request(account, holder="third", now=NOW) == 0


def test_a_failure_to_get_a_token_holds_no_longer_when_the_clock_is_set_back(
    zoho: LoopbackZoho, client: ZohoClient, clock: Clock
) -> None:
    zoho.script_token(Answer(status=500))
    for _ in range(2):
        with pytest.raises(UnavailableError):
            client.get(*CALENDAR)
    assert len(zoho.token_calls) == 1
    clock.forward(days=-3)
    client.get(*CALENDAR)


def test_the_leave_ends_when_asking_fails(
    zoho: LoopbackZoho, client: ZohoClient, store: Store
) -> None:
    zoho.script_token(Answer(status=500))
    with pytest.raises(UnavailableError):
        client.get(*CALENDAR)
    assert (
        store.tokens.begin_token_request(
            account_of(settings_for(zoho.url)), holder="another", now=NOW
        )
        == 0
    )
