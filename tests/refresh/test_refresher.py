"""One source refreshed end to end: a sandbox over real HTTP, the real client, a store, and the published feed.

Expected values come from Zoho's documents (the samples, and the analysis of Connect's clocks in their notes), from
docs/decisions.md, or from another engine that reads the published bytes.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import threading
from typing import Any, Never

import icalendar
import pytest
import recurring_ical_events
import stamina

from bridge.config import Secret, ZohoSettings
from bridge.domain.feed import Feed
from bridge.domain.rejection import reasons
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource
from bridge.domain.timezones import zone
from bridge.errors import StoreError
from bridge.publish.ical import vevent
from bridge.publish.pending import activate_feeds
from bridge.refresh import refresher as refreshing
from bridge.refresh.diff import decide
from bridge.refresh.refresher import LEASE, Refresher
from bridge.sandbox.calendar_objects import Builder, info, timed
from bridge.sandbox.state import Calendar, Data, Shelf
from bridge.sandbox.world import documents
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from bridge.zoho.tokens import MemoryTokenStore
from tests.zoho_sandbox import Sandbox

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TODAY = date(2026, 3, 10)
WORK, TEAM = CalendarSource(calendar="work=="), CalendarSource(calendar="team==")
FEED = Feed(slug="team", title="Team", sources=(WORK,), past=7 * DAY, future=30 * DAY)
ZONE = "Europe/Berlin"


class Clock:
    """Stands still until it is told to go on; shared by the bridge and the sandbox."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> Any:
        return self.now

    def sleep(self, seconds: Any) -> None:
        self.now += timedelta(seconds=seconds)


