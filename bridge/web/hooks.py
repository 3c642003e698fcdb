"""Webhooks: a call makes a source due, and the worker reads it soon.

The body is not parsed: no document of Zoho's shows all of its forms. They are answered
before Flask, because anybody may call an address that leaked, as often as they like.
"""

from datetime import UTC, datetime
import re
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import NotFound

from bridge.store.hooks import Hooks
from bridge.web.error_responses import WsgiResponse

PATHS = re.compile("/hooks/([A-Za-z0-9_-]{24})")
_REFUSAL = WsgiResponse(
    "405 Method Not Allowed",
    [("Allow", "POST"), ("Content-Type", "text/plain; charset=utf-8")],
    b"This is the address of a webhook: use POST.\n",
)


def respond(hooks: Hooks, environ: WSGIEnvironment, token: str) -> WsgiResponse:
    """Answer a call at once, whatever its body is; raise NotFound for an unknown token."""
    hook = hooks.find(token)
    if hook is None:
        raise NotFound
    if environ["REQUEST_METHOD"] != "POST":
        return _REFUSAL
    hooks.call(hook, now=datetime.now(UTC))
    return WsgiResponse("200 OK", [("Content-Length", "0")], b"")
