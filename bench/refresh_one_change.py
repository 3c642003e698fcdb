"""Cost of a first publication, and of refreshes after it, in CPU seconds.

Baseline of the first publication: icalendar alone builds and renders the same VEVENTs, from values
in memory. Baseline of a refresh after one event or none changed: the first publication. All go from
the decoded answer of Zoho to the written documents: parse, compare, render, join, compress, save.
CPU time, because other programs on the machine must not decide the outcome.

    python bench/refresh_one_change.py [--events 10000] [--rounds 5]
"""

import statistics
import time
from typing import Any

from common import VARIANTS, new_refresher, options, published, refresh, summary
import icalendar

from bridge.domain.feed import Feed
from bridge.domain.source import ConnectSource
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher, Report
from bridge.sandbox import connect_objects
from tests.clock import NOW, Clock

SOURCE = ConnectSource(group="77", network="1")


class Group:
    """A Connect group with events in the feed's window, in place of the client."""

    def __init__(self, size: int) -> None:
        info = {"id": "77", "name": "Team", "url": "77", "status": "ACTIVE"}
        self.events = [
            connect_objects.event(
                NOW.date(),
                info,
                number=100_000 + n,
                title=f"Meeting number {n} of the whole team",
                day=n % 610 - 80,
                at=f"{8 + n % 9:02d}:{n % 4 * 15:02d}",
                desc=f"Agenda of meeting {n}: what was done, what is to be done, what is blocked.",
                location=f"Room {n % 40}, Speicherstraße 4",
                intervalMinute="15",
            )
            for n in range(size)
        ]

    def edit(self, number: int) -> None:
        """Change the title of one event."""
        title = f"Another title for meeting {number}"
        self.events[number] = self.events[number] | {"title": title}

    def get(self, *_arguments: Any, **_options: Any) -> Any:
        """Return decoded JSON like the client."""
        return {"upcomingEvents": {"events": self.events}}


def measure(refresher: Refresher, clock: Clock) -> tuple[float, Report]:
    """Refresh the source a quarter of an hour later; return the CPU seconds and the report."""
    clock.forward(minutes=15)
    start = time.process_time()
    report = refresh(refresher, SOURCE.key)
    return time.process_time() - start, report


def render_bare(document: bytes) -> float:
    """Build and render the VEVENTs of a document with icalendar; return the CPU seconds."""

    def plain(component: icalendar.Component) -> list[tuple[str, Any]]:
        return [(name, getattr(value, "dt", value)) for name, value in component.items()]

    parsed = icalendar.Calendar.from_ical(document).walk("VEVENT")
    values = [(plain(event), [*map(plain, event.subcomponents)]) for event in parsed]
    start = time.process_time()
    for properties, alarms in values:
        event = icalendar.Event()
        for name, value in properties:
            event.add(name, value)
        for alarm in alarms:
            component = icalendar.Alarm()
            for name, value in alarm:
                component.add(name, value)
            event.add_component(component)
        event.to_ical()
    return time.process_time() - start


def main(events: int, rounds: int) -> None:
    """Print the CPU seconds of both kinds of refresh and their ratio to the baseline."""
    group = Group(events)
    times: dict[int, list[float]] = {1: [], 0: []}  # by number of changed events
    with new_refresher(group) as (refresher, clock):
        store = refresher.store
        activate_feeds(store, [Feed(slug="all", title="All", sources=(SOURCE,))], now=NOW)
        first, report = measure(refresher, clock)
        print(f"first publication of {events} events: {first:.2f} s, {report.rendered} rendered")
        bare = render_bare(published(store, "all").body)
        print(f"icalendar alone: {bare:.2f} s, the first publication {first / bare:.2f} times that")
        for number in range(rounds):
            group.edit(number * events // rounds)
            for changed, results in times.items():
                seconds, report = measure(refresher, clock)
                if (report.changed, report.rendered) != (changed, changed):
                    raise SystemExit(f"expected {changed} changed event(s): {report}")
                results.append(seconds)
        for variant in VARIANTS:
            document = published(store, "all", variant)
            sizes = (len(document.body) / 1e6, len(document.gzip) / 1e6)
            print("document {}: {:.1f} MB, {:.2f} MB compressed".format(variant, *sizes))
    for changed, results in times.items():
        typical = statistics.median(results)
        ratio = f"{typical * 1000:.1f} ms, {typical / first:.4f} of the first"
        print(f"{changed} changed: {summary(results)}, {ratio}")


if __name__ == "__main__":
    main(**options(__doc__, events=10_000, rounds=5))
