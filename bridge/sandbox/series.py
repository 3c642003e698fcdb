"""Ranges that a calendar object of the sandbox touches, and the single instances of a series.

It must not share code with the bridge's own expansion of rules, so that the two cannot be wrong
alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
import re
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from bridge.domain.event import to_utc
from bridge.domain.timezones import UTC_ZONE, zone
from bridge.sandbox.state import Json

_DAY = timedelta(days=1)
_MINIMAL = (
    *("uid", "title", "caluid", "calid", "isallday", "isprivate", "etag", "estatus"),
    *("recurrenceid", "dateandtime"),
)
_TIMED, _UTC, _NAIVE = "%Y%m%dT%H%M%S%z", "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S"
_UNTIL = re.compile(r"UNTIL=([0-9TZ]+)")


@dataclass(frozen=True, slots=True)
class Range:
    """From ``start`` up to, not including, ``end``, both in UTC."""

    start: datetime
    end: datetime

    def meets(self, start: datetime, end: datetime) -> bool:
        """Return whether a time span overlaps; a span of no length, whether it starts inside."""
        return start < self.end and (end > self.start or start == end == self.start)


def moment(text: str) -> datetime | date:
    """Parse a date, or a time in UTC or with an offset; raise ValueError for another form."""
    if len(text) == len("yyyyMMdd"):
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    return datetime.strptime(text, "%Y%m%dT%H%M%S%z")


def touches(item: Json, limits: Range, master: Json | None) -> bool:
    """Return whether a range lists an object: a series by its slots, an instance by its own.

    An object whose times cannot be parsed is in every range.
    """
    try:
        if "rrule" in item:
            return any(True for _ in slots_in(item, limits))
        if "dateandtime" in item:
            start, length = item["dateandtime"]["start"], _length(item)
        else:
            start, length = item["recurrenceid"], _length(master or item)
        return limits.meets(to_utc(moment(start)), to_utc(moment(start)) + length)
    except (ValueError, LookupError):
        return True


def slots_in(item: Json, limits: Range) -> Iterator[datetime | date]:
    """Yield the starts of a series, by its rule alone, whose occurrences touch the range."""
    first = moment(item["dateandtime"]["start"])
    all_day = not isinstance(first, datetime)
    here = UTC_ZONE if all_day else zone(item["dateandtime"]["timezone"]) or UTC_ZONE
    begin = _wall(first, here) if isinstance(first, datetime) else datetime.combine(first, time())
    rule = _UNTIL.sub(lambda until: f"UNTIL={_until(until[1], here):{_NAIVE}}", item["rrule"])
    length = _length(item)
    low, high = _wall(limits.start - length, here) - _DAY, _wall(limits.end, here) + _DAY
    for slot in rrulestr(rule, dtstart=begin).between(low, high, inc=True):
        start: datetime | date = slot.date() if all_day else slot.replace(tzinfo=here)
        if limits.meets(to_utc(start), to_utc(start) + length):
            yield start


def instance(item: Json, slot: datetime | date) -> Json:
    """Return one occurrence of a series, with few fields (Zoho APIs 4.2)."""
    when = {"timezone": item["dateandtime"]["timezone"]}
    if isinstance(slot, datetime):
        start, end = slot, (slot.astimezone(UTC) + _length(item)).astimezone(slot.tzinfo)
        when |= {"start": start.strftime(_TIMED), "end": end.strftime(_TIMED)}
        slot_id = slot.astimezone(UTC).strftime(_UTC)
    else:
        last = slot + (moment(item["dateandtime"]["end"]) - moment(item["dateandtime"]["start"]))
        when |= {"start": f"{slot:%Y%m%d}", "end": f"{last:%Y%m%d}"}
        slot_id = f"{slot:%Y%m%d}"
    return minimal(item) | {"recurrenceid": slot_id, "dateandtime": when}


def minimal(item: Json) -> Json:
    """Return the fields that Zoho calls minimal information; no document lists them."""
    return {key: item[key] for key in _MINIMAL if key in item}


def _until(text: str, here: ZoneInfo) -> datetime:
    """Parse any form of UNTIL as a wall clock of ``here``; a date is its last second."""
    if len(text) == len("yyyyMMdd"):
        text += "T235959"
    if text.endswith("Z"):
        return _wall(datetime.strptime(text, "%Y%m%dT%H%M%S%z"), here)
    return datetime.strptime(text, _NAIVE)  # noqa: DTZ007 - a wall clock has no zone


def _wall(when: datetime, here: ZoneInfo) -> datetime:
    return when.astimezone(here).replace(tzinfo=None)


def _length(item: Json) -> timedelta:
    return timedelta(milliseconds=item.get("duration", 0))
