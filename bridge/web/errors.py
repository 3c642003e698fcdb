"""What goes wrong, in plain text for programs and people alike; and the headers that every answer carries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TypeAlias
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, request
import structlog
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from bridge.errors import StoreError

Headers: TypeAlias = Sequence[tuple[str, str]]

# Rulebook H21: an address may be a secret, so nobody is told of it.
GUARDS: Headers = (
    ("X-Robots-Tag", "noindex"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)

_TEXTS = {
    400: "The request is damaged, or the host that it names can't be one. For the admin: set BRIDGE_PUBLIC_URL.\n",
    403: "This page was too old, or the request came from elsewhere: go back, reload the page and try again.\n",
    404: "There is no such calendar here. Check the address, or ask whoever gave it to you.\n",
    405: "Feeds are read-only: GET or HEAD.\n",
    410: "This address was revoked. Ask whoever gave it to you for a new one.\n",
    500: "Something is wrong with this server; its log says what.\n",
    503: "The server can't answer this just now. Try again in a minute.\n",
}
_RETRY_AFTER = 60
_IN_QUERIES = "/:@!$&'()*+,;=~%?"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status line, headers without Content-Length, and all of the body."""

    status: str
    headers: Headers
    body: bytes


class App(Flask):
    """Flask, but for two things that a stranger's address could do to it."""

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Encode what is not ASCII in a query, which Flask fails on."""
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            environ["QUERY_STRING"] = quote(query.encode("latin-1"), safe=_IN_QUERIES)
        return super().wsgi_app(environ, start_response)

    def log_exception(
        self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        """Log a bug by the view it happened in: the path may hold the token of a feed."""
        log.error(
            "a request failed", view=request.endpoint, method=request.method, exc_info=exc_info
        )


def refusal(error: HTTPException) -> Answer:
    """Refuse in plain text that no cache keeps: the address may be given out a moment later."""
    code = error.code or 500
    own = [
        (name, value)
        for name, value in error.get_headers()
        if name not in ("Content-Type", "Content-Length")
    ]
    headers = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"), *own)
    return Answer(f"{code} {error.name}", headers, _TEXTS.get(code, f"{error.name}.\n").encode())


def unreadable(error: StoreError) -> Answer:
    """Say that it is the server's fault, and passes."""
    log.error("the database can't be used", error=str(error))
    return refusal(ServiceUnavailable(retry_after=_RETRY_AFTER))


def register(app: Flask) -> None:
    """Give the app its error answers, and the headers of all."""

    @app.errorhandler(HTTPException)
    def _refused(error: HTTPException) -> Response:
        return _response(refusal(error))

    @app.errorhandler(StoreError)
    def _unreadable(error: StoreError) -> Response:
        return _response(unreadable(error))

    @app.after_request
    def _guarded(response: Response) -> Response:
        response.headers.update(GUARDS)
        return response


def _response(answer: Answer) -> Response:
    return Response(answer.body, status=answer.status, headers=list(answer.headers))
