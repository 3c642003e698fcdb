"""The page of one event, with links that add it to calendars; of a series, one of its dates.

Pages of feeds with ``indexed = true`` have the same facts as schema.org data for search engines.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
import re
from typing import Any

from flask import Blueprint, Response, request
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from bridge.feed.agenda import AgendaItem
from bridge.web import agenda, language, page_selection
from bridge.web.agenda_view import choose_zone, event_url
from bridge.web.context import public_root, web
from bridge.web.html_response import html_response
from bridge.web.urls import event_links

blueprint = Blueprint("event_page", __name__)

_UID = re.compile(r"[!-~]{1,255}")
_MOST_DATES = 10
_ONLINE, _OFFLINE = "OnlineEventAttendanceMode", "OfflineEventAttendanceMode"


@blueprint.get("/feeds/<slug>/event/<uid>")
@blueprint.get("/f/<token>/event/<uid>")
def event(uid: str, slug: str | None = None, token: str | None = None) -> Response:
    """Show an event of a feed that shows details; 404 for all other events."""
    page = page_selection.open_page(slug, token, has_form=True)
    feed = page.feed
    items: Sequence[AgendaItem] = ()
    if feed.privacy != "busy" and _UID.fullmatch(uid) and web().shows(page.access, uid):
        items = web().store.agenda.of(feed.slug, [uid]).get(uid, ())
    if not items:
        raise NotFound
    now = datetime.now(UTC)
    choose_zone(feed, now, items)
    dates = sorted(agenda.occurrences(items, language.zone()), key=lambda entry: entry.key)
    coming = [entry for entry in dates if not entry.is_over(now)]
    named = [entry for entry in dates if entry.key == request.args.get("at")]
    entry = (named or coming or dates[::-1])[0]
    base = public_root() + page.paths.page
    return html_response(
        "event.html",
        indexed=feed.is_indexed,
        picture=entry.item.image_url,
        root=public_root(),
        entry=entry,
        html=Markup(entry.item.html),  # noqa: S704 - sanitised when it was read (clean_html)
        now=now,
        url=event_url(entry, base, keep=False),
        links=event_links(entry.item, entry.start, entry.end),
        dates=[date for date in coming if date != entry][:_MOST_DATES],
        json_ld=[event_object(entry, base)] if feed.is_indexed else None,
        **page.shown,
    )


def event_object(entry: agenda.Entry, base: str) -> Mapping[str, Any]:
    """Return a schema.org Event (JSON-LD); ``base``: the address of the feed's page."""
    item = entry.item
    event: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": item.name,
        "url": event_url(entry, base, keep=False),
        "startDate": entry.start.isoformat(),
        "endDate": entry.last_day.isoformat() if item.all_day else entry.end.isoformat(),
        "eventStatus": f"https://schema.org/Event{'Cancelled' if item.cancelled else 'Scheduled'}",
        "eventAttendanceMode": f"https://schema.org/{_OFFLINE if item.place else _ONLINE}",
        "description": item.description,
        "image": item.image_url,
        "performer": [{"@type": "Person", "name": name} for name in item.speakers],
        "organizer": [{"@type": "Organization", "name": name} for name in item.organizers],
    }
    if item.place:
        event["location"] = {"@type": "Place", "name": item.place, "address": item.place}
    elif item.join_url or item.url:
        event["location"] = {"@type": "VirtualLocation", "url": item.join_url or item.url}
    return {name: value for name, value in event.items() if value}
