"""The RSGI app: bodies with a deadline, threads for polls and for pages, PEP 3333."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
import gzip
from threading import Event, current_thread
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.validate import validator

import pytest

from bridge.web.read_cache import forbid_waiting
from bridge.web.server import Server

FORM = "application/x-www-form-urlencoded"


class Headers:
    """Headers as granian passes them on, with names in lower case."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._pairs = pairs

    def __contains__(self, name: str) -> bool:
        return name in dict(self._pairs)

    def get(self, name: str) -> str | None:
        return dict(self._pairs).get(name)

    def items(self) -> list[tuple[str, str]]:
        return list(self._pairs)


@dataclass
class Scope:
    """A request without its body."""

    path: str = "/"
    method: str = "GET"
    headers: Headers = field(default_factory=Headers)
    query_string: str = ""
    http_version: str = "1.1"
    scheme: str = "http"
    server: str = "127.0.0.1:8000"
    client: str = "[2001:db8::7]:50000"
    authority: str | None = None


class Protocol:
    """The chunks of a body, and the response; ``endless`` waits for more after the last chunk."""

    def __init__(self, chunks: Sequence[bytes] = (), *, endless: bool = False) -> None:
        self._chunks = chunks
        self._endless = endless
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._endless:
            await asyncio.Event().wait()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        assert not self.status
        self.status, self.headers, self.body = status, dict(headers), body


class App:
    """A WSGI app that keeps environments, and whose pages wait for ``release``."""

    def __init__(self) -> None:
        self.environs: list[WSGIEnvironment] = []
        self.bodies: list[bytes] = []
        self.threads: list[str] = []
        self.release = Event()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/f/uncached/"):
            forbid_waiting()
        if environ["PATH_INFO"].startswith("/slow"):
            assert self.release.wait(30)
        self.environs.append(environ)
        self.threads.append(current_thread().name)
        size = int(environ.get("CONTENT_LENGTH") or 0)
        self.bodies.append(environ["wsgi.input"].read(size))
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"o", b"k"]


@pytest.fixture
def app() -> Iterator[App]:
    app = App()
    yield app
    app.release.set()


async def ask(server: Server, scope: Scope, protocol: Protocol | None = None) -> Protocol:
    protocol = protocol or Protocol()
    await server.__rsgi__(scope, protocol)  # type: ignore[arg-type]
    return protocol


def post(path: str = "/form", length: int | None = None, **headers: str) -> Scope:
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if length is not None:
        sent.append(("content-length", str(length)))
    return Scope(path, "POST", Headers(*sent))


def test_a_body_that_does_not_end_gets_408_and_reaches_no_thread(app: App) -> None:
    server = Server(app, body_seconds=0)
    for scope in (post(length=9), post(transfer_encoding="chunked")):
        got = asyncio.run(ask(server, scope, Protocol([b"csrf="], endless=True)))
        assert got.status == 408
    assert app.environs == []


