"""The events of a Backstage portal: discovery of portals, the list page by page, and its parser.

The list has no reliable end (Zoho APIs 2.2). Pages are read until Zoho states that there are no
more. A list that ends before that is an error: a part of a portal would remove subscribers' events.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bridge.domain.event import Event
from bridge.domain.problems import BadValueError, Field, Problem, problem
from bridge.domain.source import PRODUCTS, AvailableSource, BackstageSource
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError
from bridge.sources.backstage import event as parser
from bridge.sources.fields import flag, id_of, identity, number, read, title_of
from bridge.sources.protocols import Api, Collector, ParseResult, Raw
from bridge.sources.shapes import listed

_PER_PAGE = "200"
_MOST_PAGES = 100


def discover(api: Api) -> tuple[AvailableSource, ...]:
    """Return every portal of the account (Zoho APIs 2.1)."""
    portals = listed(api.get("backstage", "/portals"), "backstage", "portals", id_of)
    return tuple(
        AvailableSource(
            source=BackstageSource(portal=portal),
            title=title_of(data, "name" if data.get("name") else "domain") or portal,
        )
        for data in portals
        if (portal := id_of(data))
    )


def fetch(api: Api, source: BackstageSource) -> Raw:
    """Fetch all events of the portal: ``{"pages": [answer, …]}``.

    Raises BadDataError for an incomplete list.
    """
    path = f"/portals/{quote(source.portal, safe='')}/events"
    query = {"status": "all", "sort_by": "start_date", "sort_order": "asc", "per_page": _PER_PAGE}
    if source.brand:
        query["brand_id"] = source.brand
    pages: list[Any] = []
    firsts: set[str] = set()
    announced: bool | None = None
    total: int | None = None
    paging: Mapping[str, Any] = {}
    count = 0
    for page in range(1, _MOST_PAGES + 1):
        answer = api.get("backstage", path, query | {"page": str(page)})
        events = listed(answer, "backstage", "events")
        first = id_of(events[0]) if events else ""
        if first and first in firsts:
            if announced:
                raise _cut_short(source, "page-repeated", page=page)
            break
        if paging and not _paging(answer):
            raise _cut_short(source, "paging-missing", page=page)
        paging = _paging(answer)
        announced, total = _announces_more(paging, page, source)
        if not events and announced:
            raise _cut_short(source, "page-empty", page=page)
        firsts.add(first)
        pages.append(answer)
        count += len(events)
        if not events or announced is False:
            break
    else:
        raise _cut_short(source, "too-many-pages", pages=_MOST_PAGES)
    if total is not None and count < total:
        raise _cut_short(source, "events-missing", count=count, total=total)
    return {"pages": pages}


def parse(raw: Raw, source: BackstageSource) -> ParseResult:
    """Parse the published and the cancelled events of the portal, in Zoho's order.

    Drafts and rubbish are left out without a report, and so is an event that comes again on a later
    page: lists shift while they are read.
    """
    result = Collector()
    seen: set[str] = set()
    items = [data for answer in raw["pages"] for data in listed(answer, "backstage", "events")]
    for data in items:
        upstream_id = id_of(data)
        if upstream_id in seen:
            continue
        seen.update(filter(None, [upstream_id]))
        try:
            event, repairs, note = _read(data, source)
        except ValueError as error:
            result.drop(upstream_id, title_of(data, "name"), error, title_of(data, "website_url"))
            continue
        if event is not None:
            result.events.append(event)
            result.repair(upstream_id, event.title, repairs, event.url)
            result.notes += filter(None, [note])
    if not items:
        code = "no-events-of-brand" if source.brand else "no-events-without-brand"
        result.notes.append(problem(code, portal=source.portal, brand=source.brand))
    return result.result()


def _read(data: Any, source: BackstageSource) -> tuple[Event | None, list[Problem], Problem | None]:
    """Return an event (None if it must not be shown), its repairs and a remark."""
    item, faults = read(data, parser.BackstageEvent)
    event_id = identity(item.id)
    if not event_id:
        raise BadValueError("no-id")
    status = parser.read_status(item)
    if status is None:
        return None, [], None
    here, note = parser.read_zone(item.timezone)
    uid = event_uid("backstage", source.portal, event_id)
    return *parser.read_event(item, faults, uid=uid, status=status, here=here), note


def _paging(answer: dict[str, Any]) -> Mapping[str, Any]:
    """Return the paging node of an answer (Zoho APIs 2.2), empty if it has none."""
    nodes = (answer.get("pagination"), answer.get("page_context"))
    return next((node for node in nodes if node and isinstance(node, dict)), {})


def _announces_more(
    paging: Mapping[str, Any], page: int, source: BackstageSource
) -> tuple[bool | None, int | None]:
    """Return whether pages follow ``page``, and the number of all events; None if not stated.

    Raises BadDataError if it is another page, or if its statements contradict each other.
    """
    try:
        more = flag(paging["has_more_items"]) if "has_more_items" in paging else None
        total = number(paging.get("total_pages"))
        current = number(paging.get("page"))
        count = number(paging.get("total_count"))
    except BadValueError as error:
        product = PRODUCTS["backstage"]
        raise BadDataError("pagination-unreadable", product=product, why=error.problem) from error
    if current is not None and current != page:
        raise _cut_short(source, "wrong-page", sent=current, page=page)
    if more is False and page < (total or 0):
        raise _cut_short(source, "paging-contradictory", page=page, total=total or 0)
    if more is False or total is None:
        return more, count
    return page < total, count


def _cut_short(source: BackstageSource, code: str, **fields: Field) -> BadDataError:
    return BadDataError("list-cut-short", portal=source.portal, why=problem(code, **fields))
