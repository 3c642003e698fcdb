"""The events of one Backstage portal: find the portals, read the list page by page, and tell its events.

The list has no reliable end: pages are read until Zoho says that there are no more, and a list that breaks off before
that is an error, for a part of a portal would make subscribers' events vanish.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from bridge.domain.event import Event
from bridge.domain.rejection import Rejection
from bridge.domain.source import AvailableSource, BackstageSource
from bridge.domain.text import one_line
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError
from bridge.problems import text_problem
from bridge.sources.backstage.event import (
    BackstageEvent,
    listed,
    read_event,
    read_status,
    read_zone,
)
from bridge.sources.fields import flag, identity, number, read, refuse_nameless
from bridge.sources.protocols import Api, ParseResult, Raw

_PER_PAGE = 200
_MOST_PAGES = 100


def discover(api: Api) -> tuple[AvailableSource, ...]:
    """List every portal that the account sees (Zoho Backstage: get all portals)."""
    found = []
    portals = listed(api.get("backstage", "/portals"), "portals")
    refuse_nameless(portals, _id, "Zoho Backstage's list of portals")
    for data in portals:
        portal = _id(data)
        if portal:
            name = data.get("name") or data.get("domain")
            title = one_line(name) if isinstance(name, str) else ""
            found.append(
                AvailableSource(source=BackstageSource(portal=portal), title=title or portal)
            )
    return tuple(found)


def fetch(api: Api, source: BackstageSource) -> Raw:
    """Read all events of the portal: ``{"pages": [answer, …]}``. BadDataError when the list breaks off."""
    path = f"/portals/{quote(source.portal, safe='')}/events"
    params = {
        "status": "all",
        "sort_by": "start_date",
        "sort_order": "asc",
        "per_page": str(_PER_PAGE),
    }
    if source.brand:
        params["brand_id"] = source.brand
    pages: list[Any] = []
    firsts: set[str] = set()
    claimed: bool | None = None
    for page in range(1, _MOST_PAGES + 1):
        answer = api.get("backstage", path, params | {"page": str(page)})
        events = listed(answer, "events")
        first = _id(events[0]) if events else ""
        if first and first in firsts:
            if claimed:
                raise _broken_off(source, f"page {page} repeats an earlier one")
            return {"pages": pages}
        claimed = _claims_more(answer, page, source)
        if not events and claimed:
            raise _broken_off(source, f"page {page} is empty")
        firsts.add(first)
        pages.append(answer)
        if not events or claimed is False:
            return {"pages": pages}
    raise _broken_off(source, f"{_MOST_PAGES} pages were read")


def parse(raw: Raw, source: BackstageSource) -> ParseResult:
    """Tell the published and the cancelled events of the portal, each once, in Zoho's order.

    Not shown and not reported: drafts, rubbish, and an event that comes again on a later page.
    """
    events: list[Event] = []
    rejections: list[Rejection] = []
    notes: dict[str, None] = {}
    items = list(_once(raw))
    for data in items:
        upstream_id = _id(data)
        try:
            event, mended, note = _tell(data, source)
        except ValueError as error:
            rejections.append(
                Rejection(
                    kind="dropped", upstream_id=upstream_id, problems=(text_problem(f"{error}."),)
                )
            )
            continue
        if event is None:
            continue
        events.append(event)
        if mended:
            repairs = tuple(text_problem(f"{reason}.") for reason in mended)
            rejections.append(Rejection(kind="repaired", upstream_id=upstream_id, problems=repairs))
        if note:
            notes[note] = None
    if not items:
        notes[_nothing(source)] = None
    return ParseResult(
        events=tuple(events), rejections=tuple(rejections), notes=tuple(map(text_problem, notes))
    )


def _tell(data: Any, source: BackstageSource) -> tuple[Event | None, tuple[str, ...], str]:
    item, faults = read(data, BackstageEvent)
    event_id = identity(item.id)
    if not event_id:
        raise ValueError("it has no id")
    status = read_status(item)
    if status is None:
        return None, (), ""
    here, note = read_zone(item.timezone)
    uid = event_uid("backstage", source.portal, event_id)
    event, mended = read_event(item, faults, uid=uid, status=status, here=here)
    return event, mended, note


def _once(raw: Raw) -> Iterator[Any]:
    """Give the objects of all pages, without those whose id came before: lists shift while they are read."""
    seen: set[str] = set()
    for answer in raw["pages"]:
        for data in listed(answer, "events"):
            upstream_id = _id(data)
            if not upstream_id or upstream_id not in seen:
                yield data
            seen.add(upstream_id)


def _id(data: Any) -> str:
    return identity(data.get("id")) if isinstance(data, dict) else ""


def _claims_more(answer: Any, page: int, source: BackstageSource) -> bool | None:
    """Read whether pages follow ``page``; None when the answer doesn't say (Zoho Backstage: pagination).

    BadDataError when it says that it is another page.
    """
    paging = (
        (answer.get("pagination") or answer.get("page_context"))
        if isinstance(answer, dict)
        else None
    )
    if not isinstance(paging, dict):
        return None
    try:
        more = flag(paging["has_more_items"]) if "has_more_items" in paging else None
        total = number(paging.get("total_pages"))
        came = number(paging.get("page"))
    except ValueError as error:
        raise BadDataError(f"Zoho Backstage's pagination can't be read: {error}.") from error
    if came is not None and came != page:
        raise _broken_off(source, f"page {came} came in place of page {page}")
    if more is False or total is None:
        return more
    return page < total


def _broken_off(source: BackstageSource, how: str) -> BadDataError:
    return BadDataError(
        f"The list of events of the Backstage portal {source.portal} breaks off: {how}, but Zoho doesn't say that this "
        "is all. The last good state is kept; the next refresh tries again."
    )


def _nothing(source: BackstageSource) -> str:
    if source.brand:
        return (
            f"0 events: see that {source.brand} is the id of a brand of the portal {source.portal}."
        )
    return (
        f"0 events: a portal of several brands shows none without a brand. If {source.portal} is one, set brand in the "
        "feed's source; the id stands in Backstage's address, after /brand/."
    )
