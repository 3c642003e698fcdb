"""Answers that are data, that are broken, or that come too slowly.

Answers and their meaning come from docs/zoho-apis.md, cited as "Zoho APIs 1.4".
"""

import gzip
import json
from math import inf
import socket
from threading import Event as Flag
import tracemalloc
from typing import Any

import httpcore
import httpx
import pytest
import stamina

from bridge.errors import BadDataError, StoppedError, UnavailableError
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from bridge.zoho.transport import new_http
from tests.clock import Clock
from tests.zoho.conftest import MakeClient
from tests.zoho.loopback import CALENDAR, Answer, LoopbackZoho, all_of, secrets_in, token_body


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


def test_a_text_or_number_that_cannot_be_decoded_costs_nothing_else(
    zoho: LoopbackZoho, client: ZohoClient
) -> None:
    """A title that was cut within a character, Latin-1, and digits without end."""
    digits = b"9" * 5000
    zoho.script(
        Answer(b'{"a":"cut \xf0\x9f\x91","b":"caf\xe9","n":' + digits + b',"ok":9007199254740993}')
    )
    answer = client.get(*CALENDAR)
    assert answer == {"a": "cut \ufffd", "b": "caf\ufffd", "n": inf, "ok": 9007199254740993}


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


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * 8_000_000 + b"{}]",
        b"[" + b'"",' * 8_000_000 + b"0]",
        b'["' + b'\\"{}' * 6_000_000 + b'","' + b"{}" * 60_000 + b'",' + b"[]," * 100_000 + b"0]",
    ],
    ids=["objects", "texts", "objects in texts and others"],
)
def test_an_answer_of_too_many_values_takes_little_memory(
    zoho: LoopbackZoho, client: ZohoClient, body: bytes
) -> None:
    """All three have 24 MB; decoded they take 600 MB and more."""
    zoho.script(Answer(body))
    tracemalloc.start()
    try:
        with pytest.raises(BadDataError, match=r"more than 100,000 objects"):
            client.get(*CALENDAR)
        assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()


def test_braces_in_texts_are_no_objects(zoho: LoopbackZoho, client: ZohoClient) -> None:
    """Descriptions may hold style sheets, quoted and escaped."""
    text = 'p[lang="de"] {\\},' * 300_000
    zoho.script(Answer({"events": [{"title": text}, {}]}))
    assert client.get(*CALENDAR) == {"events": [{"title": text}, {}]}


@pytest.mark.parametrize(
    ("depth", "left"),
    [(99, "'a'"), (100, "None"), (900, "None"), (1_000, "None"), (90_000, "None")],
)
def test_of_a_deep_nest_a_hundred_levels_are_read(
    zoho: LoopbackZoho, client: ZohoClient, depth: int, left: str
) -> None:
    """It costs itself: the objects beside it stay. The outer list is the first level."""
    nest = b"[" * depth + rb'"a\ud83d"' + b"]" * depth
    zoho.script(Answer(rb'[{"title": "]}\"["}, %b, {"a": 1}]' % nest))
    before, middle, after = client.get(*CALENDAR)
    assert (before, after) == ({"title": ']}"['}, {"a": 1})
    assert repr(middle) == "[" * min(depth, 99) + left + "]" * min(depth, 99)


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


class SlowNetwork(httpcore.NetworkBackend):
    """A network on which ``size`` bytes of an answer arrive ``every`` seconds of the clock.

    ``None`` is silence. Answers with tokens arrive at once.
    """

    def __init__(self, clock: Clock, answer: bytes, size: int | None, every: float) -> None:
        self.clock, self.answer, self.size, self.every = clock, answer, size, every
        self.left = b""

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        network = self

        class Stream(httpcore.NetworkStream):
            def write(self, buffer: bytes, timeout: float | None = None) -> None:
                if buffer.startswith(b"POST "):
                    network.left = slow_answer(json.dumps(token_body("token-1")).encode())
                elif buffer.startswith(b"GET "):
                    network.left = network.answer

            def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
                size = len(network.left)
                if network.left in network.answer:
                    network.clock.forward(seconds=network.every)
                    if network.size is None:
                        raise httpcore.ReadTimeout
                    size = network.size
                part, network.left = network.left[:size], network.left[size:]
                return part

            def close(self) -> None:
                pass

        return Stream()


