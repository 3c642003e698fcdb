"""An answer as at the last good read is neither parsed nor published again, and loses nothing."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import tempfile
from typing import Any

from hypothesis import example, given, settings, strategies as st
import pytest
import sqlalchemy as sa

from bridge.config import ZohoSettings, load
from bridge.domain.feed import Feed
from bridge.domain.records import Reading
from bridge.domain.source import ConnectSource
from bridge.domain.timezones import zone_by_key
from bridge.errors import UnavailableError
from bridge.feed.publication import Document
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher, Report
from bridge.sandbox import connect_objects
from bridge.sources import registry
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.store.publications import Basis, Publications
from bridge.store.schema import metadata
from tests.call_counter import CallCounter
from tests.clock import NOW, Clock

TEAM, CLUB = (ConnectSource(group=group, network="1") for group in ("77", "88"))
DAY = timedelta(days=1)
FEED = Feed(slug="all", title="All", sources=(TEAM, CLUB), past=30 * DAY, future=60 * DAY)
ALONE = Feed(slug="alone", title="Alone", sources=(TEAM,), past=30 * DAY, future=60 * DAY)
SETTINGS = load({"ZOHO_CONNECT_TIMEZONE": "Europe/Berlin"}).zoho
KEYS = SecretKeys("a test's secret key, long enough")
# Columns that only say what was read, and clocks of leases.
_OWN = {"reading", "data", "version", "settled", "due", "revision"}


class Groups:
    """Two Connect groups in place of the client; ``failure`` is raised by the next request."""

    def __init__(self) -> None:
        self.events: dict[str, dict[int, Any]] = {source.group: {} for source in (TEAM, CLUB)}
        self.copies: dict[str, list[Any]] = {source.group: [] for source in (TEAM, CLUB)}
        self.failure: Exception | None = None

    def get(self, *arguments: Any, **_options: Any) -> Any:
        """Return all events of a group."""
        if self.failure:
            error, self.failure = self.failure, None
            raise error
        group = arguments[2]["selectedPartIds"]
        events = [*self.events[group].values(), *self.copies[group]]
        return {"upcomingEvents": {"events": [dict(event) for event in events]}}

    def put(self, group: str, number: int, title: str, **fields: Any) -> None:
        """Add or replace an event; each has a day and an hour by its number."""
        info = {"id": group, "name": group, "url": group, "status": "ACTIVE"}
        day, at = (0, 0, 1, 2, 20, 59)[number], f"{8 + number * 3:02}:30"
        event = connect_objects.event(
            NOW.date(), info, number=100_000 + number, title=title, day=day, at=at
        )
        self.events[group][number] = event | fields


class Bridge:
    """A store with a refresher, and the steps of a history."""

    def __init__(self, store: Store) -> None:
        self.store, self.groups, self.clock = store, Groups(), Clock()
        self.zoho: ZohoSettings = SETTINGS
        for number in range(4):
            self.groups.put("77", number, f"Meeting {number}")
            self.groups.put("88", number, f"Party {number}")
        activate_feeds(store, [FEED, ALONE], now=NOW)

    def refresh(self, source: ConnectSource = TEAM) -> Report:
        """Read a group."""
        refresher = Refresher(
            store=self.store,
            api=self.groups,
            zoho=self.zoho,
            holder="w",
            clock=self.clock,
            dice=lambda: 0.5,
        )
        return refresher.refresh(source.key)

    def step(self, step: tuple[str, Any]) -> None:
        """Change something at Zoho, in the settings or on the clock, and read both groups."""
        kind, value = step
        number = value if isinstance(value, int) else 0
        events = self.groups.events["77"]
        match kind:
            case "put":
                self.groups.put("77", number, f"Meeting {number}")
            case "edit":
                self.groups.put("77", number, f"Edited {self.clock():%d %H%M}")
            case "break":
                self.groups.put(
                    "77", number, "Broken", startTime=None, startHour="x", startDate="x"
                )
            case "drop":
                events.pop(number, None)
            case "empty":
                events.clear()
            case "repeat" if number in events:
                other = connect_objects.event(
                    NOW.date(),
                    events[number]["partition"],
                    number=100_000 + number,
                    title="",
                    day=9,
                )
                self.groups.copies["77"] = [other | {"title": events[number]["title"]}]
            case "single":
                self.groups.copies["77"] = []
            case "fail":
                self.groups.failure = UnavailableError("read-too-long", minutes=5)
            case "wait":
                self.clock.forward(minutes=number)
            case "feed":
                feeds = [replace(feed, **value) for feed in (FEED, ALONE)]
                activate_feeds(self.store, feeds, now=self.clock())
            case "zone":
                self.zoho = replace(SETTINGS, connect_timezone=zone_by_key(value))
        for source in (TEAM, CLUB):
            self.refresh(source)

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """Return all rows of all tables, without what only says what was read."""
        tables = {}
        with self.store.database.read() as connection:
            for name, table in metadata.tables.items():
                rows = connection.execute(sa.select(table)).mappings()
                plain = [{k: v for k, v in row.items() if k not in _OWN} for row in rows]
                tables[name] = sorted(plain, key=repr)
        return tables


@contextmanager
def new_bridge() -> Iterator[Bridge]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bridge.sqlite3'}"
        with closing(Store.open(url, KEYS)) as store:
            yield Bridge(store)


NUMBERS = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["put", "edit", "break", "drop", "repeat"]), NUMBERS),
    st.tuples(st.sampled_from(["empty", "single", "fail", "same"]), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 11, 60, 24 * 60, 3 * 24 * 60, 40 * 24 * 60])),
    st.tuples(
        st.just("feed"),
        st.sampled_from([{}, {"privacy": "busy"}, {"past": DAY}, {"alarms": False}]),
    ),
    st.tuples(st.just("zone"), st.sampled_from(["Europe/Berlin", "Asia/Tokyo"])),
)


BREAKS = [("break", 1), ("edit", 2), ("drop", 3), ("edit", 2), ("wait", 60), ("edit", 0)]
REPEATS = [("repeat", 1), ("edit", 2), ("break", 1), ("single", 0), ("edit", 3)]
PASSES = [("wait", 24 * 60), ("edit", 5), ("feed", {"privacy": "busy"}), ("edit", 1), ("empty", 0)]


def contents_without_shortcuts(steps: list[tuple[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return what a bridge has that parses, compares, joins and compresses all each time."""
    current, document = Publications.current, Publications.document

    def without_blocks(store: Publications, slug: str, variant: str) -> Document | None:
        found = document(store, slug, variant)
        return found and replace(found, blocks=None)

    with new_bridge() as bridge, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reading, "covers", lambda *_: False)
        patch.setattr(Basis, "holds", lambda *_: False)
        patch.setattr(Publications, "current", lambda store, slug, **_: current(store, slug))
        patch.setattr(Publications, "document", without_blocks)
        for step in steps:
            bridge.step(step)
        return bridge.contents()


