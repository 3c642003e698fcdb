"""Objects of Zoho Calendar in the documented shape (Zoho APIs 4.2, 4.3), and their parse."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from bridge.domain.event import Event
from bridge.domain.source import CalendarSource
from bridge.sources.calendar.parse import parse
from bridge.sources.protocols import ParseResult
from tests.sources.rejection_codes import codes_of

SOURCE = CalendarSource(calendar="l9WWZCf_SJWcr3uIuBOq5g==")
_DATA = Path(__file__).parents[1] / "data" / "calendar"
DOCUMENTED: list[dict[str, Any]] = json.loads((_DATA / "documented_list.json").read_text())[
    "events"
]


def wire(uid: str = "u1@zoho.com", **changes: Any) -> dict[str, Any]:
    """Return a timed object with fields changed; None removes a field."""
    fields = {
        "uid": uid,
        "title": "Planning",
        "isallday": False,
        "dateandtime": {
            "timezone": "Asia/Calcutta",
            "start": "20260302T153000+0530",
            "end": "20260302T163000+0530",
        },
        "etag": 1500285443390,
        "isprivate": False,
        "calendar_alarm": False,
        "role": "organizer",
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def day_wire(start: str, end: str, **changes: Any) -> dict[str, Any]:
    """Return an all-day object."""
    return wire(isallday=True, **at("Asia/Calcutta", start, end), **changes)


def at(zone: str | None = None, start: str = "", end: str = "") -> dict[str, Any]:
    """Return the field dateandtime, without empty parts."""
    when = {"timezone": zone, "start": start, "end": end}
    return {"dateandtime": {name: text for name, text in when.items() if text}}


def instance(original: Any, **changes: Any) -> dict[str, Any]:
    """Return a changed instance of a series."""
    return wire(recurrenceid=original, **changes)


def read(
    *objects: Any,
    details: Mapping[str, Sequence[Any]] | None = None,
    calendar: Mapping[str, Any] | None = None,
) -> ParseResult:
    """Return the parse of one page of objects in a calendar of Berlin."""
    home = {"uid": SOURCE.calendar, "timezone": "Europe/Berlin"} | dict(calendar or {})
    raw = {"calendar": home, "pages": [list(objects)], "details": details or {}}
    return parse(raw, SOURCE)


def one(*objects: Any, **more: Any) -> tuple[Event, list[set[str]]]:
    """Return the only event of objects, and the codes of each rejection."""
    parsed = read(*objects, **more)
    assert len(parsed.events) == 1, parsed
    return parsed.events[0], [codes_of(rejection) for rejection in parsed.rejections]


def utc(text: str) -> datetime:
    """Return a time in UTC, written as ``2026-03-02 10:00``."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


# Mondays from 2 March 2026, 15:30 in Kolkata, 10:00 UTC
SERIES = wire(
    rrule="FREQ=WEEKLY;INTERVAL=1;BYDAY=MO",
    repeat=[{"freq": "weekly", "byday": "MO", "interval": 1}],
)
