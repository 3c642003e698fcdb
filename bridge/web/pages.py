"""Pages for subscribers: the start page, and a feed's page with agenda and subscribe buttons."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, request, url_for
from markupsafe import Markup
import segno
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain.event import midnight
from bridge.domain.feed import Feed
from bridge.domain.records import SourceState
from bridge.domain.timezones import UTC_ZONE
from bridge.feed.agenda import AgendaItem
from bridge.web import agenda, language, page_filter
from bridge.web.context import is_local_request, public_root, web
from bridge.web.html_response import html_response
from bridge.web.session import has_admin_pages, is_open_to_all
from bridge.web.urls import Subscription

blueprint = Blueprint("pages", __name__)

_DAY = timedelta(days=1)
_MOST_ENTRIES = 25
# How far the agenda looks ahead: farther only if the near days have too few entries.
_NEAR, _FAR = timedelta(days=42), timedelta(days=1000)
_FARTHEST = timedelta(days=4000)
# Zones to choose from: one for each clock in wide use.
_COMMON_ZONES = Path(__file__).with_name("common_zones.txt").read_text("ascii").split()


@blueprint.get("/")
def start() -> BaseResponse:
    """Show the start page, or redirect to the list of feeds in the demo."""
    if is_open_to_all():
        return redirect(url_for("admin.overview"))
    return html_response("start.html", admin=has_admin_pages() and is_local_request())


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Allow all: Google Calendar has refused feeds that robots.txt forbids (rulebook H17)."""
    return Response("User-agent: *\nDisallow:\n", mimetype="text/plain")


def choose_zone(feed: Feed, now: datetime) -> date:
    """Set the page's zone to the requested one, else to the feed's main one; return today there."""
    if language.requested_zone() is None:
        today = now.date()
        zone = agenda.main_zone(agenda_items(feed, today, today + _NEAR))
        if zone == UTC_ZONE:
            zone = agenda.main_zone(agenda_items(feed, today - _FAR, today + _FAR))
        language.set_zone(zone)
    return now.astimezone(language.zone()).date()


def agenda_items(feed: Feed, first: date, end: date) -> tuple[AgendaItem, ...]:
    """Return what this page may show of a feed from one day up to another, in any zone."""
    return page_filter.agenda_items(feed.slug, midnight(first - _DAY), midnight(end + _DAY))


@blueprint.get("/feeds/<slug>/")
@blueprint.get("/f/<token>/")
def feed_page(slug: str | None = None, token: str | None = None) -> Response:
    """Show the page of a public feed, or of a feed whose address is its secret."""
    feed, selection = page_filter.open_page(slug, token)
    now = datetime.now(UTC)
    today = choose_zone(feed, now)
    first = _requested_day(today)
    near = agenda_items(feed, first, first + _NEAR)
    days, next_day = _next_days(feed, near, first, language.zone())
    paths, head = selection.paths, page_filter.head(feed, selection)
    is_quiet = request.args.get("alarms") == "off" and feed.alarms
    suffix = "?alarms=off" if is_quiet else ""
    states = [web().store.sources.state(source.key) for source in feed.sources]
    title = head.title if head else feed.title
    return html_response(
        "feed.html",
        feed=feed,
        paths=paths,
        root=public_root(),
        page_filter=selection,
        subscription=Subscription.of(public_root() + paths.feed + suffix, title),
        quiet=is_quiet,
        qr=_qr_code(public_root() + paths.page + suffix),
        document=head,
        checked=min((state.last_success for state in states if state.last_success), default=None),
        late=_late_source(states),
        now=now,
        today=today,
        first=first,
        days=days,
        next_day=next_day,
        zones=_zones(near),
    )


def _next_days(
    feed: Feed, near: tuple[AgendaItem, ...], first: date, zone: ZoneInfo
) -> tuple[tuple[agenda.Day, ...], date | None]:
    """Return the days with about as many entries as fit a page, and the next page's first day."""
    days = agenda.days(near, first, first + _NEAR, zone)
    shown = agenda.cut(days, _MOST_ENTRIES)
    if len(shown) == len(days):
        days = agenda.days(agenda_items(feed, first, first + _FAR), first, first + _FAR, zone)
        shown = agenda.cut(days, _MOST_ENTRIES)
    return shown, days[len(shown)].date if len(shown) < len(days) else None


def _requested_day(today: date) -> date:
    """Return the day in the address, today without a plausible day."""
    try:
        day = date.fromisoformat(request.args.get("from", ""))
    except ValueError:
        return today
    return day if abs(day - today) <= _FARTHEST else today


def _zones(items: tuple[AgendaItem, ...]) -> list[str]:
    """Return the zones to choose from: the events' own and the common ones."""
    own = {item.zone for item in items if not item.all_day}
    return sorted({*own, *_COMMON_ZONES, language.zone().key})


def _qr_code(url: str) -> Markup:
    """Draw a page's address: all phones open it, but only Apple's know webcal."""
    svg = segno.make_qr(url, error="m").svg_inline(border=2, omitsize=True, light="#fff")
    return Markup(svg)  # noqa: S704 - drawn by segno


def _late_source(states: list[SourceState]) -> SourceState | None:
    """Return the source that has been unreachable the longest, None if all can be read."""
    failing = [state for state in states if state.failing_since is not None]
    return min(failing, key=lambda state: state.failing_since or datetime.now(UTC), default=None)
