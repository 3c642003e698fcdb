"""The Zoho client over real HTTP: the exact requests it sends, and what it makes of each answer.

Answers and their meaning are from the reference of the Zoho APIs, part by part: "API 1.4" is its chapter on the error
bodies of the token endpoint, "API 2.5", "3.8" and "4.7" those on the errors of Backstage, Connect and Calendar.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import gzip
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import logging
import os
import socket
import struct
from threading import Barrier, Event, Lock, Thread
import traceback
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import stamina

from bridge import __version__
from bridge.config import Secret, ZohoSettings
from bridge.errors import (
    BadDataError,
    ConfigError,
    LoginError,
    NotFoundError,
    ScopeError,
    SlowDownError,
    UnavailableError,
    ZohoError,
)
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from bridge.zoho.oauth import account_of
from bridge.zoho.tokens import AccessToken, MemoryTokenStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLIENT_SECRET = "client+secret&of=tests"
REFRESH_TOKEN = "1000.refresh.token/of=tests"
TOKEN_PATH = "/oauth/v2/token"
CONNECT = ("connect", "/upcomingEvents")
CALENDAR = ("calendar", "/calendars/l9%3D%3D/events")
BACKSTAGE = ("backstage", "/portals/1/events")


@dataclass
class Answer:
    """What the server says; it may reset the connection instead, or promise more bytes than the body has.

    ``cut`` then ends the connection, ``stall`` says nothing more, and ``drip`` sends one byte and another, slowly.
    """

    body: object = b""
    status: int = 200
    headers: dict = field(default_factory=dict)
    cut: bool = False
    stall: bool = False
    drip: bool = False
    reset: bool = False

    @property
    def data(self) -> Any:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Seen:
    method: str
    target: str
    headers: dict
    form: dict

    @property
    def token(self) -> Any:
        return self.headers.get("authorization", "").removeprefix("Zoho-oauthtoken ")


class Server(ThreadingHTTPServer):
    """Zoho on loopback: ``script`` what it answers; each request it got is in ``seen``."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.seen = []
        self.answers = deque()
        self.token_answers = deque()
        self.good = None  # when set: only these token values are let in
        self.lock = Lock()
        self.tokens_given = 0
        self.stop = Event()

    def script(self, *answers: Any) -> None:
        self.answers.extend(answers)

    def script_token(self, *answers: Any) -> None:
        self.token_answers.extend(answers)

    @property
    def calls(self) -> Any:
        return [one for one in self.seen if one.target != TOKEN_PATH]

    @property
    def token_calls(self) -> Any:
        return [one for one in self.seen if one.target == TOKEN_PATH]

    def answer_to(self, seen: Any) -> Any:
        with self.lock:
            self.seen.append(seen)
            if seen.target == TOKEN_PATH:
                if self.token_answers:
                    return self.token_answers.popleft()
                self.tokens_given += 1
                return Answer(token_body(f"token-{self.tokens_given}"))
            if self.good is not None and seen.token not in self.good:
                return Answer({"error": [{"error_code": "INVALID_OAUTHTOKEN"}]}, status=401)
            return self.answers.popleft() if self.answers else Answer({"events": []})

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that gave up is what some tests are about


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it costs 40 ms a request here

    def date_time_string(self, timestamp: Any = None) -> str:
        return "Sun, 01 Mar 2026 12:00:00 GMT"  # the Date header: NOW, the clock of these tests

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        form = (
            dict(parse_qsl(self.rfile.read(length).decode(), strict_parsing=True)) if length else {}
        )
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer_to(Seen(self.command, self.path, headers, form))
        if answer.reset:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(
                self.connection.detach()
            )  # close() would wait for the streams on top of the socket
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        missing = 10_000 if answer.cut or answer.stall or answer.drip else 0
        self.close_connection = bool(missing)
        self.send_header("Content-Length", str(len(answer.data) + missing))
        self.end_headers()
        self.wfile.write(answer.data)
        if answer.stall:
            self.server.stop.wait()
        while answer.drip and not self.server.stop.wait(0.02):
            self.wfile.write(b" ")

    do_GET = do_POST = handle_one  # noqa: N815 - the names that http.server looks for

    def log_message(self, *arguments: Any) -> None:
        pass


def token_body(value: Any, **more: Any) -> Any:
    """API 1.2: the answer to a refresh."""
    return {
        "access_token": value,
        "api_domain": "https://www.zohoapis.com",
        "token_type": "Bearer",
        "expires_in": 3600,
    } | more


class Clock:
    """A clock that only ``sleep`` moves; ``frozen``: not even that, as for threads that all sleep at once."""

    def __init__(self) -> None:
        self.now = NOW
        self.frozen = False
        self.slept = []
        self.lock = Lock()
        self.on_sleep = None

    def __call__(self) -> Any:
        return self.now

    def sleep(self, seconds: Any) -> None:
        with self.lock:
            self.slept.append(seconds)
            if not self.frozen:
                self.now += timedelta(seconds=seconds)
        if self.on_sleep:
            self.on_sleep()


@pytest.fixture(autouse=True)
def _quick_retries() -> Iterator[Any]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def zoho() -> Iterator[Any]:
    server = Server()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> Any:
    return Clock()


@pytest.fixture
def store() -> Any:
    return MemoryTokenStore()


def settings_for(url: str, **changes: Any) -> Any:
    values = {
        "client_id": "1000.CLIENT",
        "client_secret": Secret(CLIENT_SECRET),
        "refresh_token": Secret(REFRESH_TOKEN),
        "data_center": "eu",
        "accounts_url": url,
        "backstage_url": f"{url}/backstage/v3",
        "connect_url": f"{url}/pulse/api",
        "calendar_url": f"{url}/api/v1",
    }
    return ZohoSettings(**(values | changes))


