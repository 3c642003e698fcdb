"""Pages for subscribers: the start page, a feed's page, and its agenda for frames in other sites.

The embed is the only page that other sites may frame.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
import re

from flask import Blueprint, Response, current_app, redirect, request, url_for
from markupsafe import Markup
import segno
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain.records import SourceState
from bridge.store.publications import Head
from bridge.web import language, page_selection
from bridge.web.agenda import Entry
from bridge.web.agenda_view import Limits, agenda_view, choose_zone
from bridge.web.context import is_local_request, public_root, web
from bridge.web.event_page import event_object
from bridge.web.html_response import html_response, kept_response
from bridge.web.session import has_admin_pages, is_open_to_all
from bridge.web.urls import subscribe_links

blueprint = Blueprint("pages", __name__)

# Zones to choose from: one for each clock in wide use.
_COMMON_ZONES = Path(__file__).with_name("common_zones.txt").read_text("ascii").split()

# The list of the embed: its days, and its rows at most.
_DAYS = re.compile(r"[1-9][0-9]?")
_MOST_DAYS, _DEFAULT_DAYS = 92, 30
_MOST_ROWS = 100
_SCHEMES = ("light", "dark")


@blueprint.get("/")
def start() -> BaseResponse:
    """Show the start page with the public feeds, or redirect to the list of feeds in the demo."""
    if is_open_to_all():
        return redirect(url_for("admin.overview"))
    feeds = [feed for feed in web().store.feeds.active() if feed.public]
    return html_response(
        "start.html",
        feeds=sorted(feeds, key=lambda feed: feed.title.casefold()),
        admin=has_admin_pages() and is_local_request(),
    )


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Allow all: Google Calendar has refused feeds that robots.txt forbids (rulebook H17)."""
    return Response("User-agent: *\nDisallow:\n", mimetype="text/plain")


@blueprint.get("/favicon.ico")
@blueprint.get("/apple-touch-icon.png")
def icon() -> Response:
    """Send the icon that browsers and phones look for without a link."""
    return current_app.send_static_file(request.path[1:])


@blueprint.get("/feeds/<slug>/")
@blueprint.get("/f/<token>/")
def feed_page(slug: str | None = None, token: str | None = None) -> Response:
    """Show the page of a public feed, or of a feed whose address is its secret."""
    page = page_selection.open_page(slug, token, has_form=True)
    head = web().head_of(page.access)
    return kept_response((page.feed, head, page.selection), lambda: _feed_page(page, head))


def _feed_page(page: page_selection.PageSelection, head: Head | None) -> Response:
    feed, now = page.feed, datetime.now(UTC)
    view = agenda_view(feed, choose_zone(feed, now), now)
    paths, root = page.paths, public_root()
    is_quiet = request.args.get("alarms") == "off" and feed.alarms
    suffix = "?alarms=off" if is_quiet else ""
    states = [web().store.sources.state(source.key) for source in feed.sources]
    return html_response(
        "feed.html",
        indexed=feed.is_indexed,
        root=root,
        page_selection=page,
        subscription=subscribe_links(root + paths.feed + suffix, (head or feed).title),
        quiet=is_quiet,
        qr=_qr_code(root + paths.page + suffix),
        document=head,
        checked=min((state.last_success for state in states if state.last_success), default=None),
        late=_late_source(states),
        view=view,
        zones=_zones(view.entries),
        json_ld=[event_object(e, root + paths.page) for e in view.entries if feed.is_indexed],
        **page.shown,
    )


def _zones(entries: list[Entry]) -> list[str]:
    """Return the zones to choose from: the events' own and the common ones."""
    own = {entry.item.zone for entry in entries if not entry.item.all_day}
    return sorted({*own, *_COMMON_ZONES, language.zone().key})


def _qr_code(url: str) -> Markup:
    """Draw a page's address: all phones open it, but only Apple's know webcal."""
    svg = segno.make_qr(url, error="m").svg_inline(border=2, omitsize=True, light="#fff")
    return Markup(svg)  # noqa: S704 - drawn by segno


def _late_source(states: list[SourceState]) -> SourceState | None:
    """Return the source that has been unreachable the longest, None if all can be read."""
    failing = [state for state in states if state.failing_since is not None]
    return min(failing, key=lambda state: state.failing_since or datetime.now(UTC), default=None)


@blueprint.get("/feeds/<slug>/embed")
@blueprint.get("/f/<token>/embed")
def embed(slug: str | None = None, token: str | None = None) -> Response:
    """Show the agenda of a public feed, or of a feed whose address is its secret."""
    page = page_selection.open_page(slug, token)
    head = web().head_of(page.access)
    return kept_response((page.feed, head, page.selection), lambda: _embed(page))


def _embed(page: page_selection.PageSelection) -> Response:
    feed, now = page.feed, datetime.now(UTC)
    span = timedelta(days=_requested_days())
    limits = Limits(entries=_MOST_ROWS, rows=_MOST_ROWS, span=span)
    default = "list" if "days" in request.args else "month"
    return html_response(
        "embed.html",
        framed=True,
        scheme=scheme if (scheme := request.args.get("scheme")) in _SCHEMES else "",
        show_title=request.args.get("title") != "0",
        view=agenda_view(feed, choose_zone(feed, now), now, default=default, limits=limits),
        **page.shown,
    )


def _requested_days() -> int:
    """Return how many days the list covers."""
    days = request.args.get("days", "")
    return int(days) if _DAYS.fullmatch(days) and int(days) <= _MOST_DAYS else _DEFAULT_DAYS
