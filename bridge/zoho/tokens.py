"""Access tokens, and the store that shares one token among all processes of a login.

Zoho issues 10 access tokens in 10 minutes and then none for a while. Of more than 10 live tokens it
silently ends the oldest (Zoho APIs 1.3). So a process requests a token only with the store's leave.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
import re
from typing import Protocol

TOKEN_LEASE = timedelta(seconds=30)
TOKEN_PERIOD = timedelta(minutes=10)
TOKEN_REQUESTS = 9  # in TOKEN_PERIOD: Zoho's limit without the request of a person who tries

_EARLY = timedelta(seconds=60)
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token that Zoho accepts until ``expires_at`` (aware); its value is in no repr.

    Raises ValueError, without the value, for a value that can't stand in a header: the HTTP library
    would print the whole header in its own error.
    """

    value: str = field(repr=False)
    expires_at: datetime

    def __post_init__(self) -> None:
        if not _VISIBLE_ASCII.fullmatch(self.value):
            raise ValueError("an access token is one word of visible ASCII")
        if self.expires_at.tzinfo is None:
            raise ValueError("the end of an access token has no time zone")

    def lasts(self, now: datetime) -> bool:
        """Return whether it is valid for another minute, longer than a request takes."""
        return self.expires_at - now > _EARLY


class TokenStore(Protocol):
    """One access token for each account, and the number of token requests, for all processes."""

    def access_token(self, account: str) -> AccessToken | None:
        """Return the last token, valid or not; None if there is none."""

    def begin_token_request(self, account: str, *, holder: str, now: datetime) -> float:
        """Allow ``holder`` to request a token (0.0), or return the seconds until it may try again.

        A leave counts as a request, and excludes other holders for TOKEN_LEASE. A wait is due to
        another holder's leave, or to TOKEN_REQUESTS within TOKEN_PERIOD. One transaction.
        """

    def end_token_request(self, account: str, *, holder: str, token: AccessToken | None) -> None:
        """Keep the new token, if there is one, and end the leave if it is still the holder's."""

    def forget_access_token(self, account: str, token: str) -> None:
        """Delete the token if it is still this one."""
