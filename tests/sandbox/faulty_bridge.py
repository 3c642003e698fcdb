"""A bridge on a sandbox of small data, for tests of faults: a store with a feed of each source."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from typing import Any

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.records import SourceState
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource, Source
from bridge.domain.timezones import zone
from bridge.feed.publication import Document
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher, Report
from bridge.sandbox import backstage_objects, connect_objects
from bridge.sandbox.calendar_objects import Builder, info, timed
from bridge.sandbox.connect_objects import CONNECT_ZONE
from bridge.sandbox.state import Agenda, Calendar, Data, Group, Network, Portal, Shelf
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.client import ZohoClient
from bridge.zoho.transport import new_http
from tests.clock import Clock
from tests.zoho_sandbox import Sandbox

START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
TODAY = START.date()
DAY = timedelta(days=1)
VARIANTS = ("default", "quiet", "web")
KEY = "a test's secret key, long enough for anything"

PORTAL, CONFERENCE, NETWORK, GROUP, CALENDAR = "7001", "31000000000999", "1", "77", "cal=="
PROGRAMME = BackstageSource(portal=PORTAL)
AGENDA = BackstageSource(portal=PORTAL, event=CONFERENCE)
TEAM = ConnectSource(group=GROUP, network=NETWORK)
WORK = CalendarSource(calendar=CALENDAR)
SOURCES: dict[str, Source] = {"backstage.events": PROGRAMME, "connect.events": TEAM}
SOURCES |= dict.fromkeys(
    ("calendar.calendar", "calendar.events", "calendar.event", "oauth.token"), WORK
)
SOURCES |= {
    f"backstage.{name}": AGENDA
    for name in ("event", "agendas", "sessions", "halls", "tracks", "speakers")
}
"""The source that a refresh reads from each route."""


def backstage_portal() -> Portal:
    rows = [
        backstage_objects.event(
            TODAY, number=200 + n, name=f"Meetup {n}", day=15 + 2 * n, at="18:00", minutes=90
        )
        for n in range(25)
    ]
    conference = backstage_objects.event(
        TODAY, number=999, name="Conference", day=30, at="09:00", minutes=2 * 1440
    )
    days = [
        [
            backstage_objects.session(
                TODAY,
                number=100 * day + n,
                day=30 + day,
                at=f"{9 + n // 2:02d}:{n % 2 * 30:02d}",
                duration=30,
                title=f"Talk {day}.{n}",
                venue="3100000009h1",
                track="3100000008t1",
                speakers=["31000000061"],
            )
            for n in range(13)
        ]
        for day in range(2)
    ]
    speaker = {"id": "31000000061", "first_name": "Grace", "last_name": "Okafor"}
    agenda = Agenda(
        days=tuple(Shelf("id", sessions) for sessions in days),
        halls=Shelf("id", [{"id": "3100000009h1", "name": "Sala Grande"}]),
        tracks=Shelf("track_id", [{"track_id": "3100000008t1", "name": "Standards"}]),
        speakers=Shelf("id", [speaker]),
    )
    return Portal(
        info={"id": PORTAL, "name": "Northwind"},
        events=Shelf("id", [*rows, conference]),
        agendas={CONFERENCE: agenda},
    )


def connect_networks() -> dict[str, Network]:
    def group(key: str, name: str) -> Group:
        return Group(
            info={"id": key, "name": name, "url": key, "status": "ACTIVE"}, events=Shelf("streamId")
        )

    mine, other = group(GROUP, "Team"), group("88", "Others")
    mine.events.add(
        *(
            connect_objects.event(
                TODAY,
                mine.info,
                number=100 + n,
                title=f"Sync {n}",
                day=15 + n,
                at="15:00",
            )
            for n in range(25)
        )
    )
    return {
        NETWORK: Network(info={"id": NETWORK, "name": "Zillum"}, groups={GROUP: mine}),
        "2": Network(info={"id": "2", "name": "Elsewhere"}, groups={"88": other}),
    }


def calendar() -> Calendar:
    build = Builder(CALENDAR, "1657", TODAY)
    weekly = build(
        "Weekly", timed("Europe/Berlin", TODAY - 3 * DAY, "10:00", 60), rule="FREQ=WEEKLY;COUNT=30"
    )
    moved = timed(
        "Europe/Berlin", TODAY + 130 * DAY, "10:00", 60
    )  # out of the window: only the details have it
    slot = timed("Europe/Berlin", TODAY + 11 * DAY, "10:00", 60).slot
    single = [
        build(
            f"Call {n}",
            timed("Europe/Berlin", TODAY + (15 + 2 * n) * DAY, "12:00", 30),
            calendar_alarm=True,
        )
        for n in range(25)
    ]
    return Calendar(
        info=info(
            CALENDAR,
            "Work",
            timezone="Europe/Berlin",
            reminders=[{"minutes": "-30", "action": "popup"}],
        ),
        events=Shelf("uid", [weekly, build.instance(weekly, slot, moved), *single]),
    )


@dataclass
class World:
    """A sandbox, a store with a feed for each source, and a patient and a hasty client."""

    box: Sandbox
    store: Store
    clock: Clock
    zoho: config.ZohoSettings
    client: ZohoClient
    hasty: ZohoClient
    edits: int = 0

    def refresher(self, *, hasty: bool = False) -> Refresher:
        api = self.hasty if hasty else self.client
        return Refresher(
            store=self.store,
            api=api,
            zoho=self.zoho,
            holder="w",
            clock=self.clock,
            dice=lambda: 0.5,
        )

    def refresh(self, source: Source, *, hasty: bool = False) -> Report:
        return self.refresher(hasty=hasty).refresh(source.key, only_due=True)

    def state(self, source: Source) -> SourceState:
        return self.store.sources.state(source.key)

    def skip_to_next_round(self) -> None:
        """Move the clock until all is due, to the next morning rather than over midnight."""
        self.clock.forward(minutes=40)
        if self.clock.now.hour >= 20:
            self.clock.now = self.clock.now.replace(hour=8) + DAY

    def wait_until_due(self, source: Source) -> None:
        self.clock.now = max(self.clock.now, self.state(source).next_check_at)

    def documents(self, slug: str) -> list[Document]:
        documents = [self.store.publications.document(slug, variant) for variant in VARIANTS]
        return [document for document in documents if document]

    def edit(self, route: str) -> str:
        """Change a title upstream and return it; in a calendar the title of a series."""
        self.edits += 1
        title = f"Edited {self.edits}"
        source = SOURCES[route]
        if source is PROGRAMME:
            self.box.portal(PORTAL).events.change("31000000000201", name=title)
        elif source is AGENDA:
            days = self.box.portal(PORTAL).agendas[CONFERENCE].days
            days[1].change(days[1].all()[3]["id"], title=title)
        elif source is TEAM:
            events = self.box.group(GROUP).events
            events.change(events.all()[3]["streamId"], title=title)
        else:
            self.touch(title=title)
        return title

    def touch(self, **fields: Any) -> None:
        """Change the version of the series upstream."""
        events = self.box.calendar(CALENDAR).events
        series = events.all()[0]
        events.change(series["uid"], etag=str(int(series["etag"]) + 1), **fields)

    def secrets(self) -> set[str]:
        tokens = self.box.tokens
        return {tokens.client_secret, tokens.refresh_token, *tokens.access_tokens}


def feed_of(source: Source) -> Feed:
    slug = re.sub("[^a-z0-9]+", "-", source.key)
    return Feed(slug=slug, title="T", sources=(source,), past=7 * DAY, future=70 * DAY)


def assert_no_secret(world: World, before: set[str], *texts: object) -> None:
    text = "\n".join(str(text) for text in texts)
    assert not [secret for secret in before | world.secrets() if secret in text]


def is_sentence(text: str) -> bool:
    """Whether a text is one line of at least five words that ends with a full stop."""
    return text.endswith(".") and "\n" not in text and len(text.split()) >= 5


@contextmanager
def bridge_on_sandbox(folder: Path) -> Iterator[World]:
    """Yield a bridge whose feeds are not read yet."""
    clock = Clock(START)
    data = Data(
        portals={PORTAL: backstage_portal()},
        networks=connect_networks(),
        calendars={CALENDAR: calendar()},
    )
    with Sandbox(now=clock, data=data) as box:
        zoho = config.load({"BRIDGE_DATA_DIR": str(folder), **box.environment()}).zoho
        zoho = replace(zoho, connect_timezone=zone(CONNECT_ZONE))
        store = Store.open(
            f"sqlite:///{folder}/bridge.sqlite3",
            SecretKeys(KEY),
        )
        with (
            new_http() as http,
            new_http() as impatient,
            ZohoClient(
                zoho,
                store.tokens,
                store.rate_limits,
                clock=clock,
                sleep=lambda _: None,
                http=http,
            ) as client,
            ZohoClient(
                zoho,
                store.tokens,
                store.rate_limits,
                clock=clock,
                sleep=lambda _: None,
                http=impatient,
                deadline=0.4,
            ) as hasty,
        ):
            world = World(box, store, clock, zoho, client, hasty)
            activate_feeds(
                store, [feed_of(source) for source in (PROGRAMME, AGENDA, TEAM, WORK)], now=clock()
            )
            yield world
        store.close()