class Api:
    """The client, and something that happens elsewhere while it reads."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.meanwhile = []

    def get(self, *args: Any, **kwargs: Any) -> Any:
        answer = self.client.get(*args, **kwargs)
        while self.meanwhile:
            self.meanwhile.pop()()
        return answer


class World:
    """A sandbox and a bridge beside it."""

    def __init__(self, store: Store, sandbox: Any, clock: Any, **zoho: Any) -> None:
        self.store, self.sandbox, self.clock = store, sandbox, clock
        self.client = ZohoClient(
            settings_of(sandbox, **zoho), MemoryTokenStore(), clock=clock, sleep=clock.sleep
        )
        self.api = Api(self.client)
        self.refresher = Refresher(
            store=store,
            api=self.api,
            zoho=settings_of(sandbox, **zoho),
            holder="w",
            clock=clock,
            dice=lambda: 0.5,
        )

    def refresh(self, source: Any = WORK, **options: Any) -> Any:
        return self.refresher.refresh(source.key, **options)

    def state(self, source: Any = WORK) -> Any:
        return self.store.sources.state(source.key)

    def events(self, source: Any = WORK) -> Any:
        return self.sandbox.calendar(source.calendar).events

    def body(self, variant: str = "default", slug: str = "team") -> Any:
        return self.store.publications.document(slug, variant).body

    def bodies(self) -> Any:
        return {variant: self.body(variant) for variant in ("default", "quiet", "web")}

    def titles(self, slug: str = "team") -> Any:
        return sorted(str(one["SUMMARY"]) for one in vevents(self.body(slug=slug)))


def settings_of(sandbox: Any, **zoho: Any) -> Any:
    env = sandbox.environment()
    names = ("client_id", "accounts_url", "backstage_url", "connect_url", "calendar_url")
    values = {name: env[f"ZOHO_{name.upper()}"] for name in names}
    secrets = {
        name: Secret(env[f"ZOHO_{name.upper()}"]) for name in ("client_secret", "refresh_token")
    }
    return ZohoSettings(**values, **secrets, data_center="us", **zoho)


def vevents(body: Any) -> Any:
    return icalendar.Calendar.from_ical(body).walk("VEVENT")


def instances(body: Any, start: Any, end: Any) -> Any:
    """Read the document with another engine."""
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(body)).between(start, end)
    return sorted(
        (str(one["SUMMARY"]), utc(one["DTSTART"].dt), utc(one["DTEND"].dt)) for one in found
    )


def utc(moment: Any) -> str:
    return (
        f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        if isinstance(moment, datetime)
        else f"{moment}"
    )


def calendar(source: Any, make_events: Any) -> Any:
    make = Builder(source.calendar, "1657000000004001", TODAY)
    one = info(source.calendar, source.calendar, timezone=ZONE)
    return Calendar(info=one, events=Shelf("uid", make_events(make)))


def on(days: Any, at: str = "10:00", minutes: Any = 60) -> Any:
    return timed(ZONE, TODAY + days * DAY, at, minutes)


def work(make: Any) -> Any:
    daily = make("Stand-up", on(0, "09:00", 15), rule="FREQ=DAILY;COUNT=10")
    return [
        make("Call", on(1), reminders=["-10"]),
        make("Review", on(2), location="Room 4"),
        daily,
        make.instance(daily, on(3, "09:00").slot, on(3, "11:00", 15), title="Stand-up, late"),
    ]


ALL = ["Call", "Review", "Stand-up", "Stand-up, late"]


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[Any]:
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.fixture
def clock(now: datetime) -> Any:
    return Clock(now)


@pytest.fixture
def world(store: Store, clock: Any) -> Iterator[Any]:
    """Two calendars; the first has a feed."""
    held = {
        WORK.calendar: calendar(WORK, work),
        TEAM.calendar: calendar(TEAM, lambda make: [make(f"T{n:02}", on(n)) for n in range(1, 25)]),
    }
    with Sandbox(clock, Data(calendars=held)) as sandbox:
        world = World(store, sandbox, clock)
        activate_feeds(store, [FEED], now=clock())
        yield world
        world.client.close()


def sample(store: Store, now: datetime, feed: Any, **zoho: Any) -> Any:
    """Refresh all sources of one feed from the documents' own samples, and give its bytes."""
    clock = Clock(now)
    with Sandbox(clock, documents()) as sandbox:
        world = World(store, sandbox, clock, **zoho)
        activate_feeds(store, [feed], now=now)
        for source in feed.sources:
            report = world.refresh(source)
            assert (report.outcome, report.error) == ("refreshed", "")
            assert [
                rejection
                for rejection in store.sources.rejections(source.key)
                if rejection.kind == "dropped"
            ] == []
        world.client.close()
        return world.body()


# --- the samples of the documents, from JSON to bytes


def test_the_sample_of_the_calendar_document(store: Store) -> None:
    """Zoho Calendar: events list. Every Monday, Wednesday and Saturday, 15:30 in India, from 15 July to 30 August."""
    source = CalendarSource(calendar="l9WWZCf_SJWcr3uIuBOq5g==")
    feed = Feed(slug="team", title="Ezhil", sources=(source,), past=30 * DAY, future=60 * DAY)
    body = sample(store, datetime(2017, 7, 16, 8, tzinfo=UTC), feed)
    july, august = (
        (15, 17, 19, 22, 24, 26, 29, 31),
        (2, 5, 7, 9, 12, 14, 16, 19, 21, 23, 26, 28, 30),
    )
    days = [date(2017, 7, day) for day in july] + [date(2017, 8, day) for day in august]
    expected = [
        ("Test endured", f"{day} 10:00:00", f"{day} 11:00:00") for day in days
    ]  # India is 5:30 ahead
    expected.append(("Teast af", "2017-07-18 15:20:00", "2017-07-18 17:15:00"))
    assert instances(
        body, datetime(2017, 1, 1, tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC)
    ) == sorted(expected)
    single, series = sorted(vevents(body), key=lambda one: one["SUMMARY"])
    (alarm,) = series.walk("VALARM")
    assert alarm["TRIGGER"].dt == -10 * MINUTE
    assert single.walk("VALARM") == []
    assert (single["TRANSP"], series["TRANSP"]) == (
        "TRANSPARENT",
        "OPAQUE",
    )  # the account declined the first
    assert {one["DTSTART"].params["TZID"] for one in (single, series)} == {"Asia/Kolkata"}
    assert b"@" not in body, "nobody's address is shown (rulebook 60)"


