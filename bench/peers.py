"""Web app that the bridge is compared with: bare Flask views, and merging on request."""

import os
from pathlib import Path

from flask import Flask, Response
from icalendar import Calendar

TYPE = "text/calendar; charset=utf-8"


def create_app() -> Flask:
    """Return the app; it serves the files that ``serve_speed.py`` wrote to BRIDGE_DATA_DIR."""
    folder = Path(os.environ["BRIDGE_DATA_DIR"])
    small = (folder / "small.ics.gz").read_bytes()
    parts = [path.read_bytes() for path in sorted(folder.glob("part*.ics"))]
    app = Flask("bare")

    @app.get("/empty")
    def empty() -> Response:
        return Response(status=304)

    @app.get("/small")
    def same_bytes() -> Response:
        return Response(small, content_type=TYPE, headers={"Content-Encoding": "gzip"})

    @app.get("/merge")
    def merge() -> Response:
        """Merge the parts as open-web-calendar and mergecal do, but without fetching them."""
        merged = Calendar()
        merged.add("prodid", "-//bench//merge//EN")
        merged.add("version", "2.0")
        zones = set()
        for part in parts:
            for component in Calendar.from_ical(part).subcomponents:
                if component.name == "VTIMEZONE":
                    if component["TZID"] in zones:
                        continue
                    zones.add(component["TZID"])
                merged.add_component(component)
        return Response(merged.to_ical(), content_type=TYPE)

    return app
