"""Helpers for tests of ``push``: the documents' samples, updates, and events as published.

Zoho's page on updateEvent defines what Connect accepts: its table of parameters, its sample address
and its sample answer (``data/connect/update_event.json``).
"""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bridge.domain.event import Event
from bridge.domain.source import ConnectSource
from bridge.domain.timezones import zone_by_key
from bridge.publish.ical.vevent import Stamp, render
from bridge.push.vevent import VeventFields, parse_fields, read_vevents
from bridge.sources.connect.parse import parse
from bridge.sources.connect.update import Update
from tests.clock import NOW

DATA = Path(__file__).parents[1] / "data" / "connect"
SAMPLES = json.loads((DATA / "upcoming_events.json").read_text())["upcomingEvents"]["events"]
ANSWER = json.loads((DATA / "update_event.json").read_text())
SAMOA = zone_by_key("Pacific/Pago_Pago")  # the zone that fits the documents' wall clocks
# The group of the page on updateEvent.
SOURCE = ConnectSource(group="929000000295001", network="929000000015001")
STAMP = Stamp(changed=NOW, sequence=1_150_000)
MINUTE = timedelta(minutes=1)
ALLOWED_REMINDERS = [minutes * MINUTE for minutes in (5, 15, 30, 60, 120)] + [
    timedelta(days=days, hours=hours) for days in (0, 1, 2, 7) for hours in range(24)
]


def update(**fields: Any) -> Update:
    """Return the update of the page's sample, with other fields."""
    values: dict[str, Any] = {
        "stream": "929000000855682",
        "title": "Event Updated fro march",
        "start": datetime(2018, 3, 22, 16, tzinfo=UTC),
        "end": datetime(2018, 3, 24, tzinfo=UTC),
    }
    return Update(**values | fields)


def event_of(item: dict[str, Any], zone: ZoneInfo) -> Event:
    """Return the event of one object of Connect."""
    source = ConnectSource(group=item["partition"]["id"], network=SOURCE.network)
    parsed = parse({"pages": [{"upcomingEvents": {"events": [item]}}]}, source, zone)
    (event,) = parsed.events
    return event


def published_fields(event: Event) -> VeventFields:
    """Return the fields of an event's VEVENT in a feed."""
    data = b"BEGIN:VCALENDAR\r\n" + render(event, STAMP) + b"END:VCALENDAR\r\n"
    (vevent,) = read_vevents(data, "test.ics")
    return parse_fields(vevent.component)