CONNECT_INSTANTS = [  # api 3.5: the epochs are right, the wall clock is eleven hours behind UTC
    ("Alumni new year party", "2017-12-31 03:30:00", "2017-12-31 04:30:00"),
    ("Engineering event", "2018-01-22 03:30:00", "2018-01-22 04:30:00"),
    ("Freshers Meetup", "2018-03-24 07:30:00", "2018-03-24 08:30:00"),
    ("Innovation meetup", "2018-03-22 20:00:00", "2018-03-22 21:00:00"),
    ("Test Event", "2017-07-28", "2017-07-29"),  # all day; its last day counts
    ("Test Event", "2017-11-15 03:30:00", "2017-11-15 04:30:00"),
    ("Test Event", "2017-12-21 03:30:00", "2017-12-21 04:30:00"),
    ("Test Event", "2018-01-04 07:30:00", "2018-01-04 08:30:00"),
]


@pytest.mark.parametrize(
    ("profile", "first"),
    [(None, "20171115T033000Z"), ("Pacific/Pago_Pago", "TZID=Pacific/Pago_Pago:20171114T163000")],
)
def test_the_sample_of_the_connect_document(store: Store, profile: Any, first: Any) -> None:
    """Zoho Connect: upcoming events; the two groups in one feed, with the profile's zone and without."""
    groups = tuple(
        ConnectSource(group=g, network="929000000015001")
        for g in ("929000000439015", "929000000295001")
    )
    feed = Feed(slug="team", title="Zillum", sources=groups, past=365 * DAY, future=60 * DAY)
    body = sample(
        store,
        datetime(2018, 3, 1, tzinfo=UTC),
        feed,
        connect_timezone=zone(profile) if profile else None,
    )
    assert (
        instances(body, datetime(2017, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC))
        == CONNECT_INSTANTS
    )
    assert f"DTSTART{';' if '=' in first else ':'}{first}\r\n".encode() in body
    alarms = {
        str(one["DTSTART"].dt.date()): one.walk("VALARM")
        for one in vevents(body)
        if one.walk("VALARM")
    }
    assert len(alarms) == 1, "only the event of 3 January has a reminder, at its start"
    (found,) = alarms.values()
    assert found[0]["TRIGGER"].dt == timedelta(0)
    assert b"Organizer: Patricia Boyle" in body
    assert b"Vargas" not in body, "guests are not shown"


def test_the_sample_of_the_backstage_document(store: Store) -> None:
    """Zoho Backstage: get a specific event. Times are UTC, the event's zone is New York's."""
    source = BackstageSource(portal="19593237")
    feed = Feed(slug="team", title="Zylker", sources=(source,))
    body = sample(store, datetime(2024, 5, 20, tzinfo=UTC), feed)
    (one,) = vevents(body)
    assert (utc(one["DTSTART"].dt), utc(one["DTEND"].dt)) == (
        "2024-05-23 02:30:00",
        "2024-05-27 11:30:59",
    )
    assert one["DTSTART"].params["TZID"] == "America/New_York"
    assert (one["SUMMARY"], one["URL"]) == (
        "Marketing Event",
        "https://restapi.zohobackstage.com/marketingEvent",
    )
    assert one["LOCATION"] == "Tech Convention Center, 123 Tech Lane, San Francisco, CA, USA"
    assert one["DESCRIPTION"].startswith("Summary added\n\nDescription added")
    assert sorted(map(str, one["CATEGORIES"].cats)) == ["marketing", "sales"]
    assert one["TRANSP"] == "TRANSPARENT", "a conference of four days does not block them"
    assert b"sam@zoho.com" not in body


