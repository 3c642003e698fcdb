"""Who is signed in: a signed cookie for the admin pages alone, and the secret in every form (CSRF).

Feeds and their pages set no cookie: it is only sent below ``/admin``.
"""

from datetime import UTC, datetime, timedelta
import hashlib
import hmac
import ipaddress
import secrets
from threading import BoundedSemaphore

from flask import Flask, abort, request, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import ServiceUnavailable

from bridge.web.context import from_this_machine, web

_LASTS = timedelta(hours=12)
_SOON = 10  # seconds

_forms = BoundedSemaphore(2)


class _Sessions(SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha256)

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's signature
        """Keep the cookie off plain http wherever https is spoken."""
        return web().settings.public_url.startswith("https:") or request.is_secure


def register(app: Flask, key: bytes) -> None:
    """Sign the cookie with ``key``, and let it go to the admin pages only."""
    app.secret_key = key
    app.session_interface = _Sessions()
    app.config.update(
        SESSION_COOKIE_NAME="bridge_admin",
        SESSION_COOKIE_PATH="/admin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=_LASTS,
    )


def is_open_to_all() -> bool:
    """Whether this is the demo, seen from this machine."""
    return web().open_admin and from_this_machine()


def is_signed_in() -> bool:
    """Whether the admin pages may be shown."""
    return is_open_to_all() or bool(session.get("admin"))


def sign_in() -> None:
    """Begin a session, with a new CSRF secret."""
    session.clear()
    session.permanent = True
    session["admin"] = True


def knows_password(given: str) -> bool:
    """Compare in constant time; without a password set, nobody knows it."""
    wanted = web().settings.admin_password
    return bool(wanted) and hmac.compare_digest(_digest(given), _digest(wanted.reveal()))


def attempt(given: str) -> tuple[bool, timedelta]:
    """Say whether the password is right, and how long the client has to wait if it may not try now.

    Attempts are counted before the password is looked at, over all processes.
    """
    attempts = web().store.sign_ins
    wait = attempts.begin(_client(), now=datetime.now(UTC))
    if wait:
        return False, wait
    if not knows_password(given):
        return False, timedelta()
    attempts.forget(_client())
    return True, timedelta()


def csrf_token() -> str:
    """Give the secret that every form of this session carries."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    token: str = session["csrf"]
    return token


def check_csrf() -> None:
    """Abort with 403 unless the form comes from a page of this session.

    Reading a form waits for whoever sends it, so at most two do: the server's other threads are for the feeds.
    """
    wanted = session.get("csrf", "")
    if not wanted:
        abort(403)
    if not _forms.acquire(blocking=False):
        raise ServiceUnavailable(retry_after=_SOON)
    try:
        given = request.form.get("csrf", "")
    finally:
        _forms.release()
    if not hmac.compare_digest(_digest(given), _digest(wanted)):
        abort(403)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _client() -> str:
    """Name whom an attempt is counted for: an address, or the network that one person has in IPv6."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return ""
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
