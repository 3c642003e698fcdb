"""A few edits such as people make, so that the demo has a history to show."""

from datetime import datetime, timedelta

from bridge.sandbox.state import Data, Json

PORTAL = "20148871"
_CANCELLED = 4


def edit(data: Data) -> None:
    """Add, rename, move, cancel and delete an event each in the portal PORTAL."""
    events = data.portals[PORTAL].events
    (hours,) = events.find("31000000000107")
    (council,) = events.find("31000000000113")
    events.add(
        hours
        | {"id": "31000000000127", "status": 1, "status_string": "published"}
        | _later(hours, weeks=3)
    )
    events.change("31000000000111", name="An evening of lightning talks")
    events.change("31000000000113", **_later(council, days=1))
    events.change(
        "31000000000119",
        status=_CANCELLED,
        status_string="canceled",
        canceled_on=council["start_time"],
    )
    events.delete("31000000000123")


def _later(event: Json, **by: float) -> Json:
    times = {
        name: datetime.fromisoformat(event[name]) + timedelta(**by)
        for name in ("start_time", "end_time")
    }
    return {name: f"{time:%Y-%m-%dT%H:%M:%SZ}" for name, time in times.items()}
