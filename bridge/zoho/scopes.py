"""The OAuth scopes that the bridge needs, for the login and for errors (Zoho APIs 1.5).

A grant holds the scopes that it was made with. A further scope needs another grant.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

Product: TypeAlias = Literal["backstage", "connect", "calendar"]

_SCOPES: Mapping[Product, Mapping[str, str]] = {
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
        "updateEvent": "zohopulse.events.UPDATE",
    },
    "calendar": {
        "calendars": "ZohoCalendar.calendar.READ",
        "events": "ZohoCalendar.event.READ",
        "groups": "ZohoCalendar.group.READ",
    },
}


def scope_for(product: Product, path: str) -> str:
    """Return the scope for a path below the product's address, by its innermost collection."""
    scopes = _SCOPES[product]
    for segment in reversed(path.split("/")):
        if segment in scopes:
            return scopes[segment]
    return f"for {path}"


def scopes_for_login(*, push: bool = False) -> tuple[str, ...]:
    """Return the scopes for reading, and with ``push`` the scope for writing events of Connect."""
    every = dict.fromkeys(scope for scopes in _SCOPES.values() for scope in scopes.values())
    return tuple(scope for scope in every if push or scope.endswith(".READ"))
