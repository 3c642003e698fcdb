"""A feed's agenda for a frame in a page of someone else: a list of days, and on wide frames a month beside it.

It is the only page that others may frame. What its address asks for is taken where it makes sense, else left alone:
whoever framed it can't see an error.
"""

from datetime import UTC, date, datetime, timedelta
import re

from flask import Blueprint, Response, request

from bridge.domain.feed import Feed
from bridge.web import agenda, filters, language
from bridge.web.page import page
from bridge.web.pages import cards, settle_zone

blueprint = Blueprint("embed", __name__)

_DAYS = re.compile(r"[1-9][0-9]?")
_MOST_DAYS = 92
_USUAL_DAYS = 30
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_FARTHEST = timedelta(days=1000)
_MOST_IN_CELL = 3
_SCHEMES = ("light", "dark")


@blueprint.get("/feeds/<slug>/embed")
def public_embed(slug: str) -> Response:
    """Show a public feed's agenda."""
    return _embed(*filters.opened_page(slug, None))


@blueprint.get("/f/<token>/embed")
def secret_embed(token: str) -> Response:
    """Show the agenda of a feed whose address is its secret."""
    return _embed(*filters.opened_page(None, token))


def _embed(feed: Feed, choosing: filters.Choosing) -> Response:
    now = datetime.now(UTC)
    today = settle_zone(feed, now)
    month = _asked_month(today)
    first = today if month <= today < agenda.next_month(month) else month
    end = first + timedelta(days=_asked_days())
    weekday = language.locale().first_week_day
    grid_start, grid_end = agenda.month_span(month, weekday)
    shown = cards(feed, min(first, grid_start), max(end, grid_end))
    return page(
        "embed.html",
        framed=True,
        feed=feed,
        paths=choosing.paths,
        scheme=scheme if (scheme := request.args.get("scheme")) in _SCHEMES else "",
        show_title=request.args.get("title") != "0",
        now=now,
        today=today,
        month=month,
        months=(agenda.previous_month(month), agenda.next_month(month)),
        weeks=agenda.month(
            agenda.days(shown, grid_start, grid_end, language.zone()), month, weekday
        ),
        days=agenda.days(shown, first, end, language.zone()),
        end=end,
        most_in_cell=_MOST_IN_CELL,
    )


def _asked_days() -> int:
    """Give how many days the list covers."""
    asked = request.args.get("days", "")
    return int(asked) if _DAYS.fullmatch(asked) and int(asked) <= _MOST_DAYS else _USUAL_DAYS


def _asked_month(today: date) -> date:
    """Give the first day of the month that the address asks for, or of today's."""
    asked = request.args.get("month", "")
    try:
        month = date.fromisoformat(f"{asked}-01") if _MONTH.fullmatch(asked) else today
    except ValueError:
        month = today
    return (month if abs(month - today) <= _FARTHEST else today).replace(day=1)
