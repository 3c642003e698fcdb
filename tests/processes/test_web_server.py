"""The real server on real sockets: whole answers, odd requests, slow clients."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from email.message import Message
import http.client
import os
from pathlib import Path
import re
import resource
import socket

import pytest

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.web import create_app
from bridge.web.usage import Usage
from tests.served import NOW, publish, web_server

SLOW = 40  # clients, ten for each thread of the server
BODY = b"".join(
    b"%064d\r\n" % number for number in range(60_000)
)  # 4 MB, more than socket buffers hold
PASSWORD = "correct horse battery staple"
MOST_ASKED = 5000  # times, until pages have places again
LONGEST_HEAD = 8192  # of a request, with which a client sees the answer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """The port, and the path of a secret feed of 4 MB."""
    with web_server(tmp_path_factory.mktemp("server"), BRIDGE_ADMIN_PASSWORD=PASSWORD) as (
        store,
        port,
    ):
        source = CalendarSource(calendar="c")
        store.feeds.replace([Feed(slug="team", title="Team", sources=(source,))], now=NOW)
        store.links.ensure("team", now=NOW)
        publish(store, "team", BODY)
        yield port, f"/f/{store.links.token(store.links.of('team')[0])}/team.ics"


def ask(port: int, path: str, *, method: str = "GET", **headers: str) -> tuple[int, Message, bytes]:
    """Ask, and again after a 503: ended forms have the places of pages for a moment."""
    for _ in range(MOST_ASKED):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            status, fields, body = answer.status, answer.headers, answer.read()
        if status != 503:
            break
    return status, fields, body


def send(port: int, request: bytes, *, seconds: float = 60) -> tuple[str, bytes]:
    """Send bytes as they are, as often as ``ask``; return the first line and all of the answer."""
    for _ in range(MOST_ASKED):
        received = _send(port, request, seconds)
        if not received.startswith(b"HTTP/1.1 503 "):
            break
    return received.split(b"\r\n")[0].decode(), received


def _send(port: int, request: bytes, seconds: float) -> bytes:
    received = b""
    peer = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    with peer as connection, suppress(ConnectionError):  # it may be closed before all is sent
        connection.sendall(request)
        while b"\r\n\r\n" not in received and (part := connection.recv(65536)):
            received += part
    return received


def hold(stack: ExitStack, port: int, request: bytes, *, read_buffer: int = 0) -> None:
    """Open a connection, send the beginning of a request, and keep it open."""
    connection = stack.enter_context(socket.socket())
    if read_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
    connection.settimeout(60)
    connection.connect(("127.0.0.1", port))
    connection.sendall(request)


@pytest.mark.parametrize("key", ["k" * 40, ""])
def test_any_wsgi_server_may_start_the_app_in_a_new_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """``create_app`` creates the data folder, as the commands do."""
    folder = tmp_path / "new" / "data"
    for name in [name for name in os.environ if name.startswith(("BRIDGE_", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BRIDGE_DATA_DIR", str(folder))
    if key:
        monkeypatch.setenv("BRIDGE_SECRET_KEY", key)
    monkeypatch.setattr(Usage, "start_flushing", lambda _uses: None)
    monkeypatch.setattr("bridge.logs.set_up", lambda: None)
    app = create_app()
    assert app.test_client().get("/healthz").status_code == 200
    app.extensions["bridge"].store.close()
    assert folder.joinpath("bridge.sqlite3").is_file()


def test_head_has_the_headers_of_get_and_no_body(server: tuple[int, str]) -> None:
    """Rulebook H2 and H12, also after the server's own changes."""
    port, path = server
    status, head, nothing = ask(port, path, method="HEAD")
    assert (status, nothing) == (200, b"")
    _, got, body = ask(port, path)
    assert body == BODY
    assert head["Content-Length"] == got["Content-Length"] == str(len(BODY))
    assert {(n.lower(), v) for n, v in head.items() if n.lower() != "date"} == {
        (n.lower(), v) for n, v in got.items() if n.lower() != "date"
    }
    status, headers, body = ask(port, path, If_None_Match=got["ETag"])
    assert (status, body) == (304, b"")
    assert "Content-Length" not in headers


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET /f/%zz%/team.ics HTTP/1.1", "4.."),
        ("GET /f/%00%0d%0aX:y/team.ics HTTP/1.1", "404"),
        ("GET /f/../feeds/team.ics HTTP/1.1", "404"),
        ("GET /static/../../../../etc/passwd HTTP/1.1", "4.."),
        ("GET /static/%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "404"),
        ("GET //f//team.ics HTTP/1.1", "404"),
        ("GET * HTTP/1.1", "4.."),
        ("GET http://evil.example/f/x/team.ics HTTP/1.1", "421"),
        ("GET /f/x/team.ics?" + "a" * 8000 + " HTTP/1.1", "404"),
        ("GET /" + "a" * 70_000 + " HTTP/1.1", "4.."),
        ("BREW /f/x/team.ics HTTP/1.1", "405"),
        ("GET /healthz HTTP/1.1\r\nX-Long: " + "a" * 8000, "200"),
        ("GET /healthz HTTP/1.1\r\nX-Long: " + "a" * 600_000, "4.."),
        ("GET /healthz HTTP/1.1\r\n" + "\r\n".join(f"X-{n}: y" for n in range(2000)), "4.."),
        ("nonsense", "4.."),
    ],
)
def test_an_odd_request_is_refused_or_answered_right(
    server: tuple[int, str], line: str, expected: str
) -> None:
    port, _ = server
    first, received = send(port, f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    was_closed = not received and len(line) > LONGEST_HEAD
    assert was_closed or re.fullmatch(rf"HTTP/1\.1 {expected} .*", first), first
    assert b"Traceback" not in received
    assert b"root:" not in received


def test_forty_slow_readers_block_no_client(server: tuple[int, str]) -> None:
    """A server whose threads write to the socket themselves would stand still here."""
    port, path = server
    with ExitStack() as stack:
        for _ in range(SLOW):
            hold(
                stack,
                port,
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
                read_buffer=4096,
            )
        assert_answers(port, path)


@pytest.mark.parametrize(
    "beginning",
    [
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Never-Ends: ",
        "PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nBEGIN",
        "POST /admin/sign-in HTTP/1.1\r\nHost: localhost\r\n{cookie}{form}Content-Length: 99\r\n\r\ncsrf=",
        (
            "POST /admin/feeds/team/revoke HTTP/1.1\r\nHost: localhost\r\n{cookie}{form}"
            "Transfer-Encoding: chunked\r\n\r\n"
        ),
        "POST /admin/sign-in HTTP/1.1\r\nHost: localhost\r\n{form}Content-Length: 1000\r\n\r\ncsrf=",
    ],
)
def test_forty_slow_senders_block_no_client(server: tuple[int, str], beginning: str) -> None:
    """Also senders of a form whose body the server waits for."""
    port, path = server
    _, headers, _ = ask(port, "/admin/sign-in")
    cookie = f"Cookie: {headers['Set-Cookie'].split(';')[0]}\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\n"
    with ExitStack() as stack:
        for _ in range(SLOW):
            hold(stack, port, beginning.format(path=path, cookie=cookie, form=form).encode())
        assert_answers(port, path)


@pytest.mark.slow
def test_five_thousand_idle_connections_block_no_client(server: tuple[int, str]) -> None:
    """More than the 1,024 at which the server stood still, and they are dropped after a while."""
    port, path = server
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 6000:
        pytest.skip("the system allows fewer open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 6000), hard))
    with ExitStack() as stack:
        for _ in range(5000):
            hold(stack, port, b"")
        assert_answers(port, path)
        first = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
        assert first.recv(1) == b""  # the server closed it


@pytest.mark.slow
def test_slow_forms_end_after_a_while(server: tuple[int, str]) -> None:
    port, _ = server
    head = b"POST /admin/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ncsrf="
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head)
        received = b""
        while part := connection.recv(4096):
            received += part
    assert received.startswith(b"HTTP/1.1 408 ")


def assert_answers(port: int, path: str) -> None:
    """Ten polls and ten whole feeds are answered while slow clients hold their connections."""
    for _ in range(10):
        status, headers, body = ask(port, path)
        assert (status, len(body)) == (200, len(BODY))
        assert ask(port, path, If_None_Match=headers["ETag"])[0] == 304