# --- a read that goes well


def test_a_first_read_publishes_and_reports(world: Any) -> None:
    report = world.refresh()
    assert world.titles() == ALL
    assert (report.outcome, report.fetched, report.changed, report.removed) == (
        "refreshed",
        3,
        3,
        0,
    )
    assert (report.rejected, report.rendered) == (0, 4)
    assert report.requests == sum(
        one.route.startswith("calendar.") for one in world.sandbox.requests
    )
    assert report.for_log().keys() == {
        *(
            "source",
            "outcome",
            "fetched",
            "changed",
            "removed",
            "rejected",
            "rendered",
            "requests",
            "seconds",
        )
    }
    state = world.state()
    assert (state.last_success, state.error, state.failures, state.events) == (
        world.clock(),
        None,
        0,
        3,
    )
    assert state.next_check_at == world.clock() + 15 * MINUTE


@pytest.mark.parametrize("later", [timedelta(0), 15 * MINUTE, DAY])
def test_unchanged_data_keep_every_byte(world: Any, later: Any) -> None:
    world.refresh()
    before = world.bodies()
    world.clock.now += later
    report = world.refresh()
    assert (report.outcome, report.changed, report.rendered) == ("refreshed", 0, 0)
    assert world.bodies() == before


def test_one_changed_event_is_rendered_alone(world: Any) -> None:
    world.refresh()
    uid = world.events().all()[0]["uid"]
    world.events().change(uid, title="Call, later", etag="9999999999999")
    world.clock.now += 15 * MINUTE
    report = world.refresh()
    assert (report.changed, report.rendered, report.removed) == (1, 1, 0)
    assert world.titles() == ["Call, later", *ALL[1:]]


def test_one_read_serves_all_feeds_over_the_widest_of_their_windows(world: Any) -> None:
    wide = replace(FEED, slug="wide", past=60 * DAY, future=2 * DAY)
    activate_feeds(world.store, [FEED, wide], now=world.clock())
    world.refresh()
    asked = [one.query["range"] for one in world.sandbox.requests if one.route == "calendar.events"]
    assert min(asked)[:19] == '{"start":"20260108"'  # 60 days and the margin of a day back
    assert max(asked).endswith('"end":"20260410"}')  # 30 days and the margin ahead
    assert world.titles() == ALL
    assert world.titles("wide") == ["Call", "Stand-up"]


def test_an_instance_of_a_connect_series_keeps_its_uid_when_it_is_the_last_one_in_the_window(
    store: Store,
) -> None:
    """Zoho names a repeating event by one streamId; what was read before tells that it repeats."""
    clock = Clock(datetime(2018, 3, 1, tzinfo=UTC))
    data = documents()
    (network,) = data.networks.values()
    group = network.groups["929000000295001"]
    first = group.events.find("929000000856621")[0]
    week = 7 * 86_400_000
    second = first | {name: str(int(first[name]) + week) for name in ("startTime", "endTime")}
    group.events.add(second | {"startDate": "29", "endDate": "29", "date": "20180329"})
    source = ConnectSource(group="929000000295001", network=network.info["id"])
    feed = Feed(slug="team", title="t", sources=(source,), past=5 * DAY, future=60 * DAY)
    with Sandbox(clock, data) as sandbox:
        world = World(store, sandbox, clock)
        activate_feeds(store, [feed], now=clock())
        world.refresh(source)
        before = {one["DTSTART"].dt: str(one["UID"]) for one in vevents(world.body())}
        clock.now = datetime(2018, 3, 31, tzinfo=UTC)
        world.refresh(source)
        after = {one["DTSTART"].dt: str(one["UID"]) for one in vevents(world.body())}
        world.client.close()
    assert len(before) == 2
    assert len(after) == 1
    assert after.items() <= before.items()


# --- what is gone, and what only seems so