@settings(max_examples=settings().max_examples // 3)  # each of them takes as long as three others
@given(st.lists(STEPS, min_size=2, max_size=12))
@example(BREAKS)
@example(REPEATS)
@example(PASSES)
def test_a_history_ends_in_the_same_store_as_without_shortcuts(
    steps: list[tuple[str, Any]],
) -> None:
    with new_bridge() as bridge:
        for step in steps:
            bridge.step(step)
        assert bridge.contents() == contents_without_shortcuts(steps)


@pytest.mark.parametrize("steps", [BREAKS, REPEATS, PASSES])
def test_a_history_ends_alike_in_every_kind_of_database(
    database_url: str, steps: list[tuple[str, Any]]
) -> None:
    with closing(Store.open(database_url, KEYS)) as store:
        bridge = Bridge(store)
        for step in steps:
            bridge.step(step)
        assert bridge.contents() == contents_without_shortcuts(steps)


def test_an_equal_answer_is_neither_parsed_nor_compared_nor_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with new_bridge() as bridge:
        first = bridge.refresh()
        calls = [CallCounter() for _ in range(3)]
        calls[0].patch(monkeypatch, "bridge.sources.registry", "parse")
        calls[1].patch(monkeypatch, "bridge.refresh.refresher", "decide")
        calls[2].patch(monkeypatch, "bridge.publish.publisher", "make_plan")
        bridge.clock.forward(minutes=15)
        again = bridge.refresh()
        assert [counter.calls for counter in calls] == [0, 0, 0]
        assert (first.changed, again.changed, again.fetched) == (4, 0, first.fetched)
        assert bridge.store.sources.state(TEAM.key).last_success == bridge.clock()
        bridge.groups.put("77", 1, "Another title")
        assert bridge.refresh().changed == 1
        assert [counter.calls for counter in calls] == [1, 1, 2]  # two feeds


@pytest.mark.parametrize(
    ("step", "numbers"),
    [
        (("edit", 1), [1]),
        (("drop", 2), []),
        (("put", 5), [5]),
        (("repeat", 3), [3, 3]),
        (("break", 0), [0]),
        (("zone", "Asia/Tokyo"), [0, 1, 2, 3]),
        (("wait", 3 * 24 * 60), [0, 1, 2, 3]),
    ],
)
def test_of_a_changed_answer_only_what_belongs_to_the_change_is_parsed(
    monkeypatch: pytest.MonkeyPatch, step: tuple[str, Any], numbers: list[int]
) -> None:
    """The numbers are those of the objects that the parser gets of the group."""
    parsed: list[Any] = []
    parse = registry.parse

    def recorded(source: Any, raw: Any, *more: Any) -> Any:
        pages = raw["pages"] if source == TEAM else []
        parsed.extend(event for page in pages for event in page["upcomingEvents"]["events"])
        return parse(source, raw, *more)

    with new_bridge() as bridge:
        bridge.step(("same", 0))
        monkeypatch.setattr(registry, "parse", recorded)
        bridge.step(step)
        assert sorted(int(event["streamId"]) % 100_000 for event in parsed) == numbers


@pytest.mark.parametrize(
    ("zoho", "steps", "parsed"),
    [
        (SETTINGS, 0, 0),
        (replace(SETTINGS, connect_timezone=zone_by_key("Asia/Tokyo")), 0, 1),
        (SETTINGS, 3, 1),
    ],
    ids=["nothing", "the zone of the account", "three days"],
)
def test_a_setting_or_time_makes_an_equal_answer_due(
    monkeypatch: pytest.MonkeyPatch, zoho: ZohoSettings, steps: int, parsed: int
) -> None:
    with new_bridge() as bridge:
        bridge.refresh()
        bridge.zoho = zoho
        bridge.clock.forward(days=steps)
        counter = CallCounter()
        counter.patch(monkeypatch, "bridge.sources.registry", "parse")
        bridge.refresh()
        assert counter.calls == parsed


@pytest.mark.parametrize("name", ["FORM", "version"])
def test_another_parser_or_other_zones_parse_an_equal_answer(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with new_bridge() as bridge:
        bridge.refresh()
        other: Any = "next" if name == "FORM" else lambda _: "2099.1"
        monkeypatch.setattr(f"bridge.sources.registry.{name}", other)
        counter = CallCounter()
        counter.patch(monkeypatch, "bridge.sources.registry", "parse")
        bridge.refresh()
        assert counter.calls == 1


def test_an_event_that_is_close_is_read_every_five_minutes_without_a_parse() -> None:
    with new_bridge() as bridge:
        assert bridge.groups.events["77"][0]["title"] == "Meeting 0"  # 8:30 to 9:30 in Berlin
        bridge.refresh()
        for _ in range(60):
            bridge.clock.forward(minutes=20)
            bridge.refresh()
            state, now = bridge.store.sources.state(TEAM.key), bridge.clock()
            starts = [row for row in bridge.store.sources.index(TEAM.key).values() if row.ends_at]
            is_close = any(
                row.ends_at and row.ends_at - timedelta(hours=3) <= now < row.ends_at
                for row in starts
            )
            assert state.next_check_at - now == timedelta(minutes=5 if is_close else 15)


def test_a_failed_publication_is_finished_by_an_equal_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with new_bridge() as bridge:
        with monkeypatch.context() as broken:
            broken.setattr("bridge.publish.publisher.make_plan", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                bridge.refresh()
        assert bridge.refresh().rendered == 8  # in two feeds
