"""The sandbox's accounts server: one client whose refresh token gets access tokens of an hour.

It must not know of the products: they ask for a verdict and refuse in their own form.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import secrets
from threading import Lock
from typing import Literal, TypeAlias

from flask import Response, request

from bridge.sandbox.files import sample
from bridge.sandbox.responses import reply

Verdict: TypeAlias = Literal["good", "missing", "dead", "scope"]
Scopes: TypeAlias = frozenset[str]

_SCOPES: Mapping[str, str] = sample("scopes")  # by the name of the route
ALL_SCOPES: Scopes = frozenset(_SCOPES.values())
_TOKEN_LIFE = timedelta(seconds=3600)


class Tokens:
    """The account's client and tokens; ``scopes`` are what the account may do at the moment."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.client_id = "1000.SANDBOXCLIENT000000000000000000"
        self.client_secret = "sandboxsecret" + "5ec2e7" * 4
        self.refresh_token = "1000." + "5a9db0c5" * 4 + "." + "7e5470ce" * 4
        self.scopes = ALL_SCOPES
        self.access_tokens: dict[str, tuple[datetime, Scopes]] = {}  # their ends and scopes
        self.lock = Lock()
        self.now = now

    def verdict(self, *schemes: str) -> Verdict:
        """Return whether the request's Authorization header opens the route that it asks for."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme not in ("Zoho-oauthtoken", *schemes) or not token:
            return "missing"
        with self.lock:
            end, granted = self.access_tokens.get(token, (self.now(), ALL_SCOPES))
        if end <= self.now():
            return "dead"
        return "good" if _SCOPES[request.endpoint or ""] in self.scopes & granted else "scope"

    def answer(self) -> Response:
        """Answer a token request; most refusals have status 200 (Zoho APIs 1.4)."""
        form = request.values  # the query or the body
        with self.lock:
            if form.get("client_id") != self.client_id:
                return reply({"error": "invalid_client"})
            if form.get("client_secret") != self.client_secret:
                return reply({"error": "invalid_client_secret"})
            return self.exchange(form)

    def end_login(self) -> Response:
        """End the refresh token and all access tokens (Zoho APIs 1.2)."""
        with self.lock:
            if not self.forget(request.args.get("token", "")):
                return reply({"error": "invalid_token"})
            self.access_tokens.clear()
        return reply({"status": "success"})

    def forget(self, refresh_token: str) -> bool:
        """Forget a refresh token; return whether it was known."""
        known = refresh_token == self.refresh_token
        self.refresh_token = opaque_token() if known else self.refresh_token
        return known

    def exchange(self, form: Mapping[str, str]) -> Response:
        """Return a new access token for the refresh token."""
        if form.get("grant_type") != "refresh_token":
            return reply({"error": "unsupported_grant_type"})
        if form.get("refresh_token") != self.refresh_token:
            return reply({"error": "invalid_code"})
        return reply(self.grant(ALL_SCOPES))

    def grant(self, scopes: Scopes) -> dict[str, str | int]:
        """Keep a new access token, and return the answer that holds it."""
        token = opaque_token()
        self.access_tokens[token] = (self.now() + _TOKEN_LIFE, scopes)
        return {
            "access_token": token,
            "api_domain": request.host_url.rstrip("/"),
            "token_type": "Bearer",
            "expires_in": int(_TOKEN_LIFE.total_seconds()),
        }


def opaque_token() -> str:
    """Return a random token in Zoho's form."""
    return f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
