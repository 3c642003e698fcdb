"""HTTPS redirects, and what proxies may say about a request (rulebook H15)."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix

from bridge.config import Settings

# Requested on this machine, without the proxy that speaks https.
PLAIN_PATHS = ("/healthz", "/metrics")
_HSTS = ("Strict-Transport-Security", "max-age=31536000")
_SAFE_IN_PATH = "/:@!$&'()*+,;=~"
SAFE_IN_QUERY = _SAFE_IN_PATH + "%?"


def wrap(app: WSGIApplication, settings: Settings) -> WSGIApplication:
    """Redirect http to https if the public address is https, and trust the configured proxies."""
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
    path = quote(environ["PATH_INFO"].encode("latin-1"), safe=_SAFE_IN_PATH)
    query = quote(environ.get("QUERY_STRING", "").encode("latin-1"), safe=SAFE_IN_QUERY)
    slash = "" if path.startswith("/") else "/"  # or the path would continue the host's name
    return root + slash + path + ("?" + query if query else "")
