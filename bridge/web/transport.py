"""How a request came here: over https or not, and which proxies are believed about it (rulebook H15)."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix

from bridge.config import Settings

# What is asked for on this machine, past the proxy that speaks https.
_OPEN_PATHS = ("/healthz", "/metrics")
_A_YEAR = ("Strict-Transport-Security", "max-age=31536000")
_IN_PATHS = "/:@!$&'()*+,;=~"
_IN_QUERIES = _IN_PATHS + "%?"


def wrapped(app: WSGIApplication, settings: Settings) -> WSGIApplication:
    """Lead from http to https where the public address is https, and believe as many proxies as are trusted."""
    if settings.public_url.startswith("https:"):
        app = _HttpsOnly(app, settings.public_url)
    hops = settings.trusted_proxies
    return ProxyFix(app, x_for=hops, x_proto=hops, x_host=hops) if hops else app


class _HttpsOnly:
    """Answers http with a 308, the one redirect that every client follows and remembers, to the same path."""

    def __init__(self, app: WSGIApplication, root: str) -> None:
        self._app = app
        self._root = root

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["wsgi.url_scheme"] != "https":
            if environ["PATH_INFO"] in _OPEN_PATHS:
                return self._app(environ, start_response)
            start_response(
                "308 Permanent Redirect",
                [("Location", self._location(environ)), ("Content-Length", "0")],
            )
            return [b""]

        def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            return start_response(status, [*headers, _A_YEAR], error)

        return self._app(environ, start)

    def _location(self, environ: WSGIEnvironment) -> str:
        """Write the path as it was sent; whatever could end the header is encoded."""
        path = quote(environ["PATH_INFO"].encode("latin-1"), safe=_IN_PATHS)
        query = quote(environ.get("QUERY_STRING", "").encode("latin-1"), safe=_IN_QUERIES)
        slash = (
            "" if path.startswith("/") else "/"
        )  # else the path would go on with the host's name
        return self._root + slash + path + ("?" + query if query else "")
