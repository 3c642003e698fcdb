"""The instances of a published feed equal those of upstream's data, in both forms of exceptions.

Expected instances come from ``upstream_calendar``, a second implementation without code of the
bridge. recurring-ical-events and ical.js, the engine of Thunderbird, read the feed. Instances are
compared as (start, end, title), with duplicates.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
import json
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any, Literal, TypeAlias

from hypothesis import assume, given, settings, strategies as st
import icalendar
import pytest
import recurring_ical_events

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.document import join_document
from bridge.publish.ical import vevent
from bridge.publish.publisher import publish
from bridge.publish.view.event import event_view
from bridge.sources.calendar.parse import parse
from bridge.sources.protocols import ParseResult
from bridge.store import Store
from tests.factories import put
from tests.readers.upstream_calendar import (
    DAY,
    HOUR,
    PLACES,
    WEEK,
    Instance,
    Override,
    Place,
    Repeat,
    Series,
    responses,
    within,
)
from tests.series_generator import generate_series, until_forms

SOURCE = CalendarSource(calendar="c")
TODAY = date(2026, 11, 21)
CLOCKS_GO_FORWARD = date(2026, 3, 29)  # in Berlin, a week before they go back in Auckland
TWO_YEARS = Feed(slug="team", title="Team", sources=(SOURCE,), past=365 * DAY, future=365 * DAY)
DETACHED = replace(TWO_YEARS, exceptions="detached")
CLASSIC = replace(TWO_YEARS, exceptions="recurrence-id")
FORMS = pytest.mark.parametrize("feed", [DETACHED, CLASSIC], ids=lambda feed: feed.exceptions)
STAMP = vevent.Stamp(changed=datetime(2026, 3, 1, tzinfo=UTC), sequence=1)
ICAL_JS = Path(__file__).parent / "ical_js"
BERLIN, LORD_HOWE = PLACES[0], PLACES[3]


def parsed(series: Sequence[Series]) -> ParseResult:
    """Parse Zoho's responses, of which no event may be dropped."""
    result = parse(responses(tuple(series)), SOURCE)
    assert [rejection for rejection in result.rejections if rejection.kind == "dropped"] == []
    return result


def document(series: Sequence[Series], feed: Feed, today: date) -> bytes:
    """Render the feed's document without a store."""
    events = [
        event
        for upstream_event in parsed(series).events
        for event in event_view(
            upstream_event, feed, salt="", today=today, cancelled_since=None
        ).events
    ]
    zones = {zone for event in events for zone in vevent.zones(event)}
    blobs = (vevent.render(event, STAMP) for event in events)
    return join_document(title="Team", blobs=blobs, zones=zones)


@cache
def generated_document(number: int, feed: Feed, today: date) -> bytes:
    return document(generate_series(number, today), feed, today)


def described(series: Iterable[Series], feed: Feed, today: date) -> list[Instance]:
    """Return the instances in upstream's data, within the feed's window."""
    window = feed.window(today)
    return sorted(i for item in series for i in item.instances(window.start, window.end))


def by_recurring_ical_events(body: bytes, feed: Feed, today: date) -> list[Instance]:
    window = feed.window(today)
    calendar = icalendar.Calendar.from_ical(body)
    events = recurring_ical_events.of(calendar).between(
        window.start - 2 * DAY, window.end + 2 * DAY
    )
    instances = [
        (text(event["DTSTART"].dt), text(event["DTEND"].dt), str(event["SUMMARY"]))
        for event in events
    ]
    return within(instances, window.start, window.end)


def text(moment: date) -> str:
    if isinstance(moment, datetime):
        assert moment.tzinfo is not None
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{moment:%Y-%m-%d}"


@pytest.fixture
def node() -> str:
    command = shutil.which("node")
    if command is None or not (ICAL_JS / "node_modules" / "ical.js").is_dir():
        pytest.skip("needs Node.js and ical.js: npm ci --prefix tests/readers/ical_js")
    return command


def by_ical_js(node: str, body: bytes, feed: Feed, today: date, folder: Path) -> list[Instance]:
    window = feed.window(today)
    file = folder / "feed.ics"
    file.write_bytes(body)
    command = [node, str(ICAL_JS / "instances.mjs"), str(file), str(window.end + 2 * DAY)]
    process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert process.returncode == 0, process.stderr
    instances = [(start, end, title) for start, end, title in json.loads(process.stdout)]
    return within(instances, window.start, window.end)


