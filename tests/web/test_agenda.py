"""The agenda: every occurrence on exactly the days it touches, in any zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, strategies as st

from bridge.feed.agenda import AgendaItem
from bridge.web import agenda

DAY = timedelta(days=1)
FIRST = date(2026, 3, 1)
BERLIN, TOKYO, NEW_YORK = (
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("Asia/Tokyo"),
    ZoneInfo("America/New_York"),
)


def seconds(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def timed(
    *times: tuple[str, str], title: str = "T", zone: ZoneInfo = BERLIN, **more: Any
) -> AgendaItem:
    spans = tuple((seconds(start, zone), seconds(end, zone)) for start, end in times)
    return AgendaItem(uid=f"uid-{title}", title=title, times=spans, zone=zone.key, **more)


def all_day(first: date, end: date, title: str = "A") -> AgendaItem:
    return AgendaItem(
        uid=f"uid-{title}", title=title, times=((first.toordinal(), end.toordinal()),), all_day=True
    )


def clock_hour(entry: agenda.Entry) -> int:
    assert isinstance(entry.start, datetime)
    return entry.start.hour


zones = st.sampled_from(sorted(available_timezones() - {"Factory"})).map(ZoneInfo)
# Where clocks jump: 1994-1995 and 2011 left whole days out on some islands.
starts = st.one_of(
    st.integers(seconds("2026-02-20"), seconds("2026-04-10")),
    st.integers(seconds("2011-12-25"), seconds("2012-01-04")),
)
lengths = st.one_of(st.just(0), st.integers(0, 7200), st.integers(0, 5 * 86400))


@given(zone=zones, spans=st.lists(st.tuples(starts, lengths), max_size=6), shift=st.integers(-3, 3))
def test_a_timed_occurrence_is_on_exactly_the_days_it_touches(
    zone: ZoneInfo, spans: list[tuple[int, int]], shift: int
) -> None:
    """The test takes the local date every quarter of an hour and at both ends."""
    items = [
        AgendaItem(uid=str(number), title="", times=((start, start + length),))
        for number, (start, length) in enumerate(spans)
    ]
    for first in (date(2026, 3, 1) + shift * DAY, date(2011, 12, 28) + shift * DAY):
        end = first + 12 * DAY
        wanted = set()
        for number, (start, length) in enumerate(spans):
            moments = [*range(start, start + length, 900), start, max(start, start + length - 1)]
            touched = {datetime.fromtimestamp(moment, zone).date() for moment in moments}
            wanted |= {(str(number), day) for day in touched if first <= day < end}
        found = [
            (entry.item.uid, day.date)
            for day in agenda.days(items, first, end, zone)
            for entry in day.entries
        ]
        assert len(found) == len(set(found))
        extra = {day for _, day in set(found) - wanted}
        assert wanted <= set(found)
        # A day that the zone left out of its calendar lies between two that were touched.
        assert all(_left_out(day, zone) for day in extra)


def _left_out(day: date, zone: ZoneInfo) -> bool:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return noon.astimezone(UTC).astimezone(zone).date() != day


@given(zone=zones, spans=st.lists(st.tuples(st.integers(-10, 40), st.integers(1, 20)), max_size=6))
def test_an_all_day_occurrence_is_on_its_own_days_in_every_zone(
    zone: ZoneInfo, spans: list[tuple[int, int]]
) -> None:
    items = [
        all_day(FIRST + DAY * start, FIRST + DAY * (start + length)) for start, length in spans
    ]
    found = sorted(
        day.date for day in agenda.days(items, FIRST, FIRST + 20 * DAY, zone) for _ in day.entries
    )
    wanted = sorted(
        FIRST + DAY * number
        for start, length in spans
        for number in range(start, start + length)
        if 0 <= number < 20
    )
    assert found == wanted


def test_midnight_belongs_to_the_day_it_begins() -> None:
    """An event until midnight is not on the next day; a moment at midnight is on that day."""
    items = [
        timed(("2026-03-10 22:00", "2026-03-11 00:00")),
        timed(("2026-03-12 00:00", "2026-03-12 00:00")),
    ]
    shown = agenda.days(items, FIRST, FIRST + 30 * DAY, BERLIN)
    assert [day.date for day in shown] == [date(2026, 3, 10), date(2026, 3, 12)]


def test_a_day_that_comes_again_has_the_event_too() -> None:
    """In 2010 Newfoundland's clocks went back from 00:01 on the 7th to 23:01 on the 6th."""
    zone = ZoneInfo("America/St_Johns")
    item = timed(("2010-11-07 02:30:15", "2010-11-07 02:50:00"), zone=ZoneInfo("UTC"))
    assert [
        day.date.day for day in agenda.days([item], date(2010, 11, 1), date(2010, 12, 1), zone)
    ] == [6, 7]


