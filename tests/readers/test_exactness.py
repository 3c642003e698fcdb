"""The instances of a published feed are the instances that upstream describes: exactly those, in both forms of exceptions.

Expected ones come from ``upstream_calendar``, a second implementation that shares no code with the bridge (and is held to
the standard's own examples below). What a feed says is read by recurring-ical-events, and by ical.js, the engine of
Thunderbird. Instances are compared as (start, end, title), however often each comes.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
import json
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any

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
from bridge.refresh.diff import decide
from bridge.sources.calendar import parse
from bridge.store import Store
from tests.made_up_series import made_up_series, until_forms
from tests.readers.upstream_calendar import (
    DAY,
    HOUR,
    PLACES,
    WEEK,
    Changed,
    Repeat,
    Series,
    answers,
    within,
)

SOURCE = CalendarSource(calendar="c")
TODAY = date(2026, 11, 21)
CLOCKS_GO_FORWARD = date(2026, 3, 29)  # in Berlin; a week before they go back in Auckland
TWO_YEARS = Feed(slug="team", title="Team", sources=(SOURCE,), past=365 * DAY, future=365 * DAY)
DETACHED = replace(TWO_YEARS, exceptions="detached")
CLASSIC = replace(TWO_YEARS, exceptions="recurrence-id")
FORMS = pytest.mark.parametrize("feed", [DETACHED, CLASSIC], ids=lambda feed: feed.exceptions)
STAMP = vevent.Stamp(changed=datetime(2026, 3, 1, tzinfo=UTC), sequence=1)
ICAL_JS = Path(__file__).parent / "ical_js"
BERLIN, NEW_YORK, LORD_HOWE = PLACES[0], PLACES[1], PLACES[3]


def read(series: Any) -> Any:
    """Parse what Zoho answers; nothing is lost on the way."""
    parsed = parse(answers(series), SOURCE)
    assert [rejection for rejection in parsed.rejections if rejection.kind == "dropped"] == []
    return parsed


def written(series: Any, feed: Any, today: Any) -> Any:
    """The feed's document, without a store."""
    events = [
        shown
        for event in read(series).events
        for shown in event_view(event, feed, today=today, cancelled_since=None).events
    ]
    zones = {zone for event in events for zone in vevent.zones(event)}
    return join_document(title="Team", blobs=map(rendered, events), zones=zones)


@cache
def rendered(event: Any) -> Any:
    return vevent.render(event, STAMP)


@cache
def made_up(number: Any, today: Any) -> Any:
    return made_up_series(number, today)


@cache
def made_up_feed(number: Any, feed: Any, today: Any) -> Any:
    return written(made_up(number, today), feed, today)


@cache
def described(series: Any, window: Any) -> Any:
    return sorted(
        instance for one in series for instance in one.instances(window.start, window.end)
    )


def by_recurring_ical_events(body: Any, feed: Any, today: Any) -> Any:
    window = feed.window(today)
    calendar = icalendar.Calendar.from_ical(body)
    found = recurring_ical_events.of(calendar).between(window.start - 2 * DAY, window.end + 2 * DAY)
    told = [
        (text(event["DTSTART"].dt), text(event["DTEND"].dt), str(event["SUMMARY"]))
        for event in found
    ]
    return within(told, window.start, window.end)


def text(moment: Any) -> str:
    if isinstance(moment, datetime):
        assert moment.tzinfo is not None
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{moment:%Y-%m-%d}"


@pytest.fixture
def node() -> Any:
    found = shutil.which("node")
    if found is None or not (ICAL_JS / "node_modules" / "ical.js").is_dir():
        pytest.skip(
            "needs Node.js and the packages of tests/readers/ical_js: npm ci --prefix tests/readers/ical_js"
        )
    return found


