"""Builders of Zoho Backstage's JSON objects: events of a portal, and sessions of an agenda.

The fields are those of the documents' sample. No builder reads a clock.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bridge.sandbox.dates import wall_time
from bridge.sandbox.state import Json

_STATUS = ("unpublished", "published", "running", "completed", "canceled")
_TYPES = {2: "venue", 3: "online", 4: "hybrid"}
_ROME = "Europe/Rome"
_SITE = "https://northwind.zohobackstage.example"
_OWNER = {
    "id": "31000000000001",
    "email": "ada@northwind.example",
    "first_name": "Ada",
    "company": "Northwind",
    "designation": "Event manager",
}


def event(
    today: date,
    *,
    number: int,
    name: str,
    day: int,
    at: str,
    minutes: int,
    seconds: int = 0,
    zone: str = _ROME,
    event_type: int = 2,
    draft: bool = False,
    canceled: int | None = None,
    **fields: Any,
) -> Json:
    """Return an event that starts ``day`` days from today, ``at`` ("18:00") by the clock of ``zone``.

    ``canceled`` is the number of days since it was cancelled. ``fields`` are further fields of Backstage.
    """
    start = wall_time(today + timedelta(days=day), at, zone)
    end = start.astimezone(UTC) + timedelta(minutes=minutes, seconds=seconds)
    if canceled is not None:
        status = 4
        gone = datetime.combine(today - timedelta(days=canceled), time(10), UTC)
        fields["canceled_on"] = utc_text(gone)
    elif draft:
        status = 0
    else:
        status = 3 if end.date() < today else 2 if start.date() <= today else 1
    event_id = f"31000000000{number}"
    created = datetime.combine(today - timedelta(days=100), time(8, 15, 29), UTC)
    changed = created + timedelta(days=number - 100, minutes=number)
    return {
        "id": event_id,
        "space": {"id": "3100000007"},
        "timezone": zone,
        "status": status,
        "status_string": _STATUS[status],
        "category": "OTHERS",
        "tags": [],
        "language": "en",
        "name": name,
        "description": "",
        "summary": "",
        "created_by": _OWNER,
        "created_time": utc_text(created),
        "last_modified_by": _OWNER,
        "last_modified_time": utc_text(changed),
        "event_type": event_type,
        "event_type_string": _TYPES[event_type],
        "start_time": utc_text(start),
        "end_time": utc_text(end),
        "website_url": f"{_SITE}/event{number}",
        "social_handles": {},
        "thumbnail_url": f"{_SITE}/public/portals/20148871/siteResources/{event_id}",
        **fields,
    }


def session(
    day: date, *, number: int, at: str, duration: int | str, title: str, **fields: Any
) -> Json:
    """Return a session of an agenda: ``duration`` minutes from ``at`` by the clock of Rome."""
    item = {
        "id": f"3100000005{number:03d}",
        "title": title,
        "description": "",
        "start_time": utc_text(wall_time(day, at, _ROME)),
        "duration": duration,
        "track": None,
        "venue": None,
        "session_type": "PRESENTATION",
        "featured": False,
        "hidden": False,
        "speakers": [],
        "language": "en",
        **fields,
    }
    if item["session_type"] == "PRESENTATION":
        item["description"] = "<p>A talk for everyone.</p>"
    return item


def utc_text(when: datetime) -> str:
    """Return an instant in Backstage's form."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
