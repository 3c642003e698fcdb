"""A lively Backstage portal: two dozen events around a day, one of them a conference with an agenda of two days.

Everything is made up, in the style of the documents' sample. It must not read a clock.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bridge.domain.timezones import UTC_ZONE, zone
from bridge.sandbox.state import Agenda, Json, Portal, Shelf

PORTAL = "20148871"
CONFERENCE = "31000000000118"

_STATUS = ("unpublished", "published", "running", "completed", "canceled")
_TYPES = {2: "venue", 3: "online", 4: "hybrid"}
_ROME, _INDIA, _NEW_YORK = "Europe/Rome", "Asia/Calcutta", "America/New_York"
_OWNER = {
    "id": "31000000000001",
    "email": "ada@northwind.example",
    "first_name": "Ada",
    "company": "Northwind",
    "designation": "Event manager",
}
_FAIR = {
    "name": "Fiera Milano",
    "street": "Strada Statale 33",
    "city": "Rho",
    "state": "MI",
    "country": "Italy",
}
_OFFICE = {
    "name": "Northwind Pune",
    "street": "14 Baner Road",
    "city": "Pune",
    "state": "MH",
    "country": "India",
}
_HTML = (
    "<p>An evening with <b>short talks</b> &amp; food.</p><ul><li>Doors at six</li><li>Bring a friend</li></ul>"
    '<p><a href="https://northwind.example/evening">Read more</a><script>track()</script></p>'
)


def portals(today: date) -> dict[str, Portal]:
    """Give the portal "Northwind Events" as it is on ``today``."""
    rows = [_event(today, **row) for row in _rows()]
    first = today + timedelta(days=24)
    return {
        PORTAL: Portal(
            info={
                "id": PORTAL,
                "name": "Northwind Events",
                "domain": "northwind.zohobackstage.example",
            },
            events=Shelf("id", rows),
            agendas={CONFERENCE: _agenda(first)},
        )
    }


def _rows() -> list[dict[str, Any]]:
    """Give the events: ``day`` counts from today, ``at`` and ``minutes`` are by the clock of ``zone``."""
    plain = [
        {"name": "Monthly meetup: calendars", "day": -76, "at": "18:00", "minutes": 150},
        {"name": "Product webinar", "day": -61, "at": "15:00", "minutes": 45, "type": 3},
        {"name": "Monthly meetup: time zones", "day": -45, "at": "18:00", "minutes": 150},
        {"name": "Partner day", "day": -33, "at": "09:00", "minutes": 480, "venue": _FAIR},
        {
            "name": "Workshop: feeds in practice",
            "day": -20,
            "at": "10:00",
            "minutes": 240,
            "tags": ["workshop"],
        },
        {
            "name": "Pune developer evening",
            "day": -12,
            "at": "18:30",
            "minutes": 120,
            "zone": _INDIA,
            "venue": _OFFICE,
        },
        {"name": "Office hours", "day": -5, "at": "16:00", "minutes": 60, "type": 3},
        {
            "name": "Roadshow",
            "day": -2,
            "at": "09:30",
            "minutes": 5 * 1440 + 450,
            "venue": _FAIR,
            "tags": ["roadshow"],
        },
        {"name": "Breakfast briefing", "day": 1, "at": "08:00", "minutes": 90, "venue": _FAIR},
        {
            "name": "Fête de l’été – Åre, Łódź & São Paulo",  # noqa: RUF001 - what people type
            "day": 4,
            "at": "17:00",
            "minutes": 300,
            "tags": ["été", "🎉"],
        },
        {
            "name": "An evening of short talks",
            "day": 6,
            "at": "18:00",
            "minutes": 180,
            "description": _HTML,
        },
        {
            "name": "Security webinar",
            "day": 9,
            "at": "15:00",
            "minutes": 60,
            "type": 3,
            "zone": _NEW_YORK,
        },
        {
            "name": "Customer council",
            "day": 12,
            "at": "10:00",
            "minutes": 420,
            "type": 4,
            "venue": _FAIR,
        },
        {"name": "Beer garden", "day": 15, "at": "17:00", "minutes": 240, "canceled": 3},
        {
            "name": "Hackathon",
            "day": 18,
            "at": "18:00",
            "minutes": 2 * 1440,
            "zone": _INDIA,
            "venue": _OFFICE,
        },
        {
            "name": "Night shift: midnight launch",
            "day": 20,
            "at": "23:30",
            "minutes": 60,
            "type": 3,
            "zone": _NEW_YORK,
        },
        {"name": "Surprise party", "day": 22, "at": "19:00", "minutes": 180, "draft": True},
    ]
    conference = {
        "name": "Northwind Conference",
        "day": 24,
        "at": "09:00",
        "minutes": 1440 + 510 - 1,
        "seconds": 59,
        "type": 4,
        "venue": _FAIR,
        "tags": ["conference", "keynote"],
        "summary": "Two days about calendars that agree with each other",
    }
    later = [
        {
            "name": "Pune user group",
            "day": 31,
            "at": "11:00",
            "minutes": 180,
            "zone": _INDIA,
            "venue": _OFFICE,
        },
        {
            "name": "Trade fair",
            "day": 40,
            "at": "09:00",
            "minutes": 3 * 1440 + 540,
            "venue": _FAIR,
            "tags": ["sales"],
        },
        {
            "name": "Budget webinar (moved online)",
            "day": 48,
            "at": "14:00",
            "minutes": 45,
            "type": 3,
            "canceled": 1,
        },
        {
            "name": "مؤتمر الشركاء",
            "day": 59,
            "at": "09:00",
            "minutes": 480,
            "venue": {"name": "Dubai", "country": "UAE"},
        },
        {
            "name": "Winter school",
            "day": 75,
            "at": "09:00",
            "minutes": 4 * 1440 + 480,
            "description": _HTML,
        },
        {"name": "Untitled event", "day": 90, "at": "09:00", "minutes": 60, "draft": True},
        {"name": "Annual gala", "day": 130, "at": "19:30", "minutes": 270, "venue": _FAIR},
        {
            "name": "The conference after",
            "day": 389,
            "at": "09:00",
            "minutes": 2 * 1440,
            "type": 4,
            "venue": _FAIR,
        },
    ]
    rows = [*plain, conference, *later]
    return [{"number": number, **row} for number, row in enumerate(rows, start=101)]


def _event(
    today: date,
    *,
    number: int,
    name: str,
    day: int,
    at: str,
    minutes: int,
    seconds: int = 0,
    zone: str = _ROME,
    type: int = 2,  # noqa: A002 - Backstage's own word
    venue: Json | None = None,
    tags: list[str] | None = None,
    description: str = "",
    summary: str = "",
    draft: bool = False,
    canceled: int | None = None,
) -> Json:
    """Give one event of the list; ``canceled`` is so many days ago."""
    start = _local(today + timedelta(days=day), at, zone)
    end = start.astimezone(UTC) + timedelta(minutes=minutes, seconds=seconds)
    days_left = ((start.date() - today).days, (end.date() - today).days)
    status = (
        4
        if canceled is not None
        else 0
        if draft
        else 3
        if days_left[1] < 0
        else 2
        if days_left[0] <= 0
        else 1
    )
    event_id = f"31000000000{number}"
    known = datetime.combine(today - timedelta(days=100), time(8, 15, 29), UTC)
    event = {
        "id": event_id,
        "space": {"id": "3100000007"},
        "timezone": zone,
        "status": status,
        "status_string": _STATUS[status],
        "category": "OTHERS",
        "tags": tags or [],
        "language": "en",
        "name": name,
        "description": description,
        "summary": summary,
        "created_by": _OWNER,
        "created_time": _utc(known),
        "last_modified_by": _OWNER,
        "last_modified_time": _utc(known + timedelta(days=number - 100, minutes=number)),
        "event_type": type,
        "event_type_string": _TYPES[type],
        "start_time": _utc(start),
        "end_time": _utc(end),
        "website_url": f"https://northwind.zohobackstage.example/event{number}",
        "social_handles": {},
        "thumbnail_url": f"https://northwind.zohobackstage.example/public/portals/{PORTAL}/siteResources/{event_id}",
    }
    if venue is not None:
        event["venue"] = venue
    if canceled is not None:
        event["canceled_on"] = _utc(
            datetime.combine(today - timedelta(days=canceled), time(10), UTC)
        )
    return event


def _agenda(first: date) -> Agenda:
    """Give the conference's programme: a talk without a hall, a hidden one, and an exhibition listed on both days."""
    second = first + timedelta(days=1)
    exhibition = _session(first, "10:00", "420", "Exhibition", number=9, hall="h3", kind="OTHERS")
    day_one = [
        _session(
            first,
            "09:00",
            45,
            "Opening keynote",
            number=1,
            hall="h1",
            speakers=["1", "2"],
            featured=True,
        ),
        _session(
            first,
            "10:00",
            60,
            "What a calendar promises",
            number=2,
            hall="h1",
            track="t1",
            speakers=["1"],
        ),
        _session(
            first, "10:00", 60, "Zones & daylight", number=3, hall="h2", track="t2", speakers=["3"]
        ),
        _session(first, "12:00", 60, "Lunch", number=4, kind="BREAK"),
        _session(first, "13:00", 90, "Rehearsal for speakers", number=5, hall="h2", hidden=True),
        exhibition,
    ]
    day_two = [
        exhibition,
        _session(second, "09:30", 30, "Coffee & croissants ☕", number=6, kind="BREAK", hall="h3"),
        _session(
            second,
            "10:00",
            45,
            "Repeats that repeat",
            number=7,
            hall="h1",
            track="t2",
            speakers=["2", "3"],
        ),
        _session(second, "16:00", 90, "Closing", number=8, speakers=["1"]),
    ]
    halls = [("h1", "Sala Grande"), ("h2", "Sala Verde"), ("h3", "Foyer")]
    tracks = [("t1", "Standards"), ("t2", "Practice")]
    speakers = [
        ("1", "Grace", "Okafor", "Chair"),
        ("2", "José", "Ibáñez", "Engineer"),
        ("3", "Mei", "", "Author"),
    ]
    return Agenda(
        days=(Shelf("id", day_one), Shelf("id", day_two)),
        halls=Shelf("id", [{"id": f"3100000009{key}", "name": name} for key, name in halls]),
        tracks=Shelf(
            "track_id", [{"track_id": f"3100000008{key}", "name": name} for key, name in tracks]
        ),
        speakers=Shelf("id", [_speaker(*row) for row in speakers]),
    )


