"""The pages for subscribers: a feed's own page with its agenda and subscribe buttons, and the start page."""

from datetime import UTC, date, datetime, timedelta
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
from bridge.web import agenda, filters, language
from bridge.web.context import public_root, web
from bridge.web.page import page
from bridge.web.session import is_open_to_all
from bridge.web.urls import Subscription

blueprint = Blueprint("pages", __name__)

_DAY = timedelta(days=1)
_MOST_ENTRIES = 25
# The agenda looks so far ahead, and farther only when too little is found.
_NEAR, _FAR = timedelta(days=42), timedelta(days=1000)
_FARTHEST = timedelta(days=4000)


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
    return _feed_page(*filters.opened_page(slug, None))


@blueprint.get("/f/<token>/")
def secret_page(token: str) -> Response:
    """Show the page of a feed whose address is its secret."""
    return _feed_page(*filters.opened_page(None, token))


def settle_zone(feed: Feed, now: datetime) -> date:
    """Let the page be in the zone it is asked for, else in the feed's main one; gives today's date there."""
    if language.asked_zone() is None:
        near = cards(feed, now.date(), now.date() + _NEAR)
        own = agenda.main_zone(near)
        language.set_zone(
            own if own != UTC_ZONE else agenda.main_zone(cards(feed, *_all_days(now.date())))
        )
    return now.astimezone(language.zone()).date()


def cards(feed: Feed, first: date, end: date) -> tuple[AgendaItem, ...]:
    """Give what may be seen of a feed from one day up to another, in any zone."""
    return filters.cards(feed.slug, midnight(first - _DAY), midnight(end + _DAY))


def _feed_page(feed: Feed, choosing: filters.Choosing) -> Response:
    now = datetime.now(UTC)
    today = settle_zone(feed, now)
    first = _asked_day("from", today)
    near = cards(feed, first, first + _NEAR)
    days, next_day = _next_days(feed, near, first, language.zone())
    paths, head = choosing.paths, filters.head(feed, choosing)
    quiet = request.args.get("alarms") == "off" and feed.alarms
    suffix = "?alarms=off" if quiet else ""
    states = [web().store.sources.state(source.key) for source in feed.sources]
    return page(
        "feed.html",
        feed=feed,
        paths=paths,
        root=public_root(),
        choosing=choosing,
        subscription=Subscription.of(
            public_root() + paths.feed + suffix, head.title if head else feed.title
        ),
        quiet=quiet,
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
    """Give the next days with about as many entries as a page shows, and the day that the next page begins with."""
    found = agenda.days(near, first, first + _NEAR, zone)
    shown = agenda.cut(found, _MOST_ENTRIES)
    if len(shown) == len(found):
        found = agenda.days(cards(feed, first, first + _FAR), first, first + _FAR, zone)
        shown = agenda.cut(found, _MOST_ENTRIES)
    return shown, found[len(shown)].date if len(shown) < len(found) else None


def _asked_day(name: str, today: date) -> date:
    """Give the day that the address asks for, today without one or for one that makes no sense."""
    try:
        asked = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return today
    return asked if abs(asked - today) <= _FARTHEST else today


def _zones(shown: tuple[AgendaItem, ...]) -> list[str]:
    """Give zones to choose from: those of the events, and one for each of the world's usual clocks."""
    own = {card.zone for card in shown if not card.all_day}
    return sorted({*own, *_COMMON_ZONES, language.zone().key})


def _all_days(today: date) -> tuple[date, date]:
    return today - _FAR, today + _FAR


def _qr_code(url: str) -> Markup:
    """Draw a page's address: every phone's camera opens it, while only Apple's know what to do with webcal."""
    return Markup(segno.make_qr(url, error="m").svg_inline(border=2, omitsize=True, light="#fff"))  # noqa: S704


def _late_source(states: list[SourceState]) -> SourceState | None:
    """Give the source that has gone unread the longest, if one can't be read at present."""
    failing = [state for state in states if state.failing_since is not None]
    return min(failing, key=lambda state: state.failing_since or datetime.now(UTC), default=None)


_COMMON_ZONES = (
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Bangkok",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Jerusalem",
    "Asia/Karachi",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Riyadh",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Australia/Perth",
    "Australia/Sydney",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Moscow",
    "Europe/Paris",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "UTC",
)