@pytest.fixture
def make(zoho: Any, clock: Any, store: Store) -> Iterator[Any]:
    """Make clients (each is like another process) that share the store and the clock."""
    made = []

    def make(
        url: Any = zoho.url,
        store: Any = store,
        http: Any = None,
        changes: Any = None,
        **options: Any,
    ) -> Any:
        client = ZohoClient(
            settings_for(url, **(changes or {})),
            store,
            clock=clock,
            sleep=clock.sleep,
            http=http,
            **options,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make: Any) -> Any:
    return make()


def secrets_in(text: str) -> Any:
    return [
        one for one in (CLIENT_SECRET, REFRESH_TOKEN, "token-1", "token-2", "leaked") if one in text
    ]


def all_of(error: Any) -> Any:
    """Everything that a log might print of an error, with its causes and contexts and their attributes."""
    text = "".join(traceback.format_exception(error))
    while error is not None:
        text += repr(error) + repr(error.args) + repr(vars(error))
        error = error.__cause__ or error.__context__
    return text


# --- what goes out ---------------------------------------------------------------------------------------------------


def test_a_request_is_exactly_what_zoho_documents(zoho: Any, client: Any) -> None:
    """API 1.2 (header), 4.2 (range as percent-encoded JSON), 4.1 (encoded path segments stay as they are)."""
    zoho.script(Answer({"events": [{"uid": "a"}]}))
    answer = client.get(
        *CALENDAR,
        {"range": '{"start":"20260301","end":"20260331"}'},
        accept="application/json+large",
    )
    assert answer == {"events": [{"uid": "a"}]}
    [call] = zoho.calls
    assert (call.method, call.target) == (
        "GET",
        "/api/v1/calendars/l9%3D%3D/events?range=%7B%22start%22%3A%2220260301%22%2C%22end%22%3A%2220260331%22%7D",
    )
    assert call.headers["authorization"] == "Zoho-oauthtoken token-1"
    assert call.headers["accept"] == "application/json+large"
    assert call.headers["user-agent"] == f"zoho-calendar-bridge/{__version__}"
    assert "cookie" not in call.headers


@pytest.mark.parametrize(
    ("product", "path", "target"),
    [
        ("backstage", "/portals/1", "/backstage/v3/portals/1"),
        ("connect", "/allScopes", "/pulse/api/allScopes"),
        ("calendar", "/calendars", "/api/v1/calendars"),
    ],
)
def test_each_product_has_its_own_address(
    zoho: Any, client: Any, product: str, path: Any, target: Any
) -> None:
    """API 0.2: hosts and paths differ for each product."""
    client.get(product, path)
    assert [call.target for call in zoho.calls] == [target]
    assert zoho.calls[0].headers["accept"] == "application/json"


def test_the_token_request_is_a_form_with_nothing_in_its_address(zoho: Any, client: Any) -> None:
    """API 1.2, 4: POST /oauth/v2/token with grant_type=refresh_token; secrets in the body alone."""
    client.get(*CONNECT)
    [call] = zoho.token_calls
    assert call.method == "POST"
    assert call.target == "/oauth/v2/token"
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert call.form == {
        "grant_type": "refresh_token",
        "client_id": "1000.CLIENT",
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
    }
    assert "authorization" not in call.headers


def test_no_cookie_of_zoho_is_sent_back(zoho: Any, client: Any) -> None:
    """A cookie would carry a state of which the client knows nothing."""
    zoho.script(Answer({}, headers={"Set-Cookie": "JSESSIONID=1; Path=/"}), Answer({}))
    client.get(*CONNECT)
    client.get(*CONNECT)
    assert ["cookie" in call.headers for call in zoho.calls] == [False, False]


def test_requests_are_counted_with_those_for_tokens_and_repeats(zoho: Any, client: Any) -> None:
    zoho.script(Answer(status=500), Answer({}))
    client.get(*CONNECT)
    assert client.requests == len(zoho.seen) == 3


@pytest.mark.parametrize("path", ["portals", "", "/portals?status=all", "/portals#x"])
def test_a_path_that_is_none_is_a_bug_of_the_caller(zoho: Any, client: Any, path: Any) -> None:
    """httpx would silently drop the path's query in favour of the parameters."""
    with pytest.raises(ValueError, match="is not a path"):
        client.get("backstage", path, {"page": "1"})
    assert zoho.seen == []


def test_settings_that_cannot_log_in_are_told_at_once(zoho: Any, make: Any) -> None:
    with pytest.raises(ConfigError, match="ZOHO_REFRESH_TOKEN is not set"):
        make(changes={"refresh_token": Secret("")})


def test_a_client_that_is_handed_in_stays_open(zoho: Any, clock: Any, store: Store) -> None:
    with httpx.Client() as http:
        with ZohoClient(
            settings_for(zoho.url), store, clock=clock, sleep=clock.sleep, http=http
        ) as client:
            client.get(*CONNECT)
        assert not http.is_closed


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_one_token_serves_many_requests_and_clients(zoho: Any, make: Any) -> None:
    """API 0.3: one shared token for each refresh token, never one for each poll or worker."""
    first, second = make(), make()
    for client in (first, second, first):
        client.get(*CALENDAR)
    assert len(zoho.token_calls) == 1
    assert [call.token for call in zoho.calls] == ["token-1"] * 3


def test_another_login_has_another_token(zoho: Any, make: Any) -> None:
    make().get(*CALENDAR)
    make(changes={"refresh_token": Secret("another")}).get(*CALENDAR)
    assert [call.token for call in zoho.calls] == ["token-1", "token-2"]