def difference(actual: list[Instance], expected: list[Instance]) -> list[tuple[str, ...]]:
    """Return what is wrong with a feed, instance by instance, the titles first."""
    surplus, missing = Counter(actual), Counter(expected)
    surplus.subtract(Counter(expected))
    missing.subtract(Counter(actual))
    return sorted(
        [(title, start, end, "is missing") for start, end, title in (+missing).elements()]
        + [(title, start, end, "is surplus") for start, end, title in (+surplus).elements()]
    )


def assert_exact(series: Sequence[Series], feed: Feed, today: date) -> bytes:
    """Compare the feed's document with upstream's data, and return the document."""
    body = document(series, feed, today)
    actual = by_recurring_ical_events(body, feed, today)
    assert difference(actual, described(series, feed, today)) == []
    return body


# --- generated calendars


@FORMS
def test_a_feed_shows_the_instances_of_upstream(feed: Feed) -> None:
    feed = replace(feed, past=60 * DAY, future=60 * DAY)
    assert_exact(generate_series(26, TODAY), feed, TODAY)  # each zone twice, each recipe once


@pytest.mark.slow
@FORMS
@pytest.mark.parametrize(("number", "today"), [(300, TODAY), (50, CLOCKS_GO_FORWARD)], ids=str)
def test_a_large_feed_shows_the_instances_of_upstream(feed: Feed, number: int, today: date) -> None:
    actual = by_recurring_ical_events(generated_document(number, feed, today), feed, today)
    assert difference(actual, described(generate_series(number, today), feed, today)) == []


@pytest.mark.readers
@FORMS
@pytest.mark.parametrize(("number", "today"), [(300, TODAY), (50, CLOCKS_GO_FORWARD)], ids=str)
def test_thunderbird_shows_the_instances_of_upstream(
    node: str, feed: Feed, number: int, today: date, tmp_path: Path
) -> None:
    actual = by_ical_js(node, generated_document(number, feed, today), feed, today, tmp_path)
    assert difference(actual, described(generate_series(number, today), feed, today)) == []


@pytest.mark.slow
@FORMS
def test_the_store_publishes_the_instances_of_upstream(store: Store, feed: Feed) -> None:
    """The variant for web pages has every instance as a single event in UTC (rulebook 31)."""
    series = generate_series(26, TODAY)  # each zone twice, each recipe once
    feed = replace(feed, past=90 * DAY, future=200 * DAY)
    expected = described(series, feed, TODAY)
    now = datetime.combine(TODAY, time(9, 30), UTC)
    store.feeds.replace([feed], now=now)
    put(store, now, *parsed(series).events, source=SOURCE)
    assert not publish(store, feed.slug, now=now).rejections
    default, web = (store.publications.document(feed.slug, name) for name in ("default", "web"))
    assert default is not None
    assert web is not None
    assert difference(by_recurring_ical_events(default.body, feed, TODAY), expected) == []
    assert difference(by_recurring_ical_events(web.body, feed, TODAY), expected) == []
    series_or_zone = rb"(?m)^(?:RRULE|RDATE|EXDATE|RECURRENCE-ID|BEGIN:VTIMEZONE|[^:\r\n]*;TZID=).*"
    assert re.findall(series_or_zone, web.body) == []


# --- known traps, which random series rarely contain


def trap(place: Place, start: date, length: timedelta, **rule: Any) -> Series:
    repeat = Repeat(**rule)
    return Series(
        number=1, title="T", place=place, start=start, length=length, repeat=repeat, quirks=1
    )


