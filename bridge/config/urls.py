"""Parsers of URLs (Zoho's services, the bridge itself, database, queue), and masking of secrets.

Each parser returns the URL in one normal form or raises ValueError, whose text never repeats it.
"""

import contextlib
import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from bridge.config.values import line

_POSTGRES = r"postgres(ql(\+psycopg)?)?://"
_MALFORMED = "it is not a well-formed address"
_ENCODE = 'percent-encode special characters of the password ("@" is %40, "/" is %2F, ":" is %3A)'


def mask_url(url: str) -> str:
    """Return a URL without its password and without the values of its query."""
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    if scheme == "sqlite":
        return url  # a path, where "@" is an ordinary character
    # The last "@" ends the password, which may hold others that are not percent-encoded.
    userinfo, at, rest = rest.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    before, question, query = rest.partition("?") if mark else (rest, "", "")
    hidden = re.sub("=[^&]*", "=***", query) if "=" in query else "***" * bool(query)
    return f"{scheme}{mark}{f'{user}:' * bool(colon)}{'***@' * bool(at)}{before}{question}{hidden}"


def service_url(value: object) -> str:
    """Parse the base URL of a Zoho service, without a trailing slash; http only to loopback."""
    parts = _web_url(value)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("write https: over http anyone on the way can read the tokens.")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def public_url(value: object) -> str:
    """Parse the origin at which subscribers reach the bridge: scheme, host and port."""
    parts = _web_url(value)
    if parts.path.strip("/"):
        raise ValueError("it has a path: write only https:// and the host, without a path.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def database_url(value: object) -> str:
    """Parse a URL of SQLite or PostgreSQL into SQLAlchemy's form with the psycopg driver."""
    text = line(value)
    if re.match("sqlite:///(?!:memory:$).", text):
        return text
    if re.match(_POSTGRES, text):
        return f"postgresql+psycopg://{_server(text)}"
    raise ValueError("write sqlite:///path/to/file or postgresql://user:password@host/name.")


def queue_url(value: object) -> str:
    """Parse a URL of PostgreSQL, into libpq's form, or of Redis."""
    text = line(value)
    if re.match(_POSTGRES, text):
        return f"postgresql://{_server(text)}"
    if re.match("rediss?://", text) and _server(text):
        return text
    raise ValueError("write postgresql://user:password@host/name or redis://host:6379/0.")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, judged without DNS (RFC 6761 6.3)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _split(text: str, remedy: str) -> SplitResult:
    """Split a URL; raise ValueError with ``remedy`` if it is malformed."""
    with contextlib.suppress(ValueError):  # its text would repeat a part of the URL
        parts = urlsplit(text)
        # .port raises ValueError for anything but a number up to 65535.
        if parts.port != 0 and re.fullmatch("[!-~]+", text):
            return parts
    raise ValueError(f"{_MALFORMED}: {remedy}.")


def _web_url(value: object) -> SplitResult:
    parts = _split(line(value), 'write it in ASCII without blanks, the host as "xn--…" if need be')
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError('write an address that begins with "https://" and a host.')
    if "@" in parts.netloc:
        raise ValueError('write it without a user or password before an "@".')
    if parts.query or parts.fragment or parts.netloc.endswith(":"):
        raise ValueError('write it without "?", "#" and what follows, and without an empty port.')
    is_name = re.fullmatch("[a-z0-9]([a-z0-9._-]*[a-z0-9])?", parts.hostname)
    if not is_name and ":" not in parts.hostname:
        raise ValueError(f"{_MALFORMED}: the host holds a character that no host has.")
    return parts


def _server(text: str) -> str:
    """Return what follows ``scheme://`` in the URL of a database server or queue."""
    parts = _split(text, _ENCODE)
    if parts.netloc.count("@") > 1 or "@" in parts.path or parts.fragment:
        raise ValueError(f"{_MALFORMED}: {_ENCODE}.")
    return text.partition("://")[2]
