"""The meaning of an API's answer: its JSON, or the error with the fitting remedy. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import Any

from bridge import errors
from bridge.domain.problems import problem
from bridge.domain.source import PRODUCTS, Product
from bridge.domain.text import without_controls
from bridge.zoho.api_errors import ApiError, clean_words, parse_error
from bridge.zoho.scopes import scope_for
from bridge.zoho.transport import MOST_LEVELS, Reply

_THROTTLE_SECONDS = 120.0  # Zoho counts over two minutes
_THROTTLED = re.compile(r"THROTTLES_LIMIT_EXCEEDED|too many requests", re.IGNORECASE)
_DEAD = re.compile(r"INVALID_(OAUTH_?)?TOKEN|INVALID_TICKET", re.IGNORECASE)
# "scope" alone may be Connect's scopeID.
_REFUSED = re.compile(r"OAUTH.?(SCOPE|TOKEN)|AUTHENTICAT", re.IGNORECASE)
_UNKNOWN_CODE = re.compile(r"NOT_?(FOUND|EXIST)", re.IGNORECASE)
_UNKNOWN_REASON = re.compile(
    r"not found|not exist|invalid (scope ?id|network|partition|group)", re.IGNORECASE
)
_FORBIDDEN = re.compile(r"NOT.PERMITTED|PERMISSION|ACCESS.DENIED", re.IGNORECASE)


class TokenRefusedError(errors.ScopeError):
    """The access token is invalid or lacks the scope; ``dead``: invalid for every product."""

    dead = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to a product, for errors; ``secrets`` are removed from Zoho's words."""

    product: Product
    path: str
    host: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def scope(self) -> str:
        """The OAuth scope that it needs."""
        return scope_for(self.product, self.path)


def read_reply(reply: Reply, call: Call, *, now: datetime) -> Any:
    """Return the JSON object or array of a 2xx without an error; raise a class of ``ZohoError``.

    A refused access token is a TokenRefusedError. A Retry-After date is counted from ``now``. No
    text of the result has control characters or lone halves of surrogate pairs.
    """
    body, why = reply.json()
    error = parse_error(body, reply.status)
    if error is None and not 200 <= reply.status < 300:
        error = ApiError(status=reply.status, text="" if reply.is_html else reply.text())
    if error is not None:
        raise _zoho_error(error, reply, call, now)
    if why is None and isinstance(body, dict | list):
        _clean_json(body)
        return body
    lasts = why is None or why.code == "body-of-many-objects"
    kind = errors.BadDataError if lasts else errors.UnavailableError
    why = why or problem("body-no-object", type=type(body).__name__)
    raise kind("answer-unreadable", **_names(call), status=reply.status, why=why)


def _clean_json(body: Any) -> None:
    """Clean all texts and keys in place, and remove what lies deeper than a hundred levels.

    Not recursive, for ``json`` reads deeper nests than Python functions can follow.
    """
    containers = [(body, 1)]
    for container, level in containers:
        if isinstance(container, dict):
            for name in [name for name in container if not name.isprintable()]:
                container[without_controls(name)] = container.pop(name)
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in items:
            if isinstance(value, str):
                container[key] = without_controls(value)
            elif isinstance(value, dict | list):
                if level == MOST_LEVELS:
                    container[key] = None
                else:
                    containers.append((value, level + 1))


def _names(call: Call) -> dict[str, Any]:
    return {"product": PRODUCTS[call.product], "path": call.path, "host": call.host}


def _zoho_error(error: ApiError, reply: Reply, call: Call, now: datetime) -> errors.ZohoError:
    """Return the error by its remedy; the surest sign comes first."""
    status, words, after = error.status, error.words, reply.retry_after(now)
    more: dict[str, Any] = {}
    kind: type[errors.ZohoError]
    if status == 429 or _THROTTLED.search(words) or "THROTTLES_LIMIT_EXCEEDED" in reply.text():
        kind, code = errors.SlowDownError, "throttled"
        after = _THROTTLE_SECONDS if after is None else after
    elif status == 401 or _DEAD.search(words) or _REFUSED.search(words):
        kind, code, more = TokenRefusedError, "token-refused", {"scope": call.scope}
    elif status >= 500 or status == 408:
        kind, code = errors.UnavailableError, "server-error"
    elif 300 <= status < 400:
        setting = f"ZOHO_{call.product.upper()}_URL"
        kind, code, words, more = errors.BadDataError, "redirected", "", {"setting": setting}
    elif status == 404 or _is_unknown(error, call):
        kind, code = errors.NotFoundError, "not-found"
    elif reply.is_html:
        kind, code = errors.UnavailableError, "answer-unreadable"
        more = {"why": problem("body-html")}
    elif status == 403 or _FORBIDDEN.search(words):
        kind, code, more = errors.ScopeError, "forbidden", {"scope": call.scope}
    else:
        kind, code = errors.BadDataError, "refused"
    after = after if kind in (errors.SlowDownError, errors.UnavailableError) else None
    more |= {"said": clean_words(words, call.secrets), "retry_after": after}
    result = kind(code, **_names(call), status=status, code=error.code, **more)
    if isinstance(result, TokenRefusedError):
        result.dead = bool(_DEAD.search(words))
    return result


def _is_unknown(error: ApiError, call: Call) -> bool:
    """Return whether it is Zoho's form of a 404; only Connect has nothing but a sentence."""
    if _UNKNOWN_CODE.search(error.code):
        return True
    return call.product == "connect" and bool(_UNKNOWN_REASON.search(error.text))
