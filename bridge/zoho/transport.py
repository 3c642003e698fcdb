"""One HTTP request and its whole answer, within a size and a time.

It must not know what an answer means, retry a request or hold a token.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
import json
import re
from threading import Event as Flag
import time
from typing import Any, NoReturn, Self

import httpcore
import httpx

from bridge import __version__
from bridge.domain.problems import Problem, problem
from bridge.errors import BadDataError, StoppedError, UnavailableError

USER_AGENT = f"zoho-calendar-bridge/{__version__}"
_TIMEOUT = httpx.Timeout(30, connect=10)
_LONGEST_WAIT = 86_400.0
# A slower answer holds a thread that could read other sources.
_SLOW_SECONDS, _SLOW_RATE = 10.0, 1000  # bytes a second
_LOOK_SECONDS = 0.25  # between looks at the limits while no byte comes
_MOST_OBJECTS = 100_000  # objects and lists of one answer, each of up to 250 bytes
_MOST_VALUES = 1_000_000
_MOST_DIGITS = 400  # a float of more is infinite, and Python reads no integer of 4,300
MOST_LEVELS = 100  # of objects and lists in each other; Python decodes less than a thousand
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[,{}\[\]]', re.DOTALL)
_LATER = 60.0  # a slow answer is not requested again at once


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of any status; ``body`` is whole, and in no repr, because it may hold a token."""

    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)

    @property
    def is_html(self) -> bool:
        """Whether the body is a page for people, whatever its Content-Type says."""
        return self.body.lstrip()[:1] == b"<"

    def text(self) -> str:
        """Return the body as text, with marks in place of bytes that are not UTF-8."""
        return self.body.decode(errors="replace")

    def json(self) -> tuple[Any, Problem | None]:
        """Return the decoded body and None, or None and a problem.

        Bytes that are not UTF-8 become U+FFFD, and endless digits infinity: one text or number must
        not cost the whole answer. Raises nothing: exceptions of ``json`` carry the document, which
        may hold a token.
        """
        if not self.body.strip():
            return None, problem("body-empty")
        if self.is_html:
            return None, problem("body-html")
        if _has_many_objects(self.body):
            return None, problem("body-of-many-objects", objects=f"{_MOST_OBJECTS:,}")
        try:
            try:
                return _decoded(self.body), None
            except RecursionError:
                return _decoded(_flattened(self.body)), None
        except json.JSONDecodeError as error:
            return None, problem("body-cut", position=error.pos, length=len(error.doc))

    def retry_after(self, now: datetime) -> float | None:
        """Return the seconds of Retry-After, at most a day; None if it is missing or senseless.

        RFC 9110 10.2.3: whole seconds or an HTTP date. A date is counted from the answer's Date,
        which is of the same clock, or else from ``now``.
        """
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return min(float(value), _LONGEST_WAIT)
        until = _http_date(value)
        if until is None:
            return None
        since = _http_date(self.headers.get("Date", "")) or now
        return min(max((until - since).total_seconds(), 0.0), _LONGEST_WAIT)


def _decoded(body: bytes) -> Any:
    # strict=False allows control characters.
    text = body.decode("utf-8-sig", errors="replace")
    return json.loads(text, strict=False, parse_int=_integer)


def _flattened(body: bytes) -> bytes:
    """Return JSON with null in place of what lies deeper than a hundred levels."""
    parts, begin, level = [], 0, 0
    for token in _TOKEN.finditer(body):
        if token[0] in b"{[":
            level += 1
            if level == MOST_LEVELS + 1:
                parts += [body[begin : token.start()], b"null"]
        elif token[0] in b"}]":
            level -= 1
            if level == MOST_LEVELS:
                begin = token.end()
    return b"".join([*parts, body[begin:]])


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def _has_many_objects(body: bytes) -> bool:
    """Return whether JSON has more objects, or values, than may be decoded.

    The tokens are looked at only if the bytes, those of texts too, could be so many.
    """
    objects = body.count(b"{") + body.count(b"[")
    if objects <= _MOST_OBJECTS and body.count(b",") <= _MOST_VALUES:
        return False
    left = {b",": _MOST_VALUES, b"{": _MOST_OBJECTS, b"[": _MOST_OBJECTS}
    for token in _TOKEN.finditer(body):
        kind = body[token.start() : token.start() + 1]
        if kind in left:
            left[kind] -= 1
            if left[kind] < 0:
                return True
    return False


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


