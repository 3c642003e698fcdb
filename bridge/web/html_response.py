"""HTML responses: they load nothing from other sites; only the embed may be framed by them."""

from typing import Any

from flask import Response, render_template

from bridge.web import session

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors "
)


def html_response(
    template: str, status: int = 200, /, *, framed: bool = False, **values: Any
) -> Response:
    """Render a page that caches revalidate; ``framed`` allows frames in pages of other sites."""
    response = Response(render_template(template, **values), status=status)
    response.headers["Content-Security-Policy"] = _POLICY + ("*" if framed else "'none'")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def admin_response(template: str, status: int = 200, /, **values: Any) -> Response:
    """Render a page that no cache stores, with the CSRF token of its forms."""
    values |= {"csrf": session.csrf_token(), "open_to_all": session.is_open_to_all()}
    response = html_response(template, status, **values)
    response.headers["Cache-Control"] = "no-store"
    return response


def is_web_link(address: str) -> bool:
    """Whether an event's address may be a link: other schemes than http could be scripts."""
    return address.lower().startswith(("https://", "http://"))
