"""The pages for subscribers: a feed's own page with its subscribe buttons, and the start page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from bridge.model import Feed
from bridge.store import SourceState
from bridge.web.context import public_root, web
from bridge.web.page import page
from bridge.web.session import is_open_to_all

blueprint = Blueprint("pages", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The addresses that add a feed to a calendar program (rulebook part 3)."""

    url: str
    webcal: str
    google: str
    outlook: str
    office: str
    download: str

    @classmethod
    def of(cls, url: str, title: str) -> "Subscription":
        """Derive every address from the feed's own, each parameter percent-encoded once."""
        webcal = "webcal://" + url.split("://", 1)[1]
        parameters = f"url={quote(url, safe='')}&name={quote(title, safe='')}"
        return cls(
            url=url,
            webcal=webcal,
            google=f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}",
            outlook=f"https://outlook.live.com/calendar/0/addfromweb?{parameters}",
            office=f"https://outlook.office.com/calendar/0/addfromweb?{parameters}",
            download=f"{url}?download=1",
        )


@blueprint.get("/")
def start() -> BaseResponse:
    """Lead to the list where it may be seen."""
    if is_open_to_all():
        return redirect(url_for("admin.overview"))
    return page("start.html")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Allow all: Google's calendar has refused feeds that robots.txt forbids (rulebook H17)."""
    return Response("User-agent: *\nDisallow:\n", mimetype="text/plain")


@blueprint.get("/feeds/<slug>/")
def public_page(slug: str) -> Response:
    """Show a public feed's page."""
    feed = web().opened_feed(slug, None)
    return _feed_page(feed, feed_path(feed, None))


@blueprint.get("/f/<token>/")
def secret_page(token: str) -> Response:
    """Show the page of a feed whose address is its secret."""
    feed = web().opened_feed(None, token)
    return _feed_page(feed, feed_path(feed, token))


def feed_path(feed: Feed, token: str | None) -> str:
    """Give the path of a feed's address; ``token`` counts only for a feed that is not public."""
    return f"/feeds/{feed.slug}.ics" if feed.public or token is None else f"/f/{token}/{feed.slug}.ics"


def _feed_page(feed: Feed, path: str) -> Response:
    store = web().store
    head = store.publications.head(feed.slug, "default")
    late = _late_source([store.sources.state(source.key) for source in feed.sources])
    subscription = Subscription.of(public_root() + path, feed.title)
    return page("feed.html", feed=feed, subscription=subscription, document=head, late=late)


def _late_source(states: list[SourceState]) -> SourceState | None:
    """Give the source that has gone unread the longest, if one can't be read at present."""
    failing = [state for state in states if state.failing_since is not None]
    return min(failing, key=lambda state: state.failing_since or datetime.now(UTC), default=None)
