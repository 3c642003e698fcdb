"""The agenda that an address asks for: a list of days, a week or a month, with its paging.

Implausible parameters are ignored: the owner of a page with a frame would not see an error.
"""

from calendar import Calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
import re
from typing import Any
from urllib.parse import quote, urlencode

from flask import request

from bridge.domain.event import midnight, to_utc
from bridge.domain.feed import Feed
from bridge.domain.timezones import UTC_ZONE
from bridge.feed.agenda import AgendaItem
from bridge.web import agenda, grid, language, page_selection

VIEWS = ("list", "week", "month")

_MOMENT, _DAY, _WEEK = timedelta(seconds=1), timedelta(days=1), timedelta(days=7)
# How far a list looks ahead. The zone of most events is that of the near ones, if there are any.
_NEAR, _FAR = timedelta(days=42), timedelta(days=1000)
_FARTHEST = timedelta(days=4000)
_MOST_IN_GRID, _MOST_FOR_ZONE = 2000, 50
_LANES = {"week": 14, "month": 4}
_LONGEST_SEARCH = 100
_SKIP = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaView:
    """What a page shows of a feed's agenda.

    ``first`` is the first day of the list, of the week or of the month. ``earlier`` and ``later``
    are parameters of the next addresses, None without events there. ``crowded``: there are more
    events than the page shows.
    """

    name: str
    today: date
    now: datetime
    first: date
    words: str
    days: tuple[agenda.Day, ...] = ()
    weeks: tuple[tuple[grid.Cell, ...], ...] = ()
    earlier: Mapping[str, object] | None = None
    later: Mapping[str, object] | None = None
    crowded: bool = False

    @property
    def entries(self) -> list[agenda.Entry]:
        """The entries on the page, each on its first day there."""
        listed = [entry for day in self.days for entry in day.entries]
        pieces = (p for week in self.weeks for cell in week for p in cell.pieces)
        return [*listed, *(piece.entry for piece in pieces)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a list shows: whole days with about ``entries``, never more than ``rows``."""

    entries: int = 25
    rows: int = 50
    span: timedelta = _FAR


def load(feed: Feed, first: date, end: date, **options: Any) -> tuple[AgendaItem, ...]:
    """Return what this page may show of a feed from one day up to another, in any zone."""
    span = midnight(first - _DAY), midnight(end + _DAY)
    return page_selection.agenda_items(feed.slug, *span, **options)


def choose_zone(feed: Feed, now: datetime, items: Sequence[AgendaItem] = ()) -> date:
    """Set the page's zone, and return today there.

    It is the requested zone, else that of most ``items``, else that of most events of the feed.
    """
    if language.requested_zone() is None:
        today = now.date()
        zone = agenda.main_zone(items or load(feed, today, today + _NEAR, most=_MOST_FOR_ZONE))
        if zone == UTC_ZONE:
            zone = agenda.main_zone(load(feed, today - _FAR, today + _FAR, most=_MOST_FOR_ZONE))
        language.set_zone(zone)
    return now.astimezone(language.zone()).date()


def agenda_view(
    feed: Feed, today: date, now: datetime, *, default: str = "list", limits: Limits | None = None
) -> AgendaView:
    """Return the view that the address asks for."""
    name = request.args.get("view", default)
    name = name if name in VIEWS else default
    view = AgendaView(
        name=name,
        today=today,
        now=now,
        first=_requested_day(today),
        words=" ".join(request.args.get("q", "")[:_LONGEST_SEARCH].split()),
    )
    return _list(feed, view, limits or Limits()) if name == "list" else _grid(feed, view)


def event_url(entry: agenda.Entry, base: str = "", *, keep: bool = True) -> str:
    """Return the address of an event's page, without ``base`` relative to its feed's pages.

    ``keep``: with the reader's choices of language and zone, which no shared link should have.
    """
    parameters = language.choices() if keep else {}
    if entry.item.repeats:
        parameters["at"] = entry.key
    query = f"?{urlencode(parameters)}" if parameters else ""
    return f"{base}event/{quote(entry.item.uid, safe='')}{query}"


def _requested_day(today: date) -> date:
    """Return the day in the address, today without a plausible day."""
    month = request.args.get("month")
    try:
        day = date.fromisoformat(request.args.get("from", f"{month}-01" if month else ""))
    except ValueError:
        return today
    return day if abs(day - today) <= _FARTHEST else today


def _list(feed: Feed, view: AgendaView, limits: Limits) -> AgendaView:
    """Add the days of a list. A day with more rows than fit is continued with ``skip``."""
    first, zone = view.first, language.zone()
    text = request.args.get("skip", "")
    skip = int(text) if _SKIP.fullmatch(text) else 0
    most, end = skip + limits.rows + 1, first + limits.span
    while True:  # the day before, which zones need, may fill the answer
        items = load(feed, first, end, words=view.words, most=most)
        entries = list(agenda.occurrences(items, zone))
        shown_entries = sum(entry.last_day >= first for entry in entries)
        if len(entries) < most or shown_entries > skip + limits.rows:
            break
        most *= 2
    days: Sequence[agenda.Day] = agenda.days(items, first, end, zone)
    # Days before this one are complete.
    known = max(entry.first_day for entry in entries) if len(entries) == most else end
    later: Mapping[str, object] | None = None
    if days and (skip or len(days[0].entries) > limits.rows or days[0].date >= known):
        day = days[0]
        ordered = sorted(day.entries, key=_stored_order)
        shown = [replace(day, entries=tuple(ordered[skip : skip + limits.rows]))]
        more = {"from": day.date.isoformat(), "skip": skip + limits.rows}
        following = days[1].date if len(days) > 1 else None
        rest = len(day.entries) > skip + limits.rows
        later = more if rest else _address(following)
    else:
        complete = [day for day in days if day.date < known]
        shown = list(agenda.cut(complete, limits.entries))
        following = days[len(shown)].date if len(shown) < len(days) else None
        if (
            following is None
            and limits.span < _FAR
            and _has_more(feed, view, end, view.today + _FAR)
        ):
            following = end
        later = _address(following)
    return replace(view, days=tuple(shown), earlier=_earlier(feed, view, limits), later=later)


def _stored_order(entry: agenda.Entry) -> tuple[object, ...]:
    """Return the order in which the store cuts off, so that no page repeats an entry."""
    return (to_utc(entry.start), to_utc(entry.end), entry.item.uid)


def _earlier(feed: Feed, view: AgendaView, limits: Limits) -> Mapping[str, object] | None:
    """Return the address of the page before: the day from which about as many entries follow."""
    first, start = view.first, view.first - _FARTHEST
    items = load(feed, start, first, words=view.words, most=limits.entries, latest=True)
    entries = agenda.occurrences(items, language.zone())
    days = [entry.first_day for entry in entries if entry.first_day < first]
    nearest = first - limits.span
    return _address(max(min(days), nearest if limits.span < _FAR else min(days)) if days else None)


def _grid(feed: Feed, view: AgendaView) -> AgendaView:
    """Add the weeks of a month, or one week, as the reader's country counts them."""
    calendar = Calendar(language.locale().first_week_day)
    month = view.first.replace(day=1)
    weeks = calendar.monthdatescalendar(month.year, month.month)
    if view.name == "week":
        weeks = [week for week in weeks if view.first in week][:1]
        first, end = weeks[0][0], weeks[0][-1] + _DAY
        before, after = first - _WEEK, end
    else:
        first, end = month, (month + timedelta(days=31)).replace(day=1)
        before, after = (month - _DAY).replace(day=1), end
    start, stop = weeks[0][0], weeks[-1][-1] + _DAY
    lanes = _LANES[view.name]
    room = grid.Room(weeks, lanes, language.zone())
    items = load(feed, start, stop, words=view.words, most=_MOST_IN_GRID, keep=room.has)
    entries = agenda.occurrences(items, language.zone())
    has_earlier = _has_more(feed, view, first - _FARTHEST, first)
    has_later = _has_more(feed, view, end, end + _FARTHEST)
    return replace(
        view,
        first=first,
        weeks=grid.weeks(entries, weeks, lanes, room.hidden),
        earlier=_address(before if has_earlier else None),
        later=_address(after if has_later else None),
        crowded=room.seen == _MOST_IN_GRID,
    )


def _has_more(feed: Feed, view: AgendaView, start: date, end: date) -> bool:
    # An all-day event that ends with the day before ``start`` ends at its midnight.
    span = midnight(start) + _MOMENT, midnight(end)
    return bool(page_selection.agenda_items(feed.slug, *span, words=view.words, most=1))


def _address(day: date | None) -> Mapping[str, object] | None:
    if day is None:
        return None
    return {"from": day.isoformat(), "skip": None, "month": None}