def test_an_event_is_gone_only_after_a_complete_read(world: Any) -> None:
    world.refresh()
    before = world.bodies()
    world.events().delete(world.events().all()[0]["uid"])
    world.sandbox.faults.add(
        "calendar.events", "status", after=1, times=1
    )  # the second range of the read
    assert world.refresh().outcome == "failed"
    assert world.bodies() == before
    report = world.refresh()
    assert (report.outcome, report.removed) == ("refreshed", 1)
    assert world.titles() == ALL[1:]


def test_the_last_event_leaves_the_placeholder(world: Any) -> None:
    world.refresh()
    for uid in {item["uid"] for item in world.events().all()}:
        world.events().delete(uid)
    world.refresh()
    assert world.titles() == ["This calendar has no events yet"]


FAILURES = [
    ("calendar.events", "status", {"status": 500}, MINUTE),
    ("calendar.events", "status", {"status": 503}, MINUTE),
    ("calendar.events", "html", {}, MINUTE),
    ("calendar.events", "truncated", {}, MINUTE),
    ("calendar.events", "reset", {}, MINUTE),
    ("calendar.events", "wrong-types", {"field": "events"}, MINUTE),
    ("calendar.event", "status", {"status": 500}, MINUTE),
    ("calendar.calendar", "status", {"status": 500}, MINUTE),
    ("calendar.events", "throttle", {"retry_after": 1200}, 20 * MINUTE),
    ("calendar.events", "expired-token", {}, 30 * MINUTE),
]


@pytest.mark.parametrize(("route", "kind", "details", "wait"), FAILURES)
def test_a_read_that_fails_changes_no_byte_and_says_why(
    world: Any, route: Any, kind: str, details: Any, wait: Any
) -> None:
    world.refresh()
    before, good = world.bodies(), world.clock()
    for item in world.events().all()[
        :3
    ]:  # the details of the series are asked for again when its stamp changes
        world.events().change(item["uid"], title=f"{item['title']} changed", etag="9999999999999")
    world.sandbox.faults.add(route, kind, **details)
    world.clock.now += 15 * MINUTE
    failed_at = world.clock()
    report = world.refresh()
    assert report.outcome == "failed"
    assert world.bodies() == before
    state = world.state()
    assert (str(state.error), state.failures, state.failing_since) == (report.error, 1, failed_at)
    assert (state.last_success, state.last_attempt, state.events) == (good, failed_at, 3)
    assert state.error
    assert "\n" not in str(state.error)
    for secret in ("client_secret", "refresh_token"):
        assert getattr(settings_of(world.sandbox), secret).reveal() not in str(state.error)
    assert wait <= state.next_check_at - failed_at <= wait * 1.1
    world.sandbox.faults.clear()
    world.clock.now = state.next_check_at
    assert world.refresh(only_due=True).outcome == "refreshed"
    assert world.titles() == [
        "Call changed",
        "Review changed",
        "Stand-up changed",
        "Stand-up, late",
    ]
    assert (world.state().error, world.state().failing_since) == (None, None)


def test_a_calendar_that_is_unknown_keeps_what_was_read(world: Any) -> None:
    world.refresh()
    before = world.bodies()
    del world.sandbox.data.calendars[WORK.calendar]
    report = world.refresh()
    assert report.outcome == "failed"
    assert world.bodies() == before
    assert world.state().next_check_at >= world.clock() + 30 * MINUTE, "only a person can mend it"


def test_with_nobody_there_the_feed_stays(world: Any) -> None:
    world.refresh()
    before = world.bodies()
    world.sandbox.stop()
    assert world.refresh().outcome == "failed"
    assert world.bodies() == before


