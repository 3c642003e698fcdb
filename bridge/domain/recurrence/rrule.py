"""The renderer of RRULE values, and the check whether every client reads a rule alike."""

from datetime import datetime

from bridge.domain.event import Moment, Rule, to_utc
from bridge.domain.recurrence.expand import BY_PARTS, last_start

_LAST_COMMON_DAY = 28
_NTH = (1, 2, 3, 4, -1)  # some months have no fifth Monday


def render_rule(rule: Rule, start: Moment) -> str:
    """Render the RRULE value for a series that starts at ``start``.

    UNTIL is a DATE for an all-day series. Else it is the later of the last start in UTC and the
    digits of its wall time read as UTC, which is right in every engine (rulebook 37, 38).
    """
    parts = [f"FREQ={rule.freq}"]
    if rule.until is not None:
        parts.append(f"UNTIL={_until_text(last_start(start, rule) or rule.until)}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    parts.extend(
        f"{name.upper()}={','.join(map(str, values))}"
        for name in BY_PARTS
        if (values := getattr(rule, name))
    )
    if rule.wkst != "MO":
        parts.append(f"WKST={rule.wkst}")
    return ";".join(parts)


def is_portable(rule: Rule, start: Moment) -> bool:
    """Return whether every client reads the rule alike.

    Such a rule is one of Outlook's templates (rulebook 45): daily, weekly by days, or monthly and
    yearly by one day of the month or one nth weekday. The day is not 29, 30 or 31 (rulebook 46):
    in short months, some clients skip it, some move it to the last day, and some drift.
    """
    if rule.bysecond or rule.byminute or rule.byhour or rule.byyearday or rule.byweekno:
        return False
    match rule.freq:
        case "DAILY":
            return not (rule.byday or rule.bymonthday or rule.bymonth or rule.bysetpos)
        case "WEEKLY":
            # With several days in every second week, libical takes other weeks if these begin on,
            # for example, Wednesday.
            odd_weeks = rule.interval > 1 and len(rule.byday) > 1 and rule.wkst not in ("MO", "SU")
            return not (rule.bymonthday or rule.bymonth or rule.bysetpos or odd_weeks)
        case "MONTHLY":
            return not rule.bymonth and _is_one_day(rule, start)
        case "YEARLY" if rule.bymonth:
            return len(rule.bymonth) == 1 and _is_one_day(rule, start)
        case "YEARLY":
            return not (rule.byday or rule.bymonthday or rule.bysetpos) and _is_one_day(rule, start)
    return False


def _is_one_day(rule: Rule, start: Moment) -> bool:
    """Return whether the rule names one day of a month, and every month has that day."""
    match rule.byday, rule.bymonthday, rule.bysetpos:
        case [day], [], [] if day[:-2]:
            return int(day[:-2]) in _NTH
        case [day], [], [position] if not day[:-2]:
            return position in _NTH
        case [], [day], []:
            return day == -1 or 1 <= day <= _LAST_COMMON_DAY
        case [], [], []:
            return start.day <= _LAST_COMMON_DAY
    return False


def _until_text(last: Moment) -> str:
    if not isinstance(last, datetime):
        return f"{last:%Y%m%d}"
    return f"{max(to_utc(last).replace(tzinfo=None), last.replace(tzinfo=None)):%Y%m%dT%H%M%SZ}"
