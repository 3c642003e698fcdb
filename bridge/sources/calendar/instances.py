"""What Zoho Calendar itself says takes place: single instances, as ``byinstance`` gives them, for a comparison.

Nothing that a feed shows is made from them. So rules, exceptions and the details of series are not read here, and how
times are read is written down a second time, as far as the forms of dates allow. No document shows a real answer: an
instance may or may not name its original start, and has little information (Zoho Calendar: events list).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bridge.domain.event import Moment
from bridge.domain.feed import Window
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import UTC_ZONE, zone
from bridge.problems import text_problem
from bridge.sources.calendar.checks import check_detail, check_page, uid_of
from bridge.sources.calendar.fetch import path_of, range_of, ranges
from bridge.sources.calendar.times import local_day
from bridge.sources.calendar.wire import Item, objects, read_calendar, read_item
from bridge.sources.dates import compact
from bridge.sources.protocols import Api, Raw

Span = tuple[date, date]
"""The first and the last day of one question to Zoho."""

_DAY = timedelta(days=1)
_GONE = frozenset({"deleted", "cancelled", "canceled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One thing that takes place: all-day ones are days, the others instants in UTC.

    ``ends`` are the exclusive ends that fit the answer: of whole days no document says whether the last one counts.
    ``slots`` are the readings of the original start of an instance of a series; empty where Zoho tells none.
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
    """All that one or several answers hold, each instance once; ``unread`` is what can't be read of them."""

    found: tuple[Instance, ...]
    unread: tuple[Rejection, ...] = ()


def spans(window: Window) -> tuple[Span, ...]:
    """Give the questions that cover a window, each of at most 31 days."""
    return tuple(ranges(window))


def fetch_instances(api: Api, source: CalendarSource, window: Window) -> Raw:
    """Ask for every instance in a window: ``{"calendar": …, "pages": […]}``, or raise a ZohoError."""
    calendar = api.get("calendar", path_of(source))
    pages = []
    for span in spans(window):
        page = api.get(
            "calendar", f"{path_of(source)}/events", {"range": range_of(span), "byinstance": "true"}
        )
        # A master in the answer has its first start, wherever that is: no sign of a mistaken answer.
        check_page(
            {"events": [item for item in objects(page, "events") if not _is_master(item)]}, span
        )
        pages.append(page)
    return {"calendar": calendar, "pages": pages}


def fetch_event_instances(api: Api, source: CalendarSource, uid: str, span: Span) -> Any:
    """Ask for the instances of one event in one span of at most 31 days, as public clients do."""
    path = f"{path_of(source)}/events/{quote(uid, safe='')}/byinstance"
    answer = api.get("calendar", path, {"range": range_of(span)})
    check_detail(answer, uid)
    return answer


def parse_instances(calendar: Any, pages: Iterable[Any]) -> Instances:
    """Tell the instances in answers of one calendar; what comes in several of them is told once."""
    home = _home(calendar)
    found: dict[tuple[Any, ...], Instance] = {}
    unread: dict[Rejection, None] = {}
    for data in _everything(pages):
        try:
            one = _instance(data, home)
        except ValueError as error:
            unread[
                Rejection(
                    kind="dropped",
                    upstream_id=uid_of(data),
                    problems=(text_problem(f"Zoho's instance can't be read: {error}."),),
                )
            ] = None
            continue
        if one is not None:
            found.setdefault((one.uid, one.slots or one.start), one)
    return Instances(found=tuple(found.values()), unread=tuple(unread))


def _is_master(item: Any) -> bool:
    return isinstance(item, dict) and bool(item.get("rrule") or item.get("repeat"))


def _everything(pages: Iterable[Any]) -> Iterator[Any]:
    for page in pages:
        yield from objects(page, "events")


def _home(calendar: Any) -> ZoneInfo:
    listed = isinstance(calendar, dict) and "calendars" in calendar
    found = objects(calendar, "calendars") if listed else [calendar]
    info, _ = read_calendar(found[0] if found else {})
    return (zone(info.timezone) if info.timezone else None) or UTC_ZONE


def _instance(data: Any, home: ZoneInfo) -> Instance | None:
    item, _ = read_item(data)
    state = (item.estatus or "").strip().lower()
    if state == "deleted" or (state in _GONE and item.recurrenceid):
        return None  # what is left of one that takes place no more
    when = item.dateandtime
    start_text = (when and when.start) or item.start
    if not start_text:
        raise ValueError("it has no start")
    here = (zone(when.timezone) if when and when.timezone else None) or home
    start, end_text = compact(start_text), (when and when.end) or item.end
    end = compact(end_text) if end_text else None
    if item.isallday or not isinstance(start, datetime):
        first = local_day(start, here)
        begin: Moment = first
        ends: tuple[Moment, ...] = _days(item, first, None if end is None else local_day(end, here))
    else:
        begin = _utc(start, here)
        length = timedelta(milliseconds=item.duration or 0)
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


def _days(item: Item, first: date, last: date | None) -> tuple[date, ...]:
    """Give the exclusive ends that an all-day instance may have; its length in days, where told, settles it."""
    length = timedelta(milliseconds=item.duration or 0)
    if length and not length % _DAY:
        return (first + length,)
    if last is None or last <= first or (item.multiday is False and last == first + _DAY):
        return (first + _DAY,)
    return (last + _DAY, last)


def _slots(item: Item, start: Moment, here: ZoneInfo) -> tuple[Moment, ...]:
    """Read ``recurrenceid`` in each way that it may be meant: an instant, or the day of an all-day series."""
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
