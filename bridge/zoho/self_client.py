"""The exchange of a Self Client's code for a refresh token (Zoho APIs 1.2).

One request, never repeated: the code is good once. Nothing is stored here.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
import re
from typing import Any

import httpx

from bridge.config import Secret, ZohoSettings
from bridge.errors import LoginError, UnavailableError, ZohoError
from bridge.zoho import token_endpoint as endpoint
from bridge.zoho.api_errors import to_text
from bridge.zoho.tokens import AccessToken
from bridge.zoho.transport import Transport

_DEADLINE = 30.0
_MAX_BYTES = 1_000_000
_ENDED = ("invalid_token", "invalid_code")


class GrantError(LoginError):
    """An exchange without a refresh token, and the reason."""

    def __init__(self, kind: str, /, *, reason: endpoint.Reason, **fields: Any) -> None:
        super().__init__(kind, **fields)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The tokens of a code; ``scopes`` is empty if Zoho did not name them."""

    refresh_token: Secret
    access_token: AccessToken = field(repr=False)
    scopes: tuple[str, ...] = ()


def revoke(client: ZohoSettings, *, http: httpx.Client) -> None:
    """End the refresh token at Zoho (Zoho APIs 1.2); raise UnavailableError unless it has ended."""
    transport = Transport(http, deadline=_DEADLINE, max_bytes=_MAX_BYTES)
    url = f"{client.accounts_url}/oauth/v2/token/revoke"
    params = {"token": client.refresh_token.reveal()}
    reply = transport.send(http.build_request("POST", url, params=params))
    body, _ = reply.json()
    if not isinstance(body, dict) or body.get("error", "invalid_token") not in _ENDED:
        host = endpoint.server_of(client)["host"]
        raise UnavailableError("connection-failed", host=host, error=f"status {reply.status}")


def exchange(client: ZohoSettings, code: Secret, *, http: httpx.Client, now: datetime) -> Grant:
    """Return the grant of the one-time ``code``; raise GrantError."""
    transport = Transport(http, deadline=_DEADLINE, max_bytes=_MAX_BYTES)
    unusable = {"reason": "unusable", **endpoint.server_of(client)}
    try:
        answer = endpoint.request_tokens(transport, client, "authorization_code", code, now=now)
    except UnavailableError as error:
        raise GrantError("code-unreachable", reason="unavailable", problem=error.problem) from error
    except ZohoError as error:
        raise GrantError("code-unanswered", **unusable) from error
    if isinstance(answer, endpoint.Refusal):
        reason = answer.reason
        raise GrantError(endpoint.ERRORS[reason][2], reason=reason, **answer.fields)
    refresh_token = to_text(answer.get("refresh_token"))
    if not refresh_token:
        raise GrantError("no-refresh-token", **unusable)
    try:
        token = endpoint.access_token(answer, now.astimezone(UTC))
        AccessToken(value=refresh_token, expires_at=token.expires_at)  # it is sent as well
    except ValueError as error:
        raise GrantError("token-unusable", **unusable) from error
    scopes = tuple(filter(None, re.split(r"[\s,]+", to_text(answer.get("scope")))))
    return Grant(refresh_token=Secret(refresh_token), access_token=token, scopes=scopes)
