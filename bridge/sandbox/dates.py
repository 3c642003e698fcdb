"""Dates of the demo's world, which its data files name relative to today."""

from datetime import date, datetime, time, timedelta
import re

from dateutil.relativedelta import FR, MO, TU, relativedelta

from bridge.domain.timezones import UTC_ZONE, zone

_TEXT = re.compile(r"([a-z_]+[a-z0-9_]*|\d{4}-\d\d-\d\d)([+-]\d+)?")


def day_of(text: str | int, today: date) -> date:
    """Return the date that a data file names.

    A number counts days from ``today``. A text is an ISO date or a name of ``_named``, with days
    added or subtracted: ``"monday-21"``.
    """
    if isinstance(text, int):
        return today + timedelta(days=text)
    match = _TEXT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} names no day")
    name, days = match.groups(default="0")
    start = date.fromisoformat(name) if name[0].isdigit() else _named(name, today)
    return start + timedelta(days=int(days))


def wall_time(day: date, at: str, zone_name: str) -> datetime:
    """Return ``at`` ("09:30") of a day by the clock of a zone; an unknown zone is UTC."""
    return datetime.combine(day, time.fromisoformat(at), zone(zone_name) or UTC_ZONE)


def _named(name: str, today: date) -> date:
    month = today.replace(day=1)
    match name:
        case "monday":  # of this week
            return today + relativedelta(weekday=MO(-1))
        case "year_end":
            return today.replace(month=12, day=31)
        case "anniversary":  # of 2015, celebrated in about 20 days
            soon = today + relativedelta(days=20)
            return date(2015, soon.month, min(soon.day, 28))
        case "second_tuesday":  # of a month that is over a week old at least
            return today - relativedelta(days=40) + relativedelta(day=1, weekday=TU(2))
        case "last_friday":
            return month + relativedelta(months=-3, day=31, weekday=FR(-1))
        case "month_end_31":  # the latest 31st before the last month
            ends = (month + relativedelta(months=-count, day=31) for count in (2, 3))
            return next(end for end in ends if end.day == 31)
    raise ValueError(f"{name!r} names no day")
