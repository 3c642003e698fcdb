"""HTML responses: they load nothing from other sites, except the picture of an event.

Only the embed may be framed by other sites.
"""

from base64 import b64encode
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from hashlib import sha256
import re
from typing import Any

from flask import Response, render_template, request

from bridge.web import language, session
from bridge.web.context import public_root, web

_POLICY = (
    "default-src 'none'; style-src 'self'{}; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:{}; form-action 'self'; base-uri 'none'; frame-ancestors {}"
)
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:-]+(?=/|$)")


def html_response(
    template: str,
    status: int = 200,
    /,
    *,
    framed: bool = False,
    indexed: bool = False,
    picture: str = "",
    style: str = "",
    **values: Any,
) -> Response:
    """Render a page that caches revalidate.

    ``framed`` allows frames in pages of other sites, ``indexed`` search engines. ``picture`` is the
    address of a picture of another site. ``style`` is a style sheet of this page alone (base.html),
    which must hold nothing that a person wrote.
    """
    origin = _ORIGIN.match(picture)
    values |= {"framed": framed, "picture": picture if origin else "", "style": style}
    response = Response(render_template(template, **values), status=status)
    frames = "*" if framed else "'none'"
    digest = b64encode(sha256(style.encode()).digest()).decode()
    sheet = f" 'sha256-{digest}'" if style else ""
    policy = _POLICY.format(sheet, f" {origin[0]}" if origin else "", frames)
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "private, no-cache"
    if indexed:
        response.headers["X-Robots-Tag"] = "all"
    return response


def kept_response(state: Hashable, render: Callable[[], Response]) -> Response:
    """Return the page of this address, rendered at most once a minute while ``state`` stays."""
    if request.method == "POST":  # a form that could not be saved
        return render()
    minute = int(datetime.now(UTC).timestamp()) // 60
    reader = (language.language_tag(), request.headers.get(language.ZONE_HEADER), public_root())
    key = (state, minute, request.full_path, *reader)
    kept = web().pages.get(key)
    if kept is None:
        response = render()
        kept = (response.get_data(), tuple(response.headers))
        web().pages.put(key, kept)
    return Response(kept[0], headers=[*kept[1]])


def admin_response(template: str, status: int = 200, /, **values: Any) -> Response:
    """Render a page that no cache stores, with the CSRF token of its forms."""
    values |= {"csrf": session.csrf_token(), "open_to_all": session.is_open_to_all()}
    response = html_response(template, status, **values)
    response.headers["Cache-Control"] = "no-store"
    return response


def is_web_link(address: str) -> bool:
    """Whether an event's address may be a link: other schemes than http could be scripts."""
    return address.lower().startswith(("https://", "http://"))
