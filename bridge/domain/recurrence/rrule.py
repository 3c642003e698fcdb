"""Write a rule, and tell whether every client reads it alike."""

from datetime import datetime

from bridge.domain.event import Moment, Rule, to_utc
from bridge.domain.recurrence.expand import last_start

_LISTS = {
    "BYSECOND": "bysecond",
    "BYMINUTE": "byminute",
    "BYHOUR": "byhour",
    "BYDAY": "byday",
    "BYMONTHDAY": "bymonthday",
    "BYYEARDAY": "byyearday",
    "BYWEEKNO": "byweekno",
    "BYMONTH": "bymonth",
    "BYSETPOS": "bysetpos",
}
_LAST_COMMON_DAY = 28
_NTH = (1, 2, 3, 4, -1)  # a fifth Monday is not in every month


def render_rule(rule: Rule, start: Moment) -> str:
    """Write the RRULE value for a series that starts at ``start``.

    UNTIL is a DATE for an all-day series; otherwise the later of the last start in UTC and the last start's wall
    digits read as UTC, which is right in every engine (rulebook 37, 38).
    """
    parts = [f"FREQ={rule.freq}"]
    if rule.until is not None:
        parts.append(f"UNTIL={_until_text(last_start(start, rule) or rule.until)}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    parts.extend(
        f"{name}={','.join(map(str, values))}"
        for name, field in _LISTS.items()
        if (values := getattr(rule, field))
    )
    if rule.wkst != "MO":
        parts.append(f"WKST={rule.wkst}")
    return ";".join(parts)


def is_portable(rule: Rule, start: Moment) -> bool:
    """Tell whether every client reads the rule alike: one of Outlook's templates, on a day that each month has.

    Rulebook 45: daily; weekly by days; monthly and yearly by one day of the month or one nth weekday. Rulebook 46: not
    on day 29, 30 or 31, for clients skip short months, move to their last day, or drift.
    """
    if rule.bysecond or rule.byminute or rule.byhour or rule.byyearday or rule.byweekno:
        return False
    match rule.freq:
        case "DAILY":
            return not (rule.byday or rule.bymonthday or rule.bymonth or rule.bysetpos)
        case "WEEKLY":
            # libical takes other weeks when several days are in every second one and weeks begin on, say, Wednesday.
            odd_weeks = rule.interval > 1 and len(rule.byday) > 1 and rule.wkst not in ("MO", "SU")
            return not (rule.bymonthday or rule.bymonth or rule.bysetpos or odd_weeks)
        case "MONTHLY":
            return not rule.bymonth and _is_one_day(rule, start)
        case "YEARLY":
            if not rule.bymonth:
                return (
                    not (rule.byday or rule.bymonthday or rule.bysetpos)
                    and start.day <= _LAST_COMMON_DAY
                )
            return len(rule.bymonth) == 1 and _is_one_day(rule, start)
    return False


def _is_one_day(rule: Rule, start: Moment) -> bool:
    """Whether the rule names one day of a month that each month has."""
    if rule.byday:
        if rule.bymonthday or len(rule.byday) != 1:
            return False
        ordinal = rule.byday[0][:-2]
        if bool(ordinal) == bool(rule.bysetpos):
            return False
        return (
            int(ordinal) in _NTH
            if ordinal
            else len(rule.bysetpos) == 1 and rule.bysetpos[0] in _NTH
        )
    if rule.bysetpos:
        return False
    if rule.bymonthday:
        return len(rule.bymonthday) == 1 and (
            rule.bymonthday[0] == -1 or 1 <= rule.bymonthday[0] <= _LAST_COMMON_DAY
        )
    return start.day <= _LAST_COMMON_DAY


def _until_text(last: Moment) -> str:
    if not isinstance(last, datetime):
        return f"{last:%Y%m%d}"
    return f"{max(to_utc(last).replace(tzinfo=None), last.replace(tzinfo=None)):%Y%m%dT%H%M%SZ}"