@pytest.mark.parametrize(("age", "asks"), [(3539, 1), (3540, 2), (3600, 2), (9000, 2)])
def test_a_token_within_a_minute_of_its_end_is_replaced_early(
    zoho: Any, client: Any, clock: Any, age: Any, asks: Any
) -> None:
    client.get(*CALENDAR)
    clock.now += timedelta(seconds=age)
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
    zoho: Any, client: Any, store: Store, body: Any, seconds: Any
) -> None:
    zoho.script_token(Answer(body))
    client.get(*CALENDAR)
    kept = store.access_token(account_of(settings_for(zoho.url)))
    assert kept == AccessToken(value="t", expires_at=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [200, 201, 400, 500])
def test_a_token_is_a_token_whatever_the_status(zoho: Any, client: Any, status: Any) -> None:
    """API 1.4: success is a JSON object with a non-empty access_token; never trust the status code."""
    zoho.script_token(Answer(token_body("odd"), status=status))
    client.get(*CALENDAR)
    assert [call.token for call in zoho.calls] == ["odd"]


def test_threads_share_one_token_request(zoho: Any, client: Any) -> None:
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
    assert client.requests == 11


def test_threads_whose_token_died_share_one_replacement(
    zoho: Any, client: Any, store: Store
) -> None:
    old = AccessToken(value="old", expires_at=NOW + timedelta(hours=1))
    store.end_token_request(account_of(settings_for(zoho.url)), holder="x", token=old)
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
    zoho: Any, client: Any, store: Store, clock: Any
) -> None:
    """While another process holds the leave, this one looks again in short steps and then uses that one's token."""
    account = account_of(settings_for(zoho.url))
    assert store.begin_token_request(account, holder="another", now=NOW) == 0
    theirs = AccessToken(value="theirs", expires_at=NOW + timedelta(hours=1))
    clock.on_sleep = lambda: (
        store.end_token_request(account, holder="another", token=theirs)
        if len(clock.slept) == 3
        else None
    )
    client.get(*CALENDAR)
    assert zoho.token_calls == []
    assert [call.token for call in zoho.calls] == ["theirs"]
    assert sum(clock.slept) <= 5


def test_a_process_that_hangs_is_not_waited_for_long(
    zoho: Any, client: Any, store: Store, clock: Any
) -> None:
    """The lease is 30 seconds; after about 5 the caller is told to come back."""
    store.begin_token_request(account_of(settings_for(zoho.url)), holder="another", now=NOW)
    with pytest.raises(SlowDownError) as caught:
        client.get(*CALENDAR)
    assert sum(clock.slept) == pytest.approx(5)
    assert caught.value.retry_after == pytest.approx(25)
    clock.now += timedelta(seconds=25)
    client.get(*CALENDAR)
    assert len(zoho.token_calls) == 1


def test_the_tenth_token_request_in_ten_minutes_is_not_made(
    zoho: Any, client: Any, store: Store, clock: Any
) -> None:
    """API 1.3: 10 in 10 minutes, then blocked; the store's budget of 9 holds before that."""
    account = account_of(settings_for(zoho.url))
    for minute in range(9):
        assert (
            store.begin_token_request(account, holder="x", now=NOW + timedelta(seconds=minute)) == 0
        )
        store.end_token_request(account, holder="x", token=None)
    clock.now = NOW + timedelta(minutes=2)
    with pytest.raises(SlowDownError) as caught:
        client.get(*CALENDAR)
    assert caught.value.retry_after == 480
    assert clock.slept == []
    assert zoho.seen == []


def test_a_token_stored_just_before_our_leave_is_used(zoho: Any, make: Any, clock: Any) -> None:
    """Between looking and getting leave another process may have finished; asking then would waste a token."""

    class Late(MemoryTokenStore):
        def begin_token_request(self, account: Any, *, holder: Any, now: datetime) -> Any:
            token = AccessToken(value="theirs", expires_at=NOW + timedelta(hours=1))
            self.end_token_request(account, holder="another", token=token)
            return super().begin_token_request(account, holder=holder, now=now)

    store = Late()
    make(store=store).get(*CALENDAR)
    assert zoho.token_calls == []
    assert [call.token for call in zoho.calls] == ["theirs"]
    account = account_of(settings_for(zoho.url))
    assert MemoryTokenStore.begin_token_request(store, account, holder="third", now=NOW) == 0


def test_the_leave_ends_when_asking_fails(zoho: Any, client: Any, store: Store) -> None:
    zoho.script_token(Answer(status=500))
    with pytest.raises(UnavailableError):
        client.get(*CALENDAR)
    assert (
        store.begin_token_request(account_of(settings_for(zoho.url)), holder="another", now=NOW)
        == 0
    )


DEAD = [
    pytest.param(
        *BACKSTAGE,
        401,
        {"status_code": "401", "message": "Please provide a valid OAuthScope"},
        id="API 2.5",
    ),
    pytest.param(
        *BACKSTAGE,
        200,
        {"status_code": "401", "message": "Please provide a valid OAuthScope"},
        id="in a 200",
    ),
    pytest.param(*BACKSTAGE, 400, {"status_code": 401, "message": "x"}, id="a status as number"),
    pytest.param(*BACKSTAGE, 401, b"", id="401 with nothing"),
    pytest.param(*BACKSTAGE, 401, b"<html>login</html>", id="401 with a page"),
    pytest.param(
        *CALENDAR, 401, {"error": [{"error_code": "INVALID_OAUTHTOKEN"}]}, id="API 4.7 dead"
    ),
    pytest.param(
        *CALENDAR,
        400,
        {"error": [{"error_code": "INVALID_TICKET", "message": "m"}]},
        id="API 4.7 missing",
    ),
    pytest.param(
        *CALENDAR, 200, {"error": {"error_code": "INVALID_OAUTHTOKEN"}}, id="an object in a 200"
    ),
    pytest.param(*CALENDAR, 400, [{"message": "INVALID_TICKET"}], id="API 4.7 array at the top"),
    pytest.param(*CALENDAR, 400, {"data": [{"message": "INVALID_TICKET"}]}, id="under data"),
    pytest.param(
        *CONNECT,
        200,
        {"upcomingEvents": {"result": "failure", "reason": "INVALID_OAUTHTOKEN"}},
        id="API 3.8",
    ),
    pytest.param(
        *CONNECT,
        200,
        {"upcomingEvents": {"result": "failure", "reason": "Invalid OAuth token"}},
        id="in words",
    ),
    pytest.param(
        *CONNECT,
        401,
        {"code": "OAUTH_SCOPE_MISMATCH", "message": "invalid oauth scope"},
        id="Zoho-wide",
    ),
    pytest.param(*CONNECT, 400, {"code": "INVALID_TOKEN", "status": "error"}, id="Zoho-wide dead"),
]


