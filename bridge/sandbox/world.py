"""Data of the sandbox: the samples of Zoho's documents, and the demo's world around a day, read from JSON files.

Ids of the samples are the documents'. The demo's world is made up, and the same for the same day.
"""

from datetime import date
from importlib import resources
import json
from typing import Any

from bridge.sandbox import backstage_objects, calendar_objects, connect_objects
from bridge.sandbox.calendar_objects import Builder, When, all_day, timed
from bridge.sandbox.connect_objects import CONNECT_ZONE
from bridge.sandbox.dates import day_of
from bridge.sandbox.state import Agenda, Calendar, Data, Group, Json, Network, Portal, Shelf


def documents() -> Data:
    """Return the samples of Zoho's documents, unchanged."""
    event = sample("backstage_event")
    portal = Portal(
        info={"id": "19593237", "name": "Zylker Events", "domain": "restapi.zohobackstage.com"},
        events=Shelf("id", [event]),
        aliases={"2000000000022": event["id"]},  # the id of the documents' request for this event
    )
    groups: dict[str, Group] = {}  # described in the events themselves
    for event in sample("connect_upcoming_events")["upcomingEvents"]["events"]:
        info = event["partition"]
        groups.setdefault(info["id"], Group(info=info, events=Shelf("streamId"))).events.add(event)
    network = Network(
        info={
            "name": "Zillum",
            "id": "929000000015001",
            "soid": "25906346",
            "url": "https://connect.zoho.com/portal/zillum",
            "isDefault": "true",
        },
        groups=groups,
        zone="Pacific/Pago_Pago",  # UTC-11, as all of the sample's wall clocks
    )
    items = sample("calendar_events")["events"]
    uid, calid = items[0]["caluid"], items[0]["calid"]
    info = calendar_objects.info(uid, "Ezhil's calendar", timezone="Asia/Calcutta", id=calid)
    return Data(
        portals={portal.info["id"]: portal},
        networks={network.info["id"]: network},
        calendars={uid: Calendar(info=info, events=Shelf("uid", items))},
    )


def lively(today: date) -> Data:
    """Return the samples and, around ``today``, a portal, a network and four calendars."""
    data = documents()
    portal, network = _portal(today), _network(today)
    data.portals[portal.info["id"]] = portal
    data.networks[network.info["id"]] = network
    data.calendars |= {held["info"]["uid"]: _calendar(held, today) for held in sample("calendar")}
    return data


def data_file(name: str) -> str:
    """Return the text of a data file."""
    return (resources.files("bridge.sandbox") / "data" / name).read_text("utf-8")


def sample(name: str) -> Any:
    """Return the content of a JSON data file."""
    return json.loads(data_file(f"{name}.json"))


def _portal(today: date) -> Portal:
    data = sample("backstage")
    rows = []
    for number, row in enumerate(data["events"], start=101):
        venue = {"venue": data["venues"][row["venue"]]} if "venue" in row else {}
        rows.append(backstage_objects.event(today, number=number, **row | venue))
    agenda = data["agenda"]
    days = [
        Shelf(
            "id",
            [backstage_objects.session(day_of(row.pop("day"), today), **row) for row in day],
        )
        for day in agenda["days"]
    ]
    programme = Agenda(
        days=tuple(days),
        halls=Shelf("id", agenda["halls"]),
        tracks=Shelf("track_id", agenda["tracks"]),
        speakers=Shelf("id", agenda["speakers"]),
    )
    return Portal(
        info=data["portal"], events=Shelf("id", rows), agendas={agenda["event"]: programme}
    )


def _network(today: date) -> Network:
    data = sample("connect")
    groups: dict[str, Group] = {}
    for held in data["groups"]:
        info = held["info"]
        events = [
            connect_objects.event(today, info, **row | {"day": day_of(row["day"], today)})
            for row in held["events"]
        ]
        for stream in held.get("also", ()):  # events of other groups that this group is invited to
            events += [event for group in groups.values() for event in group.events.find(stream)]
        groups[info["id"]] = Group(info=info, events=Shelf("streamId", events))
    return Network(info=data["network"], groups=groups, zone=CONNECT_ZONE)


def _calendar(data: Json, today: date) -> Calendar:
    info = calendar_objects.info(**data["info"])
    build = Builder(info["uid"], data["calid"], today)
    items = [
        item for row in data["events"] for item in _objects(build, info["timezone"], row, today)
    ]
    return Calendar(info=info, events=Shelf("uid", items))


def _objects(build: Builder, zone: str, row: Json, today: date) -> list[Json]:
    """Return the event of a row, and its instances that were changed or deleted."""
    zone, exceptions = row.pop("zone", zone), row.pop("exceptions", ())
    clock = {key: row[key] for key in ("at", "minutes", "days", "exclusive") if key in row}

    def when(day: str | int, **clock: Any) -> When:
        start = day_of(day, today)
        return timed(zone, start, **clock) if "at" in clock else all_day(start, **clock)

    def slot(day: str | int) -> str:
        return when(day, **clock).slot

    own = when(row.pop("day"), **clock)
    if "until" in row:
        until = row.pop("until")
        row["rule"] = row["rule"].format(day=day_of(until, today), slot=slot(until))
    if "without" in row:
        row["exdate"] = ",".join(slot(day) for day in row.pop("without"))
    item = build(when=own, **{key: value for key, value in row.items() if key not in clock})
    items = [item]
    for change in exceptions:
        original = slot(change.pop("slot"))
        if change.pop("deleted", False):
            items.append(build.deleted(item, original))
        else:
            moved = when(change.pop("day"), at=change.pop("at"), minutes=change.pop("minutes"))
            items.append(build.instance(item, original, moved, **change))
    return items