def test_an_event_that_can_no_longer_be_read_keeps_its_last_good_version(world: Any) -> None:
    world.refresh()
    before = world.bodies()
    uid = world.events().all()[0]["uid"]
    world.events().change(
        uid, title="Worse", dateandtime={"start": "20261345T990000+0100"}, etag="9999999999999"
    )
    report = world.refresh()
    assert (report.outcome, report.rejected, report.removed) == ("refreshed", 1, 0)
    assert world.bodies() == before
    (rejection,) = world.store.sources.rejections(WORK.key)
    assert (rejection.upstream_id, rejection.kind) == (uid, "dropped")
    world.events().delete(uid)
    world.refresh()
    assert world.titles() == ALL[1:]
    assert world.store.sources.rejections(WORK.key) == ()


def test_a_series_that_can_no_longer_be_read_keeps_its_instances(world: Any) -> None:
    world.refresh()
    before = world.bodies()
    uid = world.events().all()[2]["uid"]
    bad = {"start": "20261345T990000+0100"}
    world.events().change(uid, where={"recurrenceid": None}, dateandtime=bad, etag="9999999999999")
    world.refresh()
    assert world.bodies() == before


def test_answers_of_which_nothing_can_be_read_lose_nothing(world: Any) -> None:
    """Every value of another type than documented, ids too."""
    world.refresh()
    before = world.bodies()
    world.sandbox.faults.add("calendar.events", "wrong-types")
    report = world.refresh()
    assert (report.outcome, report.removed) == ("failed", 0)
    assert world.bodies() == before


def test_while_an_object_without_an_id_comes_nothing_is_removed(world: Any) -> None:
    """It may be any of those that are missing."""
    world.refresh()
    before = world.bodies()
    uid = world.events().all()[0]["uid"]
    world.events().change(uid, uid=None)
    report = world.refresh()
    assert (report.outcome, report.rejected, report.removed) == ("refreshed", 1, 0)
    assert world.bodies() == before
    world.events().delete(None)
    assert world.refresh().removed == 1
    assert world.titles() == ALL[1:]


def test_a_sudden_loss_is_held_back_until_a_second_read_agrees(world: Any) -> None:
    """More than half of 24 coming events; the decisions say ten minutes."""
    activate_feeds(world.store, [replace(FEED, sources=(TEAM,))], now=world.clock())
    world.refresh(TEAM)
    before, began = world.bodies(), world.clock()
    world.sandbox.faults.add("calendar.events", "empty-list")
    world.clock.now += 15 * MINUTE
    report = world.refresh(TEAM)
    assert (report.outcome, report.removed) == ("held", 0)
    assert report.error == str(world.state(TEAM).warning)
    assert "24 of 24 coming events are missing" in report.error
    assert world.bodies() == before
    held_at = world.clock()
    assert world.state(TEAM).next_check_at == held_at + 10 * MINUTE
    assert world.state(TEAM).last_success == began
    world.clock.now += 9 * MINUTE
    assert world.refresh(TEAM).outcome == "held"
    assert world.bodies() == before
    assert world.refresh(TEAM, only_due=True).outcome == "busy"
    world.clock.now = world.state(TEAM).next_check_at
    assert world.clock() == held_at + 14 * MINUTE, "five minutes after the last try"
    report = world.refresh(TEAM, only_due=True)
    assert (report.outcome, report.removed) == ("refreshed", 24)
    assert world.titles() == ["This calendar has no events yet"]
    assert (world.state(TEAM).warning, world.state(TEAM).held_at) == (None, None)


def test_a_sudden_loss_of_others_the_second_time_is_held_back_again(world: Any) -> None:
    activate_feeds(world.store, [replace(FEED, sources=(TEAM,))], now=world.clock())
    world.refresh(TEAM)
    before, items = world.bodies(), world.events(TEAM).all()
    shelf = world.events(TEAM)
    for item in items[:14]:
        shelf.delete(item["uid"])
    assert world.refresh(TEAM).outcome == "held"
    shelf.add(*items[:14])
    for item in items[8:]:
        shelf.delete(item["uid"])
    world.clock.now += 11 * MINUTE
    assert world.refresh(TEAM).outcome == "held"
    assert world.bodies() == before
    shelf.add(*items[8:])
    world.clock.now += 11 * MINUTE
    assert world.refresh(TEAM).outcome == "refreshed"
    assert world.bodies() == before
    assert world.state(TEAM).warning is None


