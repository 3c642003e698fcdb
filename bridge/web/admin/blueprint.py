"""The blueprint of the admin pages, access to them, and what their views share."""

from datetime import UTC, datetime

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from bridge.store.feeds import FeedRow
from bridge.web import session
from bridge.web.admin import template_filters
from bridge.web.context import web

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
template_filters.register(blueprint)

LONGEST_FORM = 256 * 1024  # names some thousand sources


@blueprint.before_request
def _check_access() -> BaseResponse | None:
    if not session.has_admin_pages() and not session.is_open_to_all():
        abort(404)
    if request.endpoint not in ("admin.sign_in", "admin.use_link"):
        if not session.is_signed_in():
            if request.method == "POST":
                abort(403)
            return redirect(url_for("admin.sign_in"), 303)
        request.max_content_length = LONGEST_FORM
    if request.method == "POST":
        session.check_csrf()
    return None


def active_feed(slug: str) -> FeedRow:
    """Return a feed that is served; abort with 404 for any other."""
    row = web().store.feeds.row(slug)
    if row is None:
        abort(404)
    return row


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def redirect_to_feed(slug: str, message: str, kind: str = "message") -> BaseResponse:
    """Redirect to the feed's page, which shows the message; ``kind`` "problem" marks failures."""
    flash(message, kind)
    return redirect(url_for("admin.feed", slug=slug), 303)
