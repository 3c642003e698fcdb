"""Whatever goes wrong with Zoho, subscribers see nothing of it: every fault on every route of every product.

What has to hold is the promise of the bridge (docs/decisions.md): what is published stays byte for byte, the source's
row says what is wrong and when it is tried next, no secret is told, and the feed catches up by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import logging
import re
from threading import Event
from typing import Any

import httpx
import pytest
import stamina

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource
from bridge.domain.timezones import zone
from bridge.errors import SlowDownError
from bridge.publish.pending import want
from bridge.refresh.discovery import discover, feeds_of
from bridge.refresh.refresher import Refresher
from bridge.sandbox import (
    CONNECT_ZONE,
    KINDS,
    ROUTES,
    Agenda,
    Calendar,
    Data,
    Group,
    Network,
    Portal,
    Sandbox,
    Shelf,
    data_backstage,
    data_connect,
    trouble,
)
from bridge.sandbox.calendar_objects import Builder, info, timed
from bridge.sandbox.trouble import TURNS
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.client import ZohoClient
from bridge.zoho.oauth import account_of

START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
TODAY = START.date()
VARIANTS = ("default", "quiet", "web")
DAY = timedelta(days=1)

PORTAL, CONFERENCE, NETWORK, GROUP, CALENDAR = "7001", "31000000000999", "1", "77", "cal=="
PROGRAMME = BackstageSource(portal=PORTAL)
AGENDA = BackstageSource(portal=PORTAL, event=CONFERENCE)
TEAM = ConnectSource(group=GROUP, network=NETWORK)
WORK = CalendarSource(calendar=CALENDAR)
SOURCES = {"backstage.events": PROGRAMME, "connect.events": TEAM}
SOURCES |= dict.fromkeys(
    ("calendar.calendar", "calendar.events", "calendar.event", "oauth.token"), WORK
)
SOURCES |= {
    f"backstage.{name}": AGENDA
    for name in ("event", "agendas", "sessions", "halls", "tracks", "speakers")
}
# Refreshing never asks these: the list of portals tells all of one, the other two are for verifying and for changing.
UNASKED = {"backstage.portal", "calendar.instances", "connect.update"}
DISCOVERY = ("backstage.portals", "connect.networks", "connect.groups", "calendar.calendars")

NOT_AN_ANSWER = {"status", "html", "truncated", "drip", "reset", "delay", "throttle"}
OPTIONAL = {"backstage.agendas", "backstage.halls", "backstage.tracks", "backstage.speakers"}

# What is no failure though the answer is not the true one, and why nothing is lost: every other fault fails the read.
HARMLESS = {
    **{
        (route, "expired-token"): "note" for route in OPTIONAL
    },  # only words, and the last good ones are kept
    **{(route, "clock-skew"): "note" for route in OPTIONAL},
    ("backstage.agendas", "wrong-types"): "",  # only counted
    ("backstage.agendas", "empty-list"): "",  # the days are then tried one after the other
    ("backstage.halls", "empty-list"): "note",
    ("backstage.tracks", "empty-list"): "note",
    ("backstage.speakers", "empty-list"): "note",
    ("backstage.event", "empty-list"): "",  # an event, not a list
    ("calendar.calendar", "wrong-types"): "note",  # its zone and reminders are those of before
    ("calendar.calendar", "empty-list"): "note",
    ("calendar.event", "empty-list"): "note",
    ("oauth.token", "empty-list"): "",  # no list
    ("oauth.token", "duplicate-page"): "",  # a token that is good still
    # The same question gets the same answer again, which is only an old one.
    **{
        (f"backstage.{name}", "duplicate-page"): ""
        for name in ("event", "agendas", "halls", "tracks", "speakers")
    },
    ("backstage.sessions", "duplicate-page"): "",  # the days come in another order, and all of them
    ("connect.events", "duplicate-page"): "",
    ("calendar.calendar", "duplicate-page"): "",
    ("calendar.event", "duplicate-page"): "",
}
# A list of events that is empty at once may be the truth: it is believed when it is so ten minutes later.
HELD = {
    (route, "empty-list")
    for route in ("backstage.events", "backstage.sessions", "connect.events", "calendar.events")
}


def test_the_table_of_expectations_names_only_what_there_is() -> None:
    assert set(SOURCES) | set(DISCOVERY) | UNASKED == set(ROUTES)
    assert {kind for _, kind in HARMLESS} | NOT_AN_ANSWER <= set(KINDS)
    assert not any(kind in NOT_AN_ANSWER for _, kind in HARMLESS)


# ------------------------------------------------------------------------------------------------------- what there is


def backstage_portal() -> Any:
    rows = [
        data_backstage._event(
            TODAY, number=200 + n, name=f"Meetup {n}", day=15 + 2 * n, at="18:00", minutes=90
        )
        for n in range(25)
    ]
    first = TODAY + 30 * DAY
    conference = data_backstage._event(
        TODAY, number=999, name="Conference", day=30, at="09:00", minutes=2 * 1440
    )
    days = [
        [
            data_backstage._session(
                first + day * DAY,
                f"{9 + n // 2:02d}:{n % 2 * 30:02d}",
                30,
                f"Talk {day}.{n}",
                number=100 * day + n,
                hall="h1",
                track="t1",
                speakers=["1"],
            )
            for n in range(13)
        ]
        for day in range(2)
    ]
    agenda = Agenda(
        days=tuple(Shelf("id", sessions) for sessions in days),
        halls=Shelf("id", [{"id": "3100000009h1", "name": "Sala Grande"}]),
        tracks=Shelf("track_id", [{"track_id": "3100000008t1", "name": "Standards"}]),
        speakers=Shelf("id", [data_backstage._speaker("1", "Grace", "Okafor", "Chair")]),
    )
    return Portal(
        info={"id": PORTAL, "name": "Northwind"},
        events=Shelf("id", [*rows, conference]),
        agendas={CONFERENCE: agenda},
    )


def connect_networks() -> Any:
    def group(key: Any, name: str) -> Any:
        return Group(
            info={"id": key, "name": name, "url": key, "status": "ACTIVE"}, events=Shelf("streamId")
        )

    mine, other = group(GROUP, "Team"), group("88", "Others")
    mine.events.add(
        *(
            data_connect._event(
                TODAY,
                mine.info,
                number=100 + n,
                title=f"Sync {n}",
                day=TODAY + (15 + n) * DAY,
                at="15:00",
            )
            for n in range(25)
        )
    )
    return {
        NETWORK: Network(info={"id": NETWORK, "name": "Zillum"}, groups={GROUP: mine}),
        "2": Network(info={"id": "2", "name": "Elsewhere"}, groups={"88": other}),
    }


def calendar() -> Any:
    make = Builder(CALENDAR, "1657", TODAY)
    weekly = make(
        "Weekly", timed("Europe/Berlin", TODAY - 3 * DAY, "10:00", 60), rule="FREQ=WEEKLY;COUNT=30"
    )
    moved = timed(
        "Europe/Berlin", TODAY + 130 * DAY, "10:00", 60
    )  # out of the window: only the details have it
    slot = timed("Europe/Berlin", TODAY + 11 * DAY, "10:00", 60).slot
    single = [
        make(
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
            zone="Europe/Berlin",
            reminders=[{"minutes": "-30", "action": "popup"}],
        ),
        events=Shelf("uid", [weekly, make.instance(weekly, slot, moved), *single]),
    )


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> Any:
        return self.now


@dataclass
class World:
    """A sandbox, a store with one feed for each source, and what the bridge said in any way."""

    box: Sandbox
    store: Store
    clock: Clock
    zoho: config.ZohoSettings
    client: ZohoClient
    hasty: ZohoClient
    edits: int = 0

    def refresher(self, *, hasty: bool = False) -> Any:
        api = self.hasty if hasty else self.client
        return Refresher(
            store=self.store,
            api=api,
            zoho=self.zoho,
            holder="w",
            clock=self.clock,
            dice=lambda: 0.5,
        )

    def refresh(self, source: Any, *, hasty: bool = False) -> Any:
        return self.refresher(hasty=hasty).refresh(source.key, only_due=True)

    def state(self, source: Any) -> Any:
        return self.store.sources.state(source.key)

    def let_time_pass(self) -> None:
        """Let time pass until everything is due, and to the next morning rather than over midnight: days pass too."""
        self.clock.now += timedelta(minutes=40)
        if self.clock.now.hour >= 20:
            self.clock.now = self.clock.now.replace(hour=8) + DAY

    def wait_until_due(self, source: Any) -> None:
        self.clock.now = max(self.clock.now, self.state(source).next_check_at)

    def documents(self, slug: str) -> Any:
        return [self.store.publications.document(slug, variant) for variant in VARIANTS]

    def no_token(self) -> None:
        """Make the next request ask for a token."""
        token = self.store.tokens.access_token(account_of(self.zoho))
        if token is not None:
            for client in (self.client, self.hasty):  # each holds it in memory, too
                client._tokens.forget(token)

    def edit(self, route: Any) -> Any:
        """Change a title upstream; give the new one. Of a calendar the series, whose details are asked for then."""
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
        """Give the series a new version."""
        events = self.box.calendar(CALENDAR).events
        series = events.all()[0]
        events.change(series["uid"], etag=str(int(series["etag"]) + 1), **fields)

    def secrets(self) -> Any:
        tokens = self.box.tokens
        return (tokens.client_secret, tokens.refresh_token, *tokens._alive)


def feed_of(source: Any) -> Any:
    return Feed(
        slug=re.sub("[^a-z0-9]+", "-", source.key),
        title="T",
        sources=(source,),
        past=7 * DAY,
        future=70 * DAY,
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    clock = Clock()
    data = Data(
        portals={PORTAL: backstage_portal()},
        networks=connect_networks(),
        calendars={CALENDAR: calendar()},
    )
    folder = tmp_path_factory.mktemp("faults")
    with Sandbox(now=clock, data=data) as box:
        zoho = config.load({"BRIDGE_DATA_DIR": str(folder), **box.environment()}).zoho
        zoho = replace(zoho, connect_timezone=zone(CONNECT_ZONE))
        store = Store.open(
            f"sqlite:///{folder}/bridge.sqlite3",
            SecretKeys("a test's secret key, long enough for anything"),
        )
        with (
            httpx.Client(timeout=20) as http,
            httpx.Client(timeout=0.5) as impatient,
            ZohoClient(
                zoho,
                store.tokens,
                paces=store.rate_limits,
                clock=clock,
                sleep=lambda _: None,
                http=http,
            ) as client,
            ZohoClient(
                zoho,
                store.tokens,
                paces=store.rate_limits,
                clock=clock,
                sleep=lambda _: None,
                http=impatient,
                deadline=0.4,
            ) as hasty,
        ):
            world = World(box, store, clock, zoho, client, hasty)
            want(
                store, [feed_of(source) for source in (PROGRAMME, AGENDA, TEAM, WORK)], now=clock()
            )
            yield world
        store.close()


@pytest.fixture
def world(base: Any) -> Iterator[Any]:
    """The world, with nothing wrong in it and every request asked for once."""
    with stamina.set_testing(True, attempts=1):
        yield base
        base.box.faults.clear()


@pytest.fixture(autouse=True)
def all_that_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Also what the bridge's own set-up of the log would leave out: the addresses of the requests."""
    caplog.set_level(logging.INFO)


