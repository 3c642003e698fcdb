"""Error responses: pages for browsers, plain text for programs, and the security headers of all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
import re
from types import TracebackType
from typing import TypeAlias
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request
import structlog
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from bridge.domain.sentences import N_
from bridge.errors import StoreError
from bridge.web.html_response import html_response
from bridge.web.language import _

Headers: TypeAlias = Sequence[tuple[str, str]]

# Rulebook H21: an address may be a secret, so it goes to no search engine and no other site.
SECURITY_HEADERS: Headers = (
    ("X-Robots-Tag", "noindex"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)

_TEXTS = {
    400: N_("Bad request or unknown host. If you run this server, set BRIDGE_PUBLIC_URL."),
    403: N_("This page has expired. Go back, reload it and try again."),
    404: N_("Calendar not found. Check the address, or ask the person who sent it to you."),
    405: N_("Feeds are read-only: use GET or HEAD."),
    429: N_("Too many requests. Try again in a minute."),
    410: N_("This address was revoked. Ask the person who sent it to you for a new one."),
    413: N_("That is too much at once. Select fewer options."),
    421: N_("Unknown host. If you run this server, set BRIDGE_PUBLIC_URL to its public address."),
    500: N_("Something went wrong on this server. Its log has the details."),
    503: N_("The server is temporarily unavailable. Try again in a minute."),
}
_RETRY_AFTER = 60
SAFE_IN_PATH = "/:@!$&'()*+,;=~"
SAFE_IN_QUERY = SAFE_IN_PATH + "%?"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WsgiResponse:
    """A complete response: status line, headers without Content-Length, and body."""

    status: str
    headers: Headers
    body: bytes

    def send(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send whole bytes and their length: a slow reader of a stream would hold a thread."""
        headers = [*self.headers, *SECURITY_HEADERS]
        if self.body:
            headers.append(("Content-Length", str(len(self.body))))
        start_response(self.status, headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else self.body]


def answer(
    paths: re.Pattern[str], respond: Callable[..., WsgiResponse], otherwise: WSGIApplication
) -> WSGIApplication:
    """Return a WSGI app that answers some paths before Flask, errors in plain text.

    ``respond`` gets the WSGI environment and the groups of the path.
    """

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = paths.fullmatch(environ["PATH_INFO"])
        if path is None:
            return otherwise(environ, start_response)
        try:
            response = respond(environ, *path.groups())
        except (HTTPException, StoreError) as error:
            response = error_response(error)
        return response.send(environ, start_response)

    return call


class App(Flask):
    """Flask that accepts any query and logs no path of a failed request."""

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Encode non-ASCII characters in a query, on which Flask fails."""
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            environ["QUERY_STRING"] = quote(query.encode("latin-1"), safe=SAFE_IN_QUERY)
        return super().wsgi_app(environ, start_response)

    def log_exception(
        self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        """Log a bug by its view: the path may hold the token of a feed."""
        view = request.endpoint
        log.error("a request failed", view=view, method=request.method, exc_info=exc_info)


def error_response(
    error: HTTPException | StoreError, translate: Callable[[str], str] = str
) -> WsgiResponse:
    """Return an error in plain text, not to be cached: the address may become valid later.

    An error of the database is logged, and answered by a 503.
    """
    if isinstance(error, StoreError):
        log.error("the database can't be used", error=str(error))
        error = ServiceUnavailable(retry_after=_RETRY_AFTER)
    code = error.code or 500
    own = [(k, v) for k, v in error.get_headers() if k not in ("Content-Type", "Content-Length")]
    headers = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"), *own)
    text = translate(_TEXTS[code]) if code in _TEXTS else f"{error.name}."
    return WsgiResponse(f"{code} {error.name}", headers, f"{text}\n".encode())


def register(app: Flask) -> None:
    """Add the error responses to the app, and the security headers to all responses."""

    @app.errorhandler(HTTPException)
    @app.errorhandler(StoreError)
    def _respond(error: HTTPException | StoreError) -> Response:
        plain = error_response(error, _)
        response = Response(plain.body, status=plain.status, headers=list(plain.headers))
        if not request.accept_mimetypes["text/html"] > request.accept_mimetypes["text/plain"]:
            return response
        text, is_framed = plain.body.decode(), request.path.endswith("/embed")
        page = html_response("error.html", response.status_code, framed=is_framed, text=text)
        del response.headers["Content-Type"], response.headers["Content-Length"]
        page.headers.update(response.headers)
        return page

    @app.after_request
    def _secure(response: Response) -> Response:
        for name, value in SECURITY_HEADERS:
            response.headers.setdefault(name, value)
        return response
