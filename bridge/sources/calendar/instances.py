"""Zoho Calendar's own expansion into instances (``byinstance``), for a comparison with the feeds.

No feed is made from them. So rules, exceptions and the details of series are not read here, and
times are read by a second implementation, as far as the date forms allow. No document shows a real
answer: an instance may or may not name its original start (Zoho APIs 4.2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bridge.domain.event import Moment
from bridge.domain.feed import Window
from bridge.domain.problems import BadValueError, problem, reason
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import UTC_ZONE, zone
from bridge.sources.calendar import wire
from bridge.sources.calendar.checks import check_detail, check_page
from bridge.sources.calendar.fetch import path_of, range_of, ranges
from bridge.sources.calendar.times import length_of, local_day
from bridge.sources.dates import compact
from bridge.sources.fields import title_of
from bridge.sources.protocols import Api, Raw
from bridge.sources.shapes import listed

Span = tuple[date, date]
"""The first and the last day of one request to Zoho."""

_DAY = timedelta(days=1)
_GONE = frozenset({"deleted", "cancelled", "canceled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance: its times are days if it is all-day, otherwise instants in UTC.

    ``ends`` are the exclusive ends that fit the answer: no document states whether the last of
    whole days counts. ``slots`` are the readings of the original start, empty if Zoho names none.
    """

    uid: str
    start: Moment
    ends: tuple[Moment, ...]
    slots: tuple[Moment, ...] = ()
    title: str = ""
    private: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """The different instances of answers, and ``unread``, what can't be read of them."""

    found: tuple[Instance, ...]
    unread: tuple[Rejection, ...] = ()


def fetch_instances(api: Api, source: CalendarSource, window: Window) -> Raw:
    """Fetch every instance in a window, or raise a ZohoError.

    Returns ``{"calendar": object, "pages": [[instance object, …], …]}``.
    """
    path = path_of(source)
    calendar = wire.calendar_object(api.get("calendar", path))
    pages = []
    for span in ranges(window):
        params = {"range": range_of(span), "byinstance": "true"}
        page = listed(api.get("calendar", f"{path}/events", params), "calendar", "events")
        # A master in the answer has its first start, wherever that is: no sign of a wrong answer.
        check_page([item for item in page if not _is_master(item)], span)
        pages.append(page)
    return {"calendar": calendar, "pages": pages}


def fetch_event_instances(api: Api, source: CalendarSource, uid: str, span: Span) -> list[Any]:
    """Fetch the instances of one event in one span of at most 31 days, as public clients do."""
    path = f"{path_of(source)}/events/{quote(uid, safe='')}/byinstance"
    items = listed(api.get("calendar", path, {"range": range_of(span)}), "calendar", "events")
    check_detail(items, uid)
    return items


def parse_instances(calendar: Any, pages: Iterable[Iterable[Any]]) -> Instances:
    """Parse the instances in pages of one calendar; an instance in several of them counts once."""
    info, _ = wire.read_calendar(calendar)
    home = (zone(info.timezone) if info.timezone else None) or UTC_ZONE
    instances: dict[tuple[Any, ...], Instance] = {}
    unread: dict[Rejection, None] = {}
    for data in chain.from_iterable(pages):
        try:
            instance = _instance(data, home)
        except ValueError as error:
            why = problem("instance-unreadable", why=reason(error))
            rejection = Rejection("dropped", wire.uid_of(data), title_of(data), (why,))
            unread[rejection] = None
            continue
        if instance is not None:
            instances.setdefault((instance.uid, instance.slots or instance.start), instance)
    return Instances(found=tuple(instances.values()), unread=tuple(unread))


def _is_master(item: Any) -> bool:
    return isinstance(item, dict) and bool(item.get("rrule") or item.get("repeat"))


def _instance(data: Any, home: ZoneInfo) -> Instance | None:
    """Read one instance; None for what is left of an instance that was removed."""
    item, _ = wire.read_item(data)
    state = (item.estatus or "").strip().lower()
    if state == "deleted" or (state in _GONE and item.recurrenceid):
        return None
    when = item.dateandtime
    start_text = (when and when.start) or item.start
    if not start_text:
        raise BadValueError("no-start")
    here = (zone(when.timezone) if when and when.timezone else None) or home
    start, end_text = compact(start_text), (when and when.end) or item.end
    end = compact(end_text) if end_text else None
    begin: Moment
    ends: tuple[Moment, ...]
    if item.isallday or not isinstance(start, datetime):
        begin = local_day(start, here)
        ends = _days(item, begin, None if end is None else local_day(end, here))
    else:
        begin = _utc(start, here)
        length = length_of(item) or timedelta(0)
        ends = (_utc(end, here) if isinstance(end, datetime) else begin + length,)
    return Instance(
        uid=item.uid,
        start=begin,
        ends=ends,
        slots=_slots(item, begin, here),
        title=item.title or "",
        private=bool(item.isprivate),
        cancelled=state in _GONE,
    )


def _days(item: wire.Item, first: date, last: date | None) -> tuple[date, ...]:
    """Return the exclusive ends that an all-day instance may have; a length in days decides."""
    length = length_of(item)
    if length and not length % _DAY:
        return (first + length,)
    if last is None or last <= first or (item.multiday is False and last == first + _DAY):
        return (first + _DAY,)
    return (last + _DAY, last)


def _slots(item: wire.Item, start: Moment, here: ZoneInfo) -> tuple[Moment, ...]:
    """Read ``recurrenceid`` in each possible way: an instant, or the day of an all-day series."""
    if not item.recurrenceid:
        return ()
    slot = compact(item.recurrenceid.strip())
    if isinstance(slot, datetime):
        return (_utc(slot, here), local_day(slot, here))
    if isinstance(start, datetime):
        return (slot, _utc(datetime.combine(slot, start.astimezone(here).time()), here))
    return (slot,)


def _utc(moment: datetime, here: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=here)).astimezone(UTC)
