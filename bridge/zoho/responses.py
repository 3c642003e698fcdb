"""What an answer of an API means: its JSON, or the error whose remedy fits. Pure: no request goes out from here."""

from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import Any

from bridge.errors import (
    BadDataError,
    NotFoundError,
    ScopeError,
    SlowDownError,
    UnavailableError,
    ZohoError,
)
from bridge.zoho.api_errors import Complaint, find
from bridge.zoho.scopes import Product, scope_for
from bridge.zoho.transport import Reply

NAMES: dict[Product, str] = {
    "backstage": "Zoho Backstage",
    "connect": "Zoho Connect",
    "calendar": "Zoho Calendar",
}

_THROTTLE_SECONDS = 120.0  # Zoho counts over two minutes
_THROTTLED = re.compile(r"THROTTLES_LIMIT_EXCEEDED|too many requests", re.IGNORECASE)
_DEAD = re.compile(r"INVALID_(OAUTH_?)?TOKEN|INVALID_TICKET", re.IGNORECASE)
_REFUSED = re.compile(
    r"OAUTH.?(SCOPE|TOKEN)|AUTHENTICAT", re.IGNORECASE
)  # "scope" alone may be Connect's scopeID
_UNKNOWN_CODE = re.compile(r"NOT_?(FOUND|EXIST)", re.IGNORECASE)
_UNKNOWN_REASON = re.compile(
    r"not found|not exist|invalid (scope ?id|network|partition|group)", re.IGNORECASE
)
_FORBIDDEN = re.compile(r"NOT.PERMITTED|PERMISSION|ACCESS.DENIED", re.IGNORECASE)
_SAID = 200  # characters of Zoho's own words in a message


class TokenRefusedError(ScopeError):
    """The access token is refused: it is dead, or lacks the scope. ``dead``: surely dead, for every product."""

    def __init__(self, message: str, *, dead: bool) -> None:
        super().__init__(message)
        self.dead = dead


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked, so that an error can name it; ``secrets`` are taken out of whatever Zoho says."""

    product: Product
    path: str
    host: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return f"{NAMES[self.product]} ({self.path} at {self.host})"

    @property
    def scope(self) -> str:
        """The OAuth scope that it needs."""
        return scope_for(self.product, self.path)


def read(reply: Reply, question: Question, *, now: datetime) -> Any:
    """Give the JSON object or array of a 2xx that holds no error; raise the class of ``ZohoError`` that fits.

    A refused access token is a TokenRefusedError. A Retry-After date is counted from ``now``.
    """
    body, problem = reply.json()
    complaint = find(body, reply.status)
    if complaint is None and not 200 <= reply.status < 300:
        complaint = Complaint(status=reply.status, text="" if reply.is_html else reply.text())
    if complaint is not None:
        raise _error(complaint, reply, question, now)
    if problem:
        raise UnavailableError(
            f"{question} answered {reply.status}, but {problem}; the next refresh tries again."
        )
    if not isinstance(body, dict | list):
        raise BadDataError(
            f"{question} answered a JSON {type(body).__name__} instead of an object or an array."
        )
    return body


def said(words: str, secrets: tuple[str, ...]) -> str:
    """Give Zoho's own words as the end of a message: on one line, short, and without any of our secrets."""
    for secret in filter(None, secrets):
        words = words.replace(secret, "[secret]")
    line = " ".join(
        "".join(sign if sign.isprintable() else " " for sign in words[: _SAID * 10]).split()
    )
    return f' Zoho says: "{line[:_SAID]}{"…" if len(line) > _SAID else ""}".' if line else ""


def _error(complaint: Complaint, reply: Reply, question: Question, now: datetime) -> ZohoError:
    """Choose the class by the remedy; the surest sign comes first."""
    status, words = complaint.status, complaint.words
    tail = said(words, question.secrets)
    after = reply.retry_after(now)
    if status == 429 or _THROTTLED.search(words) or "THROTTLES_LIMIT_EXCEEDED" in reply.text():
        return SlowDownError(
            f"{question} asks to slow down; the bridge waits and tries again by itself.{tail}",
            retry_after=_THROTTLE_SECONDS if after is None else after,
        )
    dead = bool(_DEAD.search(words))
    if status == 401 or dead or _REFUSED.search(words):
        return TokenRefusedError(
            f"{question} refuses the access token: the refresh token lacks the scope {question.scope}, or is of "
            "another data centre. Log in again with that scope (`zoho-bridge login`, and remove ZOHO_REFRESH_TOKEN "
            f"where it is set), and see that ZOHO_DATA_CENTER is the account's.{tail}",
            dead=dead,
        )
    if status >= 500 or status == 408:
        return UnavailableError(
            f"{question} has a fault of its own ({status}); the next refresh tries again.{tail}",
            retry_after=after,
        )
    if 300 <= status < 400:
        return BadDataError(
            f"{question} redirects elsewhere ({status}), which the bridge does not follow: correct "
            f"ZOHO_{question.product.upper()}_URL or ZOHO_DATA_CENTER."
        )
    if status == 404 or _is_unknown(complaint, question):
        return NotFoundError(
            f"{question} is not known: correct the id in bridge.toml, or see that the account can see it.{tail}"
        )
    if reply.is_html:
        return UnavailableError(
            f"{question} answered {status} with an HTML page; the next refresh tries again."
        )
    if status == 403 or _FORBIDDEN.search(words):
        return ScopeError(
            f"{question} is not open to the account: share it with the account, or log in again with the scope "
            f"{question.scope} (`zoho-bridge login`, and remove ZOHO_REFRESH_TOKEN where it is set).{tail}"
        )
    return BadDataError(f"{question} refuses the request ({status}).{tail}")


def _is_unknown(complaint: Complaint, question: Question) -> bool:
    """Tell Zoho's own forms of a 404; a sentence is believed of Connect alone, which has nothing else."""
    if _UNKNOWN_CODE.search(complaint.code):
        return True
    return question.product == "connect" and bool(_UNKNOWN_REASON.search(complaint.text))
