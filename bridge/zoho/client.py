"""The client of the three Zoho APIs: JSON of a good answer, or the error with its remedy.

The bridge itself only reads. A change of something in Zoho, which a person asked for, is sent with
``post``: once, and never repeated.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event as Flag
import time
from typing import Any, Self, TypeAlias
from urllib.parse import urlencode

import httpx
import stamina

from bridge.config import ZohoSettings
from bridge.domain.source import PRODUCTS, Product
from bridge.errors import SlowDownError, StoppedError, UnavailableError
from bridge.zoho.budget import Budget
from bridge.zoho.oauth import TokenKeeper, account_of
from bridge.zoho.rate_limit import Rate, RateLimitStore
from bridge.zoho.responses import Call, TokenRefusedError, read_reply
from bridge.zoho.scopes import scope_for
from bridge.zoho.tokens import AccessToken, TokenStore
from bridge.zoho.transport import Transport, new_http

# Connect documents 25 a minute for updateEvent. Nothing is documented for the others, and sister
# products throttle at 100 to 200 in two minutes (Zoho APIs 3.8, 4.7).
_RATES: Mapping[Product, Rate] = {
    "backstage": Rate(burst=40, every=timedelta(seconds=1)),
    "connect": Rate(burst=5, every=timedelta(seconds=3)),
    "calendar": Rate(burst=80, every=timedelta(seconds=1)),
}
_JSON = "application/json"
_PATIENCE = timedelta(seconds=12)
_LONGEST_QUERY = 4000  # web servers take addresses of up to 8,000 bytes
_SOON = 2.0  # seconds: after a longer Retry-After a request is not repeated here
_DEADLINE = 30.0
_MAX_BYTES = 25_000_000  # decoded, ten times as much memory if each text has an emoji
_LACKING = timedelta(minutes=20)  # a fault of Zoho's, which passes, may look like a lacking scope

Params: TypeAlias = Mapping[str, str] | None
_Send: TypeAlias = Callable[[Call, AccessToken], Any]


def _may_pass(error: Exception) -> bool | float:
    """Return whether to repeat a request now, or after how many seconds that Zoho asked for."""
    if not isinstance(error, UnavailableError | SlowDownError):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= _SOON else False


_now = partial(datetime.now, UTC)
_retrying = stamina.RetryingCaller(attempts=3, timeout=60, wait_initial=0.5, wait_max=4)


class ZohoClient:
    """The client for one account; safe for threads, and best kept as long as the process lives.

    It remembers which scopes Zoho refuses. ``tokens`` and ``rates`` are shared by all processes of
    an account. A request that the rate would allow only after ``patience`` is refused. ``share`` is
    the part of a burst that it may use, so that the rest stays free for others. Once ``stop`` is
    set, requests and waits end with StoppedError. Raises ConfigError if the settings are not enough
    to log in.
    """

    def __init__(
        self,
        settings: ZohoSettings,
        tokens: TokenStore,
        rates: RateLimitStore,
        *,
        clock: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] | None = None,
        stop: Flag | None = None,
        http: httpx.Client | None = None,
        patience: timedelta = _PATIENCE,
        share: float = 1.0,
        deadline: float = _DEADLINE,
        max_bytes: int = _MAX_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        settings.require()
        self._bases = {product: getattr(settings, f"{product}_url") for product in PRODUCTS}
        self._secrets = (settings.client_secret.reveal(), settings.refresh_token.reveal())
        self._clock = clock
        self._http = http or new_http()
        stop = stop or Flag()
        self._transport = Transport(
            self._http, deadline=deadline, max_bytes=max_bytes, monotonic=monotonic, stop=stop
        )

        def wait(seconds: float) -> None:
            if stop.wait(seconds):
                raise StoppedError

        sleep = sleep or wait
        self._tokens = TokenKeeper(settings, tokens, self._transport, clock=clock, sleep=sleep)
        account = account_of(settings)
        times: dict[str, Any] = {"patience": patience, "clock": clock, "sleep": sleep}
        self._budgets = {
            product: Budget(rates, (account, product), rate.part(share), PRODUCTS[product], **times)
            for product, rate in _RATES.items()
        }
        # A scope, the new token that was found to lack it, and until when that is believed.
        self._lacking: dict[str, tuple[AccessToken, datetime]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(
        self, product: Product, path: str, params: Params = None, *, accept: str = _JSON
    ) -> Any:
        """Return the decoded JSON of a good answer: an object or an array without an error in it.

        ``path`` starts with a slash, its segments are percent-encoded, and it has no query. What
        may pass is tried up to three times. A refused access token is replaced once. If the new one
        is refused too, the refresh token lacks the scope (Zoho APIs 2.5). Raises the classes of
        ``ZohoError``, and StoreError.
        """

        def send(call: Call, token: AccessToken) -> Any:
            return _retrying(_may_pass, self._send, "GET", params, accept, call, token)

        return self._answer(product, path, send)

    def post(self, product: Product, path: str, params: Mapping[str, str]) -> Any:
        """Change something in Zoho, and return the decoded JSON of a good answer.

        Sent once: whether a request without a good answer was carried out is unknown, so only a
        person repeats it. Only a refused access token is replaced and the request sent again.
        Raises what ``get`` raises; after an UnavailableError it may have been carried out.
        """
        return self._answer(product, path, partial(self._send, "POST", params, _JSON))

    def _answer(self, product: Product, path: str, send: _Send) -> Any:
        if not path.startswith("/") or "?" in path or "#" in path:
            raise ValueError(f"{path!r} is not a path that starts with / and has no query")
        host = httpx.URL(self._bases[product]).host

        def answer(token: AccessToken) -> Any:
            secrets = (*self._secrets, token.value)
            return send(Call(product=product, path=path, host=host, secrets=secrets), token)

        token = self._tokens.current()
        try:
            return answer(token)
        except TokenRefusedError as error:
            refusal = error
        scope = scope_for(product, path)
        lacking, until = self._lacking.get(scope, (None, self._clock()))
        if lacking == token and timedelta() < until - self._clock() <= _LACKING:
            raise refusal  # Yet another token would use up those that the other products need.
        if refusal.dead:
            self._tokens.forget(token)
        token = self._tokens.replace(token)
        try:
            return answer(token)
        except TokenRefusedError:
            self._lacking[scope] = token, self._clock() + _LACKING
            raise

    def _send(
        self, method: str, params: Params, accept: str, call: Call, token: AccessToken
    ) -> Any:
        budget = self._budgets[call.product]
        budget.take()
        # All documents of Zoho's have parameters in the address; a form is for one too long.
        in_body = method == "POST" and len(urlencode(params or {})) > _LONGEST_QUERY
        content: dict[str, Any] = {"data" if in_body else "params": params}
        headers = {"Accept": accept, "Authorization": f"Zoho-oauthtoken {token.value}"}
        url = self._bases[call.product] + call.path
        request = self._http.build_request(method, url, headers=headers, **content)
        reply = self._transport.send(request)
        try:
            return read_reply(reply, call, now=self._clock())
        except SlowDownError as error:
            budget.close(error.retry_after or 0.0)  # for all threads and processes
            raise