def test_in_a_merged_feed_a_source_that_fails_keeps_its_events(world: Any) -> None:
    activate_feeds(world.store, [replace(FEED, sources=(WORK, TEAM))], now=world.clock())
    world.refresh(WORK)
    world.refresh(TEAM)
    assert world.titles() == sorted([*ALL, *(f"T{n:02}" for n in range(1, 25))])
    del world.sandbox.data.calendars[WORK.calendar]
    world.events(TEAM).change(
        world.events(TEAM).all()[0]["uid"], title="T new", etag="9999999999999"
    )
    assert world.refresh(WORK).outcome == "failed"
    assert world.refresh(TEAM).outcome == "refreshed"
    assert world.titles() == sorted([*ALL, "T new", *(f"T{n:02}" for n in range(2, 25))])


# --- one at a time


def test_a_source_that_someone_reads_is_left_alone(world: Any) -> None:
    world.store.sources.claim(WORK.key, holder="other", now=world.clock(), term=LEASE)
    assert world.refresh().outcome == "busy"
    assert world.sandbox.requests == []


def test_a_source_that_is_not_due_is_left_alone(world: Any) -> None:
    world.refresh()
    world.sandbox.forget_requests()
    world.clock.now += 14 * MINUTE
    assert world.refresh(only_due=True).outcome == "busy"
    assert world.sandbox.requests == []
    world.clock.now += MINUTE
    assert world.refresh(only_due=True).outcome == "refreshed"


def test_a_source_that_no_feed_shows_any_more_is_left_alone(world: Any) -> None:
    activate_feeds(world.store, [], now=world.clock())
    assert world.refresh().outcome == "unused"
    assert world.sandbox.requests == []


def test_a_read_that_lost_its_lease_writes_nothing(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.refresh()
    before = world.bodies()
    items = world.events().all()
    world.events().change(items[0]["uid"], title="Old news", etag="9999999999998")
    other = replace(world.refresher, api=world.client, holder="other")

    def read_elsewhere() -> None:
        world.clock.now += LEASE
        world.events().change(items[0]["uid"], title="Call", etag="9999999999999")
        assert other.refresh(WORK.key).outcome == "refreshed"

    def decide_late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.undo()
        read_elsewhere()
        return decide(*args, **kwargs)

    # What the slow reader has in its hands is older than what the other one reads.
    monkeypatch.setattr(refreshing, "decide", decide_late)
    report = world.refresh()
    state = world.state()
    assert report.outcome == "busy"
    assert "took longer" in report.error
    assert world.bodies() == before
    assert state.last_success == world.clock()


def test_nor_when_another_thread_of_the_same_worker_is_at_it(world: Any) -> None:
    """The threads of a worker have one name; each read has a lease of its own."""
    world.refresh()
    slow_began, slow_may_end, slow_ended = threading.Event(), threading.Event(), threading.Event()
    reports = {}

    class Slow(Api):
        def get(self, *args: Any, **kwargs: Any) -> Any:
            slow_began.set()
            answer = super().get(*args, **kwargs)
            slow_may_end.wait(10)
            return answer

    class Quick(Api):
        def get(self, *args: Any, **kwargs: Any) -> Any:
            slow_may_end.set()
            slow_ended.wait(10)
            return super().get(*args, **kwargs)

    def read(name: str, api: Any) -> None:
        reports[name] = replace(world.refresher, api=api(world.client)).refresh(WORK.key).outcome

    slow = threading.Thread(target=read, args=("slow", Slow))
    slow.start()
    assert slow_began.wait(10)
    world.clock.now += LEASE
    quick = threading.Thread(target=read, args=("quick", Quick))
    quick.start()
    slow.join()
    slow_ended.set()
    quick.join()
    # The slow one is given up for the time it took; the row is the quick one's.
    assert reports == {"slow": "failed", "quick": "refreshed"}
    state = world.store.sources.state(WORK.key)
    assert (state.error, state.last_success) == (None, world.clock())


@pytest.mark.parametrize("fault", ["status", "empty-list"])
def test_nor_does_it_tell_of_its_failure_or_its_doubts(world: Any, fault: Any) -> None:
    activate_feeds(world.store, [replace(FEED, sources=(TEAM,))], now=world.clock())
    world.refresh(TEAM)
    before = world.bodies()

    def claim_elsewhere() -> None:
        world.clock.now += LEASE
        world.store.sources.claim(TEAM.key, holder="other", now=world.clock(), term=LEASE)

    world.sandbox.faults.add("calendar.events", fault)
    world.api.meanwhile = [claim_elsewhere]
    world.refresh(TEAM)
    state = world.state(TEAM)
    assert (state.error, state.warning, state.failures) == (None, None, 0)
    assert world.bodies() == before
    assert world.refresh(TEAM).outcome == "busy"


def test_settings_that_change_during_a_read_hold(world: Any) -> None:
    """A feed that becomes one of times only while its source is read must not show more again."""
    world.refresh()
    world.events().change(world.events().all()[0]["uid"], title="Secret", etag="9999999999999")
    busy = replace(FEED, privacy="busy")
    world.api.meanwhile = [lambda: activate_feeds(world.store, [busy], now=world.clock())]
    assert world.refresh().outcome == "refreshed"
    assert set(world.titles()) == {"Busy"}


def test_two_readers_at_once_read_once(world: Any) -> None:
    """Threads of one worker, started together."""
    reports = []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        reports.append(world.refresh(only_due=True).outcome)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reports) == ["busy", "busy", "busy", "refreshed"]
    assert world.titles() == ALL


