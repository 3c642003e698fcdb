"""What the sandbox holds: the documents' own samples, and livelier data around a day.

Ids of the samples are the documents'. It must hold nothing but the putting together.
"""

from datetime import date
from importlib import resources
import json
from typing import Any

from bridge.sandbox import data_backstage, data_calendar, data_connect
from bridge.sandbox.data_connect import CONNECT_ZONE
from bridge.sandbox.state import Calendar, Data, Group, Json, Network, Portal, Shelf

__all__ = ["CONNECT_ZONE", "documents", "lively"]


def documents() -> Data:
    """Give the samples of Zoho's documents, unchanged."""
    event = _sample("backstage_event.json")
    portal = Portal(
        info={"id": "19593237", "name": "Zylker Events", "domain": "restapi.zohobackstage.com"},
        events=Shelf("id", [event]),
        aliases={
            "2000000000022": event["id"]
        },  # the documents' request asks by this id and is answered with the other
    )
    network = _zillum(_sample("connect_upcoming_events.json")["upcomingEvents"]["events"])
    items = _sample("calendar_events.json")["events"]
    info = data_calendar.info(
        items[0]["caluid"], "Ezhil's calendar", zone="Asia/Calcutta", calid=items[0]["calid"]
    )
    return Data(
        portals={portal.info["id"]: portal},
        networks={network.info["id"]: network},
        calendars={info["uid"]: Calendar(info=info, events=Shelf("uid", items))},
    )


def lively(today: date) -> Data:
    """Give the samples and, around ``today``, a portal, a network and four calendars; the same for the same day."""
    data = documents()
    data.portals |= data_backstage.portals(today)
    data.networks |= data_connect.networks(today)
    data.calendars |= data_calendar.calendars(today)
    return data


def _zillum(events: list[Json]) -> Network:
    """Give the documents' network; its two groups are described in the events themselves."""
    groups: dict[str, Group] = {}
    for event in events:
        partition = event["partition"]
        group = groups.setdefault(partition["id"], Group(info=partition, events=Shelf("streamId")))
        group.events.add(event)
    info = {
        "name": "Zillum",
        "id": "929000000015001",
        "soid": "25906346",
        "url": "https://connect.zoho.com/portal/zillum",
        "isDefault": "true",
    }
    return Network(
        info=info, groups=groups, zone="Pacific/Pago_Pago"
    )  # UTC-11, as all of the sample's wall clocks


def _sample(name: str) -> Any:
    return json.loads((resources.files("bridge.sandbox") / "data" / name).read_text("utf-8"))