TRAPS = {
    # icalendar and Home Assistant use the difference of the wall times at DTSTART and DTEND as the
    # length of all instances.
    "clocks change in the first night": trap(
        BERLIN, datetime(2026, 10, 24, 22), 8 * HOUR, freq="WEEKLY"
    ),
    "clocks changed in the first night, long ago": trap(
        BERLIN, datetime(2018, 10, 27, 22), 8 * HOUR, freq="WEEKLY"
    ),
    "clocks change in the only night": trap(
        BERLIN, datetime(2026, 10, 24, 22), 8 * HOUR, freq="WEEKLY", count=1
    ),
    "clocks change by half an hour": trap(
        LORD_HOWE, datetime(2026, 10, 3, 22), 8 * HOUR, freq="DAILY", count=9
    ),
    "the instance that clocks skip is deleted": replace(
        trap(BERLIN, datetime(2026, 3, 27, 2), HOUR / 2, freq="DAILY", count=6),
        excluded=(datetime(2026, 3, 29, 1, tzinfo=UTC),),
    ),
    # The calendar of Python ends with the year 9999.
    "every other year, from an odd year": trap(
        BERLIN, datetime(2023, 12, 31, 10), HOUR, freq="YEARLY", interval=2
    ),
    "until the last second of 9999": trap(
        BERLIN,
        datetime(2026, 11, 2, 10),
        HOUR,
        freq="WEEKLY",
        until=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        until_text="99991231T235959Z",
    ),
    "until the last day of 9999": trap(
        BERLIN,
        date(2026, 11, 2),
        DAY,
        freq="WEEKLY",
        until=date(9999, 12, 31),
        until_text="99991231",
    ),
    "COUNT ends the series at its start": trap(
        BERLIN, datetime(2026, 11, 4, 10), HOUR, freq="WEEKLY", count=1, byday=("MO",)
    ),
    # dateutil searches days that are both a Monday and the last Friday.
    "weekdays with and without ordinals": trap(
        BERLIN, datetime(2026, 11, 2, 10), HOUR, freq="MONTHLY", byday=("MO", "-1FR")
    ),
    "weekdays with and without ordinals in a year": trap(
        BERLIN, date(2026, 1, 5), DAY, freq="YEARLY", byday=("MO", "20FR")
    ),
    "leap days": trap(BERLIN, date(2024, 2, 29), DAY, freq="YEARLY"),
}


@FORMS
@pytest.mark.parametrize("series", TRAPS.values(), ids=TRAPS)
def test_known_traps_are_published_exactly(feed: Feed, series: Series) -> None:
    assert_exact([series], feed, TODAY)


@pytest.mark.readers
@FORMS
def test_thunderbird_shows_known_traps_exactly(node: str, feed: Feed, tmp_path: Path) -> None:
    traps = tuple(
        replace(series, number=n, title=name) for n, (name, series) in enumerate(TRAPS.items())
    )
    actual = by_ical_js(node, document(traps, feed, TODAY), feed, TODAY, tmp_path)
    assert difference(actual, described(traps, feed, TODAY)) == []


def test_an_instance_that_reaches_into_the_window_keeps_its_length() -> None:
    """Clocks change, and the window starts, on the first day of a quarter: 1 October 2028."""
    days = trap(LORD_HOWE, datetime(2028, 9, 1, 22), 20 * HOUR, freq="DAILY")
    feed, today = replace(DETACHED, past=90 * DAY), date(2028, 12, 30)
    assert_exact([days], feed, today)


def test_no_rule_is_published_that_the_engine_of_gnome_misreads() -> None:
    """libical 3.0.16: several days, every other week, weeks from neither Monday nor Sunday."""
    series = trap(
        BERLIN,
        datetime(2026, 11, 3, 10),
        HOUR,
        freq="WEEKLY",
        interval=2,
        byday=("MO", "TU"),
        wkst="WE",
    )
    body = assert_exact([series], DETACHED, TODAY)
    assert not re.search(rb"INTERVAL=2;BYDAY=\w+,\w+;WKST=(?!SU)", body)


@pytest.mark.parametrize(
    ("moved_to", "stays"),
    [
        (datetime(2026, 11, 25, 15), True),
        (datetime(2026, 11, 30, 10), False),  # onto the day of the next instance
        (datetime(2026, 12, 3, 10), False),  # beyond the next instance
        (datetime(2026, 11, 16, 18), False),  # onto the day of the instance before
    ],
)
def test_an_override_stays_only_between_its_neighbours(moved_to: datetime, stays: bool) -> None:
    """Outlook forbids others (rulebook 42), and node-ical misses those from far away.

    They become single events.
    """
    slot = datetime(2026, 11, 23, 9, tzinfo=UTC)
    override = Override(slot=slot, title="moved", place=BERLIN, start=moved_to, length=HOUR)
    series = trap(BERLIN, datetime(2026, 11, 2, 10), HOUR, freq="WEEKLY")
    series = replace(series, overrides=(override,))
    body = assert_exact([series], CLASSIC, TODAY)
    assert (b"RECURRENCE-ID" in body) is stays


# --- any rule, anywhere, from any day


