"""Checks of addresses: Zoho's services, the bridge's own, the database and the queue; and hiding what they hold.

Each check gives the address in one written form or raises ValueError, whose text never repeats the address.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from bridge.config.values import line

_MALFORMED = "it is not a well-formed address"
_ENCODE = 'percent-encode special characters of the password ("@" is %40, "/" is %2F, ":" is %3A)'


def masked(url: str) -> str:
    """Give an address without its password and without the values of its query."""
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    if scheme == "sqlite":
        return url  # a path, where "@" is a letter like any other
    userinfo, at, rest = rest.rpartition(
        "@"
    )  # the last one: an unencoded "@" belongs to the password
    user, colon, _ = userinfo.partition(":")
    before, question, query = rest.partition("?") if mark else (rest, "", "")
    hidden = re.sub("=[^&]*", "=***", query) if "=" in query else "***" * bool(query)
    return f"{scheme}{mark}{f'{user}:' * bool(colon)}{'***@' * bool(at)}{before}{question}{hidden}"


def service_url(value: object) -> str:
    """Take the base address of a Zoho service, without a trailing slash; http on this machine alone."""
    parts = _web_address(value)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("write https: over http the tokens would travel in clear.")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def public_url(value: object) -> str:
    """Take the origin that subscribers reach the bridge at: scheme, host and port."""
    parts = _web_address(value)
    if parts.path.strip("/"):
        raise ValueError(
            "it has a path: write only https:// and the host; the bridge needs a host of its own."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def database_url(value: object) -> str:
    """Take an address of SQLite or PostgreSQL, in SQLAlchemy's form with the psycopg driver."""
    text = line(value)
    scheme, mark, rest = text.partition("://")
    if mark and scheme == "sqlite":
        if not rest.startswith("/") or rest in {"/", "/:memory:"}:
            raise ValueError(
                "write sqlite:///path/to/file: a database in memory would be lost, and every feed with it."
            )
        return text
    if mark and scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        _server_address(text)
        return f"postgresql+psycopg://{rest}"
    raise ValueError("write sqlite:///path/to/file or postgresql://user:password@host/name.")


def queue_url(value: object) -> str:
    """Take an address of PostgreSQL, in the form of libpq, or of Redis."""
    text = line(value)
    scheme, mark, rest = text.partition("://")
    if mark and scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        _server_address(text)
        return f"postgresql://{rest}"
    if mark and scheme in {"redis", "rediss"}:
        _server_address(text)
        return text
    raise ValueError(
        "write postgresql://user:password@host/name or redis://host:6379/0, or leave it out for a queue in SQLite."
    )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by its name or address alone (RFC 6761 6.3)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _split(text: str) -> SplitResult:
    if not re.fullmatch("[!-~]+", text):
        raise ValueError(
            f"{_MALFORMED}: write it in ASCII without blanks, other characters percent-encoded."
        )
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise ValueError(f"{_MALFORMED}.") from None  # the cause repeats a part of the address
    return parts


def _web_address(value: object) -> SplitResult:
    text = line(value)
    if not text.isascii():
        raise ValueError(
            f'{_MALFORMED}: write a host of foreign letters in its ASCII form ("xn--…").'
        )
    parts = _split(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError('write an address that begins with "https://" and a host.')
    if "@" in parts.netloc:
        raise ValueError('write it without a user or password before an "@".')
    if parts.query or parts.fragment or parts.netloc.endswith(":"):
        raise ValueError('write it without "?" or "#" and what follows, and without an empty port.')
    if ":" not in parts.hostname and not re.fullmatch(
        "[a-z0-9]([a-z0-9._-]*[a-z0-9])?", parts.hostname
    ):
        raise ValueError(f"{_MALFORMED}: the host holds a character that no host has.")
    return parts


def _server_address(text: str) -> None:
    try:
        parts = _split(text)
    except ValueError:
        raise ValueError(f"{_MALFORMED}: {_ENCODE}.") from None
    if parts.netloc.count("@") > 1 or "@" in parts.path or parts.fragment:
        raise ValueError(f"{_MALFORMED}: {_ENCODE}.")
