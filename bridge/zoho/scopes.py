"""Which OAuth scope each path of the three products needs (Zoho: OAuth scopes), for the sentence that asks for it."""

from typing import Literal, TypeAlias

Product: TypeAlias = Literal["backstage", "connect", "calendar"]

_SCOPES: dict[Product, dict[str, str]] = {
    "backstage": {
        "portals": "zohobackstage.portal.READ",
        "events": "zohobackstage.event.READ",
        "agendas": "zohobackstage.agenda.READ",
        "sessions": "zohobackstage.agenda.READ",
        "halls": "zohobackstage.agenda.READ",
        "tracks": "zohobackstage.agenda.READ",
        "speakers": "zohobackstage.speaker.READ",
    },
    "connect": {
        "allScopes": "zohopulse.networklist.READ",
        "allGroups": "zohopulse.userDetail.READ",
        "userGroups": "zohopulse.userDetail.READ",
        "upcomingEvents": "zohopulse.events.READ",
    },
    "calendar": {
        "calendars": "ZohoCalendar.calendar.READ",
        "groups": "ZohoCalendar.group.READ",
        "events": "ZohoCalendar.event.READ",
    },
}


def scope_for(product: Product, path: str) -> str:
    """Give the scope for a path below the product's base address; the innermost collection in it decides."""
    scopes = _SCOPES[product]
    for segment in reversed(path.split("/")):
        if segment in scopes:
            return scopes[segment]
    return f"for {path}"
