"""Checks of Zoho Calendar's lists: the requested days and event, and which events are series.

Pure. Dates are compared roughly here: ``times`` knows their exact meaning.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
import hashlib
from typing import Any
from zlib import crc32

from bridge.domain.feed import Window
from bridge.errors import BadDataError
from bridge.sources.calendar.wire import uid_of
from bridge.sources.dates import compact

_SERIES_MARKS = ("rrule", "repeat", "recurrenceid", "isrep")
_NEAR = timedelta(days=2)  # zones, and ends of events and ranges that count or don't
_WEEK = 7


def check_page(items: Sequence[Any], span: tuple[date, date]) -> None:
    """Raise BadDataError if most single events lie outside ``span``.

    Such a list belongs to another range. A series comes with its first start, wherever that is.
    """
    first, last = span
    days = [_days(item) for item in items if isinstance(item, dict) and not _is_of_series(item)]
    known = [pair for pair in days if pair is not None]
    count = sum(end < first - _NEAR or start > last + _NEAR for start, end in known)
    if count * 2 > len(known):
        total = len(known)
        raise BadDataError("wrong-days", first=f"{first}", last=f"{last}", count=count, total=total)


def check_detail(items: Sequence[Any], uid: str) -> None:
    """Raise BadDataError if there are objects, and none of them is of ``uid``."""
    if items and not any(uid_of(item) == uid for item in items):
        raise BadDataError("wrong-details", event=uid)


def series_versions(pages: Iterable[Iterable[Any]], window: Window) -> dict[str, str]:
    """Return the version of each series in the pages, by uid; it changes when details may have.

    An empty version always counts as changed. The stamps (``etag``) of all listed objects count. No
    document promises that a series' stamp changes with an instance that the list doesn't show, so
    a version also ends after a week, on a day of its own for each series.
    """
    stamps: dict[str, set[str]] = {}
    for page in pages:
        for item in page:
            if (uid := uid_of(item)) and _is_of_series(item):
                stamps.setdefault(uid, set()).add(_stamp(item))
    return {uid: _version(uid, own, window) for uid, own in stamps.items()}


def _version(uid: str, stamps: set[str], window: Window) -> str:
    if "" in stamps:
        return ""
    week = (window.start.toordinal() + crc32(uid.encode())) // _WEEK
    return hashlib.sha256("\n".join([str(week), *sorted(stamps)]).encode()).hexdigest()


def _stamp(item: dict[str, Any]) -> str:
    stamp = item.get("etag") or item.get("lastmodifiedtime")
    return f"{item.get('recurrenceid', '')} {stamp}" if isinstance(stamp, str | int) else ""


def _is_of_series(item: dict[str, Any]) -> bool:
    return any(item.get(mark) for mark in _SERIES_MARKS)


def _days(item: dict[str, Any]) -> tuple[date, date] | None:
    """Return an event's first and last day, in whatever zone; None if they can't be read."""
    when = item.get("dateandtime")
    if not isinstance(when, dict):
        return None
    try:
        return _day(compact(when["start"])), _day(compact(when["end"]))
    except (TypeError, LookupError, ValueError):
        return None


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
