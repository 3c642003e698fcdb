"""Peak of resident memory while many events are fetched and published in one feed, by step.

Baseline: the memory before each step. The events come from ten calendars. Their answers are JSON
text, decoded as the client does and not kept by the stand-in for it, so the peak is the bridge's.
Linux measures the peak (VmHWM), reset at the start of each step.

    python bench/refresh_memory.py [--events 100000] [--calendars 10]
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
import functools
import json
from pathlib import Path
from typing import Any

from common import VARIANTS, new_refresher, options, published, refresh

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.publish import publisher
from bridge.publish.pending import activate_feeds
from bridge.refresh import refresher as refreshing
from bridge.sandbox.calendar_objects import Builder, info, timed
from bridge.sources import registry
from bridge.store.publications import Publications
from bridge.store.sources import Sources
from tests.clock import NOW

DAYS = 600
FIRST = NOW.date() - timedelta(days=70)
STEPS = (
    (registry, "fetch", "fetch: the answers, decoded"),
    (registry, "parse", "parse: the events"),
    (refreshing, "decide", "compare: hashes, and the events to save"),
    (Sources, "succeed", "save the events"),
    (Publications, "current", "read what is published"),
    (publisher, "make_plan", "find what is out of date"),
    (publisher, "update_entries", "make views and render them"),
    (publisher, "changed_documents", "join and compress"),
    (Publications, "publish", "write the publication"),
)


class Calendars:
    """Calendars with ``a_day`` single events on each of DAYS, in place of the client."""

    def __init__(self, a_day: int) -> None:
        self.a_day = a_day
        build = Builder("@C", "1657", NOW.date())
        event = build(
            "Meeting @N of the whole team",
            # Noon in Berlin has two offsets; all events have that of winter.
            timed("Europe/Berlin", date(2026, 1, 1), "12:00", 30),
            description="Agenda of meeting @N: what was done, what is to be done, what is blocked.",
            location="Room 4, Speicherstraße 4",
            reminders=["-10"],
        )
        text = json.dumps(event).replace(event["uid"], "@C-@N@zoho.com")
        self.template = text.replace("20260101", "@D")

    def get(self, product: str, path: str, params: Any = None, **_: Any) -> Any:  # noqa: ARG002
        """Return decoded JSON like the client."""
        calendar = path.split("/")[2]
        if not path.endswith("/events"):
            return {"calendars": [info(calendar, "Work", timezone="Europe/Berlin")]}
        requested = json.loads(params["range"])
        start = max(date.fromisoformat(requested["start"]), FIRST)
        end = min(date.fromisoformat(requested["end"]), FIRST + timedelta(days=DAYS - 1))
        texts: list[str] = []
        for n in range((end - start).days + 1):
            day = f"{start + timedelta(days=n):%Y%m%d}"
            event = self.template.replace("@D", day).replace("@C", calendar)
            texts += [event.replace("@N", f"{day}{number:06d}") for number in range(self.a_day)]
        return json.loads('{"events": [' + ", ".join(texts) + "]}")


def memory(name: str) -> float:
    """Return one of the process's memory figures, in megabytes."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"{name}:")[2].split()[0]) / 1024


class Peaks:
    """The highest peak of each step, with the memory before it, in megabytes."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[float, float]] = {}
        for owner, name, title in STEPS:
            setattr(owner, name, self.watched(getattr(owner, name), title))

    def watched(self, step: Callable[..., Any], title: str) -> Callable[..., Any]:
        """Return a function that also notes the peak of its run."""

        @functools.wraps(step)
        def run(*arguments: Any, **options: Any) -> Any:
            with self.measured(title):
                return step(*arguments, **options)

        return run

    @contextmanager
    def measured(self, title: str) -> Iterator[None]:
        """Note the peak of a step."""
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmRSS")
        try:
            yield
        finally:
            peak = memory("VmHWM")
            if peak > self.steps.get(title, (0, 0))[1]:
                self.steps[title] = before, peak

    def report(self) -> None:
        """Print the peaks and forget them."""
        for title, (before, peak) in self.steps.items():
            print(f"  {title:<42} {before:6.0f} MB before, {peak:6.0f} MB at its peak")
        print(f"  the peak: {max(peak for _, peak in self.steps.values()):.0f} MB")
        self.steps.clear()


def main(events: int, calendars: int) -> None:
    """Print the peaks of the first publication, and of refreshes without a change."""
    api = Calendars(-(-events // calendars // DAYS))  # rounds up
    peaks = Peaks()
    sources = [CalendarSource(calendar=f"calendar{n}") for n in range(calendars)]
    with new_refresher(api) as (refresher, clock):
        store = refresher.store
        # All calendars have the same meetings: without "keep", the feed would show one of each.
        feed = Feed(slug="all", title="All", sources=tuple(sources), duplicates="keep")
        activate_feeds(store, [feed], now=NOW)
        peaks.steps.clear()
        for title in ("first publication", "nothing changed"):
            clock.forward(minutes=15)
            before, fetched, rendered = memory("VmRSS"), 0, 0
            for source in sources:
                report = refresh(refresher, source.key)
                if report.fetched != api.a_day * DAYS:
                    raise SystemExit(f"expected {api.a_day * DAYS} events: {report}")
                fetched, rendered = fetched + report.fetched, rendered + report.rendered
            print(f"{title}: {fetched} events, {rendered} rendered; from {before:.0f} MB")
            peaks.report()
        for variant in VARIANTS:
            size = len(published(store, "all", variant).body)
            print(f"document {variant}: {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main(**options(__doc__, events=100_000, calendars=10))
