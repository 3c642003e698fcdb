"""Recent changes of a feed: an Atom feed for its subscribers, a section of the admin's page.

The words are in the templates. Both tell no more than the feed did when it was published.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
import hashlib
import json
import re
from urllib.parse import urlsplit

from babel import dates
from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from bridge.feed.changelog import RETENTION
from bridge.store.changes import ChangeRow
from bridge.web import language
from bridge.web.context import public_root, web

blueprint = Blueprint("history", __name__)

_MOST = 200
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


@blueprint.get("/feeds/<slug>.atom")
@blueprint.get("/f/<token>/<slug>.atom")
def atom(slug: str, token: str | None = None) -> BaseResponse:
    """Return the last month's changes of a feed (RFC 4287).

    Programs post entries where others read them, so no secret address is in it, not even its own.
    A part of a feed has no changes: the labels of a removed event are gone with it.
    """
    access, head = web().open_feed(slug, token, "default")
    if access.selection is not None:
        raise NotFound
    rows = latest_changes(slug)
    # A tag URI (RFC 4151) is the same on every host.
    host = urlsplit(web().settings.public_url).hostname or "localhost"
    document = render_template(
        "history.xml",
        title=head.title,
        rows=rows,
        updated=rows[0].at if rows else head.modified_at,
        page=f"{public_root()}/feeds/{slug}/" if head.public else "",
        tag=f"tag:{host},2026:history/{slug}",
    )
    response = Response(_NOT_XML.sub("", document), mimetype="application/atom+xml")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def latest_changes(slug: str) -> Sequence[ChangeRow]:
    """Return the latest changes of a feed."""
    since = datetime.now(UTC) - RETENTION
    return web().store.changes.of(slug, since=since, most=_MOST)


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
