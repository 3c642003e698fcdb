"""The fetch of one Zoho calendar: the calendar, its events by range, and the details of its series.

It must not look into an event further than for a series and its version. One failed request fails
all: half a calendar would remove subscribers' events.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
import json
import re
from typing import Any
from urllib.parse import quote

from bridge.domain.feed import Window
from bridge.domain.problems import Problem, problem, to_plain
from bridge.domain.source import AvailableSource, CalendarSource
from bridge.errors import BadDataError, NotFoundError, ScopeError
from bridge.sources.calendar.checks import check_detail, check_page, series_versions
from bridge.sources.calendar.wire import calendar_object, read_calendar, uid_of
from bridge.sources.fields import title_of
from bridge.sources.protocols import AnswerCache, Api, Params, Raw
from bridge.sources.shapes import listed

_WITH_DESCRIPTIONS = "application/json+large"
_DAY = timedelta(days=1)
_RANGE = timedelta(days=30)  # Zoho allows 31, and doesn't say whether it counts the last day
_AT_ONCE = 4
# Without "category" only the account's own calendars come (Zoho APIs 4.1).
EVERY_CALENDAR: tuple[Params, ...] = (
    {"category": "all", "showhiddencal": "true"},
    {"category": "all"},
    None,
)
_REFUSALS = (400, 403, 404)
_STUB = re.compile("group_[0-9]+")  # a group calendar without contents
_CALENDAR = "calendar"  # the calendar's own name in the cache; no event's uid is so short


def list_calendars(api: Api, forms: list[Params] | None = None) -> dict[str, Any]:
    """Return every calendar of the account by uid, without those that have no contents.

    ``forms`` are the parameters to ask with. Those that Zoho refuses are removed from the list.
    """
    forms = [*EVERY_CALENDAR] if forms is None else forms
    while True:
        try:
            answer = api.get("calendar", "/calendars", forms[0])
            break
        except (BadDataError, NotFoundError, ScopeError) as error:
            if error.status not in _REFUSALS or len(forms) == 1:
                raise
            del forms[0]
    items = listed(answer, "calendar", "calendars", uid_of)
    by_uid = {uid: data for data in items if (uid := uid_of(data))}
    return {uid: data for uid, data in by_uid.items() if not _STUB.fullmatch(uid)}


def discover(api: Api) -> tuple[AvailableSource, ...]:
    """Return every calendar of the account (Zoho APIs 4.1)."""
    return tuple(
        AvailableSource(
            source=CalendarSource(calendar=uid),
            title=title_of(data, "name") or uid,
            profile=read_calendar(data)[0].profile,
        )
        for uid, data in list_calendars(api).items()
    )


def fetch(api: Api, source: CalendarSource, window: Window, cache: AnswerCache) -> Raw:
    """Fetch everything within ``window``.

    ``{"calendar": object, "pages": [[event object, …], …], "details": {event uid: [object, …]},
    "notes": [remark, …]}``; a remark names what is of an earlier fetch. The list omits an instance
    that was moved out of the window, and may omit a series that began elsewhere: they come with
    their series' details. Those are requested if the version of the series is not in ``cache``.
    """
    return _Fetch(api, source, cache).run(window)


def ranges(window: Window) -> Iterator[tuple[date, date]]:
    """Split the window, a day wider on both sides, into ranges that share a day.

    The window's days are UTC's, the account's may be half a day off. No document states whether
    Zoho counts the last day of a range: with a shared day, nothing falls between two answers.
    """
    start, last = window.start - _DAY, window.end + _DAY
    while start + _RANGE < last:
        yield start, start + _RANGE
        start += _RANGE - _DAY
    yield start, last


def path_of(source: CalendarSource) -> str:
    """Return the path of a calendar, below which its contents are."""
    return f"/calendars/{quote(source.calendar, safe='')}"


def range_of(span: tuple[date, date]) -> str:
    """Render a span of days, the last included, as the parameter ``range`` (Zoho APIs 4.2)."""
    days = {"start": f"{span[0]:%Y%m%d}", "end": f"{span[1]:%Y%m%d}"}
    return json.dumps(days, separators=(",", ":"))


class _Fetch:
    """One fetch of one calendar."""

    def __init__(self, api: Api, source: CalendarSource, cache: AnswerCache) -> None:
        self._api = api
        self._path = path_of(source)
        self._cache = cache
        self._known = cache.all()
        self._notes: list[Problem] = []

    def run(self, window: Window) -> Raw:
        """Fetch calendar, pages and details, up to four requests at once."""
        calendar = self._calendar()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="zoho-calendar") as pool:
            pages = list(pool.map(self._page, ranges(window)))
            versions = series_versions(pages, window)
            details = self._details(versions, pool)
        if gone := self._known.keys() - versions.keys() - {_CALENDAR}:
            self._cache.keep({}, gone=gone)
        notes = [to_plain(note) for note in self._notes]
        return {"calendar": calendar, "pages": pages, "details": details, "notes": notes}

    def _calendar(self) -> Any:
        """Fetch the calendar itself, of which only zone and default reminders are used."""
        calendar = calendar_object(self._api.get("calendar", self._path))
        if uid_of(calendar):
            if ("", calendar) != self._known.get(_CALENDAR):
                self._cache.keep({_CALENDAR: ("", calendar)})
        elif _CALENDAR in self._known:
            self._notes.append(problem("calendar-kept"))
            return calendar_object(self._known[_CALENDAR][1])
        return calendar

    def _page(self, span: tuple[date, date]) -> list[Any]:
        params = {"range": range_of(span)}
        path = f"{self._path}/events"
        answer = self._api.get("calendar", path, params, accept=_WITH_DESCRIPTIONS)
        items = listed(answer, "calendar", "events")
        check_page(items, span)
        return items

    def _details(
        self, versions: Mapping[str, str], pool: ThreadPoolExecutor
    ) -> dict[str, list[Any]]:
        """Return the objects of each series; request those that are not known in this version."""
        known = {
            uid: (version, answer["events"] if isinstance(answer, dict) else answer)
            for uid, (version, answer) in self._known.items()  # older: the whole answer
            if uid in versions
        }
        current = {uid for uid, (version, _) in known.items() if version == versions[uid] != ""}
        wanted = sorted(versions.keys() - current)
        result = {uid: known[uid][1] for uid in current}
        new: dict[str, tuple[str, list[Any]]] = {}
        withheld = 0
        try:
            for uid, items in zip(wanted, pool.map(self._detail, wanted), strict=True):
                if items:
                    result[uid] = items
                    new[uid] = versions[uid], items
                elif items is not None and uid in known:
                    result[uid] = known[uid][1]
                    withheld += 1
        finally:
            if new:
                self._cache.keep(new)  # even if the next one fails: nothing is requested twice
        if withheld:
            self._notes.append(problem("details-kept", count=withheld))
        return dict(sorted(result.items()))

    def _detail(self, uid: str) -> list[Any] | None:
        path = f"{self._path}/events/{quote(uid, safe='')}"
        try:
            answer = self._api.get("calendar", path, accept=_WITH_DESCRIPTIONS)
        except NotFoundError:
            return None  # deleted since the list was read
        items = listed(answer, "calendar", "events")
        check_detail(items, uid)
        return items
