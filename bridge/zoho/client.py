"""The client of the three Zoho APIs: JSON of a good answer, or the error with its remedy.

All the bridge does by itself is read. What changes something in Zoho, because a person said so, is sent with ``post``:
once, and never again by itself.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
import time
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlencode

import httpx
import stamina

from bridge.config import ZohoSettings
from bridge.errors import ScopeError, SlowDownError, UnavailableError
from bridge.zoho.budget import Budget
from bridge.zoho.oauth import TokenKeeper, account_of
from bridge.zoho.rate_limit import MemoryRateLimitStore, Rate, RateLimitStore
from bridge.zoho.responses import NAMES, Question, TokenRefusedError, read
from bridge.zoho.scopes import Product
from bridge.zoho.tokens import AccessToken, TokenStore
from bridge.zoho.transport import Wire, new_http

# Connect documents 25 a minute for a call of its own; for the others nothing is documented, and sister products
# throttle at 100 to 200 in two minutes.
_RATES: Mapping[Product, Rate] = {
    "backstage": Rate(burst=40, every=timedelta(seconds=1)),
    "connect": Rate(burst=5, every=timedelta(seconds=3)),
    "calendar": Rate(burst=80, every=timedelta(seconds=1)),
}
_PATIENCE = timedelta(seconds=12)
_LONGEST_QUERY = 4000  # web servers take addresses of up to 8,000 bytes
_SOON = 2.0  # seconds: an answer that asks for a longer wait is not asked for again here
_DEADLINE = 120.0
_MAX_BYTES = 50_000_000
_LACKING = timedelta(
    minutes=20
)  # what looks like a lacking scope may have been a fault of Zoho's, which passes


def _now() -> datetime:
    return datetime.now(UTC)


class ZohoClient:
    """Reads Zoho for one account; safe for threads, and best kept for as long as the process lives.

    It remembers which scopes Zoho refuses, which a new client would have to find out again. How fast it may ask stands
    in ``paces``, which all processes of an account have to share; without it the client has a budget of its own. An
    ``http`` that is handed in stays open, and its timeouts hold; ``sleep`` and ``clock`` are for tests. A request that
    the budget would let out only after ``patience`` is refused. Raises ConfigError when the settings are not enough to
    log in.
    """

    def __init__(
        self,
        settings: ZohoSettings,
        tokens: TokenStore,
        *,
        paces: RateLimitStore | None = None,
        clock: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
        http: httpx.Client | None = None,
        patience: timedelta = _PATIENCE,
        deadline: float = _DEADLINE,
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        settings.require()
        self._bases: Mapping[Product, str] = {
            "backstage": settings.backstage_url,
            "connect": settings.connect_url,
            "calendar": settings.calendar_url,
        }
        self._secrets = (settings.client_secret.reveal(), settings.refresh_token.reveal())
        self._clock = clock
        self._owns_http = http is None
        self._http = new_http() if http is None else http
        self._wire = Wire(self._http, deadline=deadline, max_bytes=max_bytes)
        self._tokens = TokenKeeper(
            settings, tokens, http=self._http, wire=self._wire, clock=clock, sleep=sleep
        )
        account, paces = account_of(settings), MemoryRateLimitStore() if paces is None else paces
        self._budgets = {
            product: Budget(
                paces,
                account,
                product,
                rate,
                name=NAMES[product],
                patience=patience,
                clock=clock,
                sleep=sleep,
            )
            for product, rate in _RATES.items()
        }
        # A scope, the new token that was found to lack it, and until when that is believed.
        self._lacking: dict[str, tuple[AccessToken, datetime]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that the client opened itself."""
        if self._owns_http:
            self._http.close()

    @property
    def requests(self) -> int:
        """How many requests went to Zoho, those for tokens and those repeated among them."""
        return self._wire.requests

    def get(
        self,
        product: Product,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
    ) -> Any:
        """Give the decoded JSON of a good answer: an object or an array with no error in it.

        ``path`` starts with a slash, its segments are percent-encoded, and it has no query. What may pass is tried up
        to three times. A refused access token is replaced once; when the new one is refused too, the refresh token
        lacks the scope (Zoho Backstage: errors). Raises the classes of ``ZohoError``, and StoreError from the stores of
        tokens and paces.
        """
        return self._answered(
            product, path, lambda question, token: self._try(question, params, accept, token)
        )

    def post(self, product: Product, path: str, params: Mapping[str, str]) -> Any:
        """Let Zoho change something, and give the decoded JSON of a good answer.

        Sent once: whether a request without a good answer was carried out nobody knows, so that trying again is a
        person's business. Only a refused access token, with which nothing was done, is replaced and the request sent
        again. Raises what ``get`` does; an UnavailableError means that it may have been carried out.
        """

        def once(question: Question, token: AccessToken) -> Any:
            return self._once(question, params, "application/json", token, method="POST")

        return self._answered(product, path, once)

    def _answered(
        self, product: Product, path: str, ask: Callable[[Question, AccessToken], Any]
    ) -> Any:
        if not path.startswith("/") or "?" in path or "#" in path:
            raise ValueError(
                f"{path!r} is not a path below the product's address: it starts with / and has no query"
            )
        token = self._tokens.current()
        question = self._question(product, path, token)
        try:
            return ask(question, token)
        except TokenRefusedError as error:
            refusal = error
        lacking, until = self._lacking.get(question.scope, (None, self._clock()))
        if lacking == token and self._clock() < until:
            # Asking for yet another token would only use up the few that the other products need.
            raise ScopeError(str(refusal))
        if refusal.dead:
            self._tokens.forget(token)
        token = self._tokens.replace(token)
        question = self._question(product, path, token)
        try:
            return ask(question, token)
        except TokenRefusedError as error:
            self._lacking[question.scope] = (token, self._clock() + _LACKING)
            raise ScopeError(str(error)) from error

    def _question(self, product: Product, path: str, token: AccessToken) -> Question:
        host = httpx.URL(self._bases[product]).host
        return Question(
            product=product, path=path, host=host, secrets=(*self._secrets, token.value)
        )

    def _try(
        self, question: Question, params: Mapping[str, str] | None, accept: str, token: AccessToken
    ) -> Any:
        for attempt in stamina.retry_context(
            on=_may_pass, attempts=3, timeout=60, wait_initial=0.5, wait_max=4
        ):
            with attempt:
                return self._once(question, params, accept, token)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(
        self,
        question: Question,
        params: Mapping[str, str] | None,
        accept: str,
        token: AccessToken,
        *,
        method: Literal["GET", "POST"] = "GET",
    ) -> Any:
        budget = self._budgets[question.product]
        budget.take()
        in_body = method == "POST" and len(urlencode(params or {})) > _LONGEST_QUERY
        request = self._http.build_request(
            method,
            self._bases[question.product] + question.path,
            # In the address, as all documents of Zoho's have it; a form only where an address would be too long.
            params=None if in_body else params,
            data=params if in_body else None,
            headers={"Accept": accept, "Authorization": f"Zoho-oauthtoken {token.value}"},
        )
        reply = self._wire.send(request)
        try:
            return read(reply, question, now=self._clock())
        except SlowDownError as error:
            budget.close(error.retry_after or 0.0)  # for all threads and processes
            raise


def _may_pass(error: Exception) -> bool | float:
    """Tell whether to ask again now, and after how many seconds where Zoho said so."""
    if not isinstance(error, UnavailableError | SlowDownError):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= _SOON else False
