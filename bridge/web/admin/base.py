"""Who may see the admin pages, and what all of them share: the blueprint, the feed in question, what is said next."""

from datetime import UTC, datetime

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from bridge.store.feeds import FeedRow
from bridge.web import session
from bridge.web.admin import format as told
from bridge.web.context import web

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
told.register(blueprint)

# A form that names each of some thousand sources.
_LONGEST_FORM = 256 * 1024


@blueprint.before_request
def _guard() -> BaseResponse | None:
    if not web().settings.admin_password and not session.is_open_to_all():
        abort(404)
    if request.endpoint != "admin.sign_in":
        if not session.is_signed_in():
            if request.method == "POST":
                abort(403)
            return redirect(url_for("admin.sign_in"), 303)
        request.max_content_length = _LONGEST_FORM
    if request.method == "POST":
        session.check_csrf()
    return None


def row_of(slug: str) -> FeedRow:
    """Return an active feed; aborts with 404 for any other."""
    row = web().store.feeds.row(slug)
    if row is None:
        abort(404)
    return row


def now() -> datetime:
    """Give the time of this request."""
    return datetime.now(UTC)


def done(slug: str, message: str) -> BaseResponse:
    """Lead to the feed's page, which says what was done."""
    flash(message)
    return redirect(url_for("admin.feed", slug=slug), 303)


def refused(slug: str, error: Exception) -> BaseResponse:
    """Lead to the feed's page, which says why it was not done, in the English of the store."""
    flash(str(error), "problem")
    return redirect(url_for("admin.feed", slug=slug), 303)