def _session(
    day: date,
    at: str,
    minutes: int | str,
    title: str,
    *,
    number: int,
    hall: str | None = None,
    track: str | None = None,
    kind: str = "PRESENTATION",
    speakers: list[str] | None = None,
    hidden: bool = False,
    featured: bool = False,
) -> Json:
    return {
        "id": f"3100000005{number:03d}",
        "title": title,
        "description": "<p>A talk for everyone.</p>" if kind == "PRESENTATION" else "",
        "start_time": _utc(_local(day, at, _ROME)),
        "duration": minutes,
        "track": track and f"3100000008{track}",
        "venue": hall and f"3100000009{hall}",
        "session_type": kind,
        "featured": featured,
        "hidden": hidden,
        "speakers": [f"3100000006{key}" for key in speakers or []],
        "language": "en",
    }


def _speaker(key: str, first_name: str, last_name: str, designation: str) -> Json:
    return {
        "id": f"3100000006{key}",
        "email": f"{first_name.encode('ascii', 'ignore').decode().lower()}@speakers.example",
        "first_name": first_name,
        "last_name": last_name,
        "designation": designation,
        "company": "Northwind",
        "description": "",
        "telephone": "",
        "status_string": "confirmed",
        "featured": key == "1",
    }


def _local(day: date, at: str, zone_name: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(at), zone(zone_name) or UTC_ZONE)


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
