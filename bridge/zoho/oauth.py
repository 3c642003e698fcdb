"""The access token for requests, renewed with the refresh token as seldom as possible.

A failed request for a token is remembered instead of repeated: each one counts (Zoho APIs 1.3).
"""

from collections.abc import Callable
import copy
from datetime import datetime, timedelta
import hashlib
import secrets
from threading import Lock

from bridge.config import ZohoSettings
from bridge.errors import BadDataError, LoginError, NotYetError, ZohoError
from bridge.zoho.token_endpoint import ERRORS, Refusal, access_token, request_tokens, server_of
from bridge.zoho.tokens import TOKEN_LEASE, TOKEN_PERIOD, AccessToken, TokenStore
from bridge.zoho.transport import Transport

_PATIENCE = 5.0  # seconds that a caller waits for another process's token
_LOOK_AGAIN = 0.5
_PAUSE = 60.0  # after an outage; more requests would use up those for the time after it


def account_of(settings: ZohoSettings) -> str:
    """Return a name for the login that reveals nothing of it."""
    secrets = (settings.client_secret.reveal(), settings.refresh_token.reveal())
    names = (settings.accounts_url, settings.client_id, *secrets)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


class TokenKeeper:
    """The provider of access tokens; safe for threads: one requests a token, the others wait."""

    def __init__(
        self,
        settings: ZohoSettings,
        store: TokenStore,
        transport: Transport,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._account = account_of(settings)
        self._holder = secrets.token_hex(8)
        self._lock = Lock()
        self._last: AccessToken | None = None  # saves a look into the store for each request
        self._failure: tuple[ZohoError, datetime] | None = None  # and until when it holds

    def current(self) -> AccessToken:
        """Return a token that is valid for another minute.

        Raises LoginError, SlowDownError or UnavailableError, all with ``retry_after``.
        """
        token = self._last
        if token is None or not token.lasts(self._clock()):
            token = self._last = self._stored(None) or self._renew(None)
        return token

    def replace(self, refused: AccessToken) -> AccessToken:
        """Return another token than one that a product refused; raise what ``current`` raises.

        The refused token stays in the store until then: it may only lack this product's scope.
        """
        self._last = self._renew(refused)
        return self._last

    def forget(self, dead: AccessToken) -> None:
        """Delete a token, so that no process takes it from the store again."""
        self._last = None
        self._store.forget_access_token(self._account, dead.value)

    def _stored(self, refused: AccessToken | None) -> AccessToken | None:
        token = self._store.access_token(self._account)
        if token is None or not token.lasts(self._clock()):
            return None
        return None if refused is not None and token.value == refused.value else token

    def _renew(self, refused: AccessToken | None) -> AccessToken:
        with self._lock:
            waited = 0.0
            while (token := self._stored(refused)) is None:
                now = self._clock()
                self._raise_failure(now)
                wait = self._store.begin_token_request(self._account, holder=self._holder, now=now)
                if wait <= 0:
                    return self._renew_with_leave(refused, now)
                if wait > TOKEN_LEASE.total_seconds() or waited >= _PATIENCE:
                    raise NotYetError("token-pending", seconds=round(wait), retry_after=wait)
                pause = min(wait, _LOOK_AGAIN)
                self._sleep(pause)
                waited += pause
            return token

    def _renew_with_leave(self, refused: AccessToken | None, now: datetime) -> AccessToken:
        new: AccessToken | None = None
        try:
            # Another process may have stored its token between our look and our leave.
            token = self._stored(refused)
            if token is None:
                token = new = self._request(now)
        except ZohoError as error:
            # A client or token that Zoho does not know stays so for at least the token period.
            pause = TOKEN_PERIOD.total_seconds() if isinstance(error, LoginError) else _PAUSE
            error.retry_after = error.retry_after or pause
            self._failure = error, now + timedelta(seconds=error.retry_after)
            raise
        finally:
            self._store.end_token_request(self._account, holder=self._holder, token=new)
        self._failure = None
        return token

    def _raise_failure(self, now: datetime) -> None:
        if self._failure is None:
            return
        error, left = copy.copy(self._failure[0]), (self._failure[1] - now).total_seconds()
        # More is left only when the clock was set back.
        if 0 < left <= (error.retry_after or 0.0) + 1:
            error.retry_after = left
            raise error

    def _request(self, now: datetime) -> AccessToken:
        client, token = self._settings, self._settings.refresh_token
        answer = request_tokens(self._transport, client, "refresh_token", token, now=now)
        if isinstance(answer, Refusal):
            kind, code, _ = ERRORS[answer.reason]
            raise kind(code, **answer.fields)
        try:
            return access_token(answer, now)
        except ValueError as error:
            raise BadDataError("token-unusable", **server_of(client)) from error