@pytest.mark.parametrize(("product", "path", "status", "body"), DEAD)
def test_a_refused_token_is_replaced_once_and_the_request_repeated(
    zoho: Any, client: Any, product: str, path: Any, status: Any, body: Any
) -> None:
    zoho.script(Answer(body, status=status), Answer({"events": [1]}))
    assert client.get(product, path) == {"events": [1]}
    assert [call.token for call in zoho.calls] == ["token-1", "token-2"]
    assert len({call.target for call in zoho.calls}) == 1


@pytest.mark.parametrize(("product", "path", "status", "body"), DEAD)
def test_a_second_refusal_is_a_missing_scope(
    zoho: Any, client: Any, product: str, path: Any, status: Any, body: Any
) -> None:
    """API 2.5: 401 once is "refresh and retry", the second time a missing scope."""
    zoho.script(*[Answer(body, status=status)] * 2)
    with pytest.raises(ScopeError, match=r"ZOHO_REFRESH_TOKEN") as caught:
        client.get(product, path)
    assert type(caught.value) is ScopeError
    assert len(zoho.calls) == len(zoho.token_calls) == 2
    assert secrets_in(all_of(caught.value)) == []


@pytest.mark.parametrize(
    ("product", "path", "scope"),
    [
        ("backstage", "/portals", "zohobackstage.portal.READ"),
        ("backstage", "/portals/1", "zohobackstage.portal.READ"),
        ("backstage", "/portals/1/events", "zohobackstage.event.READ"),
        ("backstage", "/portals/1/events/2", "zohobackstage.event.READ"),
        ("backstage", "/portals/1/events/2/agendas", "zohobackstage.agenda.READ"),
        ("backstage", "/portals/1/events/2/sessions", "zohobackstage.agenda.READ"),
        ("backstage", "/portals/1/events/2/halls", "zohobackstage.agenda.READ"),
        ("backstage", "/portals/1/events/2/tracks", "zohobackstage.agenda.READ"),
        ("backstage", "/portals/1/events/2/speakers", "zohobackstage.speaker.READ"),
        ("connect", "/allScopes", "zohopulse.networklist.READ"),
        ("connect", "/allGroups", "zohopulse.userDetail.READ"),
        ("connect", "/userGroups", "zohopulse.userDetail.READ"),
        ("connect", "/upcomingEvents", "zohopulse.events.READ"),
        ("calendar", "/calendars", "ZohoCalendar.calendar.READ"),
        ("calendar", "/calendars/a%3D", "ZohoCalendar.calendar.READ"),
        ("calendar", "/calendars/a%3D/events", "ZohoCalendar.event.READ"),
        ("calendar", "/calendars/a%3D/events/b%40zoho.com", "ZohoCalendar.event.READ"),
        ("calendar", "/groups", "ZohoCalendar.group.READ"),
        ("connect", "/v1/singleStream", "for /v1/singleStream"),
    ],
)
def test_a_missing_scope_is_named(
    zoho: Any, client: Any, product: str, path: Any, scope: Any
) -> None:
    """API 1.5: the scope of each path."""
    zoho.script(*[Answer(status=401)] * 2)
    with pytest.raises(ScopeError, match=f"lacks the scope {scope},"):
        client.get(product, path)


def test_a_missing_scope_costs_one_token_not_one_for_each_request(zoho: Any, client: Any) -> None:
    """API 1.3: else a product without a scope uses up the tokens that the other products need."""
    refusal = Answer(
        {"status_code": "401", "message": "Please provide a valid OAuthScope"}, status=401
    )
    zoho.script(*[refusal] * 4)
    for _ in range(3):
        with pytest.raises(ScopeError):
            client.get(*BACKSTAGE)
    assert len(zoho.token_calls) == 2
    assert client.get(*CALENDAR) == {"events": []}
    assert zoho.calls[-1].token == "token-2"


def test_a_refused_token_stays_for_the_other_products_until_there_is_another(
    zoho: Any, make: Any, store: Store
) -> None:
    """It may only lack this product's scope: losing it would stop the products that it is good for."""
    client = make()
    client.get(*CALENDAR)
    zoho.script(Answer(status=401))
    zoho.script_token(Answer({"error": "Access Denied"}, status=400))
    with pytest.raises(SlowDownError):
        client.get(*BACKSTAGE)
    assert client.get(*CALENDAR) == {"events": []}
    assert zoho.calls[-1].token == "token-1"


def test_a_dead_token_is_forgotten_for_all(zoho: Any, client: Any, store: Store) -> None:
    """API 1.3: an invalidated token fails with INVALID_OAUTHTOKEN, for every product."""
    client.get(*CALENDAR)
    zoho.good = set()
    zoho.script_token(Answer({"error": "Access Denied"}, status=400))
    with pytest.raises(SlowDownError):
        client.get(*CALENDAR)
    assert store.access_token(account_of(settings_for(zoho.url))) is None