def by_ical_js(node: Any, body: Any, feed: Any, today: Any, folder: Any) -> Any:
    window = feed.window(today)
    file = folder / "feed.ics"
    file.write_bytes(body)
    command = [node, ICAL_JS / "instances.mjs", file, str(window.end + 2 * DAY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return within(
        [tuple(instance) for instance in json.loads(done.stdout)], window.start, window.end
    )


def difference(found: Any, expected: Any) -> Any:
    """What is wrong with a feed, instance by instance, the titles first."""
    found, expected = Counter(found), Counter(expected)
    missing = [
        (title, start, end, "is missing") for start, end, title in (expected - found).elements()
    ]
    surplus = [
        (title, start, end, "is too much") for start, end, title in (found - expected).elements()
    ]
    return sorted(missing + surplus)


# --- the second opinion itself: RFC 5545 3.8.5.3, in its order, and 3.3.5

NEW_YORK_1997 = Series(
    number=0,
    title="",
    place=NEW_YORK,
    start=datetime(1997, 9, 2, 9),
    length=HOUR,
    repeat=Repeat(freq="DAILY"),
)
RFC_EXAMPLES = [
    (
        {"freq": "DAILY", "count": 10},
        "1997-09-02",
        "09-02 09-03 09-04 09-05 09-06 09-07 09-08 09-09 09-10 09-11",
    ),
    ({"freq": "DAILY", "interval": 10, "count": 5}, "1997-09-02", "09-02 09-12 09-22 10-02 10-12"),
    (
        {
            "freq": "YEARLY",
            "until": datetime(2000, 1, 31, 14, tzinfo=UTC),
            "bymonth": (1,),
            "byday": WEEK,
        },
        "1998-01-01",
        93,
    ),
    (
        {"freq": "WEEKLY", "interval": 2, "wkst": "SU", "count": 4},
        "1997-09-02",
        "09-02 09-16 09-30 10-14",
    ),
    (
        {"freq": "WEEKLY", "interval": 2, "count": 8, "wkst": "SU", "byday": ("TU", "TH")},
        "1997-09-02",
        "09-02 09-04 09-16 09-18 09-30 10-02 10-14 10-16",
    ),
    (
        {"freq": "MONTHLY", "count": 5, "byday": ("1FR",)},
        "1997-09-05",
        "09-05 10-03 11-07 12-05 01-02",
    ),
    (
        {"freq": "MONTHLY", "interval": 2, "count": 6, "byday": ("1SU", "-1SU")},
        "1997-09-07",
        "09-07 09-28 11-02 11-30 01-04 01-25",
    ),
    (
        {"freq": "MONTHLY", "count": 6, "byday": ("-2MO",)},
        "1997-09-22",
        "09-22 10-20 11-17 12-22 01-19 02-16",
    ),
    (
        {"freq": "MONTHLY", "count": 6, "bymonthday": (-3,)},
        "1997-09-28",
        "09-28 10-29 11-28 12-29 01-29 02-26",
    ),
    (
        {"freq": "MONTHLY", "count": 5, "bymonthday": (1, -1)},
        "1997-09-30",
        "09-30 10-01 10-31 11-01 11-30",
    ),
    ({"freq": "YEARLY", "count": 4, "bymonth": (6, 7)}, "1997-06-10", "06-10 07-10 06-10 07-10"),
    ({"freq": "YEARLY", "count": 3, "byday": ("20MO",)}, "1997-05-19", "05-19 05-18 05-17"),
    (
        {"freq": "YEARLY", "count": 4, "bymonth": (3,), "byday": ("TH",)},
        "1997-03-13",
        "03-13 03-20 03-27 03-05",
    ),
    (
        {"freq": "MONTHLY", "count": 6, "byday": ("FR",), "bymonthday": (13,)},
        "1997-09-02",  # DTSTART is an instance, whatever the rule says
        "09-02 02-13 03-13 11-13 08-13 10-13",
    ),
    (
        {
            "freq": "YEARLY",
            "interval": 4,
            "count": 3,
            "bymonth": (11,),
            "byday": ("TU",),
            "bymonthday": (2, 3, 4, 5, 6, 7, 8),
        },
        "1996-11-05",
        "11-05 11-07 11-02",
    ),
    (
        {"freq": "MONTHLY", "count": 3, "byday": ("TU", "WE", "TH"), "bysetpos": (3,)},
        "1997-09-04",
        "09-04 10-07 11-06",
    ),
    (
        {"freq": "MONTHLY", "count": 4, "byday": WEEK[:5], "bysetpos": (-2,)},
        "1997-09-29",
        "09-29 10-30 11-27 12-30",
    ),
    (
        {"freq": "WEEKLY", "interval": 2, "count": 4, "byday": ("TU", "SU")},
        "1997-08-05",
        "08-05 08-10 08-19 08-24",
    ),
    (
        {"freq": "WEEKLY", "interval": 2, "count": 4, "byday": ("TU", "SU"), "wkst": "SU"},
        "1997-08-05",
        "08-05 08-17 08-19 08-31",
    ),
    (
        {"freq": "MONTHLY", "count": 5, "bymonthday": (15, 30)},
        "2007-01-15",
        "01-15 01-30 02-15 03-15 03-30",
    ),
]


@pytest.mark.parametrize(("rule", "first", "expected"), RFC_EXAMPLES)
def test_the_second_opinion_gives_the_standards_examples(
    rule: Any, first: Any, expected: Any
) -> None:
    start = datetime.combine(date.fromisoformat(first), time(9))
    slots = list(replace(NEW_YORK_1997, start=start, repeat=Repeat(**rule)).slots(date(2010, 1, 1)))
    assert all(slot.astimezone(NEW_YORK.clock).hour == 9 for slot in slots)
    days = [f"{slot:%m-%d}" for slot in slots]
    assert (len(days) if isinstance(expected, int) else " ".join(days)) == expected


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        (datetime(2007, 11, 4, 1, 30), "05:30"),  # twice: the first, in daylight time
        (
            datetime(2007, 3, 11, 2, 30),
            "07:30",
        ),  # skipped: as if the clocks had not changed, which then show 3:30
    ],
)
def test_the_second_opinion_reads_the_standards_odd_wall_times(wall: Any, utc: Any) -> None:
    """RFC 5545 3.3.5, both in New York."""
    assert f"{NEW_YORK.instant(wall):%H:%M}" == utc


