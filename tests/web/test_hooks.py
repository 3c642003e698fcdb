"""Webhooks at a real web server: answers, bodies of every kind, and a source that is due."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import http.client
from pathlib import Path
import socket

import pytest

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.store import Store
from tests.factories import put
from tests.served import web_app, web_server

SOURCE = CalendarSource(calendar="a")


def hooked(store: Store) -> str:
    """Add a source that was read and is not due; return the path of its webhook."""
    now = datetime.now(UTC)
    store.feeds.replace([Feed(slug="a", title="A", sources=(SOURCE,))], now=now)
    put(store, now, source=SOURCE)
    store.sources.claim(SOURCE.key, holder="t", now=now, term=timedelta(minutes=1))
    store.sources.succeed(
        SOURCE.key, holder="t", now=now, next_check_at=now + timedelta(hours=1), saved=[]
    )
    return f"/hooks/{store.hooks.token(SOURCE.key)}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, int, str]]:
    with web_server(tmp_path_factory.mktemp("web")) as (store, port):
        yield store, port, hooked(store)


def send(port: int, head: str, body: bytes = b"") -> bytes:
    """Send a request as it is, and return the answer; the server may close before all is sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        answer = b""
        try:
            for start in range(0, len(body), 65536):
                connection.sendall(body[start : start + 65536])
        except OSError:
            pass
        while b"\r\n\r\n" not in answer and (part := connection.recv(65536)):
            answer += part
        return answer


def is_due(store: Store) -> bool:
    return store.sources.due(now=datetime.now(UTC)) == (SOURCE.key,)


BODIES = {
    "none": ("", b""),
    "JSON": ("Content-Length: 2\n", b"{}"),
    "a JSON bomb": ("Content-Length: 60000\n", b"[" * 60000),
    "not the declared type": ("Content-Type: application/json\nContent-Length: 3\n", b"\xff\x00<"),
    "a form": ("Content-Type: application/x-www-form-urlencoded\nContent-Length: 3\n", b"a=b"),
    "a broken upload": ("Content-Type: multipart/form-data\nContent-Length: 3\n", b"--x"),
    "never sent": ("Content-Length: 100000\n", b""),
    "chunks that never end": ("Transfer-Encoding: chunked\n", b"5\r\nabcde\r\n"),
    "64 MB": ("Content-Length: 64000000\n", b"x" * 1_000_000),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_call_is_answered_at_once_whatever_its_body(
    server: tuple[Store, int, str], name: str
) -> None:
    store, port, path = server
    head, body = BODIES[name]
    answer = send(port, f"POST {path} HTTP/1.1\nHost: 127.0.0.1\n{head}".rstrip("\n"), body)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.partition(b"\r\n\r\n")[2] == b""
    assert is_due(store)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_other_methods_are_refused_and_wake_nothing(
    store: Store, tmp_path: Path, method: str
) -> None:
    path = hooked(store)
    client = web_app(store, tmp_path).test_client()
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert not is_due(store)
    assert client.open("/hooks/" + "x" * 24, method=method).status_code == 404


@pytest.mark.parametrize("token", ["x" * 24, "", "x", "x" * 25, "%00" * 24, "é" * 24])
def test_unknown_tokens_are_not_found(store: Store, tmp_path: Path, token: str) -> None:
    hooked(store)
    client = web_app(store, tmp_path).test_client()
    assert client.post(f"/hooks/{token}", data=b"{}").status_code == 404
    assert not is_due(store)


def test_a_call_has_an_empty_answer_and_the_headers_of_secret_addresses(
    store: Store, tmp_path: Path
) -> None:
    answer = web_app(store, tmp_path).test_client().post(hooked(store), data=b"{}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


def test_a_flood_is_answered(server: tuple[Store, int, str]) -> None:
    _, port, path = server
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(200):
        connection.request("POST", path, b'{"a": 1}')
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
    connection.close()
