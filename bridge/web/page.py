"""How a page for people is answered: HTML that loads nothing from elsewhere, and is framed only where it is meant."""

from flask import Response, render_template

from bridge.web import session

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors "
)


def page(template: str, *, status: int = 200, framed: bool = False, **values: object) -> Response:
    """Render a page that caches ask about each time; ``framed``: one that pages of others may show in a frame."""
    response = Response(render_template(template, **values), status=status)
    response.headers["Content-Security-Policy"] = _POLICY + ("*" if framed else "'none'")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def admin_page(template: str, *, status: int = 200, **values: object) -> Response:
    """Render a page that no cache keeps, with the secret for its forms."""
    response = page(template, status=status, framed=False, csrf=session.csrf_token(), **values)
    response.headers["Cache-Control"] = "no-store"
    return response


def is_web_link(address: str) -> bool:
    """Whether an address from an event may be a link: what is not of the web could be a script."""
    return address.lower().startswith(("https://", "http://"))
