"""One HTTP request and its whole answer, within a size and a time.

It must not know what an answer means, retry a request or hold a token.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
import json
from threading import Lock
import time
from typing import Any, NoReturn

import httpx

from bridge import __version__
from bridge.domain.problems import Problem, problem
from bridge.errors import BadDataError, UnavailableError

USER_AGENT = f"zoho-calendar-bridge/{__version__}"
_TIMEOUT = httpx.Timeout(30, connect=10)
_LONGEST_WAIT = 86_400.0
# A slower answer holds a thread that could read other sources.
_SLOW_SECONDS, _SLOW_RATE = 10.0, 1000  # bytes a second
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

        Raises nothing: exceptions of ``json`` carry the document, which may hold a token.
        """
        if not self.body.strip():
            return None, problem("body-empty")
        if self.is_html:
            return None, problem("body-html")
        try:
            # strict=False: one control character in one title must not cost the whole answer.
            return json.loads(self.body, strict=False), None
        except json.JSONDecodeError as error:
            return None, problem("body-cut", position=error.pos, length=len(error.doc))
        except (ValueError, RecursionError) as error:  # not UTF-8, endless digits, a deep nest
            return None, problem("body-unreadable", error=type(error).__name__)

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


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def new_http() -> httpx.Client:
    """Return an HTTP client without cookies: a cookie would outlive the token of its request."""
    http = httpx.Client(timeout=_TIMEOUT)
    http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return http


@dataclass(frozen=True, slots=True, kw_only=True)
class _TimedStream(httpx.SyncByteStream):
    """The bytes of an answer as they arrive; raises UnavailableError when they are too slow.

    Decompressed bytes come too late: a part of them may need many bytes that arrive.
    """

    stream: httpx.SyncByteStream
    host: str
    end: float
    seconds: float
    monotonic: Callable[[], float]

    def __iter__(self) -> Iterator[bytes]:
        since, recent = self.monotonic(), 0
        for part in self.stream:
            now, recent = self.monotonic(), recent + len(part)
            if now > self.end:
                self._give_up("answer-too-slow", self.seconds)
            if now - since >= _SLOW_SECONDS:
                if recent < _SLOW_RATE * (now - since):
                    self._give_up("answer-drips", _SLOW_SECONDS)
                since, recent = now, 0
            yield part

    def close(self) -> None:
        """Close the connection."""
        self.stream.close()

    def _give_up(self, kind: str, seconds: float) -> NoReturn:
        raise UnavailableError(kind, host=self.host, seconds=f"{seconds:g}", retry_after=_LATER)


class Transport:
    """The sender and counter of requests; safe for threads.

    ``deadline`` is the longest time in seconds from the request to the last byte of its answer: the
    HTTP client's read timeout restarts with each byte. An answer of less than 1 kB a second for ten
    seconds ends before. ``max_bytes`` counts the decompressed body.
    """

    def __init__(
        self,
        http: httpx.Client,
        *,
        deadline: float,
        max_bytes: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.http = http
        self.requests = 0  # sent, or tried
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._monotonic = monotonic
        self._lock = Lock()

    def send(self, request: httpx.Request, *, deadline: float | None = None) -> Reply:
        """Return the answer of any status; redirects are answers like any other.

        Raises UnavailableError without a complete answer, and BadDataError if it is too large.
        """
        with self._lock:
            self.requests += 1
        seconds = self._deadline if deadline is None else min(deadline, self._deadline)
        request.headers["User-Agent"] = USER_AGENT
        try:
            return self._send(request, seconds)
        except httpx.RequestError as error:
            name = f"{type(error).__name__}: {error}".removesuffix(": ")
        # Not chained: an error of httpx holds its request, and so the token in its header.
        raise UnavailableError("connection-failed", host=request.url.host, error=name)

    def _send(self, request: httpx.Request, seconds: float) -> Reply:
        end, host, path = self._monotonic() + seconds, request.url.host, request.url.path
        response = self.http.send(request, stream=True, follow_redirects=False)
        try:
            if isinstance(response.stream, httpx.SyncByteStream):
                response.stream = _TimedStream(
                    stream=response.stream,
                    host=host,
                    end=end,
                    seconds=seconds,
                    monotonic=self._monotonic,
                )
            # Silence within an answer ends it too. httpx looks at this value again for the body.
            timeouts, left = request.extensions["timeout"], end - self._monotonic()
            longest = max(min(left, _SLOW_SECONDS), 0.1)
            timeouts["read"] = min(timeouts["read"] or longest, longest)
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > self._max_bytes:
                    limit = f"{self._max_bytes:,}"
                    raise BadDataError("answer-too-large", host=host, path=path, bytes=limit)
            return Reply(response.status_code, response.headers, bytes(body))
        finally:
            response.close()
