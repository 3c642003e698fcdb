"""Read the repeat rule that upstream wrote, in whatever form, or say which part can't be read."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import islice
from math import prod
import re
from typing import Any

from bridge.domain.event import Moment, Rule
from bridge.domain.recurrence.expand import DAYS, occurrences

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_TOO_OFTEN = ("MINUTELY", "SECONDLY")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
# Part of the rule -> field, lowest, highest, whether negative numbers count from the end (RFC 5545 3.3.10).
_NUMBERS = {
    "BYSECOND": ("bysecond", 0, 60, False),
    "BYMINUTE": ("byminute", 0, 59, False),
    "BYHOUR": ("byhour", 0, 23, False),
    "BYMONTHDAY": ("bymonthday", 1, 31, True),
    "BYYEARDAY": ("byyearday", 1, 366, True),
    "BYWEEKNO": ("byweekno", 1, 53, True),
    "BYMONTH": ("bymonth", 1, 12, False),
    "BYSETPOS": ("bysetpos", 1, 366, True),
}
_UNTIL = re.compile(
    r"\d{8}(?:T(?P<hour>\d{2})(?:(?P<minute>\d{2})(?P<second>\d{2})?)?)?(?P<utc>Z)?"
)
_FOR_EVER = 9000  # an UNTIL from this year on is how programs write "without end"
_DAYS_IN = {"YEARLY": 366, "MONTHLY": 31, "WEEKLY": 7}


def parse_rule(text: str, start: Moment) -> Rule:
    """Read an RRULE value, with or without its name, for a series that starts at ``start``.

    UNTIL takes the kind of ``start``: a DATE on a timed series is the whole day, a date-time on an all-day one its
    date. Where COUNT and UNTIL stand together, the one that ends the series first stays (rulebook 37). Raises
    ValueError with a sentence that names the part.
    """
    parts: dict[str, str] = {}
    for part in filter(None, re.sub(r"\s", "", text).upper().removeprefix("RRULE:").split(";")):
        name, sign, value = part.partition("=")
        if not sign or not value or name in parts:
            raise ValueError(f"the repeat rule has the unreadable part {part[:40]!r}")
        parts[name] = value
    freq = parts.pop("FREQ", "")
    if freq in _TOO_OFTEN:
        raise ValueError(f"the repeat rule has FREQ={freq}: no calendar shows an event that often")
    if freq not in _FREQUENCIES:
        raise ValueError(
            f"the repeat rule has the frequency {freq[:20]!r}, which is none of RFC 5545"
        )
    fields: dict[str, Any] = {"freq": freq}
    until = parts.pop("UNTIL", None)
    for name, value in parts.items():
        field, read = _reader(name, freq)
        fields[field] = read(value)
    rule = Rule(**fields)
    _refuse_contradictions(rule)
    if until is not None and (end := _until(until, start)) is not None:
        rule = _first_to_end(rule, end, start)
    if next(occurrences(start, replace(rule, count=None)), None) is None:
        raise ValueError("the repeat rule never happens")
    return rule


def _reader(name: str, freq: str) -> tuple[str, Callable[[str], Any]]:
    """Give the field of a part of the rule and what reads its value."""
    if name in _NUMBERS:
        field, lowest, highest, negative = _NUMBERS[name]
        return field, lambda value: tuple(
            _number(name, one, lowest, highest, negative) for one in value.split(",")
        )
    match name:
        case "INTERVAL" | "COUNT":
            return name.lower(), lambda value: _number(name, value, 1, 1_000_000, negative=False)
        case "BYDAY":
            return "byday", lambda value: tuple(_day(one, freq) for one in value.split(","))
        case "WKST":
            return "wkst", _week_start
    raise ValueError(f"the repeat rule has the part {name[:20]!r}, which is none of RFC 5545")


def _number(name: str, value: str, lowest: int, highest: int, negative: bool) -> int:
    if re.fullmatch(r"[+-]?\d{1,7}", value):
        number = int(value)
        if lowest <= (abs(number) if negative else number) <= highest:
            return number
    raise ValueError(f"the repeat rule has {name}={value[:40]}, which is out of its range")


def _day(value: str, freq: str) -> str:
    match = _DAY.fullmatch(value)
    if match is None:
        raise ValueError(f"the repeat rule has BYDAY={value[:40]}, which is no weekday")
    ordinal, day = match.groups()
    if not ordinal:
        return day
    if freq not in ("MONTHLY", "YEARLY") or not 1 <= abs(int(ordinal)) <= 53:
        raise ValueError(
            f"the repeat rule has BYDAY={value[:40]} with FREQ={freq}, which has no such day"
        )
    return f"{int(ordinal)}{day}"


def _week_start(value: str) -> str:
    if value not in DAYS:
        raise ValueError(f"the repeat rule has WKST={value[:40]}, which is no weekday")
    return value


def _refuse_contradictions(rule: Rule) -> None:
    """Refuse what never happens or RFC 5545 3.3.10 forbids: the engine would look for it until the year 9999."""
    for name, values in (("BYWEEKNO", rule.byweekno), ("BYYEARDAY", rule.byyearday)):
        if values and rule.freq != "YEARLY":
            raise ValueError(
                f"the repeat rule has {name} with FREQ={rule.freq}, which goes with YEARLY alone"
            )
    longest = max((monthrange(2024, month)[1] for month in rule.bymonth), default=31)
    if rule.bymonthday and min(map(abs, rule.bymonthday)) > longest:
        raise ValueError("the repeat rule has a BYMONTHDAY that its BYMONTH never has")
    times = prod(len(values) or 1 for values in (rule.byhour, rule.byminute, rule.bysecond))
    if rule.bysetpos and min(map(abs, rule.bysetpos)) > _DAYS_IN.get(rule.freq, 1) * times:
        raise ValueError(f"the repeat rule has a BYSETPOS that FREQ={rule.freq} never reaches")


def _until(value: str, start: Moment) -> Moment | None:
    """Read UNTIL; None when it is so far away that the series has no end."""
    match = _UNTIL.fullmatch(value)
    if match is None:
        raise ValueError(f"the repeat rule has UNTIL={value[:40]}, which is no date")
    try:
        day = date(int(value[:4]), int(value[4:6]), int(value[6:8]))
        hour, minute, second = (int(part or 0) for part in match.group("hour", "minute", "second"))
        wall = datetime.combine(day, time(hour, minute, min(second, 59)))
    except ValueError as error:
        raise ValueError(f"the repeat rule has UNTIL={value[:40]}, which is no date") from error
    if day.year >= _FOR_EVER:
        return None
    if day.year < start.year - 1:
        raise ValueError(
            f"the repeat rule has UNTIL={value[:40]}, which is before its start: it never happens"
        )
    if not isinstance(start, datetime):
        return day
    if match["hour"] is None:
        wall = datetime.combine(day, time(23, 59, 59))
    elif match["utc"]:
        return wall.replace(tzinfo=UTC).astimezone(start.tzinfo)
    return wall.replace(tzinfo=start.tzinfo)


def _first_to_end(rule: Rule, until: Moment, start: Moment) -> Rule:
    """Keep COUNT or UNTIL, whichever ends the series first."""
    if rule.count is None:
        return replace(rule, until=until)
    within = islice(occurrences(start, replace(rule, count=None, until=until)), rule.count)
    return (
        rule if sum(1 for _slot in within) == rule.count else replace(rule, count=None, until=until)
    )
