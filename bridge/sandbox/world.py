"""Data of the sandbox, from JSON files: the documents' samples, and the demo's world around a day.

Ids of the samples are the documents'. The demo's world is made up, and the same for the same day.
"""

from datetime import date
from typing import Any

from bridge.sandbox import backstage_objects, calendar_objects, connect_objects
from bridge.sandbox.calendar_objects import Builder, When, all_day, timed
from bridge.sandbox.connect_objects import CONNECT_ZONE
from bridge.sandbox.dates import day_of
from bridge.sandbox.files import sample
from bridge.sandbox.state import Agenda, Calendar, Data, Group, Json, Network, Portal, Shelf


def documents() -> Data:
    """Return the samples of Zoho's documents, unchanged."""
    infos, event = sample("documents"), sample("backstage_event")
    portal = Portal(info=infos["portal"], events=Shelf("id", [event]))
    groups: dict[str, Group] = {}  # described in the events themselves
    for event in sample("connect_upcoming_events")["upcomingEvents"]["events"]:
        info = event["partition"]
        groups.setdefault(info["id"], Group(info=info, events=Shelf("streamId"))).events.add(event)
    # UTC-11, as all of the sample's wall clocks.
    network = Network(info=infos["network"], groups=groups, zone="Pacific/Pago_Pago")
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
    data.calendars |= {row["info"]["uid"]: _calendar(row, today) for row in sample("calendar")}
    return data


def _portal(today: date) -> Portal:
    data = sample("backstage")
    rows = enumerate(data["events"], start=101)
    events = [backstage_objects.event(today, number=number, **row) for number, row in rows]
    agenda = data["agenda"]
    programme = Agenda(
        days=tuple(
            Shelf("id", [backstage_objects.session(today, **row) for row in rows])
            for rows in agenda["days"]
        ),
        halls=Shelf("id", agenda["halls"]),
        tracks=Shelf("track_id", agenda["tracks"]),
        speakers=Shelf("id", agenda["speakers"]),
    )
    agendas = {agenda["event"]: programme}
    return Portal(info=data["portal"], events=Shelf("id", events), agendas=agendas)


def _network(today: date) -> Network:
    data = sample("connect")
    groups: dict[str, Group] = {}
    for row in data["groups"]:
        info = row["info"]
        events = [connect_objects.event(today, info, **event) for event in row["events"]]
        for stream in row.get("also", ()):  # events of other groups that this group is invited to
            events += [event for group in groups.values() for event in group.events.find(stream)]
        groups[info["id"]] = Group(info=info, events=Shelf("streamId", events))
    walls = {key: groups.pop(key) for key in data["walls"]}
    return Network(info=data["network"], groups=groups, walls=walls, zone=CONNECT_ZONE)


def _calendar(data: Json, today: date) -> Calendar:
    info = calendar_objects.info(**data["info"])
    build = Builder(info["uid"], data["calid"], today)
    events = Shelf("uid")
    for row in data["events"]:
        events.add(*_objects(build, row.pop("zone", info["timezone"]), row, today))
    return Calendar(info=info, events=events)


def _objects(build: Builder, zone: str, row: Json, today: date) -> list[Json]:
    """Return the event of a row, and its instances that were changed or deleted."""
    clock = {key: row.pop(key) for key in ("at", "minutes", "days", "exclusive") if key in row}
    exceptions = row.pop("exceptions", ())

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
    item = build(when=own, **row)
    items = [item]
    for change in exceptions:
        original = slot(change.pop("slot"))
        if change.pop("deleted", False):
            items.append(build.deleted(item, original))
        else:
            moved = when(change.pop("day"), at=change.pop("at"), minutes=change.pop("minutes"))
            items.append(build.instance(item, original, moved, **change))
    return items
