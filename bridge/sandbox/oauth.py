"""The sandbox's accounts server: one self client, its refresh tokens and scopes, and Zoho's limits on access tokens.

It must not know of the products; they ask for a verdict and say no in their own words.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import secrets
from threading import Lock
from typing import Literal, TypeAlias

from flask import Blueprint, Response, g, request

from bridge.sandbox.answers import oauth_throttle, reply

Verdict: TypeAlias = Literal["good", "missing", "dead", "scope"]

ALL_SCOPES = frozenset(
    {
        "zohobackstage.portal.READ",
        "zohobackstage.event.READ",
        "zohobackstage.agenda.READ",
        "zohobackstage.speaker.READ",
        "zohopulse.networklist.READ",
        "zohopulse.userDetail.READ",
        "zohopulse.events.READ",
        "ZohoCalendar.calendar.READ",
        "ZohoCalendar.event.READ",
        "ZohoCalendar.group.READ",
    }
)

_TOKEN_LIFE = timedelta(seconds=3600)
_CODE_LIFE = timedelta(minutes=3)
_WINDOW, _MOST_IN_WINDOW = timedelta(minutes=10), 10
_MOST_ALIVE = 10


class Tokens:
    """The one account's client, grant and tokens; ``scopes`` may be narrowed at any time.

    Zoho OAuth: 10 requests in 10 minutes, 10 living access tokens of which the oldest is silently ended.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.client_id = "1000.SANDBOXCLIENT000000000000000000"
        self.client_secret = "sandboxsecret" + "5ec2e7" * 4
        self.refresh_token = "1000." + "5a9db0c5" * 4 + "." + "7e5470ce" * 4
        self.scopes = ALL_SCOPES
        self._now = now
        self._lock = Lock()
        self._refresh_tokens = {self.refresh_token}
        self._codes: dict[str, datetime] = {}
        self._alive: dict[str, datetime] = {}  # access token -> its end, oldest first
        self._window: datetime | None = None
        self._in_window = 0

    def issue_code(self) -> str:
        """Give a one-time code, as the API console's "Generate Code" does; good for three minutes."""
        code = _opaque()
        with self._lock:
            self._codes[code] = self._now() + _CODE_LIFE
        return code

    def revoke(self) -> None:
        """End every refresh token; access tokens live on until their hour is over."""
        with self._lock:
            self._refresh_tokens.clear()

    def expire(self) -> None:
        """End every access token now."""
        with self._lock:
            self._alive.clear()

    def verdict(self, header: str, *, scope: str, schemes: tuple[str, ...]) -> Verdict:
        """Judge an Authorization header for a route that needs ``scope``."""
        scheme, _, token = header.partition(" ")
        if scheme not in schemes or not token:
            return "missing"
        with self._lock:
            end = self._alive.get(token)
        if end is None or end <= self._now() + g.skew or g.get("dead_token"):
            return "dead"
        return "good" if scope in self.scopes else "scope"

    def answer(self, form: Mapping[str, str]) -> Response:
        """Answer a token request; most refusals have status 200 (Zoho OAuth: error bodies of the token endpoint)."""
        with self._lock:
            if form.get("client_id") != self.client_id:
                return reply({"error": "invalid_client"})
            if form.get("client_secret") != self.client_secret:
                return reply({"error": "invalid_client_secret"})
            if self._throttled():
                return oauth_throttle()
            if g.get("dead_token"):
                return reply({"error": "invalid_code"})
            match form.get("grant_type"):
                case "refresh_token" if form.get("refresh_token") in self._refresh_tokens:
                    return reply(self._grant())
                case "authorization_code" if self._codes.pop(form.get("code", ""), self._now()) > self._now():
                    refresh_token = _opaque()
                    self._refresh_tokens.add(refresh_token)
                    return reply(self._grant() | {"refresh_token": refresh_token})
                case "refresh_token" | "authorization_code":
                    return reply({"error": "invalid_code"})
                case _:
                    return reply({"error": "unsupported_grant_type"})

    def _throttled(self) -> bool:
        now = self._now()
        if self._window is None or now - self._window >= _WINDOW:
            self._window, self._in_window = now, 0
        self._in_window += 1
        return self._in_window > _MOST_IN_WINDOW

    def _grant(self) -> dict[str, str | int]:
        token = _opaque()
        self._alive = dict(list(self._alive.items())[-(_MOST_ALIVE - 1) :])
        self._alive[token] = self._now() + g.skew + _TOKEN_LIFE
        return {
            "access_token": token,
            "api_domain": request.host_url.rstrip("/"),
            "token_type": "Bearer",
            "expires_in": int(_TOKEN_LIFE.total_seconds()),
        }


def blueprint(tokens: Tokens) -> Blueprint:
    """Serve the token endpoint; parameters may stand in the query or in the body."""
    api = Blueprint("oauth", __name__, url_prefix="/oauth/v2")

    @api.post("/token")
    def token() -> Response:
        return tokens.answer(request.values)

    return api


def _opaque() -> str:
    return f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