# --- errors of the token endpoint ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "invalid_code",
            r"127\.0\.0\.1 \(data centre eu\).*revoked.*ZOHO_REFRESH_TOKEN.*ZOHO_DATA_CENTER",
        ),
        (
            "invalid_grant",
            r"127\.0\.0\.1 \(data centre eu\).*revoked.*ZOHO_REFRESH_TOKEN.*ZOHO_DATA_CENTER",
        ),
        ("invalid_client", r"client id.*ZOHO_CLIENT_ID.*ZOHO_DATA_CENTER"),
        ("invalid_client_secret", r"ZOHO_CLIENT_SECRET"),
    ],
)
def test_a_refused_login_names_the_setting(
    zoho: Any, client: Any, status: Any, code: Any, words: str
) -> None:
    """API 1.4: permanent errors, as 200 or 400."""
    zoho.script_token(Answer({"error": code}, status=status))
    with pytest.raises(LoginError, match=words) as caught:
        client.get(*CALENDAR)
    assert zoho.calls == []
    assert len(zoho.token_calls) == 1
    assert secrets_in(all_of(caught.value)) == []


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        pytest.param(
            Answer(
                {
                    "error": "Access Denied",
                    "error_description": "You have made too many requests continuously. Please try again after some time.",
                    "status": "failure",
                },
                status=400,
            ),
            600,
            id="API 1.4",
        ),
        pytest.param(
            Answer({"error": "访问被拒绝", "status": "failure"}), 600, id="API 1.4 localised, 200"
        ),
        pytest.param(Answer({}), 600, id="nothing"),
        pytest.param(Answer({"access_token": ""}), 600, id="an empty token"),
        pytest.param(Answer({"access_token": None}), 600, id="a null token"),
        pytest.param(Answer({"access_token": 5}), 600, id="a number for a token"),
        pytest.param(Answer(b"<html>", status=429), 600, id="429 with a page"),
        pytest.param(
            Answer({}, status=429, headers={"Retry-After": "1800"}), 1800, id="longer on request"
        ),
        pytest.param(Answer({}, status=429, headers={"Retry-After": "5"}), 600, id="never shorter"),
    ],
)
def test_no_token_and_no_known_reason_is_the_throttle(
    zoho: Any, client: Any, answer: Any, seconds: Any
) -> None:
    """API 1.4: told by the absence of a token, for the text is localised; 1.3: blocked for ten minutes or more."""
    zoho.script_token(answer)
    with pytest.raises(SlowDownError) as caught:
        client.get(*CALENDAR)
    assert caught.value.retry_after == seconds
    assert len(zoho.token_calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(b"<html>Sorry</html>", status=503), id="API 1.4 a page with 5xx"),
        pytest.param(Answer(b"<!DOCTYPE html>login", status=200), id="a page with 200"),
        pytest.param(Answer({"error": "general_error"}, status=500), id="JSON with 500"),
        pytest.param(Answer(b"", status=200), id="nothing"),
        pytest.param(Answer([1], status=200), id="an array"),
        pytest.param(Answer(b'{"access_token":"leaked', status=200), id="cut JSON"),
        pytest.param(Answer(b'{"access_token":"leaked', cut=True), id="cut body"),
        pytest.param(Answer(reset=True), id="a reset connection"),
    ],
)
def test_an_outage_of_the_token_endpoint_passes_and_is_not_repeated_at_once(
    zoho: Any, client: Any, answer: Any
) -> None:
    """A second POST would count against the 10 in 10 minutes (API 1.3)."""
    zoho.script_token(answer)
    with pytest.raises(UnavailableError) as caught:
        client.get(*CALENDAR)
    assert len(zoho.token_calls) == 1
    assert zoho.calls == []
    assert secrets_in(all_of(caught.value)) == []


def test_a_token_endpoint_that_redirects_is_a_wrong_address(zoho: Any, client: Any) -> None:
    zoho.script_token(Answer(status=302, headers={"Location": f"{zoho.url}/elsewhere"}))
    with pytest.raises(LoginError, match="ZOHO_ACCOUNTS_URL"):
        client.get(*CALENDAR)
    assert len(zoho.seen) == 1


@pytest.mark.parametrize("value", ["leaked\n", "leaked\r\nX: y", "leaked token", "leakedé"])
def test_a_token_that_no_header_can_hold_is_refused_unseen(
    zoho: Any, client: Any, value: Any
) -> None:
    """h11 repeats an illegal header, token and all, in the text of its error."""
    zoho.script_token(Answer(token_body(value)))
    with pytest.raises(BadDataError, match="can't be used") as caught:
        client.get(*CALENDAR)
    assert secrets_in(all_of(caught.value)) == []


@pytest.mark.parametrize(
    ("answer", "kind", "seconds"),
    [
        (Answer({"error": "invalid_code"}), LoginError, 600),
        (Answer({"error": "Access Denied"}, status=400), SlowDownError, 600),
        (Answer(status=502), UnavailableError, 60),
    ],
)
def test_a_failed_login_is_remembered_instead_of_repeated(
    zoho: Any, client: Any, clock: Any, answer: Any, kind: str, seconds: Any
) -> None:
    """API 1.3: each request counts, and a block lasts until nobody asks; so the answer is given from memory."""
    zoho.script_token(answer)
    with pytest.raises(kind) as first:
        client.get(*CALENDAR)
    clock.now += timedelta(seconds=seconds - 1)
    with pytest.raises(kind) as again:
        client.get(*CALENDAR)
    assert str(again.value) == str(first.value)
    assert again.value.retry_after == 1
    assert len(zoho.token_calls) == 1
    clock.now += timedelta(seconds=1)
    assert client.get(*CALENDAR) == {"events": []}
    assert len(zoho.token_calls) == 2


