"""A feed's agenda for frames in other sites: a month, a week or a list of days.

It is the only page that other sites may frame.
"""

from datetime import UTC, datetime, timedelta
import re

from flask import Blueprint, Response, request

from bridge.domain.feed import Feed
from bridge.web import page_selection
from bridge.web.agenda_view import Limits, agenda_view, choose_zone
from bridge.web.context import web
from bridge.web.html_response import html_response, kept_response

blueprint = Blueprint("embed", __name__)

_DAYS = re.compile(r"[1-9][0-9]?")
_MOST_DAYS = 92
_DEFAULT_DAYS = 30
_MOST_ROWS = 100
_SCHEMES = ("light", "dark")


@blueprint.get("/feeds/<slug>/embed")
@blueprint.get("/f/<token>/embed")
def embed(slug: str | None = None, token: str | None = None) -> Response:
    """Show the agenda of a public feed, or of a feed whose address is its secret."""
    feed, page = page_selection.open_page(slug, token)
    head = web().head_of(page.access)
    return kept_response((feed, head, page.selection), lambda: _embed(feed, page))


def _embed(feed: Feed, page: page_selection.PageSelection) -> Response:
    now = datetime.now(UTC)
    span = timedelta(days=_requested_days())
    limits = Limits(entries=_MOST_ROWS, rows=_MOST_ROWS, span=span)
    default = "list" if "days" in request.args else "month"
    return html_response(
        "embed.html",
        framed=True,
        feed=feed,
        paths=page.paths,
        scheme=scheme if (scheme := request.args.get("scheme")) in _SCHEMES else "",
        show_title=request.args.get("title") != "0",
        view=agenda_view(feed, choose_zone(feed, now), now, default=default, limits=limits),
        sources=page_selection.sources(feed),
        style=page_selection.colors(feed),
    )


def _requested_days() -> int:
    """Return how many days the list covers."""
    days = request.args.get("days", "")
    return int(days) if _DAYS.fullmatch(days) and int(days) <= _MOST_DAYS else _DEFAULT_DAYS
