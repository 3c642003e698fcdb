"""The sandbox's accounts server: one self client, its codes, refresh tokens and scopes, and Zoho's limits on them.

Each sandbox is a data centre of its own: what one gave out no other knows, and a client that was made elsewhere is
unknown here. It must not know of the products; they ask for a verdict and say no in their own words.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
        "zohopulse.events.UPDATE",
        "ZohoCalendar.calendar.READ",
        "ZohoCalendar.event.READ",
        "ZohoCalendar.group.READ",
    }
)

_TOKEN_LIFE = timedelta(seconds=3600)
_CODE_LIFE = timedelta(minutes=3)
_WINDOW, _MOST_IN_WINDOW = timedelta(minutes=10), 10
_MOST_ALIVE = 10
_MOST_REFRESH_TOKENS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """A code that waits for its exchange: until when, for which scopes, and whether a refresh token comes of it."""

    ends: datetime
    scopes: frozenset[str]
    offline: bool


class Tokens:
    """The one account's client, grants and tokens; ``scopes``, what the account may at all, can be changed at any time.

    Zoho OAuth: 10 requests in 10 minutes, 10 living access tokens of which the oldest is silently ended, and 20 refresh
    tokens, of which the oldest is ended though it be in use.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.client_id = "1000.SANDBOXCLIENT000000000000000000"
        self.client_secret = "sandboxsecret" + "5ec2e7" * 4
        self.refresh_token = "1000." + "5a9db0c5" * 4 + "." + "7e5470ce" * 4
        self.scopes = ALL_SCOPES
        self._now = now
        self._lock = Lock()
        # What each is good for, oldest first; the first one for whatever the account may.
        self._refresh_tokens: dict[str, frozenset[str] | None] = {self.refresh_token: None}
        self._codes: dict[str, _Code] = {}
        self._alive: dict[str, tuple[datetime, frozenset[str] | None]] = {}
        self._window: datetime | None = None
        self._in_window = 0

    def issue_code(
        self,
        scopes: Iterable[str] = ALL_SCOPES,
        *,
        life: timedelta = _CODE_LIFE,
        offline: bool = True,
    ) -> str:
        """Give a one-time code, as the API console's "Generate Code" does; Zoho lets choose a life of 3 to 10 minutes.

        ``offline=False`` gives one as a server-based client gets it the second time: no refresh token comes of it.
        """
        code = _opaque()
        with self._lock:
            self._codes[code] = _Code(
                ends=self._now() + life, scopes=frozenset(scopes), offline=offline
            )
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
            end, granted = self._alive.get(token, (None, None))
        if end is None or end <= self._now() + g.skew or g.get("dead_token"):
            return "dead"
        return "good" if scope in self.scopes and (granted is None or scope in granted) else "scope"

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
            refresh_token = form.get("refresh_token", "")
            match form.get("grant_type"):
                case "refresh_token" if refresh_token in self._refresh_tokens:
                    return reply(self._grant(self._refresh_tokens[refresh_token]))
                case "authorization_code":
                    return self._exchange(form.get("code", ""))
                case "refresh_token":
                    return reply({"error": "invalid_code"})
                case _:
                    return reply({"error": "unsupported_grant_type"})

    def _exchange(self, text: str) -> Response:
        """Use up a code: once, within its life, and known here alone."""
        code = self._codes.pop(text, None)
        if code is None or code.ends <= self._now():
            return reply({"error": "invalid_code"})
        answer = self._grant(code.scopes)
        if code.offline:
            answer["refresh_token"] = _opaque()
            self._refresh_tokens = dict(
                list(self._refresh_tokens.items())[-(_MOST_REFRESH_TOKENS - 1) :]
            )
            self._refresh_tokens[str(answer["refresh_token"])] = code.scopes
        return reply(answer)

    def _throttled(self) -> bool:
        now = self._now()
        if self._window is None or now - self._window >= _WINDOW:
            self._window, self._in_window = now, 0
        self._in_window += 1
        return self._in_window > _MOST_IN_WINDOW

    def _grant(self, scopes: frozenset[str] | None) -> dict[str, str | int]:
        token = _opaque()
        self._alive = dict(list(self._alive.items())[-(_MOST_ALIVE - 1) :])
        self._alive[token] = (self._now() + g.skew + _TOKEN_LIFE, scopes)
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
