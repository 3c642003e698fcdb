"""Baselines under the same server: bare Flask views, and merging on request."""

import os
from pathlib import Path

from flask import Flask, Response
from icalendar import Calendar


def create_app() -> Flask:
    folder = Path(os.environ["BENCH_DIR"])
    small = (folder / "small.ics.gz").read_bytes()
    parts = [(folder / f"part{number}.ics").read_bytes() for number in range(3)]
    app = Flask("bare")

    @app.get("/empty")
    def empty() -> Response:
        return Response(status=304)

    @app.get("/small")
    def same_bytes() -> Response:
        return Response(
            small,
            headers={"Content-Type": "text/calendar; charset=utf-8", "Content-Encoding": "gzip"},
        )

    @app.get("/merge")
    def merge() -> Response:
        """Merge three sources with icalendar, as open-web-calendar does, without fetching them."""
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
        return Response(merged.to_ical(), content_type="text/calendar; charset=utf-8")

    return app
