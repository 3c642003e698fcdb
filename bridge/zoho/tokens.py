"""An access token, and what keeps the one token that all processes share.

Zoho gives 10 access tokens in 10 minutes and then none for a while, and silently ends the oldest of more than 10 live
ones (OAuth: token limits). So nobody may ask for a token without the store's leave.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import re
from threading import Lock
from typing import Protocol

TOKEN_LEASE = timedelta(seconds=30)
TOKEN_PERIOD = timedelta(minutes=10)
TOKEN_REQUESTS = (
    9  # within TOKEN_PERIOD: one below Zoho's limit, for a person who tries something by hand
)

_EARLY = timedelta(seconds=60)
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What Zoho lets in until ``expires_at`` (aware); its value is in no repr.

    Raises ValueError, which does not repeat the value, for what can't be sent in a header: the HTTP library would
    print the whole header in its own error.
    """

    value: str = field(repr=False)
    expires_at: datetime

    def __post_init__(self) -> None:
        if not _VISIBLE_ASCII.fullmatch(self.value):
            raise ValueError("an access token is one word of visible ASCII")
        if self.expires_at.tzinfo is None:
            raise ValueError(
                f"the end of an access token, {self.expires_at.isoformat()}, has no time zone"
            )

    def lasts(self, now: datetime) -> bool:
        """Tell whether it is good for another minute, the longest that one request should take."""
        return self.expires_at - now > _EARLY


class TokenStore(Protocol):
    """Keeps one access token for each account, and the count of requests for one, over all processes."""

    def access_token(self, account: str) -> AccessToken | None:
        """Give the token kept last, good or not; None when there is none."""

    def begin_token_request(self, account: str, *, holder: str, now: datetime) -> float:
        """Let ``holder`` ask Zoho for a token (0.0), or give the seconds after which it may try again.

        Leave is counted, and held alone for TOKEN_LEASE. More than 0.0: another holder is asking, or TOKEN_REQUESTS
        were counted within TOKEN_PERIOD. One transaction.
        """

    def end_token_request(self, account: str, *, holder: str, token: AccessToken | None) -> None:
        """Keep the new token, if there is one, and end the leave if it is still the holder's."""

    def forget_access_token(self, account: str, token: str) -> None:
        """Drop the kept token if it is still this one."""


@dataclass(slots=True)
class _Account:
    token: AccessToken | None = None
    holder: str = ""
    held_until: datetime | None = None
    requests: deque[datetime] = field(default_factory=deque)


class MemoryTokenStore:
    """A ``TokenStore`` for one process and its threads: for tests, and for commands that run without a database."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._lock = Lock()

    def access_token(self, account: str) -> AccessToken | None:
        """Give the token kept last."""
        with self._lock:
            return self._account(account).token

    def begin_token_request(self, account: str, *, holder: str, now: datetime) -> float:
        """Count a token request and hand out the lease (0.0), or say how many seconds to wait."""
        with self._lock:
            kept = self._account(account)
            if kept.held_until is not None and kept.held_until > now and kept.holder != holder:
                return (kept.held_until - now).total_seconds()
            while kept.requests and kept.requests[0] <= now - TOKEN_PERIOD:
                kept.requests.popleft()
            if len(kept.requests) >= TOKEN_REQUESTS:
                return (kept.requests[0] + TOKEN_PERIOD - now).total_seconds()
            kept.requests.append(now)
            kept.holder, kept.held_until = holder, now + TOKEN_LEASE
            return 0.0

    def end_token_request(self, account: str, *, holder: str, token: AccessToken | None) -> None:
        """Keep the new token, if there is one, and free the lease if it is still the holder's."""
        with self._lock:
            kept = self._account(account)
            if kept.holder == holder:
                kept.holder, kept.held_until = "", None
            if token is not None:
                kept.token = token

    def forget_access_token(self, account: str, token: str) -> None:
        """Drop the kept token if it is still this one."""
        with self._lock:
            kept = self._account(account)
            if kept.token is not None and kept.token.value == token:
                kept.token = None

    def _account(self, account: str) -> _Account:
        return self._accounts.setdefault(account, _Account())
