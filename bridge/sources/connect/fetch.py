"""Find the groups of the account's Connect networks, and read the events of one group or several.

It must not look into an event: what the answer holds is the parser's business.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bridge.domain.event import midnight
from bridge.domain.feed import Window
from bridge.domain.source import AvailableSource, ConnectSource
from bridge.domain.text import one_line
from bridge.errors import BadDataError, NotFoundError
from bridge.sources.fields import identity, refuse_nameless
from bridge.sources.protocols import Api, Raw

_MARGIN = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def discover(api: Api) -> tuple[AvailableSource, ...]:
    """List the account's groups in all its networks (Zoho Connect: network list, user groups).

    Where Zoho doesn't give the account's own groups, all groups of the network are listed. Closed groups are left out.
    """
    found = []
    networks = listed(api.get("connect", "/allScopes"), "allScopes", "scopes")
    refuse_nameless(networks, _id, "Zoho Connect's list of networks")
    for network, network_name in _named(networks):
        groups = _groups(api, network)
        refuse_nameless(groups, _id, "Zoho Connect's list of groups")
        for group, name in _named(groups):
            source = ConnectSource(group=group, network=network)
            found.append(AvailableSource(source=source, title=name, within=network_name))
    return tuple(found)


def fetch(api: Api, source: ConnectSource, window: Window) -> Raw:
    """Read the events of the source's groups: ``{"pages": [answer]}``, for Connect has no pages.

    Several groups are asked for at once, with commas between them, as the source has them. The window is asked for with
    a day more on both sides: its days are UTC's, an all-day event's are the account's.
    """
    params = {
        "scopeID": source.network,
        "selectedPartIds": source.group,
        "startTime": _milliseconds(window.start - _MARGIN),
        "endTime": _milliseconds(window.end + _MARGIN),
    }
    answer = api.get("connect", "/upcomingEvents", params)
    listed(answer, "upcomingEvents", "events")
    return {"pages": [answer]}


def listed(answer: Any, action: str, name: str) -> list[Any]:
    """Give the list ``name`` inside the answer's ``action``; an ``action`` with nothing in it is an empty list.

    Anything else is no answer to the question, and must not be read as "there is nothing": BadDataError.
    """
    content = answer.get(action) if isinstance(answer, dict) else None
    if isinstance(content, dict):
        content = content.get(name) if content else []
    if not isinstance(content, list):
        raise BadDataError(
            f"Zoho Connect's answer to {action} has no list of {name}; the last good state is kept."
        )
    return content


def _groups(api: Api, network: str) -> list[Any]:
    try:
        answer = api.get("connect", "/userGroups", {"scopeID": network, "isRecentSort": "true"})
        return listed(answer, "userGroups", "groups")
    except (NotFoundError, BadDataError):
        answer = api.get("connect", "/allGroups", {"scopeID": network, "isRecentSort": "true"})
        return listed(answer, "allGroups", "groups")


def _named(items: list[Any]) -> Iterator[tuple[str, str]]:
    """Give id and name of what has an id and is not closed."""
    for item in items:
        key = _id(item)
        if key and str(item.get("status") or "ACTIVE").upper() == "ACTIVE":
            name = item.get("name")
            yield key, (one_line(name) if isinstance(name, str) else "") or key


def _id(item: Any) -> str:
    return identity(item.get("id")) if isinstance(item, dict) else ""


def _milliseconds(day: date) -> str:
    return str((midnight(day) - _EPOCH) // timedelta(milliseconds=1))
