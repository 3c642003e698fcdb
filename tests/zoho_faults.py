"""Faults of Zoho, on demand: a fault waits on a route and spoils the requests that arrive there.

It must not know what the routes answer: it answers in their place, or spoils the bytes of their
answer.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
import json
from threading import Event as Flag, Lock
from typing import Any

from flask import Flask, Response, g, has_app_context, request

from bridge.sandbox import responses
from tests.zoho_accounts import TOO_MANY, oauth_throttle

_THROTTLED = "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED"
_BUG = "INTERNAL_SERVER_ERROR"
_SORRY = "Sorry, an unexpected error has occurred. Please try again later."

ROUTES = (
    "oauth.token",
    *(f"backstage.{name}" for name in ("portals", "events", "event")),
    *(f"backstage.{name}" for name in ("agendas", "sessions", "halls", "tracks", "speakers")),
    *(f"connect.{name}" for name in ("networks", "groups", "events", "update")),
    *(f"calendar.{name}" for name in ("calendars", "calendar", "events", "event", "instances")),
)

KINDS: Mapping[str, Mapping[str, Any]] = {
    # body: text, or JSON; None: the product's own words
    "status": {"status": 500, "body": None},
    "html": {"status": 502},
    # that part of the body, with a Content-Length to match: only the JSON shows it
    "truncated": {"keep": 0.5},
    # this field alone, wherever it stands; else every value that is no container
    "wrong-types": {"field": ""},
    "drip": {"pieces": 20, "pause": 0.05},
    # the connection is closed after that part of the body, against its Content-Length
    "reset": {"keep": 0.5},
    "delay": {"seconds": 1.0},
    # status 400: only the body shows it
    "throttle": {"status": 429, "retry_after": 120, "as_date": False, "skew": 0},
    "expired-token": {},
    # the previous answer of this path (and network), whatever this request is for
    "duplicate-page": {},
    "empty-list": {},
    # seconds ahead, or below 0 behind: in Date, and in the end of a token
    "clock-skew": {"skew": 7200},
}
"""Each kind of fault, with its details and their defaults."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault that skips ``after`` requests, then spoils ``left`` of them (None: all).

    ``spoilt`` are the addresses of spoilt requests, if it spoils only the first of each.
    """

    route: str
    kind: str
    left: int | None
    after: int
    spoilt: set[str] | None = None
    details: dict[str, Any] = field(default_factory=dict)


class Faults:
    """The faults in force on a Flask app; only the first that fits a request spoils it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._faults: list[Fault] = []
        self._last: dict[str, bytes] = {}
        self._lock = Lock()
        self._over = Flag()

    def install(self, app: Flask) -> None:
        """Spoil the requests of an app that does not serve yet."""
        app.before_request(self._before)
        app.after_request(self._after)

    def add(
        self,
        route: str,
        kind: str,
        *,
        times: int | None = None,
        after: int = 0,
        first_of_each: bool = False,
        **details: Any,
    ) -> None:
        """Spoil requests to ``route`` (or ``"calendar.*"``, ``"*"``); ``details`` as in KINDS.

        The first ``after`` requests pass, then ``times`` are spoilt. ``first_of_each``: only the
        first request of each address, in whatever order requests that run side by side arrive.
        Raise ValueError for an unknown fault.
        """
        if not any(fnmatchcase(name, route) for name in ROUTES):
            raise ValueError(f"no route is called {route!r}; there are {', '.join(ROUTES)}")
        if kind not in KINDS or not KINDS[kind].keys() >= details.keys():
            known = dict(KINDS)
            raise ValueError(f"there is no fault {kind!r} with {sorted(details)}; known: {known}")
        details = {**KINDS[kind], **details}
        fault = Fault(
            route=route,
            kind=kind,
            left=times,
            after=after,
            spoilt=set() if first_of_each else None,
            details=details,
        )
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()
        self.release()

    def release(self) -> None:
        """End the waits of now: a delayed answer is sent, one that drips is cut."""
        with self._lock:
            over, self._over = self._over, Flag()
        over.set()

    @staticmethod
    def skew() -> timedelta:
        """Return how far the clock of the server that answers the current request is ahead."""
        fault = g.get("fault") if has_app_context() else None
        return timedelta(seconds=fault.details.get("skew", 0) if fault else 0)

    def _take(self, route: str, address: str) -> Fault | None:
        """Return the fault that spoils this request, and count the request."""
        with self._lock:
            for fault in self._faults:
                if not fnmatchcase(route, fault.route) or fault.left == 0:
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.spoilt is not None:
                    if address in fault.spoilt:
                        continue
                    fault.spoilt.add(address)
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    def _before(self) -> Response | None:
        """Return the answer that takes the place of the route's own, or None."""
        route = request.endpoint or ""
        g.fault = fault = self._take(route, request.full_path) if route else None
        if fault is None:
            return None
        details = fault.details
        match fault.kind:
            case "status" if details["body"] is None:
                return error(route, details["status"])
            case "status" if isinstance(details["body"], str):
                return Response(
                    details["body"],
                    details["status"],
                    content_type="application/json;charset=UTF-8",
                )
            case "status":
                return responses.reply(details["body"], details["status"])
            case "html":
                return responses.html(details["status"])
            case "throttle" if route == "oauth.token":
                return oauth_throttle(details["status"])
            case "throttle":
                return self._throttle(route, details)
            case "delay":
                self._over.wait(details["seconds"])
            case "expired-token" if route == "oauth.token":
                return responses.reply({"error": "invalid_code"})
            case "expired-token" if "Authorization" in request.headers:
                scheme = request.headers["Authorization"].partition(" ")[0]
                request.environ["HTTP_AUTHORIZATION"] = f"{scheme} expired"
        return None

    def _throttle(self, route: str, details: Mapping[str, Any]) -> Response:
        after = details["retry_after"]
        if details["as_date"] and after is not None:
            after = format_datetime(
                self._now() + self.skew() + timedelta(seconds=after), usegmt=True
            )
        return throttle(route, details["status"], after)

    def _after(self, response: Response) -> Response:
        """Spoil the route's own answer, when it has data."""
        if response.status_code != 200 or not response.is_json:
            return response
        fault: Fault | None = g.get("fault")
        place = f"{request.path} {request.args.get('scopeID', '')}"
        body = response.get_data()
        with self._lock:
            last, self._last[place] = self._last.get(place, body), body
        if fault is None:
            return response
        details = fault.details
        match fault.kind:
            case "duplicate-page":
                response.set_data(last)
            case "empty-list":
                response.set_data(json.dumps(_empty(json.loads(body))))
            case "wrong-types":
                response.set_data(json.dumps(_mistype(json.loads(body), details["field"])))
            case "truncated":
                response.set_data(body[: int(len(body) * details["keep"])])
            case "drip":
                pieces = self._drip(body, details["pieces"], details["pause"])
                _stream(response, pieces, len(body))
            case "reset":
                _stream(response, _break_off(body, details["keep"]), len(body))
        return response

    def _drip(self, body: bytes, pieces: int, pause: float) -> Iterator[bytes]:
        size, over = -(-len(body) // pieces), self._over
        for start in range(0, len(body), size):
            if start and over.wait(pause):
                return
            yield body[start : start + size]


def _break_off(body: bytes, keep: float) -> Iterator[bytes]:
    yield body[: int(len(body) * keep)]
    raise ConnectionResetError  # the server takes it for a client that went away, and closes


def _stream(response: Response, pieces: Iterator[bytes], length: int) -> None:
    response.response = pieces
    response.headers["Content-Length"] = str(length)


def _empty(value: Any) -> Any:
    if isinstance(value, list):
        return []
    if not isinstance(value, dict):
        return value
    if "has_more_items" in value:
        return value | {"total_count": 0, "total_pages": 0, "has_more_items": False}
    return {key: _empty(inner) for key, inner in value.items()}


def _mistype(value: Any, only: str, name: str = "") -> Any:
    if only and name == only and isinstance(value, dict | list):
        return "neither a list nor an object"
    if isinstance(value, dict):
        return {key: _mistype(inner, only, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mistype(inner, only, name) for inner in value]
    if only and name != only:
        return value
    return [value] if isinstance(value, str) else f"not {value}"


def error(route: str, status: int, code: str = _BUG, message: str = _SORRY) -> Response:
    """Return an error in the form of the product that ``route`` belongs to."""
    match route.partition(".")[0]:
        case "backstage":
            return responses.backstage_error(status, message)
        case "connect":
            return responses.connect_error("error", f"{code}: {message}", status)
        case "calendar":
            return responses.calendar_error(status, code, message)
    return responses.reply({"error": code}, status)


def throttle(route: str, status: int, retry_after: str | int | None) -> Response:
    """Return a request to slow down: 429 with Retry-After, or another status with Zoho's code."""
    response = error(route, status, _THROTTLED, f"{_THROTTLED}: {TOO_MANY}")
    if status == 429 and retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
