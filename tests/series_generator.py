"""A generator of random series with exceptions, common and extreme, always the same for a day.

Each recipe below is a kind of series that some calendar shows wrongly. ``generate_series`` goes
through all recipes and all places, so that 300 series are 300 different pairs.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TypeAlias

from tests.readers.upstream_calendar import (
    DAY,
    HOUR,
    PLACES,
    WEEK,
    Override,
    Place,
    Repeat,
    Series,
    Slot,
    day_of,
)

YEAR = 365 * DAY
_HALF_HOURS = (
    *tuple(time(minute // 60, minute % 60) for minute in range(0, 240, 30)),
    time(23),
    time(23, 30),
)


def generate_series(number: int, today: date, *, seed: int = 5545) -> tuple[Series, ...]:
    """Return series for a feed that shows a year before and a year after ``today``."""
    result = []
    for n in range(number):
        name, recipe = _RECIPES[n % len(_RECIPES)]
        generator = _Generator(Random(f"{seed} {today} {n}"), PLACES[n % len(PLACES)], today)
        start, length, repeat = recipe(generator)
        series = Series(
            number=n,
            title=f"{n:03} {name}",
            place=generator.place,
            start=start,
            length=length,
            repeat=repeat,
            quirks=generator.dice.randrange(60),
        )
        series = generator.with_end(series)
        empty = name == "nothing left"
        result.append(
            generator.without_instances(series) if empty else generator.with_exceptions(series)
        )
    return tuple(result)


def until_forms(place: Place, slot: Slot) -> tuple[tuple[Slot, str], ...]:
    """Return the forms of UNTIL in which upstream can name the last slot, and their meanings."""
    if not isinstance(slot, datetime):
        midnight = place.instant(datetime.combine(slot, time()))
        texts = (
            f"{slot:%Y%m%d}",
            f"{slot:%Y%m%dT000000Z}",
            f"{slot:%Y%m%dT235959Z}",
            f"{midnight:%Y%m%dT%H%M%SZ}",
        )
        return tuple((slot, text) for text in texts)
    local = slot.astimezone(place.clock)
    minute = slot + timedelta(minutes=1)  # as in the documented example
    hour = (slot + HOUR).replace(minute=0)
    return (
        (slot, f"{slot:%Y%m%dT%H%M%SZ}"),
        (minute, f"{minute:%Y%m%dT%H%M%SZ}"),
        (hour, f"{hour:%Y%m%dT%HZ}"),
        (local.date(), f"{local:%Y%m%d}"),
        (slot, f"{local:%Y%m%dT%H%M%S}"),
    )


class _Generator:
    """Random days, times and exceptions in a place, for the recipes."""

    def __init__(self, dice: Random, place: Place, today: date) -> None:
        self.dice, self.place, self.today = dice, place, today
        self.first, self.last = today - YEAR, today + YEAR

    def day(self, low: int = -400, high: int = 300) -> date:
        """Return a random day, from ``low`` to ``high`` days after today."""
        return self.today + self.dice.randint(low, high) * DAY

    def office(self, day: date) -> datetime:
        """Return a random time of the day outside the changes of clocks."""
        return datetime.combine(day, time(self.dice.randint(8, 17), self.dice.choice((0, 15, 30))))

    def night(self, day: date) -> datetime:
        """Return a random time of the day at which clocks change somewhere."""
        return datetime.combine(day, self.dice.choice(_HALF_HOURS))

    def change_of_clocks(self) -> date:
        """Return a day in the window on which the place's clocks change, or any day if none."""
        days = [self.first + n * DAY for n in range((self.last - self.first).days)]
        changes = [day for day in days if self._offset(day) != self._offset(day + DAY)]
        return self.dice.choice(changes or days)

    def _offset(self, day: date) -> timedelta | None:
        return datetime.combine(day, time(), self.place.clock).utcoffset()

    def on(self, day: date, *weekdays: int) -> date:
        """Return the next day that is one of the weekdays (Monday: 0)."""
        return next(day + n * DAY for n in range(7) if (day + n * DAY).weekday() in weekdays)

    def weekdays(self, number: int, of: tuple[str, ...] = WEEK) -> tuple[str, ...]:
        return tuple(sorted(self.dice.sample(of, number), key=WEEK.index))

    def with_end(self, series: Series) -> Series:
        """Return the series, in some cases with an UNTIL at a slot, in a form of upstream."""
        if series.repeat.count and self.dice.random() < 0.9:
            return series
        if not series.repeat.count and self.dice.random() < 0.6:
            return series
        slots = list(series.slots(self.last + 60 * DAY))
        inside = [slot for slot in slots if day_of(slot) > self.first] or slots
        until, text = self.dice.choice(
            until_forms(series.place, self.dice.choice(inside[1:] or inside))
        )
        return replace(series, repeat=replace(series.repeat, until=until, until_text=text))

    def without_instances(self, series: Series) -> Series:
        """Return the series with all instances deleted, some as objects and some as dates."""
        slots = list(series.slots(self.last))
        return replace(
            series,
            overrides=tuple(Override(slot=slot) for slot in slots[::2]),
            excluded=tuple(slots[1::2]),
        )

    def with_exceptions(self, series: Series) -> Series:
        """Return the series with changed and deleted instances, near the window and outside."""
        slots = list(series.slots(self.last + 90 * DAY))
        number = min(self.dice.choice((0, 0, 1, 2, 3, 5)), len(slots))
        shown = [slot for slot in slots if self.first <= day_of(slot) < self.last]
        slots_of_exceptions = self.dice.sample(shown, min(number, len(shown)))
        others = [slot for slot in slots if slot not in shown]
        if others and self.dice.random() < 0.3:
            slots_of_exceptions.append(self.dice.choice(others))
        if self.dice.random() < 0.1:
            slots_of_exceptions.append(self._beside(slots))
        overrides, excluded = [], []
        for slot in slots_of_exceptions:
            if self.dice.random() < 0.2:
                excluded.append(slot)
            else:
                overrides.append(self._override(series, slot, slots))
        return replace(series, overrides=tuple(overrides), excluded=tuple(sorted(excluded)))

    def _beside(self, slots: list[Slot]) -> Slot:
        """Return an original start without a slot, as if the rule changed after the instance."""
        slot = self.dice.choice(slots)
        beside = slot + (timedelta(minutes=40) if isinstance(slot, datetime) else DAY)
        return beside if beside not in slots else slots[-1]

    def _override(self, series: Series, slot: Slot, slots: list[Slot]) -> Override:
        place, length = series.place, series.length
        start = (
            slot.astimezone(place.clock).replace(tzinfo=None)
            if isinstance(slot, datetime)
            else slot
        )
        small = HOUR if isinstance(slot, datetime) else DAY
        other = self.dice.choice(slots)
        kind = self.dice.choice(
            (
                "deleted",
                "renamed",
                "moved",
                "moved far",
                "in or out",
                "onto",
                "kind",
                "place",
                "longer",
            )
        )
        match kind:
            case "deleted":
                return Override(slot=slot)
            case "moved":
                start += self.dice.choice((-2, -1, 1, 2, 3)) * small
            case "moved far":
                start += self.dice.choice((-9, -4, 4, 9)) * DAY
            case "in or out":
                to = self.dice.choice(
                    (
                        self.first - 20 * DAY,
                        self.last + 20 * DAY,
                        self.today,
                        self.first,
                        self.last - DAY,
                    )
                )
                start += (to - day_of(start)).days * DAY
            case "onto":
                start += (day_of(other) - day_of(slot)).days * DAY
            case "kind" if isinstance(start, datetime):
                start, length = start.date(), self.dice.randint(1, 3) * DAY
            case "kind":
                start, length = self.office(start), HOUR
            case "place":
                place = self.dice.choice(PLACES)
            case "longer":
                length += self.dice.choice((1, 25)) * small
        return Override(
            slot=slot, title=f"{series.title}: {kind}", place=place, start=start, length=length
        )


