"""What Zoho Calendar's lists tell without a look into their events: which are series, and whether it is what was asked.

Pure. Dates are compared roughly here; what they mean exactly is the business of ``times``.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
import hashlib
from typing import Any
from zlib import crc32

from bridge.domain.feed import Window
from bridge.errors import BadDataError
from bridge.sources.calendar.wire import objects
from bridge.sources.dates import compact

_SERIES_MARKS = ("rrule", "repeat", "recurrenceid", "isrep")
_NEAR = timedelta(
    days=2
)  # zones, ends that count or don't, and ranges whose last day counts or doesn't
_WEEK = 7


def uid_of(item: Any) -> str:
    """Give an object's uid; empty where it has none that can be read."""
    return item["uid"] if isinstance(item, dict) and isinstance(item.get("uid"), str) else ""


def check_page(answer: Any, span: tuple[date, date]) -> None:
    """Raise BadDataError when ``answer`` has no list, or is one to another range than ``span``.

    Single events tell it: a list of which most lie elsewhere was not made for this range. A series comes with its first
    start, wherever that is.
    """
    first, last = span
    elsewhere = [
        end < first - _NEAR or start > last + _NEAR
        for item in objects(answer, "events")
        if isinstance(item, dict) and not _is_of_series(item) and (days := _days(item))
        for start, end in [days]
    ]
    if sum(elsewhere) * 2 > len(elsewhere):
        raise BadDataError(
            f"Zoho Calendar answers for {first} to {last} with events of other days ({sum(elsewhere)} of "
            f"{len(elsewhere)}); the last good state is kept."
        )


def check_detail(answer: Any, uid: str) -> None:
    """Raise BadDataError when ``answer`` has no list, or objects in it and none of them of ``uid``."""
    items = objects(answer, "events")
    if items and not any(uid_of(item) == uid for item in items):
        raise BadDataError(
            f"Zoho Calendar answers with other details than those of {uid}; the last good state is kept."
        )


def series_versions(pages: Iterable[Any], window: Window) -> dict[str, str]:
    """Give each series in the pages with its version, which changes when its details may have; "": always.

    The stamps (``etag``) of all its listed objects count. No document says that the one of a series changes with an
    instance that the list doesn't show: so a version also ends by itself after a week, each on a day of its own.
    """
    stamps: dict[str, set[str]] = {}
    for page in pages:
        for item in objects(page, "events"):
            if (uid := uid_of(item)) and _is_of_series(item):
                stamps.setdefault(uid, set()).add(_stamp(item))
    return {uid: _version(uid, found, window) for uid, found in stamps.items()}


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
    """Give an event's first and last day, whichever zone they are in; None where they can't be read."""
    when = item.get("dateandtime")
    if not isinstance(when, dict):
        return None
    try:
        start, end = (_day(compact(when[side])) for side in ("start", "end"))
    except (TypeError, LookupError, ValueError):
        return None
    return start, end


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