# --- errors of the APIs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "path", "status", "body", "kind", "words"),
    [
        # Not found: a 404, and Backstage's for an unknown path (API 2.5, 4.5).
        (*BACKSTAGE, 404, {"status_code": "404", "message": "Please provide valid method"}, NotFoundError, "valid method"),
        (*BACKSTAGE, 200, {"status_code": "404", "message": "m"}, NotFoundError, "/portals/1/events at 127.0.0.1"),
        (*CALENDAR, 404, b"", NotFoundError, "correct the id"),
        (*CALENDAR, 404, b"<html></html>", NotFoundError, "correct the id"),
        (*CALENDAR, 400, {"error": [{"error_code": "RESOURCE_NOT_FOUND"}]}, NotFoundError, "RESOURCE_NOT_FOUND"),
        (*CONNECT, 200, {"upcomingEvents": {"result": "failure", "reason": "Invalid scopeID"}}, NotFoundError, "scopeID"),
        # A sentence of Calendar's is no 404: an event that is "not found" would be taken out of the feed.
        (*CALENDAR, 400, {"error": [{"error_code": "INVALID_DATA", "message": "zone not found"}]}, BadDataError, "zone"),
        # Not allowed (API 4.7).
        (*CALENDAR, 403, {"error": [{"error_code": "OPERATION_NOT_PERMITTED"}]}, ScopeError, "ZohoCalendar.event.READ"),
        (*CALENDAR, 200, {"error": {"error_code": "OPERATION_NOT_PERMITTED"}}, ScopeError, "share it with the account"),
        (*BACKSTAGE, 403, b"", ScopeError, "zohobackstage.event.READ"),
        # A fault of Zoho's own (API 2.5).
        (*BACKSTAGE, 500, {"status_code": "500", "message": "Sorry, an unexpected error"}, UnavailableError, "Sorry"),
        (*BACKSTAGE, 200, {"status_code": "500", "message": "Sorry, an unexpected error"}, UnavailableError, "Sorry"),
        (*CALENDAR, 503, b"<html></html>", UnavailableError, "503"),
        (*CALENDAR, 403, b"<html>blocked</html>", UnavailableError, "HTML"),
        (*CALENDAR, 408, b"", UnavailableError, "408"),
        # Not JSON, or not all of it (API 3.8, 6.1).
        (*CONNECT, 200, b"<!DOCTYPE html><html>sign in</html>", UnavailableError, "HTML page"),
        (*CONNECT, 200, b"\n <html>", UnavailableError, "HTML page"),
        (*CONNECT, 200, b'{"upcomingEvents":{"events":[{"title":"Te', UnavailableError, "character .. of 41"),
        (*CONNECT, 200, b"", UnavailableError, "empty"),
        (*CONNECT, 200, b" \n", UnavailableError, "empty"),
        (*CONNECT, 204, b"", UnavailableError, "empty"),
        (*CONNECT, 200, b'{"a":"\xff\xfe"}', UnavailableError, "can't be read"),
        (*CONNECT, 200, b"[" * 100_000, UnavailableError, "can't be read"),
        # JSON, but no answer.
        (*CONNECT, 200, b"null", BadDataError, "NoneType instead of an object"),
        (*CONNECT, 200, b'"ok"', BadDataError, "str instead of an object"),
        (*CONNECT, 200, b"12", BadDataError, "int instead of an object"),
        # What only a change of the request mends: in Zoho's own words (API 2.4, 3.8, 4.7).
        (
            *BACKSTAGE, 400, {"status_code": "400", "message": "Please enter the valid agenda day"},
            BadDataError, r"\(400\)\. Zoho says: \"Please enter the valid agenda day\"",
        ),
        (*CALENDAR, 400, {"error": [{"error_code": "EXTRA_PARAM_FOUND", "message": "x y"}]}, BadDataError, "EXTRA_PARAM_FOUND x y"),
        (*CALENDAR, 200, {"error": [{"error_code": "INVALID_DATA", "description": "d"}]}, BadDataError, "INVALID_DATA d"),
        (*CALENDAR, 200, {"error": "INVALID_DATA", "events": []}, BadDataError, "INVALID_DATA"),
        (*CALENDAR, 400, [{"message": "something else"}], BadDataError, "something else"),
        (*CONNECT, 200, {"upcomingEvents": {"result": "failure", "reason": "Whatever"}}, BadDataError, "Whatever"),
        (*CONNECT, 200, {"upcomingEvents": {"result": "failure"}}, BadDataError, "refuses the request"),
        (*CALENDAR, 418, b"a teapot", BadDataError, r"\(418\)\. Zoho says: \"a teapot\""),
        (*CALENDAR, 400, b"", BadDataError, r"\(400\)\.$"),
    ],
)  # fmt: skip
def test_each_error_is_the_class_of_its_remedy(
    zoho: Any, client: Any, product: str, path: Any, status: Any, body: Any, kind: str, words: str
) -> None:
    zoho.script(*[Answer(body, status=status)] * 3)
    with pytest.raises(ZohoError, match=words) as caught:
        client.get(product, path)
    assert type(caught.value) is kind
    assert len(zoho.calls) == (
        3 if kind is UnavailableError else 1
    )  # only what may pass is tried again
    assert secrets_in(all_of(caught.value)) == []