Recipe: TypeAlias = Callable[[_Generator], tuple[date, timedelta, Repeat]]


def _daily(random: _Generator) -> tuple[date, timedelta, Repeat]:
    return (
        random.office(random.day(-500, 350)),
        HOUR,
        Repeat(freq="DAILY", interval=random.dice.choice((1, 1, 3)), count=40),
    )


def _daily_for_ten_years(random: _Generator) -> tuple[date, timedelta, Repeat]:
    count = random.dice.choice((None, 3400, 3700))  # ends with the count in the window
    return (
        random.office(random.today - 10 * YEAR + random.dice.randint(0, 90) * DAY),
        HOUR / 2,
        Repeat(freq="DAILY", count=count),
    )


def _daily_at_night(random: _Generator) -> tuple[date, timedelta, Repeat]:
    day = random.change_of_clocks() - random.dice.randint(1, 9) * DAY
    return (
        random.night(day),
        random.dice.choice((HOUR / 2, HOUR, 3 * HOUR)),
        Repeat(freq="DAILY", count=12),
    )


def _overlapping(random: _Generator) -> tuple[date, timedelta, Repeat]:
    return (
        random.office(random.change_of_clocks() - 5 * DAY),
        random.dice.choice((24, 25, 49)) * HOUR,
        Repeat(freq="DAILY", count=9),
    )


def _weekly(random: _Generator) -> tuple[date, timedelta, Repeat]:
    return random.office(random.day()), HOUR, Repeat(freq="WEEKLY")


