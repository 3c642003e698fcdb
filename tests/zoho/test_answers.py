"""Answers that are data, that are broken, or that come too slowly.

Answers and their meaning come from docs/zoho-apis.md, cited as "Zoho APIs 1.4".
"""

from collections.abc import Iterator
import gzip
import socket

import httpx
import pytest

from bridge.errors import BadDataError, UnavailableError
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from tests.clock import Clock
from tests.zoho.conftest import MakeClient
from tests.zoho.loopback import (
    CALENDAR,
    TOKEN_PATH,
    Answer,
    LoopbackZoho,
    all_of,
    secrets_in,
    token_body,
)


def test_an_event_about_throttles_or_errors_is_data(zoho: LoopbackZoho, client: ZohoClient) -> None:
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


def test_json_is_read_with_a_byte_order_mark_and_control_characters(
    zoho: LoopbackZoho, client: ZohoClient
) -> None:
    """One raw control character in one title must not cost the whole source."""
    zoho.script(Answer(b'\xef\xbb\xbf{"a":"x\ty\x01"}'))
    assert client.get(*CALENDAR) == {"a": "x\ty"}


def test_no_text_of_an_answer_can_break_a_page_or_the_database(
    zoho: LoopbackZoho, client: ZohoClient
) -> None:
    """JSON may hold halves of surrogate pairs and NUL: UTF-8 and PostgreSQL cannot."""
    zoho.script(
        Answer(rb'{"uid\u0000":["a\u0000",{"rrule":"\ud83d","ok":"\ud83d\ude00\n"}],"n":1}')
    )
    answer = client.get(*CALENDAR)
    assert answer == {"uid": ["a", {"rrule": "", "ok": "\U0001f600\n"}], "n": 1}


@pytest.mark.parametrize(
    "body", [b"[" + b"{}," * 100_000 + b"{}]", b'{"a":[' + b"[]," * 10**5 + b"1]}"]
)
def test_an_answer_of_too_many_objects_is_an_error_that_names_the_request(
    zoho: LoopbackZoho, client: ZohoClient, body: bytes
) -> None:
    zoho.script(Answer(body))
    with pytest.raises(BadDataError, match=r"/calendars/l9%3D%3D/events .* 100,000 objects"):
        client.get(*CALENDAR)


def test_a_deep_nest_is_cleaned_too(zoho: LoopbackZoho, client: ZohoClient) -> None:
    zoho.script(Answer(b"[" * 900 + rb'"a\ud83d"' + b"]" * 900))
    assert repr(client.get(*CALENDAR)).strip("[]") == "'a'"


def test_a_gzipped_answer_is_read(zoho: LoopbackZoho, client: ZohoClient) -> None:
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
        pytest.param(Answer(b'{"events":['), "JSON ends or breaks", id="cut JSON"),
    ],
)
def test_what_passes_is_tried_three_times(
    zoho: LoopbackZoho, client: ZohoClient, answer: Answer, words: str
) -> None:
    zoho.script(answer, answer, Answer({"a": 1}))
    assert client.get(*CALENDAR) == {"a": 1}
    zoho.script(answer, answer, answer)
    with pytest.raises(UnavailableError, match=words) as caught:
        client.get(*CALENDAR)
    assert len(zoho.calls) == 6
    assert secrets_in(all_of(caught.value)) == []


