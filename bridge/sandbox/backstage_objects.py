"""Builders of Zoho Backstage's JSON objects: events of a portal, and sessions of an agenda.

The fields are those of the documents' sample. No builder reads a clock.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from bridge.sandbox.dates import wall_time
from bridge.sandbox.files import template
from bridge.sandbox.state import Json

_ROME = "Europe/Rome"
_SITE = "https://northwind.zohobackstage.example"


def event(
    today: date,
    *,
    number: int,
    day: int,
    at: str,
    minutes: int,
    seconds: int = 0,
    timezone: str = _ROME,
    event_type: int = 2,
    **fields: Any,
) -> Json:
    """Return an event that starts ``day`` days from today, ``at`` ("18:00") in ``timezone``.

    ``fields`` are further fields of Backstage, such as its name, or another status than its time's.
    """
    start = wall_time(today + timedelta(days=day), at, timezone)
    end = start.astimezone(UTC) + timedelta(minutes=minutes, seconds=seconds)
    status = 3 if end.date() < today else 2 if start.date() <= today else 1
    event_id = f"31000000000{number}"
    return template("backstage_event") | {
        "id": event_id,
        "timezone": timezone,
        "status": status,
        "event_type": event_type,
        "start_time": utc_text(start),
        "end_time": utc_text(end),
        "website_url": f"{_SITE}/event{number}",
        "thumbnail_url": f"{_SITE}/public/portals/20148871/siteResources/{event_id}",
        **fields,
    }


def session(today: date, *, number: int, day: int, at: str, **fields: Any) -> Json:
    """Return a session that begins ``day`` days from today, ``at`` by the clock of Rome."""
    start = utc_text(wall_time(today + timedelta(days=day), at, _ROME))
    item = {"id": f"3100000005{number:03d}", "start_time": start}
    item = template("backstage_session") | item | fields
    if item["session_type"] == "PRESENTATION":
        item["description"] = "<p>A talk for everyone.</p>"
    return item


def utc_text(when: datetime) -> str:
    """Return an instant in Backstage's form."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
