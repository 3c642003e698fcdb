"""The sandbox itself: one Flask app with the accounts server and three APIs, and a thread that serves it on loopback.

It must not hold product rules; those stand in the ``api_`` modules.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
import socket
from threading import Thread
from types import TracebackType
from typing import Self

from flask import Flask, Response, g, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from bridge.sandbox import api_backstage, api_calendar, api_connect, oauth
from bridge.sandbox.answers import backstage_error, calendar_error, html
from bridge.sandbox.faults import Faults, skew_of
from bridge.sandbox.oauth import Tokens
from bridge.sandbox.samples import lively
from bridge.sandbox.state import Calendar, Data, Group, Portal

_HOST = "127.0.0.1"
_BACKSTAGE, _CONNECT, _CALENDAR = "/backstage/v3", "/pulse/api", "/api/v1"
_KEPT_REQUESTS = 20_000
_POLL_SECONDS = 0.02  # how soon the serving thread sees that it is to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One request that came, with the parameters in its address; nothing of its headers or body but ``accept``."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    route: str
    accept: str


class Sandbox:
    """A Zoho of its own, with an account whose credentials ``environment()`` tells.

    ``now`` is the sandbox's clock, ``data`` what it holds (without: the documents' samples and lively events around
    the clock's today), ``page_size`` the most that a Backstage page shows, whatever is asked.
    """

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        data: Data | None = None,
        *,
        page_size: int = 10,
    ) -> None:
        self.data = lively(now().date()) if data is None else data
        self._now = now
        self.tokens = Tokens(now)
        self.faults = Faults()
        self._requests: deque[Recorded] = deque(maxlen=_KEPT_REQUESTS)
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None
        self.app = self._build(page_size)

    @property
    def requests(self) -> list[Recorded]:
        """Give the requests that came so far, oldest first."""
        return list(self._requests)

    def forget_requests(self) -> None:
        """Start the record anew."""
        self._requests.clear()

    def portal(self, portal_id: str) -> Portal:
        """Give a Backstage portal to read or change; KeyError without one."""
        return self.data.portals[portal_id]

    def group(self, group_id: str) -> Group:
        """Give a Connect group, of whatever network, to read or change; KeyError without one."""
        return {
            key: group
            for network in self.data.networks.values()
            for key, group in network.groups.items()
        }[group_id]

    def calendar(self, uid: str) -> Calendar:
        """Give a calendar to read or change; KeyError without one."""
        return self.data.calendars[uid]

    @property
    def url(self) -> str:
        """Give the address it is served at; RuntimeError while it isn't."""
        if self._server is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://{_HOST}:{self._server.port}"

    def environment(self) -> dict[str, str]:
        """Give the settings with which the bridge reads from here in place of Zoho."""
        return {
            "ZOHO_CLIENT_ID": self.tokens.client_id,
            "ZOHO_CLIENT_SECRET": self.tokens.client_secret,
            "ZOHO_REFRESH_TOKEN": self.tokens.refresh_token,
            "ZOHO_ACCOUNTS_URL": self.url,
            "ZOHO_BACKSTAGE_URL": self.url + _BACKSTAGE,
            "ZOHO_CONNECT_URL": self.url + _CONNECT,
            "ZOHO_CALENDAR_URL": self.url + _CALENDAR,
        }

    def start(self, port: int = 0) -> None:
        """Serve on 127.0.0.1 in a thread of its own, and return; port 0 takes a free one. OSError when it is taken."""
        if self._server is not None:
            raise RuntimeError("the sandbox is started already")
        # Werkzeug ends the whole program when a port is taken, so the socket is made here.
        with socket.create_server((_HOST, port), backlog=128) as listener:
            self._server = make_server(
                _HOST, port, self.app, threaded=True, request_handler=_Quiet, fd=listener.fileno()
            )
        serve = self._server.serve_forever
        self._thread = Thread(target=lambda: serve(_POLL_SECONDS), name="zoho-sandbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving; from then on connections are refused. What it holds stays, and it may be started again."""
        if self._server is None or self._thread is None:
            return
        self.faults.release()
        self._server.shutdown()
        self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _build(self, page_size: int) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        app.register_blueprint(oauth.blueprint(self.tokens))
        app.register_blueprint(
            api_backstage.blueprint(self.data, self.tokens, page_size), url_prefix=_BACKSTAGE
        )
        app.register_blueprint(api_connect.blueprint(self.data, self.tokens), url_prefix=_CONNECT)
        app.register_blueprint(api_calendar.blueprint(self.data, self.tokens), url_prefix=_CALENDAR)
        app.register_error_handler(404, _unknown)
        app.register_error_handler(405, _unknown)
        app.before_request(self._before)
        app.after_request(self._after)
        return app

    def _before(self) -> Response | None:
        route = request.endpoint or ""
        g.fault = self.faults.take(route) if route else None
        g.dead_token = g.fault is not None and g.fault.kind == "expired-token"
        g.skew = skew_of(g.fault)
        return None if g.fault is None else self.faults.before(g.fault, route, now=self._now())

    def _after(self, response: Response) -> Response:
        self._requests.append(
            Recorded(
                method=request.method,
                path=request.path,
                query=request.args.to_dict(),
                status=response.status_code,
                route=request.endpoint or "",
                accept=request.headers.get("Accept", ""),
            )
        )
        place = f"{request.path} {request.args.get('scopeID', '')}"
        return self.faults.after(g.get("fault"), place, response, now=self._now())


class _Quiet(WSGIRequestHandler):
    """Serves without a line in the log for each request, and with the Date that the app gives."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin an answer."""
        self.send_response_only(code, message)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the requests are recorded."""


def _unknown(_: Exception) -> Response:
    """Answer an unknown path or verb as the product in whose space it lies."""
    if request.path.startswith(_BACKSTAGE):
        return backstage_error(404, "Please provide valid method")
    if request.path.startswith(_CALENDAR):
        return calendar_error(404, "URL_RULE_NOT_CONFIGURED")
    return html(404)
