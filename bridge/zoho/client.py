"""The client that reads the three Zoho APIs: JSON of a good answer, or the error with its remedy.

It only reads: there is no way to send anything to Zoho but a GET, and the request for an access token.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
import time
from types import TracebackType
from typing import Any, Self

import httpx
import stamina

from bridge.access import AccessToken, TokenStore
from bridge.config import ZohoSettings
from bridge.errors import ScopeError, SlowDownError, UnavailableError
from bridge.zoho.answers import NAMES, Question, TokenRefusedError, read
from bridge.zoho.oauth import TokenKeeper
from bridge.zoho.pacing import Budget
from bridge.zoho.scopes import Product
from bridge.zoho.wire import Wire, new_http

# How many requests at once, and then one in how many seconds. Connect documents 25 a minute for a call of its own; for
# the others nothing is documented, and sister products throttle at 100 to 200 in two minutes.
_PACES: Mapping[Product, tuple[int, int]] = {"backstage": (40, 1), "connect": (5, 3), "calendar": (80, 1)}
_PATIENCE = timedelta(seconds=12)
_SOON = 2.0  # seconds: an answer that asks for a longer wait is not asked for again here
_DEADLINE = 120.0
_MAX_BYTES = 50_000_000
_LACKING = timedelta(minutes=20)  # what looks like a lacking scope may have been a fault of Zoho's, which passes


def _now() -> datetime:
    return datetime.now(UTC)


class ZohoClient:
    """Reads Zoho for one account; safe for threads, and best kept for as long as the process lives.

    It remembers what Zoho refuses and how fast it may ask, which a new client would have to find out again. An
    ``http`` that is handed in stays open, and its timeouts hold; ``sleep`` and ``clock`` are for tests. A request that
    the budget would let out only after ``patience`` is refused. Raises ConfigError when the settings are not enough to
    log in.
    """

    def __init__(
        self,
        settings: ZohoSettings,
        tokens: TokenStore,
        *,
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
        self._tokens = TokenKeeper(settings, tokens, http=self._http, wire=self._wire, clock=clock, sleep=sleep)
        self._budgets = {
            product: Budget(
                NAMES[product],
                burst=burst,
                every=timedelta(seconds=every),
                patience=patience,
                clock=clock,
                sleep=sleep,
            )
            for product, (burst, every) in _PACES.items()
        }
        # A scope, the new token that was found to lack it, and until when that is believed.
        self._lacking: dict[str, tuple[AccessToken, datetime]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
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
        lacks the scope (Zoho Backstage: errors). Raises the classes of ``ZohoError``, and StoreError from the token
        store.
        """
        if not path.startswith("/") or "?" in path or "#" in path:
            raise ValueError(f"{path!r} is not a path below the product's address: it starts with / and has no query")
        token = self._tokens.current()
        question = self._question(product, path, token)
        try:
            return self._try(question, params, accept, token)
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
            return self._try(question, params, accept, token)
        except TokenRefusedError as error:
            self._lacking[question.scope] = (token, self._clock() + _LACKING)
            raise ScopeError(str(error)) from error

    def _question(self, product: Product, path: str, token: AccessToken) -> Question:
        host = httpx.URL(self._bases[product]).host
        return Question(product=product, path=path, host=host, secrets=(*self._secrets, token.value))

    def _try(self, question: Question, params: Mapping[str, str] | None, accept: str, token: AccessToken) -> Any:
        for attempt in stamina.retry_context(on=_may_pass, attempts=3, timeout=60, wait_initial=0.5, wait_max=4):
            with attempt:
                return self._once(question, params, accept, token)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, question: Question, params: Mapping[str, str] | None, accept: str, token: AccessToken) -> Any:
        budget = self._budgets[question.product]
        budget.take()
        request = self._http.build_request(
            "GET",
            self._bases[question.product] + question.path,
            params=params,
            headers={"Accept": accept, "Authorization": f"Zoho-oauthtoken {token.value}"},
        )
        reply = self._wire.send(request)
        try:
            return read(reply, question, now=self._clock())
        except SlowDownError as error:
            budget.close(error.retry_after or 0.0)  # for the other threads too
            raise


def _may_pass(error: Exception) -> bool | float:
    """Tell whether to ask again now, and after how many seconds where Zoho said so."""
    if not isinstance(error, UnavailableError | SlowDownError):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= _SOON else False
