"""What a feed shows of any series, compared with dateutil on wall times."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dateutil import rrule as dateutil_rrule
from hypothesis import given, settings, strategies as st

from bridge.domain.timezones import zone
from bridge.publish.view.event import occurrences_in
from tests.publish.view_events import FEED, events, in_utc, override, series, view

# --- properties

zones = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "UTC",
        "Africa/Cairo",
        "Australia/Lord_Howe",
    ]
)
rules = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=WEEKLY;BYDAY=MO,TH",
        "FREQ=WEEKLY;INTERVAL=2",
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=YEARLY",
        "FREQ=DAILY;COUNT=70",
        "FREQ=WEEKLY;COUNT=9",
        "FREQ=WEEKLY;UNTIL=20280630T235959Z",
        "FREQ=MONTHLY;COUNT=5",
    ]
)
moments = st.datetimes(datetime(2016, 1, 1), datetime(2027, 6, 1)).map(
    lambda t: t.replace(minute=t.minute // 30 * 30, second=0, microsecond=0)
)
feeds = st.builds(
    replace,
    st.just(FEED),
    past=st.sampled_from([timedelta(days=n) for n in (0, 30, 90, 400)]),
    future=st.sampled_from([timedelta(days=n) for n in (30, 200, 540)]),
    exceptions=st.sampled_from(["detached", "recurrence-id"]),
)


@st.composite
def upstream(draw: Any) -> Any:
    where = zone(draw(zones))
    start = draw(moments).replace(tzinfo=where)
    hours = draw(st.sampled_from([0, 1, 9, 26]))
    event = series(draw(rules), start=start, hours=hours, where=where)
    expected = walls(event)
    changes = draw(
        st.lists(st.tuples(st.integers(0, 400), st.integers(-72, 72), st.booleans()), max_size=3)
    )
    overrides, excluded = {}, {}
    for number, shift, removed in changes:
        slot = expected[number % len(expected)]
        if removed:
            excluded[slot] = slot
        else:
            moved = (slot.astimezone(UTC) + timedelta(hours=shift)).astimezone(where)
            overrides[slot] = override(slot, moved, hours=1)
    kept = tuple(slot for slot in excluded if slot not in overrides)
    assert event.recurrence is not None
    return replace(
        event,
        recurrence=replace(event.recurrence, excluded=kept),
        overrides=tuple(overrides.values()),
    )


def walls(event: Any) -> Any:
    """The starts by dateutil on wall times up to 2029, DTSTART first even where it does not fit
    (RFC 5545 3.8.5.3).
    """
    rule = event.recurrence.rule
    start = event.start
    parts = [f"FREQ={rule.freq};INTERVAL={rule.interval}"]
    parts += [f"COUNT={rule.count}"] if rule.count else []
    parts += [f"UNTIL={rule.until.astimezone(start.tzinfo):%Y%m%dT%H%M%S}"] if rule.until else []
    for name in ("byday", "bymonthday", "bysetpos"):
        if values := getattr(rule, name):
            parts.append(f"{name.upper()}={','.join(map(str, values))}")
    naive = start.replace(tzinfo=None)
    engine = dateutil_rrule.rrulestr(";".join(parts), dtstart=naive)
    found = engine.between(naive, datetime(2029, 1, 1), inc=True)
    if naive not in found:
        found = [naive, *(found[:-1] if rule.count and len(found) == rule.count else found)]
    zoned = (wall.replace(tzinfo=start.tzinfo) for wall in found)
    return [moment.astimezone(UTC).astimezone(start.tzinfo) for moment in zoned]


def described(event: Any, window: Any) -> Any:
    """The instances that upstream describes, in UTC."""
    length = event.end.astimezone(UTC) - event.start.astimezone(UTC)
    gone = {slot.astimezone(UTC) for slot in event.recurrence.excluded}
    gone |= {o.recurrence_id.astimezone(UTC) for o in event.overrides}
    spans = [
        (s.astimezone(UTC), s.astimezone(UTC) + length)
        for s in walls(event)
        if s.astimezone(UTC) not in gone
    ]
    spans += [(o.start.astimezone(UTC), o.end.astimezone(UTC)) for o in event.overrides]
    first, last = (
        datetime.combine(day, datetime.min.time(), UTC) for day in (window.start, window.end)
    )
    return sorted(
        span for span in spans if span[0] < last and (span[1] > first or span[0] >= first)
    )


def instances(found: Any, window: Any) -> Any:
    flat = [occurrence for event in found for occurrence in occurrences_in(event, window)]
    return sorted((in_utc(event.start), in_utc(event.end)) for event in flat)


@settings(max_examples=100, deadline=None)
@given(event=upstream(), feed=feeds, day=st.integers(0, 500))
def test_a_feed_shows_exactly_the_instances_that_upstream_describes(
    event: Any, feed: Any, day: Any
) -> None:
    today = date(2026, 1, 1) + timedelta(days=day)
    window = feed.window(today)
    found = events(event, feed, today)
    assert instances(found, window) == described(event, window)
    assert len({e.uid for e in found}) == len(found)


@settings(max_examples=50, deadline=None)
@given(event=upstream(), feed=feeds, day=st.integers(0, 500), later=st.integers(1, 500))
def test_an_answer_holds_until_the_day_it_names(
    event: Any, feed: Any, day: Any, later: Any
) -> None:
    today = date(2026, 1, 1) + timedelta(days=day)
    answer = view(event, feed, today)
    assert answer.until is None or answer.until > today
    other = today + timedelta(days=later)
    if answer.until is None or other < answer.until:
        assert view(event, feed, other).events == answer.events