def slow_answer(body: bytes, *headers: str) -> bytes:
    """Return the bytes of an answer."""
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


LONG = b'{"a": "' + b"x" * 200_000 + b'"}'
IN_BODY = slow_answer(LONG)
IN_PACKED_BODY = slow_answer(gzip.compress(LONG, compresslevel=0), "Content-Encoding: gzip")
IN_HEADERS = slow_answer(LONG, *[f"X-Filler-{number}: {'x' * 1000}" for number in range(60)])
DRIPS, TOO_LONG = "less than 1 kB a second for 10 seconds", "more than 30 seconds"


@pytest.mark.parametrize("answer", [IN_BODY, IN_PACKED_BODY, IN_HEADERS])
@pytest.mark.parametrize(
    ("size", "every", "seconds", "words"),
    [
        (1, 1, 11, DRIPS),
        (999, 1, 11, DRIPS),
        (8_000, 9, 27, DRIPS),
        (1_500, 1, 31, TOO_LONG),
        (40_000, 16, 32, TOO_LONG),
        (None, 0.25, 30, "ReadTimeout"),
    ],
)
def test_a_slow_answer_is_given_up(
    make: MakeClient,
    clock: Clock,
    answer: bytes,
    size: int | None,
    every: float,
    seconds: int,
    words: str,
) -> None:
    """A read timeout restarts with each byte, of the headers as well, so it never ends a drip.

    An answer that began to arrive is not requested again at once.
    """
    begin = clock.monotonic()
    with (
        stamina.set_testing(True, attempts=1),
        new_http(SlowNetwork(clock, answer, size, every)) as http,
        pytest.raises(UnavailableError, match=words) as caught,
    ):
        make(http=http, monotonic=clock.monotonic).get(*CALENDAR)
    assert clock.monotonic() - begin == seconds
    assert caught.value.retry_after == (60 if size else None)


def test_a_large_answer_at_a_modest_rate_is_read_whole(make: MakeClient, clock: Clock) -> None:
    with new_http(SlowNetwork(clock, IN_BODY, 8_000, 1)) as http:
        answer = make(http=http, monotonic=clock.monotonic).get(*CALENDAR)
    assert len(answer["a"]) == 200_000


def test_an_answer_that_begins_late_is_read_whole(make: MakeClient, clock: Clock) -> None:
    """Zoho may think for long; only an answer that began has a rate."""
    with new_http(SlowNetwork(clock, IN_BODY, 210_000, 29)) as http:
        assert make(http=http, monotonic=clock.monotonic).get(*CALENDAR)


def test_a_drip_over_the_network_ends_at_the_deadline(zoho: LoopbackZoho, make: MakeClient) -> None:
    zoho.script(Answer(b"{", drip=True))
    with pytest.raises(UnavailableError, match=r"more than 0\.1 seconds"):
        make(deadline=0.1).get(*CALENDAR)
    assert len(zoho.calls) == 1


@pytest.mark.parametrize("answer", [Answer(b"{", drip=True), Answer(b"{", stall=True)])
def test_an_answer_is_given_up_when_the_process_ends(
    zoho: LoopbackZoho, make: MakeClient, answer: Answer
) -> None:
    """It is no failure of Zoho, and later requests are not sent."""
    stop = Flag()
    zoho.on_call = stop.set
    zoho.script(answer)
    client = make(stop=stop)
    for _ in range(2):
        with pytest.raises(StoppedError):
            client.get(*CALENDAR)
    assert len(zoho.calls) == 1


def test_a_wait_ends_with_the_process(zoho: LoopbackZoho, make: MakeClient) -> None:
    """For the rate limit, for which a person's command waits minutes."""
    stop = Flag()
    zoho.on_call = stop.set
    zoho.script(Answer(status=429, headers={"Retry-After": "2"}))
    with pytest.raises(StoppedError):
        make(stop=stop, sleep=None).get(*CALENDAR)
    assert len(zoho.calls) == 1


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
