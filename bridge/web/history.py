"""Recent changes of a feed for the admin: a section of the feed's page, and an Atom feed.

Feed readers send no cookie, so the Atom feed's address carries a token of its own, which ends with
the admin's password. The words are in the templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
import hashlib
import json
import re
from urllib.parse import urlsplit

from babel import dates
from flask import Blueprint, Response, abort, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain.feed import Feed
from bridge.feed.changelog import RETENTION
from bridge.store.changes import ChangeRow
from bridge.web import language, session
from bridge.web.context import public_root, web

blueprint = Blueprint("history", __name__)

_MOST_SHOWN = 100
_MOST_IN_ATOM = 200
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The latest changes of a feed, whether there are more, and the Atom feed's address."""

    changes: Sequence[ChangeRow]
    more: bool
    atom: str


def history_of(feed: Feed) -> History:
    """Return the history for the feed's admin page."""
    rows = _rows(feed.slug, _MOST_SHOWN + 1)
    token = web().store.changes.token(feed.slug, password=_password())
    return History(
        changes=rows[:_MOST_SHOWN],
        more=len(rows) > _MOST_SHOWN,
        atom=f"{public_root()}/admin/feeds/{feed.slug}/history.atom?token={token}",
    )


@blueprint.get("/admin/feeds/<slug>/history.atom")
def atom(slug: str) -> BaseResponse:
    """Return the last month's changes (RFC 4287) for the right token, else 404."""
    is_closed = not session.has_admin_pages() and not web().open_admin
    token = request.args.get("token", "")
    if is_closed or not web().store.changes.opens(token, slug, password=_password()):
        abort(404)
    feed = web().store.feeds.get(slug)
    if feed is None:
        abort(404)
    rows, head = _rows(slug, _MOST_IN_ATOM), web().store.publications.head(slug, "default")
    updated = rows[0].at if rows else head.modified_at if head else datetime.fromtimestamp(0, UTC)
    # No secret address is in it, not even its own. A tag URI (RFC 4151) is the same on every host.
    host = urlsplit(web().settings.public_url).hostname or "localhost"
    document = render_template(
        "history.xml",
        feed=feed,
        rows=rows,
        updated=updated,
        page=f"{public_root()}/admin/feeds/{slug}/",
        tag=f"tag:{host},2026:history/{slug}",
    )
    response = Response(_NOT_XML.sub("", document), mimetype="application/atom+xml")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def _rows(slug: str, most: int) -> Sequence[ChangeRow]:
    return web().store.changes.of(slug, since=datetime.now(UTC) - RETENTION, most=most)


def _password() -> str:
    return web().settings.admin_password.reveal()


@blueprint.app_template_filter()
def change_digest(row: ChangeRow) -> str:
    """Identify a change by its content: row numbers are reused after all rows are deleted."""
    text = json.dumps([row.uid, row.kind, row.title, row.details], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@blueprint.app_template_filter()
def event_time(text: str, *, is_end: bool) -> str:
    """Format a time of the event's own zone, or the last day of an all-day event."""
    if "T" not in text:
        return language.day(date.fromisoformat(text) - timedelta(days=is_end))
    moment = datetime.fromisoformat(text)
    clock = dates.format_time(moment.time(), "short", locale=language.locale())
    return f"{language.day(moment.date())}, {clock}"
