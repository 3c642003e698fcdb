"""The hosts that this server answers for, so that no page shows an address of a foreign host.

A page of another site can lead its own host to this machine (DNS rebinding), but the request names
that host.
"""

from collections.abc import Iterable
import re
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import MisdirectedRequest

from bridge.web.error_responses import error_response
from bridge.web.https import PLAIN_PATHS

_LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]"))
_PORT = re.compile(r":[0-9]*\Z")


def answer_own_hosts(app: WSGIApplication, root_url: str) -> WSGIApplication:
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