def test_a_redirect_is_not_followed_with_the_token(zoho: Any, client: Any) -> None:
    zoho.script(Answer(status=301, headers={"Location": f"{zoho.url}/elsewhere"}))
    with pytest.raises(BadDataError, match=r"301.*ZOHO_CALENDAR_URL"):
        client.get(*CALENDAR)
    assert [call.target for call in zoho.calls] == ["/api/v1/calendars/l9%3D%3D/events"]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(status=429), 120),
        (Answer(b"<html>", status=429), 120),
        (Answer(status=429, headers={"Retry-After": "300"}), 300),
        (Answer(status=429, headers={"Retry-After": "Sun, 01 Mar 2026 12:05:00 GMT"}), 300),
        (Answer(status=429, headers={"Retry-After": "Sun, 01 Mar 2026 12:05:00 -0000"}), 300),
        (Answer(status=429, headers={"Retry-After": "9999999999"}), 86400),
        (Answer(status=429, headers={"Retry-After": "soon"}), 120),
        (Answer(status=429, headers={"Retry-After": "-5"}), 120),
        (Answer({"error": {"code": "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED"}}, status=400), 120),
        (Answer({"error": [{"error_code": "URL_FIXED_THROTTLES_LIMIT_EXCEEDED"}]}), 120),
        (Answer(b"URL_ROLLING_THROTTLES_LIMIT_EXCEEDED", status=400), 120),
        (Answer(b"<p>URL_ROLLING_THROTTLES_LIMIT_EXCEEDED", status=403), 120),
        (
            Answer(
                {
                    "upcomingEvents": {
                        "result": "failure",
                        "reason": "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED",
                    }
                }
            ),
            120,
        ),
        (Answer({"x": 1, "deep": {"why": "URL_FIXED_THROTTLES_LIMIT_EXCEEDED"}}, status=400), 120),
    ],
)
def test_the_throttle_is_told_in_any_form_and_says_how_long(
    zoho: Any, client: Any, answer: Any, seconds: Any
) -> None:
    """API 4.7: 429, or THROTTLES_LIMIT_EXCEEDED in any body, at least two minutes; RFC 9110 10.2.3 for Retry-After."""
    zoho.script(answer)
    with pytest.raises(SlowDownError) as caught:
        client.get(*CALENDAR)
    assert caught.value.retry_after == pytest.approx(seconds, abs=0.001)
    assert len(zoho.calls) == 1


def test_an_event_that_speaks_of_throttles_or_errors_is_data(zoho: Any, client: Any) -> None:
    """A title is not an error: only keys that no data has alone tell one."""
    events = [
        {
            "uid": "a",
            "title": "THROTTLES_LIMIT_EXCEEDED",
            "error": "x",
            "description": "INVALID_OAUTHTOKEN",
        },
        {"uid": "b", "status": "error", "message": "y"},
    ]
    bodies = [
        {"events": events},
        {"upcomingEvents": {"events": events}},
        {"upcomingEvents": {"description": "a group", "events": []}},
        {
            "id": "1",
            "description": "d",
            "status": 1,
            "status_string": "published",
            "summary": {"description": "s"},
        },
        {"error": [], "errors": None, "events": []},
        {"data": events, "pagination": {}},
        {"status_code": "200", "events": []},
        {"addEventReminder": {"result": "success"}},
        [{"id": "1", "name": "portal", "description": "d"}],
        {},
        [],
    ]
    zoho.script(*map(Answer, bodies))
    assert [client.get(*CALENDAR) for _ in bodies] == bodies


def test_json_is_read_with_a_byte_order_mark_and_control_characters(zoho: Any, client: Any) -> None:
    """One raw control character in one title must not cost the whole source."""
    zoho.script(Answer(b'\xef\xbb\xbf{"a":"x\ty\x01"}'))
    assert client.get(*CALENDAR) == {"a": "x\ty\x01"}


def test_a_gzipped_answer_is_read(zoho: Any, client: Any) -> None:
    zoho.script(Answer(gzip.compress(b'{"a":1}'), headers={"Content-Encoding": "gzip"}))
    assert client.get(*CALENDAR) == {"a": 1}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(Answer(reset=True), "ReadError", id="reset"),
        pytest.param(Answer(b'{"events":', cut=True), "RemoteProtocolError", id="cut"),
        pytest.param(
            Answer(b"no gzip", headers={"Content-Encoding": "gzip"}),
            "DecodingError",
            id="broken gzip",
        ),
        pytest.param(Answer(status=502), "502", id="502"),
        pytest.param(Answer(b'{"events":['), "JSON ends", id="cut JSON"),
    ],
)
def test_what_passes_is_tried_three_times(zoho: Any, client: Any, answer: Any, words: str) -> None:
    zoho.script(answer, answer, Answer({"a": 1}))
    assert client.get(*CALENDAR) == {"a": 1}
    zoho.script(answer, answer, answer)
    with pytest.raises(UnavailableError, match=words) as caught:
        client.get(*CALENDAR)
    assert len(zoho.calls) == 6
    assert secrets_in(all_of(caught.value)) == []