def _weekdays(random: _Generator) -> tuple[date, timedelta, Repeat]:
    day = random.day(-420, 200)
    byday = tuple(sorted({WEEK[day.weekday()], *random.weekdays(2)}, key=WEEK.index))
    return (
        random.office(day),
        HOUR,
        Repeat(freq="WEEKLY", byday=byday, count=random.dice.choice((None, 50))),
    )


def _every_other_week(random: _Generator) -> tuple[date, timedelta, Repeat]:
    # RFC 5545 3.8.5.3: the same rule gives other days with other first days of the week.
    wkst = random.dice.choice(WEEK)
    return (
        random.office(random.on(random.day(), 1)),
        HOUR,
        Repeat(freq="WEEKLY", interval=2, byday=("TU", "SU"), wkst=wkst),
    )


def _start_off_the_rule(random: _Generator) -> tuple[date, timedelta, Repeat]:
    start = random.office(random.on(random.day(), 2))
    repeats = (
        Repeat(
            freq="WEEKLY",
            byday=random.weekdays(2, ("MO", "TU", "TH", "FR")),
            count=random.dice.randint(1, 30),
        ),
        Repeat(
            freq="WEEKLY",
            interval=2,
            byday=("MO", "FR"),
            wkst=random.dice.choice(("MO", "SU", "WE")),
        ),
        Repeat(
            freq="MONTHLY",
            byday=(random.dice.choice(("1MO", "-1FR")),),
            count=random.dice.choice((None, 12)),
        ),
        Repeat(freq="MONTHLY", bymonthday=(start.day % 28 + 1,)),
        Repeat(freq="YEARLY", bymonth=(start.month % 12 + 1,), bymonthday=(10,)),
    )
    return start, HOUR, random.dice.choice(repeats)


def _overnight(random: _Generator) -> tuple[date, timedelta, Repeat]:
    saturday = random.on(
        random.dice.choice((random.day(), random.change_of_clocks() - DAY)), 5
    )  # clocks change in that night
    start = datetime.combine(saturday, time(random.dice.choice((20, 22)), 30))
    return start, random.dice.choice((7, 9)) * HOUR, Repeat(freq="WEEKLY", byday=("SA",))


def _monthly(random: _Generator) -> tuple[date, timedelta, Repeat]:
    start = random.office(random.day().replace(day=random.dice.randint(1, 28)))
    bymonthday = random.dice.choice(((), (start.day,)))
    return (
        start,
        HOUR,
        Repeat(freq="MONTHLY", interval=random.dice.choice((1, 1, 2, 3)), bymonthday=bymonthday),
    )


def _nth_weekday(random: _Generator) -> tuple[date, timedelta, Repeat]:
    day = random.day()
    nth = (day.day - 1) // 7 + 1
    return random.office(day), HOUR, Repeat(freq="MONTHLY", byday=(f"{nth}{WEEK[day.weekday()]}",))


def _last_friday(random: _Generator) -> tuple[date, timedelta, Repeat]:
    month = random.day().replace(day=28)
    friday = random.on(_end_of_month(month) - 6 * DAY, 4)
    forms = (
        Repeat(freq="MONTHLY", byday=("-1FR",)),
        Repeat(freq="MONTHLY", byday=("FR",), bysetpos=(-1,)),
    )
    return random.office(friday), HOUR, random.dice.choice(forms)


def _late_in_the_month(random: _Generator) -> tuple[date, timedelta, Repeat]:
    day = date(
        random.today.year - random.dice.randint(0, 1),
        random.dice.choice((1, 3, 5, 7, 8, 10, 12)),
        random.dice.randint(29, 31),
    )
    return (
        random.office(day),
        HOUR,
        Repeat(freq="MONTHLY", bymonthday=random.dice.choice(((), (day.day,)))),
    )


def _days_of_the_month(random: _Generator) -> tuple[date, timedelta, Repeat]:
    bymonthday = random.dice.choice(((1, 15), (-1,), (1, -1), (-3,), (10, 20, 31)))
    return (
        random.office(_end_of_month(random.day())),
        HOUR,
        Repeat(freq="MONTHLY", bymonthday=bymonthday),
    )


def _set_positions(random: _Generator) -> tuple[date, timedelta, Repeat]:
    byday = random.dice.choice((WEEK[:5], ("TU", "WE", "TH"), ("SA", "SU"), WEEK))
    bysetpos = random.dice.choice(((1,), (-1,), (1, -1), (2, 3), (-2,)))
    return (
        random.office(random.day()),
        HOUR,
        Repeat(
            freq="MONTHLY", byday=byday, bysetpos=bysetpos, count=random.dice.choice((None, 14))
        ),
    )


