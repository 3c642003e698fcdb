"""Events as schema.org data for search engines, on pages of feeds with ``indexed = true``."""

from collections.abc import Mapping
from typing import Any

from bridge.web.agenda import Entry
from bridge.web.agenda_view import event_url

_ONLINE, _OFFLINE = "OnlineEventAttendanceMode", "OfflineEventAttendanceMode"


def event_object(entry: Entry, base: str) -> Mapping[str, Any]:
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
