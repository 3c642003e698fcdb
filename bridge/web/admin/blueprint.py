"""The blueprint of the admin pages, access to them, and what their views share."""

from datetime import UTC, datetime, timedelta

from babel import dates, numbers
from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from bridge.store.feeds import FeedRow
from bridge.web import session
from bridge.web.context import web
from bridge.web.language import _, locale

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

_MINUTE = timedelta(minutes=1)
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


@blueprint.app_template_filter()
def ago(when: datetime, now: datetime) -> str:
    """Format a moment's distance from now: ``4 minutes ago``, ``in 2 hours``."""
    if timedelta() <= now - when < _MINUTE:
        return str(_("just now"))
    if timedelta() <= when - now < _MINUTE:
        return str(_("within a minute"))
    return dates.format_timedelta(
        when - now, granularity="minute", threshold=1.5, add_direction=True, locale=locale()
    )


@blueprint.app_template_filter()
def percent(part: int, whole: int) -> str:
    """Format a share: ``98%``, in German ``98 %``."""
    return numbers.format_percent(round(part / whole, 2), locale=locale())


@blueprint.app_template_filter()
def decimal(value: float) -> str:
    """Format a number: whole from ten on, else with one decimal."""
    return numbers.format_decimal(round(value, 0 if value >= 10 else 1), locale=locale())
