"""Zoho on loopback: a scripted HTTP server that records requests, and its settings."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import os
import socket
import struct
from threading import Event, Lock
import traceback
from typing import Any
from urllib.parse import parse_qsl

from bridge.config import Secret, ZohoSettings
from bridge.domain.source import Product

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)  # also in the Date header of every answer
CLIENT_SECRET = "client+secret&of=tests"
REFRESH_TOKEN = "1000.refresh.token/of=tests"
TOKEN_PATH = "/oauth/v2/token"
CONNECT: tuple[Product, str] = ("connect", "/upcomingEvents")
CALENDAR: tuple[Product, str] = ("calendar", "/calendars/l9%3D%3D/events")
BACKSTAGE: tuple[Product, str] = ("backstage", "/portals/1/events")


@dataclass
class Answer:
    """An answer of the server; ``reset`` resets the connection instead.

    Three flags announce more bytes than the body has: ``cut`` then ends the connection, ``stall``
    sends nothing, and ``drip`` sends one byte after another, slowly.
    """

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    stall: bool = False
    drip: bool = False
    reset: bool = False

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Request:
    """A request that came."""

    method: str
    target: str
    headers: dict[str, str]
    form: dict[str, str]

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Zoho-oauthtoken ")


class LoopbackZoho(ThreadingHTTPServer):
    """Zoho on loopback: ``script`` sets its next answers, ``seen`` lists the requests.

    Without a script it sends a new token, or an empty list of events. With ``good``, only these
    token values are accepted.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.seen: list[Request] = []
        self.answers: deque[Answer] = deque()
        self.token_answers: deque[Answer] = deque()
        self.good: set[str] | None = None
        self.lock = Lock()
        self.tokens_given = 0
        self.stop = Event()
        self.on_call: Callable[[], object] = lambda: None  # called for each request to an API

    def script(self, *answers: Answer) -> None:
        self.answers.extend(answers)

    def script_token(self, *answers: Answer) -> None:
        self.token_answers.extend(answers)

    @property
    def calls(self) -> list[Request]:
        """The requests to the APIs."""
        return [request for request in self.seen if request.target != TOKEN_PATH]

    @property
    def token_calls(self) -> list[Request]:
        """The requests for tokens."""
        return [request for request in self.seen if request.target == TOKEN_PATH]

    def answer_to(self, request: Request) -> Answer:
        with self.lock:
            self.seen.append(request)
            if request.target == TOKEN_PATH:
                if self.token_answers:
                    return self.token_answers.popleft()
                self.tokens_given += 1
                return Answer(token_body(f"token-{self.tokens_given}"))
            self.on_call()
            if self.good is not None and request.token not in self.good:
                return Answer({"error": [{"error_code": "INVALID_OAUTHTOKEN"}]}, status=401)
            return self.answers.popleft() if self.answers else Answer({"events": []})

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that gave up is what some tests are about


class Handler(BaseHTTPRequestHandler):
    server: LoopbackZoho

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
        answer = self.server.answer_to(Request(self.command, self.path, headers, form))
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


def token_body(value: str, **more: Any) -> dict[str, Any]:
    """Return the answer to a refresh (Zoho APIs 1.2)."""
    return {
        "access_token": value,
        "api_domain": "https://www.zohoapis.com",
        "token_type": "Bearer",
        "expires_in": 3600,
    } | more


def settings_for(url: str, **changes: Any) -> ZohoSettings:
    """Return settings for a server at ``url``, with other fields."""
    values: dict[str, Any] = {
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


def secrets_in(text: str) -> list[str]:
    """Return the secrets of these tests in a text."""
    secrets = (CLIENT_SECRET, REFRESH_TOKEN, "token-1", "token-2", "leaked")
    return [secret for secret in secrets if secret in text]


def all_of(error: BaseException) -> str:
    """Return all that a log might print of an error: its causes, contexts and attributes."""
    text = "".join(traceback.format_exception(error))
    cause: BaseException | None = error
    while cause is not None:
        text += repr(cause) + repr(cause.args) + repr(vars(cause))
        cause = cause.__cause__ or cause.__context__
    return text
