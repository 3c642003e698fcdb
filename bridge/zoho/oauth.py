"""Gives the access token that a request needs, asking Zoho for a new one as seldom as can be.

Only the refresh-token flow: logging a person in is another matter. A request for a token is never repeated at once,
for each one counts (10 in 10 minutes, then none for up to half an hour); a failure is remembered instead.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
import hashlib
import secrets
from threading import Lock
from typing import Any

import httpx

from bridge.config import ZohoSettings
from bridge.errors import BadDataError, LoginError, SlowDownError, UnavailableError, ZohoError
from bridge.zoho.responses import said
from bridge.zoho.tokens import TOKEN_LEASE, AccessToken, TokenStore
from bridge.zoho.transport import Reply, Wire

_TIMEOUT = httpx.Timeout(10, connect=5)
_DEADLINE = 20.0  # with the timeouts before the first byte still within the lease
_LIFE = timedelta(hours=1)
_PATIENCE = 5.0  # seconds that a caller waits for another process's token
_LOOK_AGAIN = 0.5
_BLOCKED = 600.0  # Zoho's window for token requests; a client or token that Zoho does not know stays so at least as long
_PAUSE = (
    60.0  # after an outage: more often would use up the budget that is needed when Zoho is back
)


def account_of(settings: ZohoSettings) -> str:
    """Name the login whose tokens are kept, without telling anything of it."""
    secrets = (settings.client_secret.reveal(), settings.refresh_token.reveal())
    names = (settings.accounts_url, settings.client_id, *secrets)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


class TokenKeeper:
    """The one way to an access token; safe for threads, of which one asks and the others wait for its token."""

    def __init__(
        self,
        settings: ZohoSettings,
        store: TokenStore,
        *,
        http: httpx.Client,
        wire: Wire,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._http = http
        self._wire = wire
        self._clock = clock
        self._sleep = sleep
        self._account = account_of(settings)
        self._holder = secrets.token_hex(8)
        self._lock = Lock()
        self._last: AccessToken | None = (
            None  # so that the store is asked once an hour, not for each request
        )
        self._failure: tuple[type[ZohoError], str, datetime] | None = (
            None  # class, message, until when it holds
        )

    def current(self) -> AccessToken:
        """Give a token that should be good for a minute.

        Raises LoginError, SlowDownError or UnavailableError, all with ``retry_after``.
        """
        token = self._last
        if token is None or not token.lasts(self._clock()):
            token = self._last = self._kept(None) or self._renew(None)
        return token

    def replace(self, refused: AccessToken) -> AccessToken:
        """Give another token than the one that a product refused; raises what ``current`` raises.

        The refused one stays in the store until there is another: it may only lack this product's scope.
        """
        self._last = self._renew(refused)
        return self._last

    def forget(self, dead: AccessToken) -> None:
        """See that no process takes a token from the store again."""
        self._last = None
        self._store.forget_access_token(self._account, dead.value)

    def _kept(self, refused: AccessToken | None) -> AccessToken | None:
        token = self._store.access_token(self._account)
        if token is None or not token.lasts(self._clock()):
            return None
        return None if refused is not None and token.value == refused.value else token

    def _renew(self, refused: AccessToken | None) -> AccessToken:
        with self._lock:
            waited = 0.0
            while (token := self._kept(refused)) is None:
                now = self._clock()
                self._raise_failure(now)
                wait = self._store.begin_token_request(self._account, holder=self._holder, now=now)
                if wait <= 0:
                    return self._with_leave(refused, now)
                if wait > TOKEN_LEASE.total_seconds() or waited >= _PATIENCE:
                    raise SlowDownError(
                        "No access token from Zoho yet: another process is asking for one, or the bridge's share of "
                        f"Zoho's 10 in 10 minutes is used up. It goes on in {wait:.0f} seconds by itself.",
                        retry_after=wait,
                    )
                pause = min(wait, _LOOK_AGAIN)
                self._sleep(pause)
                waited += pause
            return token

    def _with_leave(self, refused: AccessToken | None, now: datetime) -> AccessToken:
        new: AccessToken | None = None
        try:
            # Another process may have stored its token between our look and our leave.
            token = self._kept(refused)
            if token is None:
                token = new = self._ask(now)
        except ZohoError as error:
            seconds = error.retry_after = error.retry_after or (
                _BLOCKED if isinstance(error, LoginError) else _PAUSE
            )
            self._failure = (type(error), str(error), now + timedelta(seconds=seconds))
            raise
        finally:
            self._store.end_token_request(self._account, holder=self._holder, token=new)
        self._failure = None
        return token

    def _raise_failure(self, now: datetime) -> None:
        if self._failure is None:
            return
        kind, message, until = self._failure
        if now < until:
            error = kind(message)
            error.retry_after = (until - now).total_seconds()
            raise error

    def _ask(self, now: datetime) -> AccessToken:
        settings = self._settings
        request = self._http.build_request(
            "POST",
            f"{settings.accounts_url}/oauth/v2/token",
            data={
                "grant_type": "refresh_token",
                "client_id": settings.client_id,
                "client_secret": settings.client_secret.reveal(),
                "refresh_token": settings.refresh_token.reveal(),
            },
            headers={"Accept": "application/json"},
            timeout=_TIMEOUT,
        )
        reply = self._wire.send(request, deadline=_DEADLINE)
        body, problem = reply.json()
        if (
            isinstance(body, dict)
            and isinstance(body.get("access_token"), str)
            and body["access_token"]
        ):
            return self._token(body, now)
        raise self._error(reply, body, problem, now)

    def _token(self, body: dict[str, Any], now: datetime) -> AccessToken:
        try:
            return AccessToken(value=body["access_token"], expires_at=now + _life(body))
        except ValueError as error:
            raise BadDataError(
                f"{self._where} gave an access token that can't be used: {error}."
            ) from error

    def _error(self, reply: Reply, body: Any, problem: str, now: datetime) -> ZohoError:
        """Tell what to do about an answer without a token; its status says little (Zoho OAuth: errors are 200 or 400).

        Whatever is not known to be permanent is taken for the throttle, whose text comes in the client's language.
        """
        code = str(body.get("error", "")).strip().lower() if isinstance(body, dict) else ""
        if code in ("invalid_code", "invalid_grant"):
            return LoginError(
                f"{self._where} does not know the refresh token: it was revoked, or is of another data centre. Log "
                "in again (`zoho-bridge login`, and remove ZOHO_REFRESH_TOKEN where it is set), or correct "
                "ZOHO_DATA_CENTER."
            )
        if code == "invalid_client":
            return LoginError(
                f"{self._where} does not know the client id: set ZOHO_CLIENT_ID to the one in the API console of the "
                "account's data centre, or correct ZOHO_DATA_CENTER."
            )
        if code == "invalid_client_secret":
            return LoginError(
                f"{self._where} refuses the client secret: copy it anew from the API console to ZOHO_CLIENT_SECRET."
            )
        if 300 <= reply.status < 400:
            return LoginError(
                f"{self._where} redirects the request for an access token elsewhere ({reply.status}): correct "
                "ZOHO_DATA_CENTER or ZOHO_ACCOUNTS_URL."
            )
        if reply.status != 429 and (reply.status >= 500 or not isinstance(body, dict)):
            told = problem or "the body is no JSON object"
            return UnavailableError(
                f"{self._where} gave no access token (status {reply.status}{', ' + told if told else ''}): it is tried "
                "again later. If it goes on, see that ZOHO_ACCOUNTS_URL is Zoho's."
            )
        hidden = (self._settings.refresh_token.reveal(), self._settings.client_secret.reveal())
        words = (
            f"{body.get('error', '')} {body.get('error_description', '')}"
            if isinstance(body, dict)
            else ""
        )
        return SlowDownError(
            f"{self._where} gives no more access tokens for a while (10 in 10 minutes); wait, and see that nothing "
            f"else uses this refresh token.{said(words, hidden)}",
            retry_after=max(_BLOCKED, reply.retry_after(now) or 0.0),
        )

    @property
    def _where(self) -> str:
        host = httpx.URL(self._settings.accounts_url).host
        return f"{host} (data centre {self._settings.data_center})"


def _life(body: dict[str, Any]) -> timedelta:
    """Read how long a token lives: at most the hour that Zoho documents, since old forms count in milliseconds."""
    text = str(body.get("expires_in", ""))
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        return _LIFE
    return min(timedelta(seconds=int(text[:9])), _LIFE)