# --- bugs, and events that can't be shown


def test_an_event_that_cant_be_shown_is_told_with_each_read(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = vevent.render

    def odd(event: Any, *args: Any, **kwargs: Any) -> Any:
        if event.title == "Call":
            raise vevent.RenderError('"Call" can\'t be written as iCalendar: it is odd')
        return render(event, *args, **kwargs)

    monkeypatch.setattr("bridge.publish.entries.render", odd)
    for _read in range(2):
        report = world.refresh()
        assert (report.outcome, report.rejected) == ("refreshed", 1)
        (rejection,) = world.store.sources.rejections(WORK.key)
        assert rejection.upstream_id == world.events().all()[0]["uid"]
        assert 'could not be published in feed "team": "Call" can\'t be written' in reasons(
            rejection
        )
        assert world.titles() == ALL[1:]
    monkeypatch.undo()
    assert world.refresh().rejected == 0
    assert world.store.sources.rejections(WORK.key) == ()
    assert world.titles() == ALL


@pytest.mark.parametrize("part", ["decide", "publish"])
def test_a_bug_is_raised_and_told_and_the_feed_stays(
    world: Any, monkeypatch: pytest.MonkeyPatch, part: Any
) -> None:
    world.refresh()
    before = world.bodies()

    def buggy(*args: Any, **kwargs: Any) -> Never:
        raise ZeroDivisionError("with details of an event")

    monkeypatch.setattr(refreshing, part, buggy)
    with pytest.raises(ZeroDivisionError):
        world.refresh()
    state = world.state()
    assert str(state.error) == "A bug in the bridge (ZeroDivisionError); see its log."
    assert state.next_check_at == world.clock() + 1.05 * MINUTE
    assert world.bodies() == before
    monkeypatch.undo()
    assert world.refresh().outcome == "refreshed", "its lease is free"
    assert world.state().error is None


def test_a_store_that_cant_be_written_is_raised(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> Never:
        raise StoreError("The database can't be used: the disk is full.")

    monkeypatch.setattr(world.store.sources, "succeed", full)
    with pytest.raises(StoreError):
        world.refresh()
