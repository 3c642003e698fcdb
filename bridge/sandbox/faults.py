"""What can go wrong with Zoho, to order: a fault waits on a route and spoils the requests that come there.

It must not know what the routes answer; it refuses before, or spoils the bytes after.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
import json
from threading import Event as Flag, Lock
from typing import Any

from flask import Response

from bridge.sandbox import answers

ROUTES = (
    "oauth.token",
    *(f"backstage.{name}" for name in ("portals", "portal", "events", "event")),
    *(f"backstage.{name}" for name in ("agendas", "sessions", "halls", "tracks", "speakers")),
    *(f"connect.{name}" for name in ("networks", "groups", "events", "update")),
    *(f"calendar.{name}" for name in ("calendars", "calendar", "events", "event", "instances")),
)

KINDS: Mapping[str, Mapping[str, Any]] = {
    "status": {"status": 500, "body": None},  # body: text, or JSON; None: the product's own words
    "html": {"status": 502},
    "truncated": {
        "keep": 0.5
    },  # that part of the body, with a Content-Length to match: only the JSON tells
    "wrong-types": {
        "field": ""
    },  # this field alone, wherever it stands; else every value that is no container
    "drip": {"pieces": 20, "pause": 0.05},
    "reset": {
        "keep": 0.5
    },  # the connection is closed after that part of the body, against its Content-Length
    "delay": {"seconds": 1.0},
    "throttle": {
        "status": 429,
        "retry_after": 120,
        "as_date": False,
        "skew": 0,
    },  # status 400: told by the body alone
    "expired-token": {},
    "duplicate-page": {},  # what this path (of this network) answered last time, whatever is asked now
    "empty-list": {},
    "clock-skew": {
        "skew": 7200
    },  # seconds ahead, or below 0 behind: in Date, and in the end of a token given or seen
}
"""Each kind of fault with its details and what they are when not given."""

_SORRY = "Sorry, an unexpected error has occurred. Please try again later."


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault: it lets ``after`` requests pass, then spoils ``left`` of them (None: all)."""

    route: str
    kind: str
    left: int | None
    after: int
    details: dict[str, Any] = field(default_factory=dict)


class Faults:
    """The faults in force; the first that fits a request spoils it, and no other."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last: dict[str, bytes] = {}
        self._lock = Lock()
        self._over = Flag()

    def add(
        self, route: str, kind: str, *, times: int | None = None, after: int = 0, **details: Any
    ) -> None:
        """Spoil requests to ``route`` (or ``"calendar.*"``, ``"*"``); ``details`` as in KINDS.

        The first ``after`` requests pass, then ``times`` are spoilt. ValueError for what doesn't exist.
        """
        if not any(fnmatchcase(name, route) for name in ROUTES):
            raise ValueError(f"no route is called {route!r}; there are {', '.join(ROUTES)}")
        if kind not in KINDS or not KINDS[kind].keys() >= details.keys():
            raise ValueError(
                f"there is no fault {kind!r} with {sorted(details)}; there are {dict(KINDS)}"
            )
        fault = Fault(
            route=route, kind=kind, left=times, after=after, details={**KINDS[kind], **details}
        )
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._faults.clear()
        self.release()

    def release(self) -> None:
        """End the waits of now: an answer held up goes out, one that drips is cut."""
        with self._lock:
            over, self._over = self._over, Flag()
        over.set()

    def take(self, route: str) -> Fault | None:
        """Give the fault that spoils this request, if one does, and count it."""
        with self._lock:
            for fault in self._faults:
                if not fnmatchcase(route, fault.route) or fault.left == 0:
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    def before(self, fault: Fault, route: str, *, now: datetime) -> Response | None:
        """Give the answer that takes the place of the route's own, or None."""
        details = fault.details
        match fault.kind:
            case "status" if details["body"] is None:
                return answers.error(route, details["status"], "INTERNAL_SERVER_ERROR", _SORRY)
            case "status" if isinstance(details["body"], str):
                return Response(
                    details["body"],
                    details["status"],
                    content_type="application/json;charset=UTF-8",
                )
            case "status":
                return answers.reply(details["body"], details["status"])
            case "html":
                return answers.html(details["status"])
            case "throttle":
                return _throttle(route, details, now + skew_of(fault))
            case "delay":
                self._over.wait(details["seconds"])
        return None

    def after(
        self, fault: Fault | None, place: str, response: Response, *, now: datetime
    ) -> Response:
        """Spoil the route's own answer, as far as it is one with data; ``now`` is in its Date, right or wrong.

        ``place`` is where it comes from, without what tells one page from another.
        """
        response.date = now + skew_of(fault)
        if response.status_code != 200 or not response.is_json:
            return response
        body = response.get_data()
        with self._lock:
            last, self._last[place] = self._last.get(place, body), body
        match fault and fault.kind:
            case "duplicate-page":
                response.set_data(last)
            case "empty-list":
                _rewrite(response, _emptied)
            case "wrong-types":
                only = fault.details["field"] if fault else ""
                _rewrite(response, lambda value: _mistyped(value, only))
            case "truncated":
                response.set_data(body[: _part(fault, body)])
            case "drip":
                _stream(response, self._dripping(fault, body), len(body))
            case "reset":
                _stream(response, _broken(fault, body), len(body))
        return response

    def _dripping(self, fault: Fault | None, body: bytes) -> Iterator[bytes]:
        details = fault.details if fault else {}
        size, over = -(-len(body) // details["pieces"]), self._over
        for start in range(0, len(body), size):
            if start and over.wait(details["pause"]):
                return
            yield body[start : start + size]


def skew_of(fault: Fault | None) -> timedelta:
    """Give how far the clock of the server that answers is ahead."""
    return timedelta(seconds=fault.details.get("skew", 0) if fault else 0)


def _throttle(route: str, details: Mapping[str, Any], now: datetime) -> Response:
    seconds = details["retry_after"]
    as_date = details["as_date"] and seconds is not None
    after = format_datetime(now + timedelta(seconds=seconds), usegmt=True) if as_date else seconds
    return answers.throttle(route, details["status"], after)


def _part(fault: Fault | None, body: bytes) -> int:
    return int(len(body) * fault.details["keep"]) if fault else len(body)


def _broken(fault: Fault | None, body: bytes) -> Iterator[bytes]:
    yield body[: _part(fault, body)]
    raise ConnectionResetError  # the server takes it for a client that went away, and closes


def _stream(response: Response, pieces: Iterator[bytes], length: int) -> None:
    response.response = pieces
    response.headers["Content-Length"] = str(length)


def _rewrite(response: Response, change: Callable[[Any], Any]) -> None:
    response.set_data(json.dumps(change(json.loads(response.get_data()))))


def _emptied(value: Any) -> Any:
    if isinstance(value, list):
        return []
    if not isinstance(value, dict):
        return value
    if "has_more_items" in value:
        return value | {"total_count": 0, "total_pages": 0, "has_more_items": False}
    return {key: _emptied(inner) for key, inner in value.items()}


def _mistyped(value: Any, only: str, name: str = "") -> Any:
    if only and name == only and isinstance(value, dict | list):
        return "neither a list nor an object"
    if isinstance(value, dict):
        return {key: _mistyped(inner, only, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mistyped(inner, only, name) for inner in value]
    if only and name != only:
        return value
    return [value] if isinstance(value, str) else f"not {value}"