class _Limits(float):
    """The longest silence before an answer, as httpcore passes it to each read, and more limits.

    They hold for all bytes of the answer, as they arrive: those of its headers, too.
    """

    def __new__(cls, silence: float, **_options: Any) -> Self:
        """Return a number of seconds, for connections that know no other limit."""
        return super().__new__(cls, silence)

    def __init__(
        self, _silence: float, *, host: str, deadline: float, now: Callable[[], float], stop: Flag
    ) -> None:
        self._host, self._deadline, self._stop = host, deadline, stop
        self._now, self._begin = now, now()
        self._since: float | None = None
        self._recent = 0  # bytes that came since then

    def is_overdue(self) -> bool:
        """Return whether nothing came for too long."""
        return self._since is None and self._now() - self._begin >= min(self, self._deadline)

    def count(self, received: int) -> None:
        """Raise StoppedError when the process ends, UnavailableError for too few bytes."""
        if self._stop.is_set():
            raise StoppedError
        now = self._now()
        if self._since is None:
            self._since = now if received else None
            return
        self._recent += received
        if now - self._begin > self._deadline:
            self._give_up("answer-too-slow", self._deadline)
        if now - self._since >= _SLOW_SECONDS:
            if self._recent < _SLOW_RATE * (now - self._since):
                self._give_up("answer-drips", _SLOW_SECONDS)
            self._since, self._recent = now, 0

    def _give_up(self, kind: str, seconds: float) -> NoReturn:
        raise UnavailableError(kind, host=self._host, seconds=f"{seconds:g}", retry_after=_LATER)


class _Stream:
    """A connection whose reads have ``_Limits``; a stream of httpcore in all else."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def start_tls(self, *args: Any, **options: Any) -> Any:
        return _Stream(self._stream.start_tls(*args, **options))

    def read(self, max_bytes: int, timeout: Any = None) -> bytes:
        if not isinstance(timeout, _Limits):
            return self._stream.read(max_bytes, timeout)
        while True:
            timeout.count(0)
            try:
                data = self._stream.read(max_bytes, _LOOK_SECONDS)
            except httpcore.ReadTimeout:
                if timeout.is_overdue():
                    raise
            else:
                timeout.count(len(data))
                return data


class _Network(httpcore.NetworkBackend):
    """The connections of another backend, with limits."""

    def __init__(self, network: httpcore.NetworkBackend) -> None:
        self._network = network

    def connect_tcp(self, *args: Any, **options: Any) -> Any:
        """Open a connection."""
        return _Stream(self._network.connect_tcp(*args, **options))


# All certificates of authorities are read and parsed: 27 milliseconds.
_trusted_certificates = lru_cache(maxsize=1)(httpx.create_ssl_context)


def new_http(network: httpcore.NetworkBackend | None = None) -> httpx.Client:
    """Return an HTTP client without cookies: a cookie would outlive the token of its request."""
    http = httpx.Client(timeout=_TIMEOUT, verify=_trusted_certificates())
    http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    limited = _Network(network or httpcore.SyncBackend())
    # httpx has no option for this one of httpcore. Its own client also knows the proxies.
    for transport in (http._transport, *http._mounts.values()):  # noqa: SLF001
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = limited  # noqa: SLF001
    return http


class Transport:
    """The sender of requests; safe for threads.

    ``deadline`` is the longest time in seconds from the request to the last byte of its answer. An
    answer of less than 1 kB a second for ten seconds ends before, and each one when ``stop`` is
    set. ``http`` is of ``new_http``. ``max_bytes`` counts the decompressed body.
    """

    def __init__(
        self,
        http: httpx.Client,
        *,
        deadline: float,
        max_bytes: int,
        monotonic: Callable[[], float] = time.monotonic,
        stop: Flag | None = None,
    ) -> None:
        self.http = http
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._monotonic = monotonic
        self._stop = stop or Flag()

    def send(self, request: httpx.Request, *, deadline: float | None = None) -> Reply:
        """Return the answer of any status; redirects are answers like any other.

        Raises UnavailableError without a complete answer, and BadDataError if it is too large.
        """
        seconds = self._deadline if deadline is None else min(deadline, self._deadline)
        request.headers["User-Agent"] = USER_AGENT
        try:
            return self._send(request, seconds)
        except httpx.RequestError as error:
            name = f"{type(error).__name__}: {error}".removesuffix(": ")
        # Not chained: an error of httpx holds its request, and so the token in its header.
        raise UnavailableError("connection-failed", host=request.url.host, error=name)

    def _send(self, request: httpx.Request, seconds: float) -> Reply:
        host, path, timeouts = request.url.host, request.url.path, request.extensions["timeout"]
        silence, stop = timeouts["read"] or seconds, self._stop
        timeouts["read"] = limits = _Limits(
            silence, host=host, deadline=seconds, now=self._monotonic, stop=stop
        )
        limits.count(0)
        response = self.http.send(request, stream=True, follow_redirects=False)
        try:
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > self._max_bytes:
                    limit = f"{self._max_bytes:,}"
                    raise BadDataError("answer-too-large", host=host, path=path, bytes=limit)
            return Reply(response.status_code, response.headers, bytes(body))
        finally:
            response.close()