def assert_no_secret(world: Any, before: Any, *texts: Any) -> None:
    told = "\n".join(str(text) for text in texts)
    assert not [secret for secret in {*before, *world.secrets()} if secret in told]


def is_sentence(text: str) -> Any:
    return text.endswith(".") and "\n" not in text and len(text.split()) > 8


# ------------------------------------------------------------------------------------------------------------- sources


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", SOURCES)
def test_no_fault_reaches_a_subscriber(
    world: Any,
    route: Any,
    kind: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = SOURCES[route]
    slug = feed_of(source).slug
    world.let_time_pass()
    assert world.refresh(source).outcome == "refreshed", world.state(source).error
    published, secrets = world.documents(slug), world.secrets()
    assert all(published)

    harmless = HARMLESS.get((route, kind))
    title = (
        world.edit(route) if harmless is None else ""
    )  # what fails must not let even a true change through
    world.touch()
    if route == "oauth.token":
        world.no_token()
    details = {"skew": -7200} if (route, kind) == ("oauth.token", "clock-skew") else {}
    details |= {"seconds": 1.5} if kind == "delay" else {}
    world.box.faults.add(route, kind, **details)
    world.wait_until_due(source)
    world.box.forget_requests()
    report = world.refresh(source, hasty=kind in {"drip", "delay"})
    state = world.state(source)

    assert any(request.route == route for request in world.box.requests) or kind in {
        "drip",
        "delay",
    }
    assert world.documents(slug) == published
    assert state.next_check_at > world.clock()
    if harmless is not None:
        assert (report.outcome, state.error, state.warning) == ("refreshed", "", "")
        assert bool(state.notes) == bool(harmless)
        assert all(is_sentence(note) for note in state.notes)
    elif (route, kind) in HELD:
        assert report.outcome == "held"
        assert "coming events are missing" in state.warning
    else:
        assert (report.outcome, report.error) == ("failed", state.error)
        assert is_sentence(state.error)
        assert state.failing_since is not None
    assert_no_secret(world, secrets, report, state, caplog.text, *capsys.readouterr())

    title = title or world.edit(route)
    world.box.faults.clear()
    world.clock.now = state.next_check_at
    assert world.refresh(source).outcome == "refreshed", world.state(source).error
    healed = world.state(source)
    assert (healed.error, healed.warning, healed.failing_since, healed.notes) == ("", "", None, ())
    assert all(title.encode() in document.body for document in world.documents(slug))
    assert len(world.documents(slug)[0].body) == len(published[0].body) + (
        len(title) - len(title_in(published[0], title))
    )


def title_in(document: Any, title: str) -> Any:
    """Give the title that stood where ``title`` stands now: an edited one, or the first."""
    found = re.search(rb"SUMMARY:(Edited \d+|Meetup 1|Talk 1\.3|Sync 3|Weekly)\r\n", document.body)
    return found[1].decode()


@pytest.mark.parametrize("kind", ["status", "truncated", "reset"])
@pytest.mark.parametrize("route", ["backstage.events", "backstage.sessions", "calendar.events"])
def test_one_failed_page_of_many_fails_the_read(world: Any, route: Any, kind: str) -> None:
    """Else the events of one page or month would vanish."""
    source = SOURCES[route]
    slug = feed_of(source).slug
    world.let_time_pass()
    assert world.refresh(source).outcome == "refreshed"
    published = world.documents(slug)
    world.edit(route)
    world.box.faults.add(route, kind, after=1, times=1)
    world.wait_until_due(source)
    assert world.refresh(source).outcome == "failed"
    assert world.documents(slug) == published


@pytest.mark.parametrize(
    ("route", "field"),
    [
        *((f"backstage.{name}", name) for name in ("events", "sessions")),
        *(
            (f"{name}", "events")
            for name in ("connect.events", "calendar.events", "calendar.event")
        ),
    ],
)
def test_what_is_no_list_is_not_taken_for_an_empty_one(world: Any, route: Any, field: Any) -> None:
    """The kind "wrong-types" above spoils single values; here the list itself is none."""
    source = SOURCES[route]
    slug = feed_of(source).slug
    world.let_time_pass()
    assert world.refresh(source).outcome == "refreshed"
    published = world.documents(slug)
    world.edit(route)
    world.box.faults.add(route, "wrong-types", field=field)
    world.wait_until_due(source)
    assert (
        world.refresh(source).outcome == "failed"
    )  # an empty list would be held back, and then believed
    assert is_sentence(world.state(source).error)
    assert world.documents(slug) == published


def test_what_passes_is_asked_for_again_at_once(world: Any) -> None:
    """A single 502 is not worth a failure: up to three tries, then the next refresh."""
    world.let_time_pass()
    world.box.faults.add("calendar.events", "html", times=2)
    with stamina.set_testing(True, attempts=3):
        assert world.refresh(WORK).outcome == "refreshed"
    assert world.state(WORK).failures == 0


@pytest.mark.parametrize("as_date", [False, True])
def test_a_long_wait_becomes_the_time_of_the_next_try(world: Any, as_date: Any) -> None:
    """Retry-After, RFC 9110 10.2.3, in both forms; a date is one of the server's clock, here three hours slow."""
    world.let_time_pass()
    world.box.faults.add(
        "connect.events", "throttle", retry_after=4000, as_date=as_date, skew=-10800
    )
    assert world.refresh(TEAM).outcome == "failed"
    wait = world.state(TEAM).next_check_at - world.clock()
    assert timedelta(seconds=3999) <= wait <= timedelta(seconds=4000)
    world.box.faults.clear()
    with pytest.raises(SlowDownError):  # nobody else asks this product before
        world.client.get("connect", "/allScopes")
    world.clock.now = world.state(TEAM).next_check_at


def test_a_source_that_takes_longer_than_five_minutes_is_given_up(world: Any) -> None:
    """A worker that waits for ever reads nothing else; and no read may outlive its lease."""
    world.let_time_pass()
    asked = []

    class Slow:
        def get(self, *question: Any, **options: Any) -> Any:
            asked.append(question)
            world.clock.now += timedelta(minutes=2)
            return world.client.get(*question, **options)

    report = replace(world.refresher(), api=Slow()).refresh(WORK.key)
    assert (report.outcome, report.requests) == ("failed", len(asked))
    assert len(asked) == 3
    assert "took more than 5 minutes" in world.state(WORK).error
    assert is_sentence(world.state(WORK).error)
    world.wait_until_due(WORK)
    assert world.refresh(WORK).outcome == "refreshed"


def test_a_server_whose_clock_is_wrong_costs_at_most_two_tokens(world: Any) -> None:
    """Tokens that are over as soon as they are given must not use up the ten in ten minutes (Zoho OAuth: limits)."""
    world.let_time_pass()
    world.no_token()
    world.box.faults.add("oauth.token", "clock-skew", skew=-7200)
    world.box.forget_requests()
    for _ in range(5):
        world.wait_until_due(WORK)
        assert world.refresh(WORK).outcome == "failed"
    asked = [request for request in world.box.requests if request.route == "oauth.token"]
    assert len(asked) <= 10
    world.box.faults.clear()
    world.wait_until_due(WORK)
    assert world.refresh(WORK).outcome == "refreshed"


# ----------------------------------------------------------------------------------------------------------- discovery


@pytest.fixture(scope="module")
def found(base: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A second store, of a bridge without [[feed]]: it shows all that the account can see."""
    folder = tmp_path_factory.mktemp("found")
    store = Store.open(
        f"sqlite:///{folder}/bridge.sqlite3",
        SecretKeys("a test's secret key, long enough for anything"),
    )
    look(base, store)
    for feed in store.feeds.active():
        key = feed.sources[0].key
        report = Refresher(
            store=store, api=base.client, zoho=base.zoho, holder="w", clock=base.clock
        ).refresh(key)
        assert report.outcome == "refreshed", report
    yield store
    store.close()


def look(world: Any, store: Store, *, hasty: bool = False) -> Any:
    """Do what a worker does every few hours: look for feeds, and serve those."""
    discovery = discover(world.hasty if hasty else world.client)
    want(store, feeds_of(discovery, store.feeds.active()), now=world.clock())
    return discovery


def served(store: Store) -> Any:
    return {
        feed.slug: [store.publications.document(feed.slug, variant) for variant in VARIANTS]
        for feed in store.feeds.active()
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", DISCOVERY)
def test_no_fault_takes_a_feed_away(
    world: Any,
    found: Any,
    route: Any,
    kind: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Feeds that are found stay while Zoho can't be asked or says nothing; what is new is found afterwards."""
    world.clock.now += timedelta(minutes=20)
    if world.clock.now.hour >= 20:
        world.let_time_pass()
    assert look(world, found).failures == {}
    before, secrets = served(found), world.secrets()
    assert len(before) == 4
    world.box.faults.add(route, kind, **({"seconds": 1.5} if kind == "delay" else {}))
    discovery = look(world, found, hasty=kind in {"drip", "delay"})
    assert served(found) == before
    product = route.partition(".")[0]
    if kind in {"empty-list", "duplicate-page"}:
        assert discovery.failures == {}
    else:
        assert set(discovery.failures) == {product}
        assert is_sentence(str(discovery.failures[product]))
    assert_no_secret(world, secrets, discovery, caplog.text, *capsys.readouterr())
    world.box.faults.clear()
    world.clock.now += timedelta(minutes=30)
    assert look(world, found).failures == {}
    assert served(found).keys() == before.keys()


def test_nothing_depends_on_the_routes_that_are_never_asked(world: Any, found: Any) -> None:
    """So that no fault of theirs can matter to a feed."""
    world.let_time_pass()
    world.box.forget_requests()
    look(world, found)
    for source in (PROGRAMME, AGENDA, TEAM, WORK):
        assert world.refresh(source).outcome == "refreshed"
    routes = {request.route for request in world.box.requests}
    assert not routes & UNASKED
    assert routes | UNASKED | {"oauth.token", "calendar.event"} == set(ROUTES)


# ---------------------------------------------------------------------------------------------------------- the faults


def test_a_skewed_clock_shows_in_the_date_and_in_the_life_of_tokens(world: Any) -> None:
    """The sandbox's own promise, without which the cells above would test nothing."""
    now = world.clock()
    url = world.zoho.calendar_url + "/calendars"
    form = {
        "grant_type": "refresh_token",
        "client_id": world.zoho.client_id,
        "client_secret": world.zoho.client_secret.reveal(),
        "refresh_token": world.zoho.refresh_token.reveal(),
    }
    world.clock.now = now + timedelta(minutes=11)

    def ask(token: Any) -> Any:
        answer = httpx.get(url, headers={"Authorization": f"Zoho-oauthtoken {token}"})
        return answer.status_code, datetime.strptime(
            answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT"
        ).replace(tzinfo=UTC)

    def token() -> Any:
        return httpx.post(world.zoho.accounts_url + "/oauth/v2/token", data=form).json()[
            "access_token"
        ]

    good = token()
    assert ask(good) == (200, world.clock())
    world.box.faults.add("calendar.*", "clock-skew", times=1)
    assert ask(good) == (401, world.clock() + timedelta(hours=2))
    world.box.faults.add("calendar.*", "clock-skew", times=1, skew=-7200)
    assert ask(good) == (200, world.clock() - timedelta(hours=2))
    world.box.faults.add("oauth.token", "clock-skew", times=1, skew=-7200)
    assert ask(token())[0] == 401
    assert ask(token())[0] == 200
    world.clock.now += timedelta(minutes=11)


def test_the_demo_lets_one_thing_after_the_other_go_wrong() -> None:
    """``demo --faults``: each kind of fault has its turn, each begins and ends, and nothing stays when it is left."""
    assert {kind for _, kind, _ in TURNS} == set(KINDS)
    box, said, done = Sandbox(data=Data()), [], Event()

    def say(sentence: Any) -> None:
        said.append((sentence, box.faults.take("calendar.calendars") is not None))
        if len(said) == 2 * len(TURNS) + 1:
            done.set()

    with trouble(box.faults, say, lasts=0.001, rests=0.001):
        assert done.wait(20)
    assert said[0] == ("Zoho Calendar answers 500, for 0.001 seconds.", True)
    assert said[1] == ("Zoho works again.", False)
    assert said[2 * len(TURNS)] == said[0]
    assert box.faults.take("calendar.calendars") is None