@st.composite
def repeats(draw: st.DrawFn) -> Repeat:
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    ordinals = ["", "1", "2", "5", "-1"] if freq in ("MONTHLY", "YEARLY") else [""]
    days = st.builds(str.__add__, st.sampled_from(ordinals), st.sampled_from(WEEK))
    months = st.lists(st.integers(1, 12), max_size=2, unique=True)
    numbers = st.lists(st.sampled_from([1, 13, 28, 30, 31, -1]), max_size=2, unique=True)
    byday = tuple(draw(st.lists(days, max_size=3, unique=True)))
    bymonthday = tuple(draw(numbers)) if freq != "WEEKLY" else ()  # RFC 5545 3.3.10
    # "BYDAY=2FR;BYSETPOS=2" is redundant, and a rule without other parts has no positions.
    countable = freq != "DAILY" and (byday or bymonthday) and {*byday} <= {*WEEK}
    positions = st.lists(st.sampled_from([1, 2, -1]), max_size=2, unique=True)
    return Repeat(
        freq=freq,
        interval=draw(st.sampled_from([1, 1, 2, 3])),
        count=draw(st.sampled_from([None, None, 1, 2, 25])),
        byday=byday,
        bymonthday=bymonthday,
        bymonth=tuple(draw(months)),
        bysetpos=tuple(draw(positions)) if countable else (),
        wkst=draw(st.sampled_from(["MO", "SU", "TH"])),
    )


@st.composite
def any_series(draw: st.DrawFn) -> Series:
    quarters = st.builds(
        timedelta, minutes=st.integers(0, 1_000_000).map(lambda number: number * 15)
    )
    start = datetime(2015, 1, 1) + draw(quarters.filter(lambda after: after < 4380 * DAY))
    all_day = draw(st.integers(0, 3)) == 0
    lengths = (
        [DAY, 2 * DAY, 8 * DAY]
        if all_day
        else [0 * HOUR, HOUR / 2, HOUR, 9 * HOUR, 26 * HOUR, 60 * HOUR]
    )
    series = Series(
        number=1,
        title="T",
        place=draw(st.sampled_from(PLACES)),
        start=start.date() if all_day else start,
        length=draw(st.sampled_from(lengths)),
        repeat=draw(repeats()),
        quirks=draw(st.integers(0, 59)),
    )
    if not all_day:  # upstream has no start that clocks skip
        shown = series.place.instant(start).astimezone(series.place.clock)
        assume(shown.replace(tzinfo=None) == start)
    slots = list(series.slots(date(2027, 12, 31)))[-200:]
    if draw(st.booleans()):
        until, until_text = draw(
            st.sampled_from(until_forms(series.place, draw(st.sampled_from(slots))))
        )
        series = replace(series, repeat=replace(series.repeat, until=until, until_text=until_text))
    exceptions = draw(st.lists(st.sampled_from(slots), max_size=3, unique=True))
    overrides, excluded = [], []
    for slot in exceptions:
        kind = draw(st.sampled_from(["excluded", "deleted", "moved"]))
        if kind == "excluded":
            excluded.append(slot)
        elif kind == "deleted":
            overrides.append(Override(slot=slot))
        else:
            wall = slot
            if isinstance(slot, datetime):
                wall = slot.astimezone(series.place.clock).replace(tzinfo=None)
            wall += draw(st.integers(-30, 30)) * (DAY if all_day else 7 * HOUR)
            overrides.append(
                Override(slot=slot, title="M", place=series.place, start=wall, length=DAY)
            )
    return replace(series, overrides=tuple(overrides), excluded=tuple(excluded))


Form: TypeAlias = Literal["detached", "recurrence-id"]
ANY_CASE = given(
    series=any_series(),
    today=st.sampled_from([TODAY, CLOCKS_GO_FORWARD, date(2026, 10, 31), date(2027, 1, 1)]),
    form=st.sampled_from(["detached", "recurrence-id"]),
)
TEN_MONTHS = replace(TWO_YEARS, past=90 * DAY, future=200 * DAY)


@settings(max_examples=15, deadline=None)
@ANY_CASE
def test_any_series_is_published_exactly(series: Series, today: date, form: Form) -> None:
    assert_exact([series], replace(TEN_MONTHS, exceptions=form), today)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@ANY_CASE
def test_many_series_are_published_exactly(series: Series, today: date, form: Form) -> None:
    assert_exact([series], replace(TEN_MONTHS, exceptions=form), today)
