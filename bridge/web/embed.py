"""A feed's agenda for frames in other sites: a list of days, and a month beside it if wide enough.

It is the only page that other sites may frame. Implausible parameters are ignored: the owner of the
other site would not see an error.
"""

from calendar import Calendar
from datetime import UTC, date, datetime, timedelta
import re

from flask import Blueprint, Response, request

from bridge.web import agenda, language, page_filter
from bridge.web.html_response import html_response
from bridge.web.pages import agenda_items, choose_zone

blueprint = Blueprint("embed", __name__)

_DAYS = re.compile(r"[1-9][0-9]?")
_MOST_DAYS = 92
_DEFAULT_DAYS = 30
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_FARTHEST = timedelta(days=1000)
_MOST_IN_CELL = 3
_SCHEMES = ("light", "dark")


@blueprint.get("/feeds/<slug>/embed")
@blueprint.get("/f/<token>/embed")
def embed(slug: str | None = None, token: str | None = None) -> Response:
    """Show the agenda of a public feed, or of a feed whose address is its secret."""
    feed, selection = page_filter.open_page(slug, token)
    now = datetime.now(UTC)
    today = choose_zone(feed, now)
    month = _requested_month(today)
    first = today if month <= today < agenda.next_month(month) else month
    end = first + timedelta(days=_requested_days())
    zone, calendar = language.zone(), Calendar(language.locale().first_week_day)
    weeks = calendar.monthdatescalendar(month.year, month.month)
    grid_start, grid_end = weeks[0][0], weeks[-1][-1] + timedelta(days=1)
    items = agenda_items(feed, min(first, grid_start), max(end, grid_end))
    in_grid = {day.date: day for day in agenda.days(items, grid_start, grid_end, zone)}
    return html_response(
        "embed.html",
        framed=True,
        feed=feed,
        paths=selection.paths,
        scheme=scheme if (scheme := request.args.get("scheme")) in _SCHEMES else "",
        show_title=request.args.get("title") != "0",
        now=now,
        today=today,
        month=month,
        months=(agenda.previous_month(month), agenda.next_month(month)),
        weeks=[[in_grid.get(day, agenda.Day(date=day)) for day in week] for week in weeks],
        days=agenda.days(items, first, end, zone),
        end=end,
        most_in_cell=_MOST_IN_CELL,
    )


def _requested_days() -> int:
    """Return how many days the list covers."""
    days = request.args.get("days", "")
    return int(days) if _DAYS.fullmatch(days) and int(days) <= _MOST_DAYS else _DEFAULT_DAYS


def _requested_month(today: date) -> date:
    """Return the first day of the month in the address, or of today's."""
    text = request.args.get("month", "")
    try:
        month = date.fromisoformat(f"{text}-01") if _MONTH.fullmatch(text) else today
    except ValueError:
        month = today
    return (month if abs(month - today) <= _FARTHEST else today).replace(day=1)
