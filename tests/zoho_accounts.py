"""Zoho's accounts server with all that a login meets: codes, several refresh tokens, and limits.

Zoho OAuth: 10 requests in 10 minutes, 10 living access tokens of which the oldest ends silently,
and 20 refresh tokens, of which the oldest ends even in use.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response

from bridge.sandbox.oauth import ALL_SCOPES, Scopes, Tokens, opaque_token
from bridge.sandbox.responses import reply

TOO_MANY = "You have made too many requests continuously. Please try again after some time."
_CODE_LIFE = timedelta(minutes=3)
_WINDOW, _MOST_IN_WINDOW = timedelta(minutes=10), 10
_MOST_ALIVE = 10
_MOST_REFRESH_TOKENS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """A code that waits for its exchange; ``offline`` when a refresh token comes with it."""

    ends: datetime
    scopes: Scopes
    offline: bool


class Accounts(Tokens):
    """The accounts server of one data centre, which knows only its own codes and tokens.

    ``now`` is the clock of the tokens, ``limits_now`` that of the limits.
    """

    def __init__(self, now: Callable[[], datetime], limits_now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self._limits_now = limits_now
        self._refresh_tokens: dict[str, Scopes] = {self.refresh_token: ALL_SCOPES}
        self._codes: dict[str, _Code] = {}
        self._window: datetime | None = None
        self._in_window = 0

    def issue_code(
        self,
        scopes: Iterable[str] = ALL_SCOPES,
        *,
        life: timedelta = _CODE_LIFE,
        offline: bool = True,
    ) -> str:
        """Return a one-time code, as the API console's "Generate Code" does, for 3 to 10 minutes.

        ``offline=False``: a code as a server-based client gets it the second time, without a
        refresh token.
        """
        code = opaque_token()
        with self.lock:
            ends = self.now() + life
            self._codes[code] = _Code(ends=ends, scopes=frozenset(scopes), offline=offline)
        return code

    def revoke(self) -> None:
        """End every refresh token; access tokens live until their hour is over."""
        with self.lock:
            self._refresh_tokens.clear()

    def forget(self, refresh_token: str) -> bool:
        """Forget a refresh token; return whether it was known."""
        return self._refresh_tokens.pop(refresh_token, None) is not None

    def expire(self) -> None:
        """End every access token now."""
        with self.lock:
            self.access_tokens.clear()

    def exchange(self, form: Mapping[str, str]) -> Response:
        """Return a new access token for a refresh token or a code, within the limit of requests."""
        if self._throttled():
            return oauth_throttle()
        if form.get("grant_type") == "authorization_code":
            return self._exchange_code(form.get("code", ""))
        refresh_token = form.get("refresh_token", "")
        if form.get("grant_type") == "refresh_token" and refresh_token in self._refresh_tokens:
            return reply(self.grant(self._refresh_tokens[refresh_token]))
        if form.get("grant_type") == "refresh_token":
            return reply({"error": "invalid_code"})
        return super().exchange(form)

    def grant(self, scopes: Scopes) -> dict[str, str | int]:
        """Keep a new access token, and end the oldest of eleven."""
        answer = super().grant(scopes)
        _keep_newest(self.access_tokens, _MOST_ALIVE)
        return answer

    def _exchange_code(self, text: str) -> Response:
        code = self._codes.pop(text, None)
        if code is None or code.ends <= self.now():
            return reply({"error": "invalid_code"})
        answer = self.grant(code.scopes)
        if code.offline:
            answer["refresh_token"] = token = opaque_token()
            self._refresh_tokens[token] = code.scopes
            _keep_newest(self._refresh_tokens, _MOST_REFRESH_TOKENS)
        return reply(answer)

    def _throttled(self) -> bool:
        now = self._limits_now()
        if self._window is None or now - self._window >= _WINDOW:
            self._window, self._in_window = now, 0
        self._in_window += 1
        return self._in_window > _MOST_IN_WINDOW


def oauth_throttle(status: int = 400) -> Response:
    """Return the refusal of an eleventh token within ten minutes (Zoho OAuth: token limits)."""
    body = {"error": "Access Denied", "error_description": TOO_MANY, "status": "failure"}
    return reply(body, status)


def _keep_newest(tokens: dict[str, Any], most: int) -> None:
    for token in list(tokens)[:-most]:
        del tokens[token]
