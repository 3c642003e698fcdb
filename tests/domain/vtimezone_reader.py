"""An independent reader of VTIMEZONE text (RFC 5545 3.6.5), and the changes of ``zoneinfo``."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
import re
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import rrulestr

from bridge.domain.timezones import exact_since, vtimezone

SECOND = timedelta(seconds=1)
EVERY_KEY = sorted(available_timezones() - {"Factory"})
MID_MONTHS = [
    datetime(year, month, 15, 12, tzinfo=UTC)
    for year in range(2000, 2046)
    for month in range(1, 13)
]


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def changes_of(
    zone: tzinfo, first: datetime, last: datetime, *, days: int = 1
) -> Iterator[datetime]:
    """Return the changes of offset after ``first`` up to ``last``, if they are ``days`` apart."""
    count = (last - first).days + 1
    steps = [*(first + timedelta(days=day) for day in range(0, count, days)), last]
    for start, end in pairwise(steps):
        low, high = start, end
        before = low.astimezone(zone).utcoffset()
        if before == high.astimezone(zone).utcoffset():
            continue
        while high - low > SECOND:
            middle = (low + (high - low) // 2).replace(microsecond=0)
            if middle.astimezone(zone).utcoffset() == before:
                low = middle
            else:
                high = middle
        yield high


def offset_of(text: str) -> timedelta:
    """Parse an offset such as ``-0330``."""
    sign = -1 if text[0] == "-" else 1
    return sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))


def observances(text: str) -> list[dict[str, str]]:
    """Return the properties of each STANDARD and DAYLIGHT component, and its kind."""
    blocks = re.findall(r"BEGIN:(STANDARD|DAYLIGHT)\r\n(.*?)END:\1\r\n", text, re.DOTALL)
    return [{"kind": kind} | dict(re.findall(r"(.*?):(.*)\r\n", block)) for kind, block in blocks]


class Reader:
    """RFC 5545 3.6.5: the observance with the latest onset at or before a time applies."""

    def __init__(self, text: str, *, years_earlier: int = 0) -> None:
        onsets = []
        for observance in observances(text):
            start = datetime.fromisoformat(observance["DTSTART"])
            before = offset_of(observance["TZOFFSETFROM"])
            after = offset_of(observance["TZOFFSETTO"])
            starts = [start]
            if "RRULE" in observance:
                if years_earlier:
                    start = start.replace(year=start.year - years_earlier, month=1, day=1)
                rule = rrulestr(observance["RRULE"], dtstart=start)
                starts = rule.between(start, datetime(2046, 1, 1), inc=True)
            onsets += [((wall - before).replace(tzinfo=UTC), after, before) for wall in starts]
        self.onsets = sorted(onsets)
        self.instants = [instant for instant, _, _ in self.onsets]

    def offset(self, instant: datetime) -> timedelta:
        position = bisect_right(self.instants, instant)
        return self.onsets[position - 1][1] if position else self.onsets[0][2]


def rules_of(key: str) -> str:
    """Return the VTIMEZONE of a zone without its TZID, the same for zones with the same rules."""
    return vtimezone(key).decode().replace(f"TZID:{key}\r\n", "")


def exact_zones() -> dict[str, datetime]:
    """Return every key with a VTIMEZONE, and the time from which it is exact."""
    since = {key: exact_since(ZoneInfo(key)) for key in EVERY_KEY}
    return {key: instant for key, instant in since.items() if instant is not None}