def test_nobody_at_the_address_is_unavailable(zoho: Any, make: Any, store: Store) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = make(changes={"calendar_url": url})
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1 gave no whole answer \(ConnectError"):
        client.get(*CALENDAR)
    assert client.requests == 4


def test_a_silent_server_is_left_after_the_read_timeout(zoho: Any, make: Any) -> None:
    zoho.script(*[Answer(b"{", stall=True)] * 3)
    with (
        httpx.Client(timeout=0.05) as http,
        pytest.raises(UnavailableError, match="ReadTimeout") as caught,
    ):
        make(http=http).get(*CALENDAR)
    assert secrets_in(all_of(caught.value)) == []


def test_a_slow_drip_is_left_after_the_deadline(zoho: Any, make: Any) -> None:
    """The read timeout starts anew with each byte, so it never ends a drip."""
    zoho.script(*[Answer(b"{", drip=True)] * 3)
    with pytest.raises(UnavailableError, match=r"more than 0\.1 seconds"):
        make(deadline=0.1).get(*CALENDAR)
    assert len(zoho.calls) == 3


@pytest.mark.parametrize("packed", [False, True])
def test_an_oversized_answer_is_refused_before_it_is_read_whole(
    zoho: Any, make: Any, packed: Any
) -> None:
    """The size counts after decompression, or a small answer could fill the memory."""
    body = b"[" + b" " * 200_000 + b"]"
    body, headers = (gzip.compress(body), {"Content-Encoding": "gzip"}) if packed else (body, {})
    zoho.script(Answer(body, headers=headers))
    with pytest.raises(BadDataError, match="more than 100,000 bytes"):
        make(max_bytes=100_000).get(*CALENDAR)
    assert len(zoho.calls) == 1


@pytest.mark.parametrize(("status", "slept"), [(429, [2]), (503, [])])
def test_a_short_wait_that_zoho_asks_for_is_waited(
    zoho: Any, client: Any, clock: Any, status: Any, slept: Any
) -> None:
    """A 429 holds all threads of the product; a 503 only the caller (and stamina's own waits are off in tests)."""
    zoho.script(Answer(status=status, headers={"Retry-After": "2"}), Answer({"a": 1}))
    assert client.get(*CALENDAR) == {"a": 1}
    assert clock.slept == slept


def test_a_long_wait_that_zoho_asks_for_is_the_callers(zoho: Any, client: Any) -> None:
    zoho.script(Answer(status=503, headers={"Retry-After": "30"}))
    with pytest.raises(UnavailableError) as caught:
        client.get(*CALENDAR)
    assert caught.value.retry_after == 30
    assert len(zoho.calls) == 1


# --- pacing ----------------------------------------------------------------------------------------------------------


def test_connect_gets_at_most_25_requests_in_any_minute_and_a_long_run_ends(
    zoho: Any, client: Any, clock: Any
) -> None:
    """API 3.3: 25 a minute is the limit on a neighbour page; a source with many requests waits and gets through."""
    times = []
    for _ in range(60):
        client.get(*CONNECT)
        times.append(clock.now)
    assert (
        max(sum(start <= time < start + timedelta(minutes=1) for time in times) for start in times)
        <= 25
    )
    assert max(clock.slept) <= 10


def test_many_threads_at_once_are_refused_rather_than_kept(
    zoho: Any, client: Any, clock: Any
) -> None:
    """A wait of more than about ten seconds is the worker's to plan."""
    clock.frozen = True
    for _ in range(9):  # 5 at once, then at 3, 6, 9 and 12 seconds
        client.get(*CONNECT)
    with pytest.raises(SlowDownError, match="Zoho Connect") as caught:
        client.get(*CONNECT)
    assert clock.slept == [3, 6, 9, 12]
    assert caught.value.retry_after == 15
    assert len(zoho.calls) == 9
    assert client.get(*CALENDAR) == {"events": []}  # each product has its own budget


def test_a_throttled_product_is_left_alone_until_its_time(
    zoho: Any, client: Any, clock: Any
) -> None:
    """Asking on would make Zoho's block longer; the other products go on."""
    zoho.script(Answer(status=429))
    for _ in range(2):
        with pytest.raises(SlowDownError) as caught:
            client.get(*CALENDAR)
    assert caught.value.retry_after == 120
    assert len(zoho.calls) == 1
    assert client.get(*BACKSTAGE) == {"events": []}
    clock.now += timedelta(seconds=120)
    assert client.get(*CALENDAR) == {"events": []}


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"no %b here", b'{"error":[{"error_code":"X","message":"bad %b"}]}']
)
def test_a_secret_that_zoho_repeats_is_taken_out(zoho: Any, client: Any, body: Any) -> None:
    for secret in (b"token-1", REFRESH_TOKEN.encode(), CLIENT_SECRET.encode()):
        zoho.script(Answer(body % secret, status=400))
        with pytest.raises(BadDataError, match=r"\[secret\]") as caught:
            client.get(*CALENDAR)
        assert secrets_in(all_of(caught.value)) == []


def test_the_token_endpoints_words_are_without_secrets(zoho: Any, client: Any) -> None:
    zoho.script_token(
        Answer({"error": f"slow {REFRESH_TOKEN}", "error_description": CLIENT_SECRET})
    )
    with pytest.raises(SlowDownError, match=r"slow \[secret\] \[secret\]") as caught:
        client.get(*CALENDAR)
    assert secrets_in(all_of(caught.value)) == []


def test_zohos_words_are_one_short_line(zoho: Any, client: Any) -> None:
    zoho.script(Answer(b"a\r\nb\x00\x1b[31m" + b"x" * 5000, status=400))
    with pytest.raises(BadDataError) as caught:
        client.get(*CALENDAR)
    message = str(caught.value)
    assert message.isprintable()
    assert "a b [31mxxx" in message
    assert len(message) < 400


def test_no_log_holds_a_secret(
    zoho: Any, client: Any, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """httpx logs each address at INFO and httpcore more at DEBUG; stamina logs each repeat."""
    for name in (None, "httpx", "httpcore"):  # the bridge's own log keeps them quiet
        caplog.set_level(logging.DEBUG, logger=name)
    zoho.script(Answer(status=500), Answer(status=401), Answer(reset=True), Answer({}))
    client.get(*CALENDAR, {"range": "{}"})
    printed = capsys.readouterr()
    told = caplog.text + printed.out + printed.err
    assert "/oauth/v2/token" in told
    assert secrets_in(told) == []


def test_no_repr_holds_a_secret(zoho: Any, client: Any, store: Store) -> None:
    client.get(*CALENDAR)
    token = store.access_token(account_of(settings_for(zoho.url)))
    assert token.value == "token-1"
    assert secrets_in(f"{token!r} {client!r} {store!r} {settings_for(zoho.url)!r}") == []


def test_the_account_is_a_short_name_that_tells_nothing() -> None:
    """Another host, client, secret or refresh token is another account, free of the old one's refusals."""
    names = {
        account_of(settings_for("http://a")),
        account_of(settings_for("http://b")),
        account_of(settings_for("http://a", client_id="other")),
        account_of(settings_for("http://a", client_secret=Secret("other"))),
        account_of(settings_for("http://a", refresh_token=Secret("other"))),
    }
    assert len(names) == 5
    assert all(len(name) == 16 and name.isalnum() for name in names)
    assert account_of(settings_for("http://a", connect_timezone="Asia/Kolkata")) in names