def test_many_slow_bodies_hold_no_form(app: App) -> None:
    """Two held every form before."""
    server = Server(app)

    async def run() -> Protocol:
        slow = [
            asyncio.create_task(ask(server, post(length=9), Protocol([b"c"], endless=True)))
            for _ in range(500)
        ]
        await asyncio.sleep(0)
        got = await ask(server, post(length=5), Protocol([b"cs", b"rf="]))
        for task in slow:
            task.cancel()
        return got

    assert asyncio.run(run()).status == 200
    assert app.bodies == [b"csrf="]


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/form", 64 * 1024, 200),
        ("/form", 64 * 1024 + 1, 413),
        ("/admin/feeds/new", 256 * 1024, 200),
        ("/admin/feeds/new", 256 * 1024 + 1, 413),
    ],
)
def test_a_body_has_a_greatest_length(app: App, path: str, size: int, status: int) -> None:
    """With or without a length in the request's head."""
    for scope in (post(path, size), post(path, transfer_encoding="chunked")):
        chunks = [b"x" * 1024] * (size // 1024) + [b"x" * (size % 1024)]
        assert asyncio.run(ask(Server(app), scope, Protocol(chunks))).status == status


def test_a_body_that_is_cut_reaches_no_view(app: App) -> None:
    """granian ends the body of a client that is gone without an error."""
    got = asyncio.run(ask(Server(app), post(length=100), Protocol([b"csrf=x", b""])))
    assert (got.status, app.environs) == (400, [])


def test_polls_do_not_wait_for_pages_and_pages_past_the_places_get_503(app: App) -> None:
    server = Server(app)

    async def run() -> tuple[list[Protocol], list[Protocol], Protocol]:
        pages = [asyncio.create_task(ask(server, Scope("/slow"))) for _ in range(32)]
        await asyncio.sleep(0)
        paths = ("/feeds/a.ics", "/f/uncached/a.ics", "/healthz", "/hooks/token")
        polls = [await ask(server, Scope(path)) for path in paths]
        refused = await ask(server, Scope("/"))
        app.release.set()
        return polls, [await page for page in pages], refused

    polls, pages, refused = asyncio.run(run())
    assert {got.status for got in (*polls, *pages)} == {200}
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["Referrer-Policy"] == "no-referrer"  # H21
    assert {name.split("_")[0] for name in app.threads[4:]} == {"page"}
    assert asyncio.run(ask(server, Scope("/"))).status == 200


def test_a_poll_that_must_read_from_the_database_runs_in_a_thread(app: App) -> None:
    server = Server(app)
    for path in ("/feeds/a.ics", "/f/uncached/a.ics", "/f/uncached/a/event.ics"):
        assert asyncio.run(ask(server, Scope(path))).body == b"ok"
    assert [name.split("_")[0] for name in app.threads] == ["MainThread", "poll", "poll"]


@pytest.mark.parametrize(
    ("path", "accepted", "size", "is_gzip"),
    [
        ("/large", "gzip", 5000, True),
        ("/large", "gzip;q=0", 5000, False),
        ("/large", "", 5000, False),
        ("/small", "gzip", 500, False),
        ("/admin/large", "gzip", 5000, False),
    ],
)
def test_a_page_is_sent_in_gzip_to_clients_that_accept_it(
    path: str, accepted: str, size: int, is_gzip: bool
) -> None:
    """With a weak validator: the same content in other bytes (RFC 9110 8.8.1)."""
    page = b"x" * size

    def app(_environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        length = ("Content-Length", str(size))
        start("200 OK", [("Content-Type", "text/html"), length, ("ETag", '"t"')])
        return [page]

    headers = Headers(("accept-encoding", accepted))
    got = asyncio.run(ask(Server(app), Scope(path, headers=headers)))
    assert (gzip.decompress(got.body) if is_gzip else got.body) == page
    assert got.headers.get("Content-Encoding") == ("gzip" if is_gzip else None)
    assert got.headers["ETag"] == ('W/"t"' if is_gzip else '"t"')
    assert got.headers.get("Content-Length", str(len(got.body))) == str(len(got.body))
    assert (got.headers.get("Vary") == "Accept-Encoding") == (path == "/large")


def test_the_environment_is_that_of_pep_3333(app: App) -> None:
    headers = Headers(
        ("host", "example.org"),
        ("cookie", "a=b"),
        ("cookie", "c=d"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-for", "192.0.2.2"),
        ("x_forwarded_host", "evil.example"),
        ("content-type", FORM),
        ("content-length", "2"),
    )
    scope = Scope("/ü/%2F", "POST", headers, query_string="q=é")
    server = Server(validator(app))
    asyncio.run(ask(server, scope, Protocol([b"a="])))
    (environ,) = app.environs
    expected = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/\xc3\xbc/%2F",
        "QUERY_STRING": "q=\xc3\xa9",
        "REMOTE_ADDR": "2001:db8::7",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": "2",
        "HTTP_HOST": "example.org",
        "HTTP_COOKIE": "a=b; c=d",
        "HTTP_X_FORWARDED_FOR": "192.0.2.1,192.0.2.2",
    }
    assert {name: environ[name] for name in expected} == expected
    assert "HTTP_X_FORWARDED_HOST" not in environ


@pytest.mark.parametrize(("authority", "host"), [(None, None), ("evil.example", "evil.example")])
def test_a_request_without_a_host_has_that_of_its_target(
    app: App, authority: str | None, host: str | None
) -> None:
    """RFC 9112 3.2.2: the authority of an absolute target is the host."""
    asyncio.run(ask(Server(app), Scope("/", authority=authority)))
    assert app.environs[0].get("HTTP_HOST") == host
