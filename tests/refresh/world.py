"""A sandbox over real HTTP, and a bridge that reads it, for tests of the refresh."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events

from bridge.config import ZohoSettings, load
from bridge.domain.event import Moment
from bridge.domain.feed import Feed
from bridge.domain.records import SourceState
from bridge.domain.source import CalendarSource, Source
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher, Report
from bridge.sandbox.calendar_objects import Builder, info, timed
from bridge.sandbox.state import Calendar, Data, Shelf
from bridge.sandbox.world import documents
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from tests.clock import Clock
from tests.zoho_sandbox import Sandbox

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TODAY = date(2026, 3, 10)
WORK, TEAM = CalendarSource(calendar="work=="), CalendarSource(calendar="team==")
FEED = Feed(slug="team", title="Team", sources=(WORK,), past=7 * DAY, future=30 * DAY)
ZONE = "Europe/Berlin"
ALL = ["Call", "Review", "Stand-up", "Stand-up, late"]


class Api:
    """The client, and actions that another process does while it reads."""

    def __init__(self, client: ZohoClient) -> None:
        self.client = client
        self.meanwhile: list[Callable[[], object]] = []

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Read an answer, then do what happens meanwhile."""
        answer = self.client.get(*args, **kwargs)
        while self.meanwhile:
            self.meanwhile.pop()()
        return answer


class World:
    """A sandbox and a bridge beside it."""

    def __init__(self, store: Store, sandbox: Sandbox, clock: Clock, **zoho: Any) -> None:
        self.store, self.sandbox, self.clock = store, sandbox, clock
        settings = settings_of(sandbox, **zoho)
        self.client = ZohoClient(
            settings, store.tokens, store.rate_limits, clock=clock, sleep=clock.sleep
        )
        self.api = Api(self.client)
        self.refresher = Refresher(
            store=store,
            api=self.api,
            zoho=settings,
            holder="w",
            clock=clock,
            dice=lambda: 0.5,
        )

    def refresh(self, source: Source = WORK, **options: Any) -> Report:
        """Refresh a source."""
        return self.refresher.refresh(source.key, **options)

    def state(self, source: Source = WORK) -> SourceState:
        """Return the stored state of a source."""
        return self.store.sources.state(source.key)

    def events(self, source: CalendarSource = WORK) -> Any:
        """Return the events of a calendar in the sandbox."""
        return self.sandbox.calendar(source.calendar).events

    def body(self, variant: str = "default", slug: str = "team") -> bytes:
        """Return the published bytes of a feed."""
        document = self.store.publications.document(slug, variant)
        assert document is not None
        return document.body

    def bodies(self) -> dict[str, bytes]:
        """Return the published bytes of each variant."""
        return {variant: self.body(variant) for variant in ("default", "quiet", "web")}

    def titles(self, slug: str = "team") -> list[str]:
        """Return the titles of a feed's VEVENTs."""
        return sorted(str(component["SUMMARY"]) for component in vevents(self.body(slug=slug)))


def settings_of(sandbox: Sandbox, **zoho: Any) -> ZohoSettings:
    """Return the settings of a bridge that reads the sandbox."""
    return replace(load(sandbox.environment()).zoho, **zoho)


def vevents(body: bytes) -> list[Any]:
    """Return the VEVENTs of a document, as icalendar reads them."""
    return list(icalendar.Calendar.from_ical(body).walk("VEVENT"))


def instances(body: bytes, start: datetime, end: datetime) -> list[tuple[str, str, str]]:
    """Return title, start and end of each instance, as another engine reads them."""
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(body)).between(start, end)
    return sorted((str(i["SUMMARY"]), utc(i["DTSTART"].dt), utc(i["DTEND"].dt)) for i in found)


def utc(moment: Moment) -> str:
    """Return a time in UTC as text."""
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return f"{moment}"


def calendar(source: CalendarSource, make_events: Callable[[Builder], list[Any]]) -> Calendar:
    """Return a calendar of the sandbox with these events."""
    make = Builder(source.calendar, "1657000000004001", TODAY)
    about = info(source.calendar, source.calendar, timezone=ZONE)
    return Calendar(info=about, events=Shelf("uid", make_events(make)))


def on(days: int, at: str = "10:00", minutes: int = 60) -> Any:
    """Return a time some days from today."""
    return timed(ZONE, TODAY + days * DAY, at, minutes)


def work(make: Builder) -> list[Any]:
    """Return two events, and a daily series with a moved instance."""
    daily = make("Stand-up", on(0, "09:00", 15), rule="FREQ=DAILY;COUNT=10")
    return [
        make("Call", on(1), reminders=["-10"]),
        make("Review", on(2), location="Room 4"),
        daily,
        make.instance(daily, on(3, "09:00").slot, on(3, "11:00", 15), title="Stand-up, late"),
    ]


def two_calendars() -> Data:
    """Return the data of a sandbox with the calendars WORK and TEAM."""
    team = calendar(TEAM, lambda make: [make(f"T{n:02}", on(n)) for n in range(1, 25)])
    return Data(calendars={WORK.calendar: calendar(WORK, work), TEAM.calendar: team})


def sample(store: Store, now: datetime, feed: Feed, **zoho: Any) -> bytes:
    """Refresh all sources of a feed from the documents' own samples, and return its bytes."""
    clock = Clock(now)
    with Sandbox(clock, documents()) as sandbox:
        world = World(store, sandbox, clock, **zoho)
        activate_feeds(store, [feed], now=now)
        for source in feed.sources:
            report = world.refresh(source)
            assert (report.outcome, report.error) == ("refreshed", "")
            assert not dropped(store, source)
        world.client.close()
        return world.body()


def dropped(store: Store, source: Source) -> Iterable[object]:
    """Return the rejections of a source that are not shown."""
    return [r for r in store.sources.rejections(source.key) if r.kind == "dropped"]