def _all_of_a_weekday(random: _Generator) -> tuple[date, timedelta, Repeat]:
    day = random.day()
    friday_13th = Repeat(freq="MONTHLY", byday=("FR",), bymonthday=(13,))
    every_other_month = Repeat(freq="MONTHLY", interval=2, byday=(WEEK[day.weekday()],))
    return random.office(day), HOUR, random.dice.choice((friday_13th, every_other_month))


def _yearly(random: _Generator) -> tuple[date, timedelta, Repeat]:
    day = random.dice.choice((random.day(-3000, 300), date(2024, 2, 29), date(2023, 12, 31)))
    return random.office(day), HOUR, Repeat(freq="YEARLY", interval=random.dice.choice((1, 1, 2)))


def _yearly_weekday(random: _Generator) -> tuple[date, timedelta, Repeat]:
    thanksgiving = Repeat(freq="YEARLY", bymonth=(11,), byday=("4TH",))
    mothers_day = Repeat(freq="YEARLY", bymonth=(5,), byday=("SU",), bysetpos=(2,))
    thursdays = Repeat(freq="YEARLY", bymonth=(3,), byday=("TH",))
    return (
        random.office(random.day(-1500, 0)),
        HOUR,
        random.dice.choice((thanksgiving, mothers_day, thursdays)),
    )


def _some_months(random: _Generator) -> tuple[date, timedelta, Repeat]:
    day = random.day().replace(day=random.dice.choice((1, 15)))
    bymonth = random.dice.choice(((3, 6, 9, 12), (1, 7), (day.month,)))
    freq = random.dice.choice(("YEARLY", "MONTHLY"))
    return random.office(day), HOUR, Repeat(freq=freq, bymonth=bymonth, bymonthday=(day.day,))


def _all_day(random: _Generator) -> tuple[date, timedelta, Repeat]:
    day = random.day()
    repeats = (
        Repeat(freq="DAILY", count=30),
        Repeat(freq="WEEKLY", byday=(WEEK[day.weekday()],)),
        Repeat(freq="MONTHLY", byday=("1MO",)),
        Repeat(freq="YEARLY"),
    )
    return day, DAY, random.dice.choice(repeats)


def _several_days(random: _Generator) -> tuple[date, timedelta, Repeat]:
    repeats = (
        Repeat(freq="WEEKLY", interval=2),
        Repeat(freq="WEEKLY", count=10),
        Repeat(freq="MONTHLY", bymonthday=(28,)),
        Repeat(freq="DAILY", interval=2, count=8),
    )
    return random.day(), random.dice.randint(2, 9) * DAY, random.dice.choice(repeats)


def _all_day_for_ten_years(random: _Generator) -> tuple[date, timedelta, Repeat]:
    return random.today - 10 * YEAR, DAY, Repeat(freq="DAILY", interval=random.dice.choice((1, 3)))


def _nothing_left(random: _Generator) -> tuple[date, timedelta, Repeat]:
    return (
        random.office(random.day(-300, 200)),
        HOUR,
        Repeat(freq="WEEKLY", count=random.dice.randint(1, 4)),
    )


def _weekends(random: _Generator) -> tuple[date, timedelta, Repeat]:
    return (
        random.office(random.on(random.day(), 4)),
        45 * HOUR,
        Repeat(freq="WEEKLY", byday=("FR",), count=random.dice.choice((None, 30))),
    )


def _weekly_at_night(random: _Generator) -> tuple[date, timedelta, Repeat]:
    day = random.change_of_clocks()
    return random.night(day - 7 * random.dice.randint(1, 12) * DAY), HOUR, Repeat(freq="WEEKLY")


def _end_of_month(day: date) -> date:
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY


_RECIPES: tuple[tuple[str, Recipe], ...] = (
    ("daily", _daily),
    ("daily for ten years", _daily_for_ten_years),
    ("daily at night", _daily_at_night),
    ("overlapping", _overlapping),
    ("weekly", _weekly),
    ("weekdays", _weekdays),
    ("every other week", _every_other_week),
    ("start off the rule", _start_off_the_rule),
    ("overnight", _overnight),
    ("monthly", _monthly),
    ("nth weekday", _nth_weekday),
    ("last Friday", _last_friday),
    ("late in the month", _late_in_the_month),
    ("days of the month", _days_of_the_month),
    ("set positions", _set_positions),
    ("all of a weekday", _all_of_a_weekday),
    ("yearly", _yearly),
    ("yearly weekday", _yearly_weekday),
    ("some months", _some_months),
    ("all-day", _all_day),
    ("several days", _several_days),
    ("all-day for ten years", _all_day_for_ten_years),
    ("nothing left", _nothing_left),
    ("weekends", _weekends),
    ("weekly at night", _weekly_at_night),
)
