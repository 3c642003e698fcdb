"""The sandbox's Backstage v3: portals, pages of events, and the agenda of an event.

Quirks it keeps: a list in small pages, drafts among its events, sessions only by 1-based day while
agendas count from 0, and errors whose status is text.
"""

from flask import Blueprint, Response, abort, request

from bridge.sandbox.oauth import Tokens
from bridge.sandbox.responses import backstage_error, listing, reply
from bridge.sandbox.state import Agenda, Data, Json, Portal

_EVENT = "/portals/<portal_id>/events/<event_id>"
_DEFAULT_PAGE = 200


def blueprint(data: Data, tokens: Tokens, page_size: int) -> Blueprint:
    """Serve the portals of ``data``, at most ``page_size`` events a page."""
    api = Blueprint("backstage", __name__)

    def portal_of(portal_id: str) -> Portal:
        refusal = backstage_error(404, "Please provide a valid portal id")
        return data.portals.get(portal_id) or abort(refusal)

    def event_of(portal_id: str, event_id: str) -> Json:
        events = portal_of(portal_id).events.find(event_id)
        refusal = backstage_error(404, "Please provide a valid event id")
        return events[0] if events else abort(refusal)

    def agenda_of(portal_id: str, event_id: str) -> Agenda:
        return portal_of(portal_id).agendas.get(event_of(portal_id, event_id)["id"], Agenda())

    @api.before_request
    def check() -> Response | None:
        if tokens.verdict() != "good":
            return backstage_error(401, "Please provide a valid OAuthScope")  # for a dead token too
        return None

    @api.get("/portals")
    def portals() -> Response:
        return listing([portal.info for portal in data.portals.values()], "backstage", "portals")

    @api.get("/portals/<portal_id>/events")
    def events(portal_id: str) -> Response:
        return _page(portal_of(portal_id), page_size)

    @api.get(_EVENT)
    def event(portal_id: str, event_id: str) -> Response:
        return reply(event_of(portal_id, event_id))

    @api.get(f"{_EVENT}/agendas")
    def agendas(portal_id: str, event_id: str) -> Response:
        days = range(len(agenda_of(portal_id, event_id).days))
        rows = [{"agenda_id": f"{event_id}{index:02d}", "index": index} for index in days]
        return listing(rows, "backstage", "agendas")

    @api.get(f"{_EVENT}/sessions")
    def sessions(portal_id: str, event_id: str) -> Response:
        days = agenda_of(portal_id, event_id).days
        day = request.args.get("day", "")
        if not day.isdecimal():
            return backstage_error(400, "Please enter the valid agenda day")
        number = int(day)
        items = days[number - 1].all() if 1 <= number <= len(days) else []
        return listing(items, "backstage", "sessions")

    def shelf(portal_id: str, event_id: str) -> Response:
        name = request.path.rpartition("/")[2]
        return listing(getattr(agenda_of(portal_id, event_id), name).all(), "backstage", name)

    for name in ("halls", "tracks", "speakers"):
        api.add_url_rule(f"{_EVENT}/{name}", name, shelf)
    return api


def _page(portal: Portal, page_size: int) -> Response:
    """Return a page of events of every status, whatever ``status`` asks for."""
    args = request.args
    page, per_page = args.get("page", 1, int), args.get("per_page", _DEFAULT_PAGE, int)
    if page < 1 or per_page < 1:
        return backstage_error(400, "Please provide valid input")
    events = sorted(portal.events.all(), key=lambda event: str(event["start_time"]))
    size = min(per_page, page_size)
    pages = -(-len(events) // size)
    pagination = {
        "total_count": len(events),
        "page": page,
        "per_page": size,
        "total_pages": pages,
        "has_more_items": page < pages,
    }
    items = events[(page - 1) * size : page * size]
    return listing(items, "backstage", "events", pagination=pagination)
