"""HTTPS redirects, own hosts, and what proxies may say about a request (rulebook H15).

A page of another site can lead its own host to this machine (DNS rebinding), but the request names
that host, so no page shows an address of a foreign host.
"""

from collections.abc import Iterable
import re
from typing import Any
from urllib.parse import quote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import MisdirectedRequest
from werkzeug.middleware.proxy_fix import ProxyFix

from bridge.config import Settings
from bridge.web.error_responses import SAFE_IN_PATH, SAFE_IN_QUERY, error_response

# Requested on this machine, without the proxy that speaks https.
PLAIN_PATHS = ("/healthz", "/metrics")
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]"))
_PORT = re.compile(r":[0-9]*\Z")
_HSTS = ("Strict-Transport-Security", "max-age=31536000")


def wrap(app: WSGIApplication, settings: Settings, root_url: str) -> WSGIApplication:
    """Answer the host of ``root_url`` alone, https if the public address is https.

    The configured proxies are trusted.
    """
    app = _answer_own_hosts(app, root_url)
    if settings.public_url.startswith("https:"):
        app = _redirect_http(app, settings.public_url)
    hops = settings.trusted_proxies
    return ProxyFix(app, x_for=hops, x_proto=hops, x_host=hops) if hops else app


def _redirect_http(app: WSGIApplication, root: str) -> WSGIApplication:
    """Answer http with a 308 to the same path, which every client follows and remembers."""

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["wsgi.url_scheme"] != "https":
            if environ["PATH_INFO"] in PLAIN_PATHS:
                return app(environ, start_response)
            headers = [("Location", _location(environ, root)), ("Content-Length", "0")]
            start_response("308 Permanent Redirect", headers)
            return [b""]

        def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            return start_response(status, [*headers, _HSTS], error)

        return app(environ, start)

    return respond


def _location(environ: WSGIEnvironment, root: str) -> str:
    """Return the same path under https; characters that could end the header are encoded."""
    path = quote(environ["PATH_INFO"].encode("latin-1"), safe=SAFE_IN_PATH)
    query = quote(environ.get("QUERY_STRING", "").encode("latin-1"), safe=SAFE_IN_QUERY)
    slash = "" if path.startswith("/") else "/"  # or the path would continue the host's name
    return root + slash + path + ("?" + query if query else "")


def _answer_own_hosts(app: WSGIApplication, root_url: str) -> WSGIApplication:
    """Answer requests for the host of ``root_url`` with any port, 421 for others.

    Names of loopback open monitoring, and everything if the root's host is one of them. A request
    without a Host, which no browser sends, counts as one to loopback.
    """
    host = _without_port(urlsplit(root_url).netloc)
    own = _LOOPBACK if host in _LOOPBACK else frozenset((host,))
    for_paths = dict.fromkeys(PLAIN_PATHS, own | _LOOPBACK)

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = _without_port(environ.get("HTTP_HOST", "localhost"))
        if host in for_paths.get(environ["PATH_INFO"], own):
            return app(environ, start_response)
        return error_response(MisdirectedRequest()).send(environ, start_response)

    return respond


def _without_port(host: str) -> str:
    return _PORT.sub("", host).lower()
