"""The RSGI app for granian: it reads each request, and runs the WSGI app in threads.

Bodies are read here, so that a slow sender holds no thread. Polls and pages have threads of their
own, so that polls never wait for pages. A poll that the caches can answer needs no thread.
"""

from asyncio import get_running_loop, timeout
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
import gzip
import io
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
import os
import sys
from threading import Thread
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    RequestTimeout,
    ServiceUnavailable,
)

from bridge.web import LONGEST_BODY, create_app
from bridge.web.admin.blueprint import LONGEST_FORM
from bridge.web.error_responses import SECURITY_HEADERS, WsgiResponse, error_response
from bridge.web.feed_request import accepts_gzip
from bridge.web.feeds import is_poll
from bridge.web.read_cache import CacheMiss, cached_only

if TYPE_CHECKING:
    from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]

_SMALL = ("/healthz", "/hooks/")  # as quick as polls, and as important
_HOOK_SECONDS, _LONGEST_HOOK = 1.0, 64 * 1024
_POLL_THREADS = 4
_PAGE_THREADS = 2
_MOST_PAGES = 32  # requests that run or wait
_RETRY_AFTER = 10  # seconds
_SMALLEST_GZIP = 1024  # bytes
_GZIP_LEVEL = 3


class Server:
    """The app of one web process; ``body_seconds`` is the time that a body may take."""

    def __init__(self, app: WSGIApplication, *, body_seconds: float = 10) -> None:
        self._app = app
        self._body_seconds = body_seconds
        self._polls = ThreadPoolExecutor(_POLL_THREADS, "poll")
        self._pages = ThreadPoolExecutor(_PAGE_THREADS, "page")
        self._page_requests = 0

    async def __rsgi__(self, scope: "Scope", protocol: "HTTPProtocol") -> None:
        """Answer a request with a whole response: a slow reader holds no thread either."""
        try:
            async with timeout(self._body_seconds):
                body = await _body(scope, protocol)
            response = await self._respond(_environ(scope, body))
        except (HTTPException, TimeoutError) as error:
            known = error if isinstance(error, HTTPException) else RequestTimeout()
            response = error_response(known)
            response = replace(response, headers=[*response.headers, *SECURITY_HEADERS])
        protocol.response_bytes(int(response.status[:3]), [*response.headers], response.body)

    async def _respond(self, environ: WSGIEnvironment) -> WsgiResponse:
        run, path = get_running_loop().run_in_executor, environ["PATH_INFO"]
        if is_poll(path):
            mark = cached_only.set(True)
            try:
                return self._call(environ)
            except CacheMiss:
                pass
            finally:
                cached_only.reset(mark)
        if is_poll(path) or path.startswith(_SMALL):
            return await run(self._polls, self._call, environ)
        if self._page_requests >= _MOST_PAGES:
            raise ServiceUnavailable(retry_after=_RETRY_AFTER)
        self._page_requests += 1
        try:
            return await run(self._pages, self._call_page, environ)
        finally:
            self._page_requests -= 1

    def _call_page(self, environ: WSGIEnvironment) -> WsgiResponse:
        """Return a page, in gzip if the client accepts it.

        Admin pages stay plain: the length of compressed secrets could disclose them.
        """
        response = self._call(environ)
        headers = dict(response.headers)
        if environ["PATH_INFO"].startswith("/admin/") or len(response.body) < _SMALLEST_GZIP:
            return response
        headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
        if not accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
            return replace(response, headers=[*headers.items()])
        if "ETag" in headers:  # the same content in other bytes
            headers["ETag"] = "W/" + headers["ETag"].removeprefix("W/")
        headers.pop("Content-Length", None)
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(response.body, _GZIP_LEVEL, mtime=0)
        return replace(response, headers=[*headers.items()], body=body)

    def _call(self, environ: WSGIEnvironment) -> WsgiResponse:
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
            started[:] = status, headers

        chunks = self._app(environ, start)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return WsgiResponse(started[0], started[1], body)


def create_server() -> Server:
    """Return the RSGI app; granian calls this without arguments, and the environment counts."""
    _end_with_parent()
    return Server(create_app())


def create_demo_server() -> Server:
    """Return the RSGI app of ``zoho-bridge demo``."""
    _end_with_parent()
    return Server(create_app(open_admin=True))


def _end_with_parent() -> None:
    """End this process when granian's first process is gone: it would go on to hold the port."""

    def watch(parent: BaseProcess) -> None:
        parent.join()
        os._exit(1)

    if parent := parent_process():
        Thread(target=watch, args=(parent,), name="parent", daemon=True).start()


async def _body(scope: "Scope", protocol: "HTTPProtocol") -> bytes:
    """Return the body of a request; raise an HTTPException if it is too long or cut.

    Any call of a webhook counts: of its body, only what comes at once is read, and dropped.
    """
    length = scope.headers.get("content-length")
    if length in (None, "0") and "transfer-encoding" not in scope.headers:
        return b""
    if scope.path.startswith("/hooks/"):
        with suppress(TimeoutError):
            async with timeout(_HOOK_SECONDS):
                left = _LONGEST_HOOK
                async for chunk in protocol:
                    left -= len(chunk)
                    if left <= 0:
                        break
        return b""
    longest = LONGEST_FORM if scope.path.startswith("/admin/") else LONGEST_BODY
    body = bytearray()
    async for chunk in protocol:
        body += chunk
        if len(body) > longest:
            raise RequestEntityTooLarge
    if length is not None and str(len(body)) != length:  # the client is gone
        raise BadRequest
    return bytes(body)


def _environ(scope: "Scope", body: bytes) -> WSGIEnvironment:
    """Return the WSGI environment of a request (PEP 3333), without the process's own."""
    host, _, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" not in name:  # it could pass for a header of a proxy
            key = f"HTTP_{name.replace('-', '_').upper()}"
            before = environ.get(key, "") and environ[key] + ("; " if name == "cookie" else ",")
            environ[key] = before + value
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ
