"""One HTTP request and its whole answer, within a size and a time: no meaning, no retries, no tokens of its own."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
import json
from threading import Lock
from time import monotonic
from typing import Any

import httpx

from bridge import __version__
from bridge.errors import BadDataError, UnavailableError

USER_AGENT = f"zoho-calendar-bridge/{__version__}"
_TIMEOUT = httpx.Timeout(30, connect=10)
_LONGEST_WAIT = 86_400.0
_NEXT = "the next refresh tries again"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of any status; ``body`` is whole, and in no repr, for it may hold a token."""

    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)

    @property
    def is_html(self) -> bool:
        """Whether a page for people came, whatever its Content-Type says."""
        return self.body.lstrip()[:1] == b"<"

    def text(self) -> str:
        """Give the body as text, with marks where it is none."""
        return self.body.decode(errors="replace")

    def json(self) -> tuple[Any, str]:
        """Give the decoded body and "", or None and what is wrong with it.

        No exception, because the ones of ``json`` carry the document, which may hold a token.
        """
        if not self.body.strip():
            return None, "the body is empty"
        if self.is_html:
            return None, "the body is an HTML page"
        try:
            # strict=False: one control character in one title must not cost the whole answer.
            return json.loads(self.body, strict=False), ""
        except json.JSONDecodeError as error:
            return None, f"the JSON ends or breaks at character {error.pos} of {len(error.doc)}"
        except (
            ValueError,
            RecursionError,
        ) as error:  # bytes that are no text, a number without end, a deep nest
            return None, f"the JSON can't be read ({type(error).__name__})"

    def retry_after(self, now: datetime) -> float | None:
        """Give the seconds that Retry-After asks to wait, at most a day; None when it is missing or senseless.

        RFC 9110 10.2.3: whole seconds or an HTTP date. The date is of the clock of Zoho's server, which its Date tells;
        without one it is counted from ``now``.
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
    """Make the HTTP client that the bridge uses: no cookies, since a cookie would outlive the token it came with."""
    http = httpx.Client(timeout=_TIMEOUT)
    http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return http


class Wire:
    """Sends requests and counts them; safe for threads.

    ``deadline`` is the longest time in seconds from the request to the last byte of its answer: the read timeout of
    the HTTP client starts anew with each byte. ``max_bytes`` counts the decompressed body.
    """

    def __init__(self, http: httpx.Client, *, deadline: float, max_bytes: int) -> None:
        self._http = http
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._requests = 0

    @property
    def requests(self) -> int:
        """How many requests were sent, or tried."""
        return self._requests

    def send(self, request: httpx.Request, *, deadline: float | None = None) -> Reply:
        """Give the answer, whatever its status; redirects are answers like any other.

        Raises UnavailableError when none came, or not all of it, and BadDataError for one that is too large.
        """
        with self._lock:
            self._requests += 1
        seconds = self._deadline if deadline is None else min(deadline, self._deadline)
        request.headers["User-Agent"] = USER_AGENT
        try:
            return self._send(request, seconds)
        except httpx.RequestError as error:
            problem = f"{type(error).__name__}: {error}".removesuffix(": ")
        # Not chained: an error of httpx holds its request, and so the token in the request's header.
        raise UnavailableError(f"{request.url.host} gave no whole answer ({problem}); {_NEXT}.")

    def _send(self, request: httpx.Request, seconds: float) -> Reply:
        ends = monotonic() + seconds
        response = self._http.send(request, stream=True, follow_redirects=False)
        try:
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > self._max_bytes:
                    raise BadDataError(
                        f"{request.url.host} answered {request.url.path} with more than {self._max_bytes:,} bytes: "
                        "give the feed a shorter window, or correct the address."
                    )
                if monotonic() > ends:
                    raise UnavailableError(
                        f"{request.url.host} took more than {seconds:g} seconds over one answer; {_NEXT}."
                    )
            return Reply(response.status_code, response.headers, bytes(body))
        finally:
            response.close()
