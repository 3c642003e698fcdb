"""The answers printed in Zoho Connect's documents, and their parse."""

from copy import deepcopy
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bridge.domain.event import Event
from bridge.domain.source import ConnectSource
from bridge.domain.timezones import zone_by_key
from bridge.sources.connect import parse as connect_parse
from bridge.sources.protocols import ParseResult

_DATA = Path(__file__).parents[1] / "data" / "connect"
UPCOMING: dict[str, Any] = json.loads((_DATA / "upcoming_events.json").read_text())
UPDATE: dict[str, Any] = json.loads((_DATA / "update_event.json").read_text())
ITEMS: list[dict[str, Any]] = UPCOMING["upcomingEvents"]["events"]
ALL_DAY, TIMED = ITEMS[0], ITEMS[1]
NETWORK = "929000000015001"
CREATIVE = ConnectSource(group="929000000439015", network=NETWORK)
ENGINEERING = ConnectSource(group="929000000295001", network=NETWORK)
# UTC-11 all year: the zone that the documents' wall clocks fit (Zoho APIs 3.5)
SAMOA = zone_by_key("Pacific/Pago_Pago")
ABSENT: Any = object()


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an object with other fields; ABSENT removes a field."""
    data = deepcopy(base) | changes
    return {key: value for key, value in data.items() if value is not ABSENT}


def parse(
    *items: Any, here: ZoneInfo | None = SAMOA, repeating: frozenset[str] = frozenset()
) -> ParseResult:
    """Return the parse of an answer with these objects."""
    raw = {"pages": [{"upcomingEvents": {"events": list(items)}}]}
    return connect_parse.parse(raw, CREATIVE, here, repeating)


def only(base: dict[str, Any], **changes: Any) -> Event:
    """Return the event of one object with other fields."""
    parsed = parse(changed(base, **changes))
    assert len(parsed.events) == 1, parsed
    return parsed.events[0]


def utc(text: str) -> datetime:
    """Return a time in UTC, written as ``2017-11-15T03:30``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
