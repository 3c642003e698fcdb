"""Peak of resident memory while many events are read and published in one feed, step by step.

The events come from ten calendars, or as many as the command line names. The answers are JSON text,
decoded as the client does it. The stand-in for Zoho keeps none of them, so the bridge alone is
measured. The peak of each step is Linux's own figure (VmHWM, reset at the beginning of the step).

    python bench/memory.py [events [calendars]]
"""

from collections.abc import Callable
from contextlib import contextmanager
from datetime import date, timedelta
import functools
import json
from pathlib import Path
import sys
import tempfile
from typing import Any

from refreshing import KEY, NOW, TODAY, Clock

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.publish import publisher as publish
from bridge.publish.pending import activate_feeds
from bridge.refresh import refresher as refresh
from bridge.sandbox.calendar_objects import Builder, info, timed
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.store.publications import Publications
from bridge.store.sources import Sources

DAYS = 600
STEPS = (
    (refresh.registry, "fetch", "fetch: the answers, decoded"),
    (refresh.registry, "parse", "parse: the events"),
    (refresh, "decide", "decide: hashes, and the events to save"),
    (Sources, "succeed", "save the events"),
    (Publications, "current", "read what is published"),
    (publish, "make_plan", "find what is out of date"),
    (publish, "update_entries", "make views and render them"),
    (publish, "changed_documents", "join and compress"),
    (Publications, "publish", "write the publication"),
)


class Zoho:
    """Calendars with ``a_day`` single events on each day; they keep only the number of events."""

    def __init__(self, a_day: int) -> None:
        self.a_day = a_day
        self.first = TODAY - timedelta(days=70)
        self.last = self.first + timedelta(days=DAYS)
        make = Builder("@C", "1657", TODAY)
        event = make(
            "Meeting @N of the whole team",
            timed("Europe/Berlin", date(2026, 1, 1), "12:00", 30),
            description="Agenda of meeting @N: what was done, what is to be done, "
            "and what is in the way.",
            location="Room 4, Speicherstraße 4",
            reminders=["-10"],
        )
        # Noon in Berlin is one of two offsets; the events of the bench are all in winter's.
        self.template = (
            json.dumps(event).replace(event["uid"], "@C-@N@zoho.com").replace("20260101", "@D")
        )

    def get(self, _product: str, path: str, params: Any = None, **_options: Any) -> Any:
        """Answer as the client does."""
        calendar = path.split("/")[2]
        if not path.endswith("/events"):
            return {"calendars": [info(calendar, "Work", timezone="Europe/Berlin")]}
        asked = json.loads(params["range"])
        day, end = date.fromisoformat(asked["start"]), date.fromisoformat(asked["end"])
        texts = []
        while day <= end:
            if self.first <= day < self.last:
                of_day = self.template.replace("@D", f"{day:%Y%m%d}").replace("@C", calendar)
                texts += [of_day.replace("@N", f"{day:%Y%m%d}{n:06d}") for n in range(self.a_day)]
            day += timedelta(days=1)
        return json.loads('{"events": [' + ", ".join(texts) + "]}")


def status(name: str) -> float:
    """Return one of the process's memory figures, in megabytes."""
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)
    )
    return int(line.split()[1]) / 1024


STEPS_SEEN: dict[
    str, tuple[float, float]
] = {}  # of the highest peak of each step: what there was before, and it


@contextmanager
def measured(name: str):
    """Record the peak of a step."""
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    try:
        yield
    finally:
        STEPS_SEEN[name] = max(
            (before, status("VmHWM")), STEPS_SEEN.get(name, (0, 0)), key=lambda seen: seen[1]
        )


def watch(owner: Any, name: str, words: str) -> None:
    work: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(work)
    def watched(*arguments: Any, **options: Any) -> Any:
        with measured(words):
            return work(*arguments, **options)

    setattr(owner, name, watched)


def main(size: int, calendars: int) -> None:
    zoho = Zoho(-(-size // calendars // DAYS))  # not less than asked for
    for step in STEPS:
        watch(*step)
    sources = [CalendarSource(calendar=f"calendar{n}") for n in range(calendars)]
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        settings = config.load({"BRIDGE_DATA_DIR": folder, "BRIDGE_SECRET_KEY": KEY}).zoho
        store = Store.open(f"sqlite:///{folder}/bridge.sqlite3", SecretKeys(KEY))
        clock = Clock()
        refresher = refresh.Refresher(
            store=store, api=zoho, zoho=settings, holder="bench", clock=clock
        )
        activate_feeds(store, [Feed(slug="all", title="All", sources=tuple(sources))], now=NOW)
        STEPS_SEEN.clear()
        for what in ("first publication", "nothing changed"):
            clock.now += timedelta(minutes=15)
            before, fetched, rendered = status("VmRSS"), 0, 0
            for source in sources:
                report = refresher.refresh(source.key)
                if report.outcome != "refreshed" or report.fetched != zoho.a_day * DAYS:
                    raise SystemExit(report)
                fetched, rendered = fetched + report.fetched, rendered + report.rendered
            print(
                f"{what}: {fetched} events of {calendars} calendars, {rendered} rendered; "
                f"from {before:.0f} MB"
            )
            for name, (had, peak) in STEPS_SEEN.items():
                print(f"  {name:<42} {had:6.0f} MB before, {peak:6.0f} MB at its peak")
            print(f"  the peak: {max(peak for _, peak in STEPS_SEEN.values()):.0f} MB")
            STEPS_SEEN.clear()
        sizes = [store.publications.document("all", v) for v in ("default", "quiet", "web")]
        print("documents: " + ", ".join(f"{d.variant} {len(d.body) / 1e6:.0f} MB" for d in sizes))
        store.close()


if __name__ == "__main__":
    numbers = [int(number) for number in sys.argv[1:]]
    main(*numbers, *(100_000, 10)[len(numbers) :])
