"""The groups of the account's Connect networks, and the events of one group or several.

It must not look into an event: that is the parser's job.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bridge.domain.event import midnight
from bridge.domain.feed import Window
from bridge.domain.source import AvailableSource, ConnectSource
from bridge.errors import BadDataError, NotFoundError
from bridge.sources.fields import id_of, title_of
from bridge.sources.protocols import Api, Raw
from bridge.sources.shapes import listed

_MARGIN = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def discover(api: Api) -> tuple[AvailableSource, ...]:
    """Return the account's groups in all its networks (Zoho APIs 3.1, 3.2).

    If Zoho does not list the account's own groups, all groups of the network are listed. Closed
    groups are left out.
    """
    networks = listed(api.get("connect", "/allScopes"), "connect", "allScopes", id_of)
    return tuple(
        AvailableSource(
            source=ConnectSource(group=group, network=network), title=title, within=name
        )
        for network, name in _open(networks)
        for group, title in _open(_groups(api, network))
    )


def fetch(api: Api, source: ConnectSource, window: Window) -> Raw:
    """Fetch the events of the source's groups: ``{"pages": [answer]}``, as Connect has no pages.

    Several groups are requested together, separated by commas, as in the source. The window gets
    a day more on both sides: its days are UTC's, an all-day event's are the account's.
    """
    by_url = {"partitionType": source.partition, "partitionUrl": source.url}  # Zoho APIs 3.3
    params = {
        "scopeID": source.network,
        **({"selectedPartIds": source.group} if source.group else by_url),
        **({"sharedWithMe": "true"} if source.shared_with_me else {}),
        "startTime": _milliseconds(window.start - _MARGIN),
        "endTime": _milliseconds(window.end + _MARGIN),
    }
    answer = api.get("connect", "/upcomingEvents", params)
    listed(answer, "connect", "upcomingEvents")
    return {"pages": [answer]}


def _groups(api: Api, network: str) -> list[Any]:
    params = {"scopeID": network, "isRecentSort": "true"}
    try:
        answer, name = api.get("connect", "/userGroups", params), "userGroups"
        listed(answer, "connect", name)
    except (NotFoundError, BadDataError):
        answer, name = api.get("connect", "/allGroups", params), "allGroups"
    return listed(answer, "connect", name, id_of)


def _open(items: list[Any]) -> Iterator[tuple[str, str]]:
    """Return id and title of each network or group that has an id and is not closed."""
    for item in items:
        key = id_of(item)
        if key and str(item.get("status") or "ACTIVE").upper() == "ACTIVE":
            yield key, title_of(item, "name") or key


def _milliseconds(day: date) -> str:
    return str((midnight(day) - _EPOCH) // timedelta(milliseconds=1))
