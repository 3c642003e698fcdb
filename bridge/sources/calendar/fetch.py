"""Read one Zoho calendar whole: the calendar, its events range by range, and the details of its series.

It must not look into an event further than to tell a series and its version; one failed request fails all, for half a
calendar would make subscribers' events vanish.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
import json
from typing import Any
from urllib.parse import quote

from bridge.domain.feed import Window
from bridge.domain.source import AvailableSource, CalendarSource
from bridge.errors import NotFoundError
from bridge.sources.calendar.checks import check_detail, check_page, series_versions, uid_of
from bridge.sources.calendar.wire import objects, read_calendar
from bridge.sources.fields import refuse_nameless
from bridge.sources.protocols import AnswerCache, Api, CachedAnswer, NoCache, Raw

_WITH_DESCRIPTIONS = "application/json+large"
_DAY = timedelta(days=1)
_RANGE = timedelta(days=30)  # Zoho allows 31, and doesn't say whether it counts the last day
_AT_ONCE = 4
_CALENDAR = "calendar"  # the name of the calendar's own answer among the details; no event's uid is so short


def discover(api: Api) -> tuple[AvailableSource, ...]:
    """List every calendar that the account sees (Zoho Calendar: calendars list)."""
    items = objects(api.get("calendar", "/calendars"), "calendars")
    refuse_nameless(items, uid_of, "Zoho Calendar's list of calendars")
    calendars = [read_calendar(data)[0] for data in items]
    return tuple(
        AvailableSource(
            source=CalendarSource(calendar=info.uid), title=(info.name or "").strip() or info.uid
        )
        for info in calendars
        if info.uid
    )


def fetch(
    api: Api, source: CalendarSource, window: Window, details: AnswerCache | None = None
) -> Raw:
    """Read everything that touches ``window``: ``{"calendar": …, "pages": […], "details": {event uid: …}}``.

    Each value is the answer as received; ``"notes"`` says which of them are of an earlier fetch for want of a new one.
    The list trims: an instance that was moved out of the window comes only with its series' details, and a series whose
    first day is elsewhere may come only by them. They are asked for when the series' version is not the one of the
    answer in ``details``.
    """
    return _Reading(api, source, details or NoCache()).all(window)


def ranges(window: Window) -> Iterator[tuple[date, date]]:
    """Cut the window, a day wider on both sides, into ranges that share a day.

    The window's days are UTC's, the account's may be half a day off, and no document says whether Zoho counts the last
    day of a range: with a shared day nothing falls between two answers.
    """
    start, last = window.start - _DAY, window.end + _DAY
    while start + _RANGE < last:
        yield start, start + _RANGE
        start += _RANGE - _DAY
    yield start, last


def path_of(source: CalendarSource) -> str:
    """Give the path of a calendar, below which all that is in it is asked for."""
    return f"/calendars/{quote(source.calendar, safe='')}"


def range_of(span: tuple[date, date]) -> str:
    """Write a span of days, the last one included, as the parameter ``range`` (Zoho Calendar: events list)."""
    return json.dumps(
        {"start": f"{span[0]:%Y%m%d}", "end": f"{span[1]:%Y%m%d}"}, separators=(",", ":")
    )


class _Reading:
    """One fetch of one calendar."""

    def __init__(self, api: Api, source: CalendarSource, details: AnswerCache) -> None:
        self._api = api
        self._path = path_of(source)
        self._details = details
        self._known = details.all()
        self._notes: list[str] = []

    def all(self, window: Window) -> Raw:
        """Read calendar, pages and details; up to four requests at once."""
        calendar = self._calendar()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="zoho-calendar") as pool:
            pages = list(pool.map(self._page, ranges(window)))
            versions = series_versions(pages, window)
            details = self._series(versions, pool)
        gone = self._known.keys() - versions.keys() - {_CALENDAR}
        if gone:
            self._details.keep({}, gone=gone)
        return {"calendar": calendar, "pages": pages, "details": details, "notes": self._notes}

    def _calendar(self) -> Any:
        """Read the calendar itself, of which only zone and default reminders are used."""
        answer = self._api.get("calendar", self._path)
        if _is_calendar(answer):
            if ("", answer) != self._known.get(_CALENDAR):
                self._details.keep({_CALENDAR: ("", answer)})
            return answer
        if _CALENDAR not in self._known:
            return answer
        self._notes.append(
            "Zoho's answer to the calendar itself can't be read; its zone and reminders stay."
        )
        return self._known[_CALENDAR][1]

    def _page(self, span: tuple[date, date]) -> Any:
        asked = {"range": range_of(span)}
        answer = self._api.get("calendar", f"{self._path}/events", asked, accept=_WITH_DESCRIPTIONS)
        check_page(answer, span)
        return answer

    def _series(self, versions: Mapping[str, str], pool: ThreadPoolExecutor) -> dict[str, Any]:
        """Give the details of each series, asking for those that are not known in their present version."""
        known = {uid: self._known[uid] for uid in versions if uid in self._known}
        found = {
            uid: answer
            for uid, (version, answer) in known.items()
            if version and version == versions[uid]
        }
        asked = sorted(versions.keys() - found.keys())
        new: dict[str, CachedAnswer] = {}
        withheld = 0
        try:
            for uid, answer in zip(asked, pool.map(self._detail, asked), strict=True):
                if answer is None:
                    continue
                if objects(answer, "events"):
                    new[uid] = versions[uid], answer
                elif uid in known:
                    found[uid] = known[uid][1]
                    withheld += 1
        finally:
            if new:
                self._details.keep(new)  # even when the next one fails: nothing is asked for twice
        if withheld:
            self._notes.append(
                f"Zoho gives no details of {withheld} series it lists; those of an earlier read are used."
            )
        found |= {uid: answer for uid, (_, answer) in new.items()}
        return {uid: found[uid] for uid in sorted(found)}

    def _detail(self, uid: str) -> Any:
        try:
            answer = self._api.get(
                "calendar", f"{self._path}/events/{quote(uid, safe='')}", accept=_WITH_DESCRIPTIONS
            )
        except NotFoundError:
            return None  # deleted since the list was read
        check_detail(answer, uid)
        return answer


def _is_calendar(answer: Any) -> bool:
    found = answer.get("calendars", answer) if isinstance(answer, dict) else answer
    return any(uid_of(item) for item in (found if isinstance(found, list) else [found]))
