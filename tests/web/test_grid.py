"""The grid of weeks: every entry on exactly its days, bars in one lane, no two pieces on top."""

from calendar import Calendar
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st

from bridge.feed.agenda import AgendaItem
from bridge.web import agenda, grid

DAY = timedelta(days=1)
ZONE = ZoneInfo("Europe/Berlin")
WEEKS = Calendar().monthdatescalendar(2026, 3)
FIRST, END = WEEKS[0][0], WEEKS[-1][-1] + DAY


def all_day(number: int, offset: int, length: int) -> AgendaItem:
    first = (FIRST + offset * DAY).toordinal()
    return AgendaItem(uid=f"a{number}", title="A", all_day=True, times=((first, first + length),))


def timed(number: int, hour: int, hours: int) -> AgendaItem:
    start = int(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC).timestamp()) + hour * 3600
    return AgendaItem(uid=f"t{number}", title="T", times=((start, start + hours * 3600),))


days_of_all = st.lists(st.tuples(st.integers(-9, 45), st.integers(1, 20)), max_size=12)
hours_of_all = st.lists(st.tuples(st.integers(-48, 1000), st.integers(0, 60)), max_size=20)


@given(whole=days_of_all, timely=hours_of_all, lanes=st.integers(1, 6))
def test_every_day_shows_or_counts_its_entries(
    whole: list[tuple[int, int]], timely: list[tuple[int, int]], lanes: int
) -> None:
    """Bars are on each day that the list has them on, other entries on the first of those."""
    items = [all_day(n, *span) for n, span in enumerate(whole)]
    items += [timed(n, *span) for n, span in enumerate(timely)]
    expected: Counter[date] = Counter()
    for day in agenda.days(items, FIRST, END, ZONE):
        for entry in day.entries:
            expected[day.date] += entry.is_bar or day.date == max(entry.first_day, FIRST)
    shown: Counter[date] = Counter()
    for week in grid.weeks(agenda.occurrences(items, ZONE), WEEKS, lanes, {}):
        places: Counter[tuple[int, int]] = Counter()
        for cell in week:
            shown[cell.date] += cell.hidden
            for piece in cell.pieces:
                columns = range(piece.column, piece.column + piece.days)
                places.update((piece.lane, column) for column in columns)
                shown.update(week[column - 1].date for column in columns)
                assert week[piece.column - 1] is cell
                assert 1 <= piece.lane <= lanes
                assert columns[-1] <= 7
        assert set(places.values()) <= {1}
    assert +shown == +expected


@given(timely=st.lists(st.tuples(st.integers(-48, 1000), st.integers(1, 23)), max_size=30))
def test_a_grid_loads_what_it_has_room_for_and_counts_the_rest(
    timely: list[tuple[int, int]],
) -> None:
    """As many pieces and "more" on each day as if everything were loaded."""
    items = sorted((timed(n, *span) for n, span in enumerate(timely)), key=lambda i: i.spans()[0])
    room = grid.Room(WEEKS, 2, ZONE)
    kept = [item for item in items if room.has(*item.spans()[0])]
    whole = grid.weeks(agenda.occurrences(items, ZONE), WEEKS, 2, {})
    partial = grid.weeks(agenda.occurrences(kept, ZONE), WEEKS, 2, room.hidden)
    assert len(kept) <= 2 * len(WEEKS) * 7
    assert [[(c.date, len(c.pieces), c.hidden) for c in week] for week in partial] == [
        [(c.date, len(c.pieces), c.hidden) for c in week] for week in whole
    ]


def test_a_bar_goes_on_in_the_next_week() -> None:
    """From Friday 13 to Tuesday 17 March: two pieces that say where the rest is."""
    weeks = grid.weeks(agenda.occurrences([all_day(1, 18, 5)], ZONE), WEEKS, 3, {})
    pieces = [piece for week in weeks for cell in week for piece in cell.pieces]
    assert [(p.column, p.days, p.came_from, p.goes_on) for p in pieces] == [
        (5, 3, False, True),
        (1, 2, True, False),
    ]


def test_bars_are_above_entries_of_the_same_day() -> None:
    """And the day's other entries are in order of time, whatever their length."""
    items = [timed(1, 9, 30), timed(2, 20, 5), timed(3, 8, 1), all_day(4, 0, 1)]
    first = grid.weeks(agenda.occurrences(items, ZONE), WEEKS, 6, {})[0][0]
    assert [piece.entry.item.uid for piece in first.pieces] == ["t1", "a4", "t3", "t2"]


def test_an_end_a_second_before_the_minute_is_shown_as_the_minute() -> None:
    """Backstage writes ends at :59 (docs/zoho-apis.md 6.4); a day then ends at its midnight."""
    day = int(datetime(2026, 3, 10, tzinfo=UTC).timestamp())
    item = AgendaItem(uid="c", title="C", times=((day + 9 * 3600, day + 24 * 3600 - 1),))
    (shown,) = agenda.days([item], date(2026, 3, 9), date(2026, 3, 13), ZoneInfo("UTC"))
    (entry,) = shown.entries
    assert (entry.end, entry.last_day) == (datetime(2026, 3, 11, tzinfo=UTC), date(2026, 3, 10))
