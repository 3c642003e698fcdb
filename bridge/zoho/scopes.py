"""The OAuth scopes that the bridge needs, for the login and for errors (Zoho APIs 1.5).

A grant holds the scopes that it was made with. A further scope needs another grant.
"""

from collections.abc import Mapping

from bridge.domain.source import Product

# The collections of each product's addresses that need a scope.
_SCOPES: Mapping[Product, Mapping[str, tuple[str, ...]]] = {
    "backstage": {
        "zohobackstage.portal.READ": ("portals",),
        "zohobackstage.event.READ": ("events",),
        "zohobackstage.agenda.READ": ("agendas", "sessions", "halls", "tracks"),
        "zohobackstage.speaker.READ": ("speakers",),
    },
    "connect": {
        "zohopulse.networklist.READ": ("allScopes",),
        "zohopulse.userDetail.READ": ("allGroups", "userGroups"),
        "zohopulse.events.READ": ("upcomingEvents",),
        "zohopulse.events.UPDATE": ("updateEvent",),
    },
    "calendar": {
        "ZohoCalendar.calendar.READ": ("calendars",),
        "ZohoCalendar.event.READ": ("events",),
    },
}


def scope_for(product: Product, path: str) -> str:
    """Return the scope for a path below the product's address, by its innermost collection."""
    scopes = {name: scope for scope, names in _SCOPES[product].items() for name in names}
    known = (scopes[name] for name in reversed(path.split("/")) if name in scopes)
    return next(known, f"for {path}")


def scopes_for_login(*, push: bool = False) -> tuple[str, ...]:
    """Return the scopes for reading, and with ``push`` the scope for writing events of Connect."""
    every = (scope for scopes in _SCOPES.values() for scope in scopes)
    return tuple(scope for scope in every if push or scope.endswith(".READ"))
