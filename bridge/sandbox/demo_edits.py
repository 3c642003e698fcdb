"""Edits of the demo's world: a history to show, and renames on request that tell how fast it is."""

from datetime import datetime, timedelta

from flask import Flask

from bridge.sandbox.state import Data, Json

PORTAL = "20148871"
_WORK = "q3Xv8Tn_Rk2mWz0yLb7cAg=="


def edit(data: Data) -> None:
    """Add, rename, move, cancel and delete one event each."""
    events = data.portals[PORTAL].events
    (hours,) = events.find("31000000000107")
    (council,) = events.find("31000000000113")
    added = {"id": "31000000000127", "status": 1}
    events.add(hours | added | _moved(hours, timedelta(weeks=3)))
    events.change("31000000000111", name="An evening of lightning talks")
    events.change("31000000000113", **_moved(council, timedelta(days=1)))
    events.change("31000000000119", status=4)
    events.delete("31000000000123")


def serve_renames(app: Flask, data: Data) -> None:
    """Add the addresses ``/rename/calendar`` and ``/rename/portal``: a POST renames an event."""

    def rename(kind: str) -> str:
        title = f"Renamed at {datetime.now():%H:%M:%S}"  # noqa: DTZ005 - the person's own clock
        if kind == "calendar":
            events = data.calendars[_WORK].events
            call = next(e for e in events.all() if e["title"].startswith(("Customer", "Renamed")))
            events.change(call["uid"], title=title)
        else:
            data.portals[PORTAL].events.change("31000000000111", name=title)
        return f"{title}\n"

    app.add_url_rule("/rename/<any(calendar, portal):kind>", view_func=rename, methods=["POST"])


def _moved(event: Json, span: timedelta) -> Json:
    return {
        name: f"{datetime.fromisoformat(event[name]) + span:%Y-%m-%dT%H:%M:%SZ}"
        for name in ("start_time", "end_time")
    }
