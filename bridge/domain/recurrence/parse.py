"""The parser of repeat rules in any form that Zoho writes. Its errors name the unreadable part."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import islice
import re
from typing import Any

from bridge.domain.event import Moment, Rule
from bridge.domain.problems import BadValueError
from bridge.domain.recurrence.expand import DAYS, occurrences

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
MOST_A_DAY = 24
_TOO_OFTEN = ("MINUTELY", "SECONDLY")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
# Lowest and highest number, and whether negative numbers count from the end (RFC 5545 3.3.10).
_NUMBERS: Mapping[str, tuple[int, int, bool]] = {
    "BYSECOND": (0, 60, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}
_UNTIL = re.compile(
    r"\d{8}(?:T(?P<hour>\d{2})(?:(?P<minute>\d{2})(?P<second>\d{2})?)?)?(?P<utc>Z)?"
)
_ENDLESS_COUNT = 50_000  # 137 years of days; a longer count would cost seconds
_ENDLESS_YEAR = 9000  # programs write "without end" as an UNTIL from about this year on


def parse_rule(text: str, start: Moment) -> Rule:
    """Parse an RRULE value, with or without its name, for a series that starts at ``start``.

    UNTIL takes the type of ``start``: a DATE covers its whole day in a timed series, and an all-day
    series keeps only the date of a time. Of COUNT and UNTIL together, the part that ends the series
    first stays (rulebook 37). Raises BadValueError with the part.
    """
    parts: dict[str, str] = {}
    for part in filter(None, re.sub(r"\s", "", text).upper().removeprefix("RRULE:").split(";")):
        name, sign, value = part.partition("=")
        if not sign or not value or name in parts:
            raise BadValueError("rule-part-unreadable", part=part[:40])
        parts[name] = value
    freq = parts.pop("FREQ", "")
    if freq in _TOO_OFTEN:
        raise BadValueError("rule-too-often", freq=freq)
    if freq not in _FREQUENCIES:
        raise BadValueError("rule-frequency-unknown", freq=freq[:20])
    until = parts.pop("UNTIL", None)
    # A field of ``Rule`` has the name of its part.
    fields = {name.lower(): _parse_part(name, value, freq) for name, value in parts.items()}
    rule = Rule(freq=freq, **fields)
    if (rule.count or 0) > _ENDLESS_COUNT:
        rule = replace(rule, count=None)
    if not isinstance(start, datetime):  # RFC 5545 3.3.10: ignored if DTSTART is a DATE
        rule = replace(rule, byhour=(), byminute=(), bysecond=())
    _refuse_contradictions(rule)
    if until is not None and (end := _parse_until(until, start)) is not None:
        rule = _first_to_end(rule, end, start)
    if next(occurrences(start, replace(rule, count=None)), None) is None:
        raise BadValueError("rule-empty")
    return rule


def without_density(rule: Rule, start: Moment) -> Rule:
    """Return a rule of more than 24 occurrences a day without those after the first 24."""
    if len(rule.byminute) < 2 and len(rule.bysecond) < 2:
        return rule
    slots = list(islice(occurrences(start, rule), 2 * MOST_A_DAY + 1))
    pairs = zip(slots, slots[MOST_A_DAY:], strict=False)
    if any(f"{slot:%Y%m%d}" == f"{later:%Y%m%d}" for slot, later in pairs):
        return replace(rule, count=MOST_A_DAY, until=None)
    return rule


def _parse_part(name: str, value: str, freq: str) -> Any:
    match name:
        case "INTERVAL" | "COUNT":
            return _parse_number(name, value, 1, 1_000_000, negative=False)
        case "BYDAY":
            return tuple(dict.fromkeys(_parse_day(day, freq) for day in value.split(",")))
        case "WKST":
            if value not in DAYS:
                raise BadValueError("rule-no-weekday", part=f"WKST={value[:40]}")
            return value
        case _ if name in _NUMBERS:
            numbers = (_parse_number(name, number, *_NUMBERS[name]) for number in value.split(","))
            return tuple(dict.fromkeys(numbers))
    raise BadValueError("rule-part-unknown", part=name[:20])


def _parse_number(name: str, value: str, lowest: int, highest: int, negative: bool) -> int:
    if re.fullmatch(r"[+-]?\d{1,7}", value):
        number = int(value)
        if lowest <= (abs(number) if negative else number) <= highest:
            return number
    raise BadValueError("rule-out-of-range", part=f"{name}={value[:40]}")


def _parse_day(value: str, freq: str) -> str:
    match = _DAY.fullmatch(value)
    part = f"BYDAY={value[:40]}"
    if match is None:
        raise BadValueError("rule-no-weekday", part=part)
    ordinal, day = match.groups()
    if not ordinal:
        return day
    if freq not in ("MONTHLY", "YEARLY") or not 1 <= abs(int(ordinal)) <= 53:
        raise BadValueError("rule-weekday-number", part=part, freq=freq)
    return f"{int(ordinal)}{day}"


def _refuse_contradictions(rule: Rule) -> None:
    """Raise for parts that must not be together (RFC 5545 3.3.10).

    BYWEEKNO goes with YEARLY only and without nth weekdays, BYYEARDAY also with HOURLY.
    """
    if rule.byweekno and rule.freq != "YEARLY":
        raise BadValueError("rule-not-yearly", part="BYWEEKNO", freq=rule.freq)
    if rule.byweekno and any(day not in DAYS for day in rule.byday):
        part = f"BYDAY={','.join(rule.byday)}"
        raise BadValueError("rule-weekday-number", part=f"{part};BYWEEKNO", freq=rule.freq)
    if rule.byyearday and rule.freq not in ("YEARLY", "HOURLY"):
        raise BadValueError("rule-not-yearly", part="BYYEARDAY", freq=rule.freq)


def _parse_until(value: str, start: Moment) -> Moment | None:
    """Parse UNTIL. Return None if it is so late that the series has no end."""
    part = f"UNTIL={value[:40]}"
    no_date = BadValueError("rule-no-date", part=part)
    match = _UNTIL.fullmatch(value)
    if match is None:
        raise no_date
    try:
        day = date(int(value[:4]), int(value[4:6]), int(value[6:8]))
        clock = (int(digits or 0) for digits in match.group("hour", "minute", "second"))
        hour, minute, second = clock
        wall = datetime.combine(day, time(hour, minute, min(second, 59)))
    except ValueError as error:
        raise no_date from error
    if day.year >= _ENDLESS_YEAR:
        return None
    if day.year < start.year - 1:
        raise BadValueError("rule-ends-before-start", part=part)
    if not isinstance(start, datetime):
        return day
    if match["hour"] is None:
        wall = datetime.combine(day, time(23, 59, 59))
    elif match["utc"]:
        return wall.replace(tzinfo=UTC).astimezone(start.tzinfo)
    return wall.replace(tzinfo=start.tzinfo)


def _first_to_end(rule: Rule, until: Moment, start: Moment) -> Rule:
    """Return the rule with COUNT or UNTIL, whichever ends the series first."""
    bounded = replace(rule, count=None, until=until)
    if rule.count is None:
        return bounded
    within = islice(occurrences(start, bounded), rule.count)
    return rule if sum(1 for _ in within) == rule.count else bounded