def test_the_same_evening_is_another_day_elsewhere() -> None:
    """20:00 in New York on 10 March is 01:00 in Berlin and 09:00 in Tokyo."""
    item = timed(("2026-03-10 20:00", "2026-03-10 21:00"), zone=NEW_YORK)
    for zone, day, hour in ((NEW_YORK, 10, 20), (BERLIN, 11, 1), (TOKYO, 11, 9)):
        (shown,) = agenda.days([item], FIRST, FIRST + 30 * DAY, zone)
        (entry,) = shown.entries
        assert (shown.date.day, clock_hour(entry)) == (day, hour)
        assert entry.other_zone == (None if zone == NEW_YORK else NEW_YORK)


def test_each_day_of_a_long_event_has_its_number_and_part() -> None:
    item = timed(("2026-03-10 18:00", "2026-03-12 12:00"))
    entries = [day.entries[0] for day in agenda.days([item], FIRST, FIRST + 30 * DAY, BERLIN)]
    assert [(entry.part, entry.number, entry.days, entry.fills_day) for entry in entries] == [
        ("first", 1, 3, False),
        ("middle", 2, 3, True),
        ("last", 3, 3, False),
    ]
    # Cut by the span, it is still the second and third day of three.
    cut = agenda.days([item], date(2026, 3, 11), date(2026, 3, 13), BERLIN)
    assert [day.entries[0].number for day in cut] == [2, 3]


def test_what_fills_the_day_comes_first_and_the_rest_by_time() -> None:
    items = [
        timed(("2026-03-10 09:00", "2026-03-10 10:00"), title="nine"),
        timed(("2026-03-10 08:00", "2026-03-10 10:00"), title="eight", zone=BERLIN),
        all_day(date(2026, 3, 9), date(2026, 3, 12), "all day"),
        timed(("2026-03-09 22:00", "2026-03-10 02:00"), title="over night"),
        timed(("2026-03-09 12:00", "2026-03-11 12:00"), title="through"),
    ]
    (day,) = agenda.days(items, date(2026, 3, 10), date(2026, 3, 11), BERLIN)
    assert [entry.item.title for entry in day.entries] == [
        "all day",
        "through",
        "over night",
        "eight",
        "nine",
    ]


def test_repeats_come_each_on_their_day() -> None:
    item = timed(
        *((f"2026-03-{day:02} 09:15", f"2026-03-{day:02} 09:30") for day in range(1, 31)),
        repeats=True,
    )
    shown = agenda.days([item], date(2026, 3, 28), date(2026, 4, 10), BERLIN)
    assert [(day.date.day, clock_hour(day.entries[0])) for day in shown] == [
        (28, 9),
        (29, 9),
        (30, 9),
    ]


def test_an_entry_is_over_when_it_has_ended() -> None:
    (day,) = agenda.days(
        [timed(("2026-03-10 09:00", "2026-03-10 10:00"))], FIRST, FIRST + 30 * DAY, TOKYO
    )
    ended = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert not day.entries[0].is_over(ended - timedelta(seconds=1))
    assert day.entries[0].is_over(ended)


def test_entries_know_whether_they_are_cancelled_or_tentative() -> None:
    (day,) = agenda.days(
        [
            timed(("2026-03-10 09:00", "2026-03-10 10:00"), title="a", status="CANCELLED"),
            timed(("2026-03-10 09:00", "2026-03-10 10:00"), title="b", status="TENTATIVE"),
        ],
        FIRST,
        FIRST + 30 * DAY,
        BERLIN,
    )
    assert [(entry.item.cancelled, entry.tentative) for entry in day.entries] == [
        (True, False),
        (False, True),
    ]


def test_the_main_zone_is_that_of_most_items_but_utc() -> None:
    hour = ("2026-03-10 09:00", "2026-03-10 10:00")
    utc = ZoneInfo("UTC")
    items = [
        timed(hour, zone=utc),
        timed(hour, zone=utc),
        timed(hour, zone=utc),
        timed(hour),
        all_day(FIRST, FIRST + DAY),
    ]
    assert agenda.main_zone(items).key == "Europe/Berlin"
    assert (
        agenda.main_zone([*items, timed(hour, zone=TOKYO), timed(hour, zone=TOKYO)]).key
        == "Asia/Tokyo"
    )
    assert agenda.main_zone(items[:3]).key == "UTC"
    assert agenda.main_zone([]).key == "UTC"


def test_a_page_has_whole_days_and_one_at_least() -> None:
    items = [
        timed(("2026-03-10 09:00", "2026-03-10 10:00"), title=str(number)) for number in range(5)
    ]
    items += [
        timed(("2026-03-11 09:00", "2026-03-11 10:00")),
        timed(("2026-03-12 09:00", "2026-03-12 10:00")),
    ]
    shown = agenda.days(items, FIRST, FIRST + 30 * DAY, BERLIN)
    assert [len(agenda.cut(shown, most)) for most in (1, 5, 6, 7)] == [1, 1, 2, 3]
    assert agenda.cut((), 5) == ()
