"""Webhooks: a call makes a source due, and the worker reads it soon.

The body is not parsed: no document of Zoho's shows all of its forms. They are answered
before Flask, because anybody may call an address that leaked, as often as they like.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
import re
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import HTTPException, NotFound

from bridge.errors import StoreError
from bridge.store.hooks import Hooks
from bridge.web.error_responses import WsgiResponse, error_response

_PATH = re.compile("/hooks/([A-Za-z0-9_-]{24})")
_REFUSAL = WsgiResponse(
    "405 Method Not Allowed",
    [("Allow", "POST"), ("Content-Type", "text/plain; charset=utf-8")],
    b"This is the address of a webhook: use POST.\n",
)


class HookResponder:
    """The WSGI app that answers the addresses of webhooks, and passes all others to Flask."""

    def __init__(self, hooks: Hooks, flask_app: WSGIApplication) -> None:
        self._hooks = hooks
        self._flask_app = flask_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer at once, whatever the body is."""
        path = _PATH.fullmatch(environ["PATH_INFO"])
        if path is None:
            return self._flask_app(environ, start_response)
        try:
            response = self._respond(environ["REQUEST_METHOD"], path[1])
        except (HTTPException, StoreError) as error:
            response = error_response(error)
        return response.send(environ, start_response)

    def _respond(self, method: str, token: str) -> WsgiResponse:
        hook = self._hooks.find(token)
        if hook is None:
            raise NotFound
        if method != "POST":
            return _REFUSAL
        self._hooks.call(hook, now=datetime.now(UTC))
        return WsgiResponse("200 OK", [("Content-Length", "0")], b"")