def test_an_address_without_a_server_is_unavailable(
    zoho: LoopbackZoho, make: MakeClient, store: Store
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = make(changes={"calendar_url": url})
    with pytest.raises(
        UnavailableError, match=r"127\.0\.0\.1 sent no complete answer \(ConnectError"
    ):
        client.get(*CALENDAR)
    assert client.requests == 4


def test_a_silent_server_is_left_after_the_read_timeout(
    zoho: LoopbackZoho, make: MakeClient
) -> None:
    zoho.script(*[Answer(b"{", stall=True)] * 3)
    with (
        httpx.Client(timeout=0.05) as http,
        pytest.raises(UnavailableError, match="ReadTimeout") as caught,
    ):
        make(http=http).get(*CALENDAR)
    assert secrets_in(all_of(caught.value)) == []


def slow_http(clock: Clock, size: int, every: float, *, packed: bool = False) -> httpx.Client:
    """Return a client whose answers send ``size`` bytes ``every`` seconds of the clock."""
    text = b'{"a": "' + b"x" * 200_000 + b'"}'
    body = gzip.compress(text, compresslevel=0) if packed else text

    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for start in range(0, len(body), size):
                clock.forward(seconds=every)
                yield body[start : start + size]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == TOKEN_PATH:
            return httpx.Response(200, json=token_body("token-1"))
        headers = {"Content-Encoding": "gzip"} if packed else {}
        return httpx.Response(200, headers=headers, stream=Drip())

    return httpx.Client(transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("size", "every", "seconds", "words"),
    [
        (1, 1, 10, "less than 1 kB a second for 10 seconds"),
        (999, 1, 10, "less than 1 kB a second for 10 seconds"),
        (8_000, 9, 18, "less than 1 kB a second for 10 seconds"),
        (1_500, 1, 31, "more than 30 seconds"),
        (40_000, 31, 31, "more than 30 seconds"),
    ],
)
def test_a_slow_answer_is_given_up_and_not_requested_again_at_once(
    make: MakeClient, clock: Clock, size: int, every: float, seconds: int, words: str, packed: bool
) -> None:
    """The read timeout restarts with each byte, so it never ends a drip."""
    begin = clock.monotonic()
    with (
        slow_http(clock, size, every, packed=packed) as http,
        pytest.raises(UnavailableError, match=words) as caught,
    ):
        make(http=http, monotonic=clock.monotonic).get(*CALENDAR)
    assert clock.monotonic() - begin == seconds
    assert caught.value.retry_after == 60


def test_a_large_answer_at_a_modest_rate_is_read_whole(make: MakeClient, clock: Clock) -> None:
    with slow_http(clock, 8_000, 1) as http:
        answer = make(http=http, monotonic=clock.monotonic).get(*CALENDAR)
    assert len(answer["a"]) == 200_000


def test_a_drip_over_the_network_ends_at_the_deadline(zoho: LoopbackZoho, make: MakeClient) -> None:
    zoho.script(Answer(b"{", drip=True))
    with pytest.raises(UnavailableError, match=r"more than 0\.1 seconds"):
        make(deadline=0.1).get(*CALENDAR)
    assert len(zoho.calls) == 1


@pytest.mark.parametrize(("deadline", "longest"), [(30.0, 10), (4.0, 4)])
def test_silence_within_an_answer_is_waited_for_only_as_long_as_a_drip(
    make: MakeClient, clock: Clock, deadline: float, longest: float
) -> None:
    """The bytes that came are no reason to wait another full read timeout for the next."""
    timeouts = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == TOKEN_PATH:
            return httpx.Response(200, json=token_body("token-1"))

        class Body(httpx.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                timeouts.append(request.extensions["timeout"]["read"])
                yield b"{}"

        return httpx.Response(200, stream=Body())

    with httpx.Client(transport=httpx.MockTransport(answer), timeout=30) as http:
        make(http=http, deadline=deadline, monotonic=clock.monotonic).get(*CALENDAR)
    assert timeouts == [longest]


@pytest.mark.parametrize("packed", [False, True])
def test_an_oversized_answer_is_refused_before_it_is_read_whole(
    zoho: LoopbackZoho, make: MakeClient, packed: bool
) -> None:
    """The size counts after decompression, or a small answer could fill the memory."""
    body = b"[" + b" " * 200_000 + b"]"
    body, headers = (gzip.compress(body), {"Content-Encoding": "gzip"}) if packed else (body, {})
    zoho.script(Answer(body, headers=headers))
    with pytest.raises(BadDataError, match="more than 100,000 bytes"):
        make(max_bytes=100_000).get(*CALENDAR)
    assert len(zoho.calls) == 1


@pytest.mark.parametrize(("status", "slept"), [(429, [2]), (503, [])])
def test_a_short_retry_after_is_waited_for(
    zoho: LoopbackZoho, client: ZohoClient, clock: Clock, status: int, slept: list[float]
) -> None:
    """A 429 stops all threads of the product, a 503 only the caller."""
    zoho.script(Answer(status=status, headers={"Retry-After": "2"}), Answer({"a": 1}))
    assert client.get(*CALENDAR) == {"a": 1}
    assert clock.slept == slept


def test_a_long_retry_after_is_raised_to_the_caller(zoho: LoopbackZoho, client: ZohoClient) -> None:
    zoho.script(Answer(status=503, headers={"Retry-After": "30"}))
    with pytest.raises(UnavailableError) as caught:
        client.get(*CALENDAR)
    assert caught.value.retry_after == 30
    assert len(zoho.calls) == 1
