"""How a page for people is answered: HTML that loads nothing from elsewhere and can't be framed."""

from flask import Response, render_template

from bridge.web import session

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def page(template: str, *, status: int = 200, **values: object) -> Response:
    """Render a page that caches ask about each time."""
    response = Response(render_template(template, **values), status=status)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def admin_page(template: str, *, status: int = 200, **values: object) -> Response:
    """Render a page that no cache keeps, with the secret for its forms."""
    response = page(template, status=status, csrf=session.csrf_token(), **values)
    response.headers["Cache-Control"] = "no-store"
    return response
