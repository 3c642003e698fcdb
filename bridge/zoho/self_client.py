"""Exchanges the code of a Self Client for a refresh token (Zoho OAuth: self client, authorization code flow).

One request, never repeated: the code is good once. Nothing is stored here, and nobody is asked.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import re
from typing import Any, Literal, TypeAlias

import httpx

from bridge.config import Secret
from bridge.errors import LoginError, UnavailableError, ZohoError
from bridge.zoho.responses import said
from bridge.zoho.tokens import AccessToken
from bridge.zoho.transport import Reply, Wire

Reason: TypeAlias = Literal["code", "client", "secret", "throttled", "unusable", "unreachable"]

_DEADLINE = 30.0
_MAX_BYTES = 1_000_000
_LIFE = timedelta(minutes=55)  # of the access token that comes along; Zoho documents an hour
_OAUTH_CODE = re.compile(
    "[a-z]+(_[a-z]+)+"
)  # RFC 6749 5.2 and Zoho's own; a text for people has blanks
_BY_CODE: dict[str, Reason] = {
    "invalid_code": "code",
    "invalid_grant": "code",
    "invalid_client": "client",
    "invalid_client_secret": "secret",
}


class GrantError(LoginError):
    """No refresh token came; ``reason`` tells why, as far as Zoho did."""

    def __init__(self, message: str, *, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfClient:
    """A client made in Zoho's API console, and the accounts server that it was made at."""

    client_id: str
    client_secret: Secret
    data_center: str
    accounts_url: str  # what comes before /oauth/v2/token

    def __str__(self) -> str:
        return f"{httpx.URL(self.accounts_url).host} (data centre {self.data_center})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a code gave; ``scopes`` is empty where Zoho did not say for what."""

    refresh_token: Secret
    access_token: AccessToken = field(repr=False)
    scopes: tuple[str, ...] = ()


def exchange(client: SelfClient, code: Secret, *, http: httpx.Client, now: datetime) -> Grant:
    """Give the grant that the one-time ``code`` stands for; raises GrantError.

    A good answer is a JSON object with an access token and a refresh token, whatever its status: Zoho sends errors with
    200 and 400 alike.
    """
    request = http.build_request(
        "POST",
        f"{client.accounts_url}/oauth/v2/token",
        data={
            "grant_type": "authorization_code",
            "client_id": client.client_id,
            "client_secret": client.client_secret.reveal(),
            "code": code.reveal(),
        },
        headers={"Accept": "application/json"},
    )
    try:
        reply = Wire(http, deadline=_DEADLINE, max_bytes=_MAX_BYTES).send(request)
    except UnavailableError as error:
        # What follows the semicolon speaks of refreshes, which this is none of.
        raise GrantError(
            f"{client}: {str(error).partition(';')[0]}. See that this machine may reach it (name, proxy, firewall).",
            reason="unreachable",
        ) from error
    except ZohoError as error:
        raise GrantError(
            f"{client} gave no answer of Zoho's: correct ZOHO_ACCOUNTS_URL.", reason="unusable"
        ) from error
    body, problem = reply.json()
    if isinstance(body, dict) and _text(body, "access_token"):
        return _grant(client, body, now)
    raise _error(client, code, reply, body, problem)


def _grant(client: SelfClient, body: dict[str, Any], now: datetime) -> Grant:
    refresh_token = _text(body, "refresh_token")
    if not refresh_token:
        raise GrantError(
            f'{client} gave an access token and no refresh token: the code is not of "Generate Code" of a Self Client. '
            "Make a new one there, not with a server-based or mobile client.",
            reason="unusable",
        )
    try:
        token = AccessToken(
            value=_text(body, "access_token"), expires_at=now.astimezone(UTC) + _LIFE
        )
        AccessToken(
            value=refresh_token, expires_at=token.expires_at
        )  # held to the same form: it is sent as well
    except ValueError as error:
        raise GrantError(
            f"{client} gave a token that can't be used: {error}.", reason="unusable"
        ) from error
    scopes = tuple(filter(None, re.split(r"[\s,]+", _text(body, "scope"))))
    return Grant(refresh_token=Secret(refresh_token), access_token=token, scopes=scopes)


def _error(client: SelfClient, code: Secret, reply: Reply, body: Any, problem: str) -> GrantError:
    """Tell what to do about an answer without tokens (Zoho OAuth: error bodies of the token endpoint)."""
    known = _BY_CODE.get(_text(body, "error").strip().lower()) if isinstance(body, dict) else None
    if known is not None:
        return GrantError(f"{client} {_REMEDIES[known]}", reason=known)
    if 300 <= reply.status < 400:
        return GrantError(
            f"{client} redirects elsewhere ({reply.status}): correct the data centre, or ZOHO_ACCOUNTS_URL.",
            reason="unusable",
        )
    if reply.status != 429 and (reply.status >= 500 or not isinstance(body, dict)):
        told = problem or "the body is no JSON object"
        return GrantError(
            f"{client} gave no token (status {reply.status}, {told}): try again in a minute, with a new code. If it "
            "goes on, see that no proxy answers in Zoho's place.",
            reason="unreachable",
        )
    if isinstance(body, dict) and _OAUTH_CODE.fullmatch(_text(body, "error")):
        return GrantError(
            f"{client} refuses the request: see that the client is a Self Client, and make a new code."
            f"{said(_text(body, 'error'), ())}",
            reason="unusable",
        )
    # Not known to be for good, so it is the throttle, whose text comes in the client's language.
    words = (
        f"{_text(body, 'error')} {_text(body, 'error_description')}"
        if isinstance(body, dict)
        else ""
    )
    return GrantError(
        f"{client} gives no token now: it takes 10 requests in 10 minutes, and then none for a while. Wait 15 to 30 "
        f"minutes without trying, then make a new code.{said(words, (code.reveal(), client.client_secret.reveal()))}",
        reason="throttled",
    )


_REMEDIES: dict[Reason, str] = {
    "code": (
        "does not take the code: it was used, or is older than the 3 to 10 minutes chosen for it, or was made in the "
        "console of another data centre. Make a new code and paste it at once."
    ),
    "client": (
        'does not know the client id: copy it anew from the tab "Client Secret" of the Self Client, or choose the data '
        "centre that the account lives in."
    ),
    "secret": (
        'knows the client id, and refuses its secret: copy the secret anew from the tab "Client Secret" of the Self '
        "Client. The code may be used up: make a new one."
    ),
}


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
