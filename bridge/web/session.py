"""Sign-in to the admin pages: sessions with a signed cookie, passwords, and CSRF tokens of forms.

The cookie is sent below ``/admin`` only: feeds and their pages set none.
"""

from datetime import UTC, datetime, timedelta
import hashlib
import hmac
import ipaddress
import secrets

from flask import Flask, abort, request, session
from flask.sessions import SecureCookieSessionInterface

from bridge.store.sessions import IDLE
from bridge.web.context import client_address, is_local_request, web


class _Sessions(SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha256)

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's signature
        """Restrict the cookie to https wherever https is spoken."""
        return web().settings.public_url.startswith("https:") or request.is_secure


def register(app: Flask, key: bytes) -> None:
    """Sign the app's session cookie with ``key``, and restrict it to the admin pages."""
    app.secret_key = key
    app.session_interface = _Sessions()
    app.config.update(
        SESSION_COOKIE_NAME="bridge_admin",
        SESSION_COOKIE_PATH="/admin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=IDLE,
    )


def has_admin_pages() -> bool:
    """Whether there are admin pages: with a password, or for this machine alone."""
    settings = web().settings
    if settings.admin_password or settings.admin_proxy_header:
        return True
    return web().is_private and is_local_request()


def is_open_to_all() -> bool:
    """Whether this is the demo, requested from this machine."""
    return web().open_admin and is_local_request()


def is_known_to_proxy() -> bool:
    """Whether the proxy in front of the bridge names the person who is signed in there."""
    name = web().settings.admin_proxy_header
    return bool(name and request.headers.get(name, "").strip())


def is_signed_in() -> bool:
    """Whether the admin pages may be shown."""
    if is_open_to_all() or is_known_to_proxy():
        return True
    return "id" in session and web().store.sessions.use(session["id"], now=datetime.now(UTC))


def sign_in() -> None:
    """Begin a session, with a new CSRF token."""
    session.clear()
    session.permanent = True
    session["id"] = web().store.sessions.begin(now=datetime.now(UTC))


def sign_out(*, everywhere: bool) -> None:
    """End this session or all sessions, also for copies of their cookies."""
    if everywhere:
        web().store.sessions.end_all()
    elif "id" in session:
        web().store.sessions.end(session["id"])
    session.clear()


def try_password(password: str) -> tuple[bool, timedelta]:
    """Return whether the password is right, and how long the client must wait before a next try.

    Attempts are counted before the password is compared, over all processes. Without a password in
    the settings, none is right.
    """
    attempts, right = web().store.sign_ins, web().settings.admin_password
    now = datetime.now(UTC)
    wait = attempts.begin(client_network(), now=now)
    if wait or not right or not _is_equal(password, right.reveal()):
        return False, wait
    attempts.succeed(client_network(), now=now)
    return True, timedelta()


def csrf_token() -> str:
    """Return the token that every form of this session carries."""
    token: str = session.setdefault("csrf", secrets.token_urlsafe(24))
    return token


def check_csrf() -> None:
    """Abort with 403 unless the form comes from a page of this session."""
    token = session.get("csrf", "")
    if not token or not _is_equal(request.form.get("csrf", ""), token):
        abort(403)


def _is_equal(left: str, right: str) -> bool:
    """Compare in constant time, whatever the lengths."""
    digests = (hashlib.sha256(t.encode(errors="surrogatepass")).digest() for t in (left, right))
    return hmac.compare_digest(*digests)


def client_network() -> str:
    """Return the address that attempts are counted for; in IPv6 a person's whole network."""
    address = client_address()
    if address is not None and address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address or "")
