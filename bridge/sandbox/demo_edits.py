"""Edits of the demo's portal, so that the demo has a history to show."""

from datetime import datetime, timedelta

from bridge.sandbox.state import Data, Json

PORTAL = "20148871"


def edit(data: Data) -> None:
    """Add, rename, move, cancel and delete one event each."""
    events = data.portals[PORTAL].events
    (hours,) = events.find("31000000000107")
    (council,) = events.find("31000000000113")
    added = {"id": "31000000000127", "status": 1, "status_string": "published"}
    events.add(hours | added | _moved(hours, timedelta(weeks=3)))
    events.change("31000000000111", name="An evening of lightning talks")
    events.change("31000000000113", **_moved(council, timedelta(days=1)))
    cancelled = {"status": 4, "status_string": "canceled", "canceled_on": council["start_time"]}
    events.change("31000000000119", **cancelled)
    events.delete("31000000000123")


def _moved(event: Json, span: timedelta) -> Json:
    return {
        name: f"{datetime.fromisoformat(event[name]) + span:%Y-%m-%dT%H:%M:%SZ}"
        for name in ("start_time", "end_time")
    }
