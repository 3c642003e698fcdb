"""The sandbox's server: a Flask app with OAuth and three APIs, served on loopback by a thread."""

from collections.abc import Callable
from datetime import UTC, datetime
import socket
from threading import Thread
from typing import Self

from flask import Flask, Response, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from bridge.sandbox import api_backstage, api_calendar, api_connect
from bridge.sandbox.oauth import Tokens
from bridge.sandbox.responses import backstage_error, calendar_error, html
from bridge.sandbox.state import Data
from bridge.sandbox.world import lively

_HOST = "127.0.0.1"
_BACKSTAGE, _CONNECT, _CALENDAR = "/backstage/v3", "/pulse/api", "/api/v1"
_POLL_SECONDS = 0.02  # how soon the serving thread sees that it is to stop


class Sandbox:
    """A Zoho of its own with one account, whose credentials ``environment()`` returns.

    ``now`` is its clock. ``data`` is what it holds: by default the documents' samples and the
    demo's world around the clock's today. A page of Backstage has at most ``page_size`` events.
    ``fault`` may answer a request, of which it gets the route's name, in place of the API. ``app``
    is open to further hooks before it serves.
    """

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        data: Data | None = None,
        *,
        page_size: int = 10,
        tokens: Tokens | None = None,
    ) -> None:
        self.data = data or lively(now().date())
        self.tokens = tokens or Tokens(now)
        self.fault: Callable[[str], Response | None] | None = None
        self.app = self._build(page_size)
        self._now = now
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """Return the address of the running server; raise RuntimeError while it does not run."""
        if self._server is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://{_HOST}:{self._server.port}"

    def environment(self) -> dict[str, str]:
        """Return the settings with which the bridge reads from here in place of Zoho."""
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
        """Serve on 127.0.0.1 in a thread; port 0 is any. Raise OSError when the port is taken."""
        # Werkzeug ends the whole program when a port is taken, so the socket is opened here.
        with socket.create_server((_HOST, port), backlog=128) as listener:
            fd = listener.fileno()
            self._server = make_server(
                _HOST, port, self.app, threaded=True, request_handler=_Handler, fd=fd
            )
        self._thread = Thread(target=self._server.serve_forever, args=[_POLL_SECONDS], daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and refuse connections; the data stays, and it may be started again."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _build(self, page_size: int) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        app.add_url_rule("/oauth/v2/token", "oauth.token", self.tokens.answer, methods=["POST"])
        revoke = self.tokens.end_login
        app.add_url_rule("/oauth/v2/token/revoke", "oauth.revoke", revoke, methods=["POST"])
        backstage = api_backstage.blueprint(self.data, self.tokens, page_size)
        app.register_blueprint(backstage, url_prefix=_BACKSTAGE)
        app.register_blueprint(api_connect.blueprint(self.data, self.tokens), url_prefix=_CONNECT)
        app.register_blueprint(api_calendar.blueprint(self.data, self.tokens), url_prefix=_CALENDAR)
        app.register_error_handler(404, _unknown)
        app.register_error_handler(405, _unknown)
        app.before_request(self._before)
        app.after_request(self._after)
        return app

    def _before(self) -> Response | None:
        fault = self.fault
        return fault(request.endpoint) if fault and request.endpoint else None

    def _after(self, response: Response) -> Response:
        response.date = self._now()
        return response


class _Handler(WSGIRequestHandler):
    """A handler that logs no request and keeps the app's Date header."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin a response."""
        self.send_response_only(code, message)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def _unknown(_: Exception) -> Response:
    """Answer an unknown path or method in the form of the product that the path belongs to."""
    if request.path.startswith(_BACKSTAGE):
        return backstage_error(404, "Please provide valid method")
    if request.path.startswith(_CALENDAR):
        return calendar_error(404, "URL_RULE_NOT_CONFIGURED")
    return html(404)
