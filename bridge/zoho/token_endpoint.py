"""The token endpoint of Zoho's accounts server: one request, and the meaning of a refusal.

A request is never repeated here: each one counts (Zoho APIs 1.3), and a code is good once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from typing import Any, Literal, TypeAlias

import httpx

from bridge.config import Secret, ZohoSettings
from bridge.domain.problems import problem
from bridge.errors import BadDataError, LoginError, SlowDownError, UnavailableError, ZohoError
from bridge.zoho.api_errors import clean_words, to_text
from bridge.zoho.tokens import TOKEN_PERIOD, AccessToken
from bridge.zoho.transport import Reply, Transport

Reason: TypeAlias = Literal[
    "code", "client", "secret", "redirected", "unavailable", "refused", "throttled", "unusable"
]

# The class of the error, and the problem of a refresh token's request and of a code's.
ERRORS: Mapping[Reason, tuple[type[ZohoError], str, str]] = {
    "code": (LoginError, "refresh-token-refused", "code-refused"),
    "client": (LoginError, "client-unknown", "client-unknown"),
    "secret": (LoginError, "secret-refused", "code-secret-refused"),
    "redirected": (LoginError, "accounts-redirected", "accounts-redirected"),
    "unavailable": (UnavailableError, "token-unavailable", "code-unavailable"),
    "refused": (SlowDownError, "token-throttled", "code-request-refused"),
    "throttled": (SlowDownError, "token-throttled", "code-throttled"),
    "unusable": (BadDataError, "token-unusable", "token-unusable"),
}
_BY_CODE: Mapping[str, Reason] = {
    "invalid_code": "code",
    "invalid_grant": "code",
    "invalid_client": "client",
    "invalid_client_secret": "secret",
}
# RFC 6749 5.2 and Zoho's own have no blanks; a text for people has (Zoho APIs 1.4).
_OAUTH_CODE = re.compile("[a-z]+(_[a-z]+)+")
_TIMEOUT = httpx.Timeout(10, connect=5)
_DEADLINE = 20.0  # with the timeouts before the first byte still within TOKEN_LEASE
_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer without a usable token; ``fields`` are those of its error."""

    reason: Reason
    fields: Mapping[str, Any]


def request_tokens(
    transport: Transport,
    client: ZohoSettings,
    grant_type: str,
    credential: Secret,
    *,
    now: datetime,
) -> dict[str, Any] | Refusal:
    """Send a refresh token or a code; return the answer's object with an access token.

    Its status is not looked at: Zoho sends errors with 200 and 400 alike (Zoho APIs 1.4). Raises
    UnavailableError and BadDataError where no whole answer came.
    """
    secret = client.client_secret.reveal()
    data = {"grant_type": grant_type, "client_id": client.client_id, "client_secret": secret}
    data["code" if grant_type == "authorization_code" else grant_type] = credential.reveal()
    url, headers = f"{client.accounts_url}/oauth/v2/token", {"Accept": "application/json"}
    request = transport.http.build_request(
        "POST", url, data=data, headers=headers, timeout=_TIMEOUT
    )
    reply = transport.send(request, deadline=_DEADLINE)
    body, why = reply.json()
    if isinstance(body, dict):
        if isinstance(body.get("access_token"), str) and body["access_token"]:
            return body
    elif why is None:
        why = problem("body-no-object", type=type(body).__name__)
    reason = _reason(reply, body)
    fields = server_of(client) | {"status": reply.status, "why": why or ""}
    if reason in ("refused", "throttled"):
        texts = (to_text(body.get(name)) for name in ("error", "error_description"))
        words = " ".join(texts) if isinstance(body, dict) else ""
        fields["said"] = clean_words(words, (credential.reveal(), secret))
        longest = max(TOKEN_PERIOD.total_seconds(), reply.retry_after(now) or 0.0)
        fields["retry_after"] = longest
    return Refusal(reason=reason, fields=fields)


def server_of(client: ZohoSettings) -> dict[str, Any]:
    """Return the accounts server of a client, as fields of an error."""
    return {"host": httpx.URL(client.accounts_url).host, "center": client.data_center}


def access_token(body: Mapping[str, Any], now: datetime) -> AccessToken:
    """Return the access token of an answer; ValueError if it can't be sent in a header.

    It lives at most the hour that Zoho documents, because old forms count in milliseconds.
    """
    text = str(body.get("expires_in", ""))
    seconds = int(text[:9]) if text.isascii() and text.isdigit() else 0
    life = min(timedelta(seconds=seconds), _LIFE) if seconds else _LIFE
    return AccessToken(value=body["access_token"], expires_at=now + life)


def _reason(reply: Reply, body: Any) -> Reason:
    """Return what the answer means; what is not known to be permanent counts as the throttle.

    The text of a throttle comes in the client's language (Zoho APIs 1.4).
    """
    code = to_text(body.get("error")).lower() if isinstance(body, dict) else ""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if 300 <= reply.status < 400:
        return "redirected"
    if reply.status != 429 and (reply.status >= 500 or not isinstance(body, dict)):
        return "unavailable"
    return "refused" if _OAUTH_CODE.fullmatch(code) else "throttled"