def test_the_second_opinion_keeps_the_exact_length_across_a_change_of_the_clocks() -> None:
    nights = replace(
        NEW_YORK_1997,
        start=datetime(2026, 10, 24, 22),
        length=8 * HOUR,
        repeat=Repeat(freq="WEEKLY"),
    )
    (_, normal, _), (_, long, _) = nights.instances(date(2026, 10, 24), date(2026, 11, 2))
    assert (normal, long) == (
        "2026-10-25T10:00:00Z",
        "2026-11-01T10:00:00Z",
    )  # 6:00, and 5:00 by then


def test_the_made_up_calendar_has_everything_that_it_is_made_for() -> None:
    """300 series in 12 zones and more over two years, with every kind of exception; rules of all frequencies."""
    series = made_up(300, TODAY)
    assert len(series) == 300
    assert len({one.place.name for one in series}) >= 12
    assert {one.repeat.freq for one in series} == {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
    kinds = Counter(change.title.partition(": ")[2] for one in series for change in one.changed)
    rare = {"renamed", "moved", "moved far", "in or out", "onto", "kind", "place", "longer"}
    assert all(kinds[kind] >= 10 for kind in rare)
    assert sum(len(one.emptied) for one in series) > 50
    assert kinds[""] > 30  # deleted
    assert len(described(series, TWO_YEARS.window(TODAY))) > 10_000


# --- the promise


@FORMS
def test_the_feed_shows_what_upstream_describes(feed: Any) -> None:
    body = made_up_feed(300, feed, TODAY)
    expected = described(made_up(300, TODAY), feed.window(TODAY))
    assert difference(by_recurring_ical_events(body, feed, TODAY), expected) == []


@FORMS
def test_the_feed_shows_what_upstream_describes_on_the_day_of_a_change_of_the_clocks(
    feed: Any,
) -> None:
    body = made_up_feed(50, feed, CLOCKS_GO_FORWARD)
    expected = described(made_up(50, CLOCKS_GO_FORWARD), feed.window(CLOCKS_GO_FORWARD))
    assert difference(by_recurring_ical_events(body, feed, CLOCKS_GO_FORWARD), expected) == []


@pytest.mark.readers
@FORMS
@pytest.mark.parametrize(("number", "today"), [(300, TODAY), (50, CLOCKS_GO_FORWARD)], ids=str)
def test_thunderbird_shows_what_upstream_describes(
    node: Any, feed: Any, number: Any, today: Any, tmp_path: Path
) -> None:
    found = by_ical_js(node, made_up_feed(number, feed, today), feed, today, tmp_path)
    assert difference(found, described(made_up(number, today), feed.window(today))) == []


@FORMS
def test_the_store_publishes_what_upstream_describes(store: Store, feed: Any) -> None:
    """Through the database; the flavour for web pages has every instance written out, in UTC (rulebook 31)."""
    series = made_up(26, TODAY)  # each zone twice, each recipe once
    feed = replace(feed, past=90 * DAY, future=200 * DAY)
    expected = described(series, feed.window(TODAY))
    now = datetime.combine(TODAY, time(9, 30), UTC)
    store.feeds.replace([feed], now=now)
    save(store, read(series), now)
    assert not publish(store, feed.slug, now=now).rejections
    body, web = (
        store.publications.document(feed.slug, variant).body for variant in ("default", "web")
    )
    assert difference(by_recurring_ical_events(body, feed, TODAY), expected) == []
    assert difference(by_recurring_ical_events(web, feed, TODAY), expected) == []
    assert (
        re.findall(
            rb"(?m)^(?:RRULE|RDATE|EXDATE|RECURRENCE-ID|BEGIN:VTIMEZONE|[^:\r\n]*;TZID=).*", web
        )
        == []
    )


def save(store: Store, parsed: Any, now: datetime) -> None:
    decision = decide({}, parsed, now=now)
    assert store.sources.claim(SOURCE.key, holder="test", now=now, term=timedelta(minutes=1))
    assert store.sources.succeed(
        SOURCE.key,
        holder="test",
        now=now,
        next_check_at=now,
        saved=decision.saved,
        removed=decision.removed,
        rejected=decision.rejections,
        notes=parsed.notes,
    )


# --- traps that chance finds rarely, each found once


def trap(
    place: Any, start: Any, length: Any, *, changed: Any = (), emptied: Any = (), **rule: Any
) -> Any:
    repeat = Repeat(**rule)
    return Series(
        number=1,
        title="T",
        place=place,
        start=start,
        length=length,
        repeat=repeat,
        changed=changed,
        emptied=emptied,
        quirks=1,
    )


TRAPS = {
    # icalendar and Home Assistant take the difference of the wall times at DTSTART and DTEND for the length of all
    "the first night is the one of a change": trap(
        BERLIN, datetime(2026, 10, 24, 22), 8 * HOUR, freq="WEEKLY"
    ),
    "so was the first night, long ago": trap(
        BERLIN, datetime(2018, 10, 27, 22), 8 * HOUR, freq="WEEKLY"
    ),
    "and it is the only one": trap(
        BERLIN, datetime(2026, 10, 24, 22), 8 * HOUR, freq="WEEKLY", count=1
    ),
    "half an hour's change": trap(
        LORD_HOWE, datetime(2026, 10, 3, 22), 8 * HOUR, freq="DAILY", count=9
    ),
    "the night that the clocks skip is deleted": trap(
        BERLIN,
        datetime(2026, 3, 27, 2),
        HOUR / 2,
        freq="DAILY",
        count=6,
        emptied=(datetime(2026, 3, 29, 1, tzinfo=UTC),),
    ),
    # Python's calendar ends with the year 9999
    "every other year, from an odd one": trap(
        BERLIN, datetime(2023, 12, 31, 10), HOUR, freq="YEARLY", interval=2
    ),
    "until the end of time": trap(
        BERLIN,
        datetime(2026, 11, 2, 10),
        HOUR,
        freq="WEEKLY",
        until=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        until_text="99991231T235959Z",
    ),
    "until the last day of time": trap(
        BERLIN,
        date(2026, 11, 2),
        DAY,
        freq="WEEKLY",
        until=date(9999, 12, 31),
        until_text="99991231",
    ),
    "only the start is left of the rule": trap(
        BERLIN, datetime(2026, 11, 4, 10), HOUR, freq="WEEKLY", count=1, byday=("MO",)
    ),
    # dateutil looks for days that are both a Monday and the last Friday
    "numbered and other weekdays": trap(
        BERLIN, datetime(2026, 11, 2, 10), HOUR, freq="MONTHLY", byday=("MO", "-1FR")
    ),
    "in a year, too": trap(BERLIN, date(2026, 1, 5), DAY, freq="YEARLY", byday=("MO", "20FR")),
    "leap days": trap(BERLIN, date(2024, 2, 29), DAY, freq="YEARLY"),
}


@FORMS
@pytest.mark.parametrize("series", TRAPS.values(), ids=TRAPS)
def test_known_traps_are_told_exactly(feed: Any, series: Any) -> None:
    body = written((series,), feed, TODAY)
    assert (
        difference(
            by_recurring_ical_events(body, feed, TODAY), described((series,), feed.window(TODAY))
        )
        == []
    )


@pytest.mark.readers
@FORMS
def test_thunderbird_falls_into_no_known_trap(node: Any, feed: Any, tmp_path: Path) -> None:
    traps = tuple(
        replace(series, number=n, title=name) for n, (name, series) in enumerate(TRAPS.items())
    )
    found = by_ical_js(node, written(traps, feed, TODAY), feed, TODAY, tmp_path)
    assert difference(found, described(traps, feed.window(TODAY))) == []


def test_an_instance_that_reaches_into_the_window_keeps_its_length() -> None:
    """The clocks change, and the window begins, on the first day of a quarter: 1 October 2028."""
    days = trap(LORD_HOWE, datetime(2028, 9, 1, 22), 20 * HOUR, freq="DAILY")
    feed, today = replace(DETACHED, past=90 * DAY), date(2028, 12, 30)
    body = written((days,), feed, today)
    assert (
        difference(
            by_recurring_ical_events(body, feed, today), described((days,), feed.window(today))
        )
        == []
    )


def test_no_rule_is_published_that_the_engine_of_gnome_misreads() -> None:
    """libical 3.0.16: with several days, every other week and a week that begins on neither Monday nor Sunday."""
    series = trap(
        BERLIN,
        datetime(2026, 11, 3, 10),
        HOUR,
        freq="WEEKLY",
        interval=2,
        byday=("MO", "TU"),
        wkst="WE",
    )
    body = written((series,), DETACHED, TODAY)
    assert (
        difference(
            by_recurring_ical_events(body, DETACHED, TODAY),
            described((series,), DETACHED.window(TODAY)),
        )
        == []
    )
    assert not re.search(rb"INTERVAL=2;BYDAY=\w+,\w+;WKST=(?!SU)", body)


@pytest.mark.parametrize(
    ("moved_to", "stays"),
    [
        (datetime(2026, 11, 25, 15), True),
        (datetime(2026, 11, 30, 10), False),  # onto the next one's day
        (datetime(2026, 12, 3, 10), False),  # over the next one
        (datetime(2026, 11, 16, 18), False),  # onto the day of the one before
    ],
)
def test_an_override_stays_between_its_neighbours(moved_to: Any, stays: Any) -> None:
    """Outlook forbids others (rulebook 42), node-ical misses those that come from far away: they stand alone."""
    slot = datetime(2026, 11, 23, 9, tzinfo=UTC)
    changed = Changed(slot=slot, title="moved", place=BERLIN, start=moved_to, length=HOUR)
    series = trap(BERLIN, datetime(2026, 11, 2, 10), HOUR, freq="WEEKLY", changed=(changed,))
    body = written((series,), CLASSIC, TODAY)
    assert (
        difference(
            by_recurring_ical_events(body, CLASSIC, TODAY),
            described((series,), CLASSIC.window(TODAY)),
        )
        == []
    )
    assert (b"RECURRENCE-ID" in body) is stays


# --- any rule, anywhere, from any day


@st.composite
def repeats(draw: Any) -> Any:
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    ordinals = ["", "1", "2", "5", "-1"] if freq in ("MONTHLY", "YEARLY") else [""]
    days = st.builds(str.__add__, st.sampled_from(ordinals), st.sampled_from(WEEK))
    months = st.lists(st.integers(1, 12), max_size=2, unique=True)
    numbers = st.lists(st.sampled_from([1, 13, 28, 30, 31, -1]), max_size=2, unique=True)
    byday = tuple(draw(st.lists(days, max_size=3, unique=True)))
    bymonthday = tuple(draw(numbers)) if freq != "WEEKLY" else ()  # RFC 5545 3.3.10
    # "BYDAY=2FR;BYSETPOS=2" is the second Friday said twice, and a rule without other parts has no positions.
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
def any_series(draw: Any) -> Any:
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
    shown = (
        series.place.instant(series.start).astimezone(series.place.clock) if not all_day else None
    )
    assume(
        shown is None or shown.replace(tzinfo=None) == start
    )  # upstream can't say a start that no clock shows
    slots = list(series.slots(date(2027, 12, 31)))[-200:]
    if draw(st.booleans()):
        until, until_text = draw(
            st.sampled_from(until_forms(series.place, draw(st.sampled_from(slots))))
        )
        series = replace(series, repeat=replace(series.repeat, until=until, until_text=until_text))
    chosen = draw(st.lists(st.sampled_from(slots), max_size=3, unique=True))
    fates = [draw(st.sampled_from(["emptied", "deleted", "moved"])) for _slot in chosen]
    changed = []
    for slot, fate in zip(chosen, fates, strict=True):
        if fate == "deleted":
            changed.append(Changed(slot=slot))
        elif fate == "moved":
            away = draw(st.integers(-30, 30)) * (DAY if all_day else 7 * HOUR)
            wall = slot if all_day else slot.astimezone(series.place.clock).replace(tzinfo=None)
            changed.append(
                Changed(slot=slot, title="M", place=series.place, start=wall + away, length=DAY)
            )
    emptied = [slot for slot, fate in zip(chosen, fates, strict=True) if fate == "emptied"]
    return replace(series, changed=tuple(changed), emptied=tuple(emptied))


@settings(max_examples=50, deadline=None)
@given(
    series=any_series(),
    today=st.sampled_from([TODAY, CLOCKS_GO_FORWARD, date(2026, 10, 31), date(2027, 1, 1)]),
    form=st.sampled_from(["detached", "recurrence-id"]),
)
def test_any_series_is_told_exactly(series: Any, today: Any, form: Any) -> None:
    feed = replace(TWO_YEARS, past=90 * DAY, future=200 * DAY, exceptions=form)
    body = written((series,), feed, today)
    assert (
        difference(
            by_recurring_ical_events(body, feed, today), described((series,), feed.window(today))
        )
        == []
    )
